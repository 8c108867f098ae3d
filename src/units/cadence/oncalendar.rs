//! Cadences as lines for systemd timers (reference: systemd.time(7), "Calendar events").

use super::calendar::Days;
use super::clock::Clock;
use super::field::{DAY_OF_MONTH, Field, HOUR, MINUTE, MONTH, Unit, WEEKDAY, ranges, stride};
use super::{Cadence, Combine, Zone};

const NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

impl Cadence {
    /// The values of `OnCalendar=`, which add up; each with its zone, none with a word.
    pub fn to_on_calendar(&self, zone: &Zone) -> Vec<String> {
        if let Some(clock) = self.by_utc(zone) {
            return lines(&["*-*-*".to_owned()], clock, "UTC");
        }
        match self {
            Self::Interval(interval) => lines(&["*-*-*".to_owned()], interval.clock(), "UTC"),
            Self::Calendar(calendar) => lines(&dates(&calendar.days), calendar.clock(), zone.name()),
        }
    }
}

fn lines(dates: &[String], clock: Clock, zone: &str) -> Vec<String> {
    let times = clock.groups().into_iter().map(|(minutes, hours)| (component(minutes, MINUTE), component(hours, HOUR)));
    times.flat_map(|(minutes, hours)| dates.iter().map(move |date| format!("{date} {hours}:{minutes}:00 {zone}"))).collect()
}

/// systemd joins weekday and date by "and", so an "or" takes two lines.
fn dates(days: &Days) -> Vec<String> {
    let date = |of_month: Field| format!("*-{}-{}", component(days.months, MONTH), component(of_month, DAY_OF_MONTH));
    let weekdays = ranges(&from_monday(days.of_week), "..", |number| NAMES[usize::from(number % 7)].to_owned());
    let any = Field::any(DAY_OF_MONTH);
    match (days.of_week.is_all(WEEKDAY), days.combine) {
        (true, _) => vec![date(days.of_month)],
        (false, Combine::And) => vec![format!("{weekdays} {}", date(days.of_month))],
        (false, Combine::Or) => vec![date(days.of_month), format!("{weekdays} {}", date(any))],
    }
}

/// systemd's week begins on Monday, so that Sunday counts as 7 in a range.
fn from_monday(weekdays: Field) -> Vec<u8> {
    let mut numbers: Vec<u8> = weekdays.numbers().map(|number| if number == 0 { 7 } else { number }).collect();
    numbers.sort_unstable();
    numbers
}

fn component(field: Field, unit: Unit) -> String {
    if field.is_all(unit) {
        return "*".to_owned();
    }
    let numbers: Vec<u8> = field.numbers().collect();
    let two = |number: u8| format!("{number:02}");
    // A step only among minutes, and only where it divides the hour: systemd 252 passes over the first moment after an uneven one
    // ran over (`*-*-01/4` skips 1 January), and gives up with EDEADLK at `00/6` where the clock skips midnight.
    let even = |step: u8| unit == MINUTE && (unit.high + 1).is_multiple_of(step) && numbers[0] < step;
    match stride(&numbers, unit) {
        Some(step) if even(step) && numbers.len() > 2 => format!("{}/{step}", two(numbers[0])),
        _ => ranges(&numbers, "..", two),
    }
}
