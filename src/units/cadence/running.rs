//! What a scheduler carries out now, whoever wrote it: `OnCalendar=` lines in any spelling (reference: systemd.time(7)).

use super::calendar::Days;
use super::field::{DAY_OF_MONTH, Field, MONTH, WEEKDAY};
use super::read_back::{Line, evenly};
use super::{Cadence, Combine, Schedule, Zone};

/// A schedule as it is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub schedule: Schedule,
    /// By whose clock.
    pub zone: Zone,
    /// Seconds by which a run may begin after its moment.
    pub late: u64,
}

impl Running {
    /// The schedule that any `OnCalendar=` lines carry out; a line without a zone goes by the machine's clock. `None` where no schedule
    /// of a policy says the same.
    pub fn from_on_calendar(lines: &[String], machine: &Zone) -> Option<Self> {
        let all: Vec<(String, Zone)> = lines.iter().map(|line| spelt_out(line, machine)).collect::<Option<_>>()?;
        let zone = all.first()?.1.clone();
        if all.iter().any(|(_, other)| *other != zone) {
            return None;
        }
        let lines: Vec<Line> = all.iter().map(|(line, _)| Line::parse(line)).collect::<Option<_>>()?;
        let cadence = one(&lines).or_else(|| either_day(&lines)).or_else(|| interval(&lines, &zone))?;
        Some(Self { schedule: Schedule::new(&cadence.to_string(), cadence, None), zone, late: 0 })
    }
}

/// Weekday and date of one line go together by "and", which a field that begins with a star says in cron.
fn one(lines: &[Line]) -> Option<Cadence> {
    let [line] = lines else { return None };
    let (any_date, any_weekday) = (line.of_month.is_all(DAY_OF_MONTH), line.of_week.is_all(WEEKDAY));
    let both = !any_date && !any_weekday;
    let days = Days {
        of_month: Field { star: any_date || both, ..line.of_month },
        of_week: Field { star: any_weekday || both, ..line.of_week },
        ..line.days(Combine::And)
    };
    Some(Cadence::Calendar(line.calendar(days)))
}

/// Lines at several times of every day, which only UTC keeps evenly apart.
fn interval(lines: &[Line], zone: &Zone) -> Option<Cadence> {
    let every_day = lines.iter().all(|line| line.days(Combine::And).is_every());
    let mut minutes: Vec<i64> = lines.iter().flat_map(Line::minutes_of_a_day).collect();
    minutes.sort_unstable();
    // An interval begins in the first hour of a day.
    let found = evenly(minutes.clone()).filter(|interval| every_day && zone.is_utc() && interval.clock().minutes() == minutes);
    found.map(Cadence::Interval)
}

/// One line by the day of the month and one by the day of the week, at the same times.
fn either_day(lines: &[Line]) -> Option<Cadence> {
    let [one, other] = lines else { return None };
    let by_week = |line: &Line| line.of_month.is_all(DAY_OF_MONTH) && line.months.is_all(MONTH);
    let (month, week) = if by_week(one) { (other, one) } else { (one, other) };
    let alike = month.minutes == week.minutes && month.hours == week.hours;
    let apart = by_week(week) && month.of_week.is_all(WEEKDAY) && month.months.is_all(MONTH);
    let days = Days::new(month.of_month, month.months, week.of_week);
    (alike && apart).then(|| Cadence::Calendar(month.calendar(days)))
}

/// A line in the form that bdr writes: weekdays where any are named, date and time to the second, zone.
fn spelt_out(line: &str, machine: &Zone) -> Option<(String, Zone)> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let named = if words.len() > 1 { words.last().and_then(|last| Zone::parse(last).ok()) } else { None };
    if named.is_some() {
        words.pop();
    }
    let zone = named.unwrap_or_else(|| machine.clone());
    if let [word] = words.as_slice()
        && let Some((_, means)) = WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name))
    {
        return Some((format!("{means} {zone}"), zone));
    }
    let (mut weekdays, mut date, mut time) = (String::new(), "*-*-*".to_owned(), "00:00:00".to_owned());
    for word in words {
        if word.starts_with(|sign: char| sign.is_ascii_alphabetic()) {
            weekdays = format!("{} ", short(word)?);
        } else if word.contains(':') {
            time = format!("{}:00", word.strip_suffix(":00").filter(|rest| rest.contains(':')).unwrap_or(word));
        } else {
            date = if word.matches('-').count() == 1 { format!("*-{word}") } else { word.to_owned() };
        }
    }
    Some((format!("{weekdays}{date} {time} {zone}"), zone))
}

/// Weekdays by three letters each: `Monday..Friday` as `Mon..Fri`.
fn short(weekdays: &str) -> Option<String> {
    let day = |name: &str| name.get(..3).map(str::to_owned);
    let range = |range: &str| match range.split_once("..") {
        Some((first, last)) => Some(format!("{}..{}", day(first)?, day(last)?)),
        None => day(range),
    };
    weekdays.split(',').map(range).collect::<Option<Vec<String>>>().map(|days| days.join(","))
}

const WORDS: [(&str, &str); 9] = [
    ("minutely", "*-*-* *:*:00"),
    ("hourly", "*-*-* *:00:00"),
    ("daily", "*-*-* 00:00:00"),
    ("weekly", "Mon *-*-* 00:00:00"),
    ("monthly", "*-*-01 00:00:00"),
    ("quarterly", "*-01,04,07,10-01 00:00:00"),
    ("semiannually", "*-01,07-01 00:00:00"),
    ("yearly", "*-01-01 00:00:00"),
    ("annually", "*-01-01 00:00:00"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_however_they_are_spelt() {
        let machine = Zone::parse("America/New_York").expect("zone");
        for (lines, cadence, zone) in [
            (vec!["*-*-01 00:00:00"], "0 0 1 * *", "America/New_York"),
            (vec!["monthly"], "0 0 1 * *", "America/New_York"),
            (vec!["weekly UTC"], "0 0 * * 1", "UTC"),
            (vec!["quarterly"], "0 0 1 1,4,7,10 *", "America/New_York"),
            (vec!["Monday..Friday 05:30 Europe/Stockholm"], "30 5 * * 1-5", "Europe/Stockholm"),
            (vec!["Mon,Thu 5:30"], "30 5 * * 1,4", "America/New_York"),
            (vec!["12-24"], "0 0 24 12 *", "America/New_York"),
            (vec!["*:0/10"], "0,10,20,30,40,50 * * * *", "America/New_York"),
            (vec!["*-*-* 02:30:00 UTC"], "30 2 * * *", "UTC"),
            (vec!["*-*-* 00:30:00 UTC", "*-*-* 12:30:00 UTC"], "every 12h from minute 30", "UTC"),
            (vec!["*-*-01 05:00", "Mon 05:00"], "0 5 1 * 1", "America/New_York"),
        ] {
            let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
            let read = Running::from_on_calendar(&lines, &machine).unwrap_or_else(|| panic!("{lines:?}"));
            assert_eq!((read.schedule.cadence.to_string().as_str(), read.zone.name()), (cadence, zone), "{lines:?}");
        }
    }

    #[test]
    fn what_no_schedule_says_is_not_guessed() {
        let machine = Zone::utc();
        for lines in [
            vec![],
            vec!["*-*~01"],
            vec!["2027-01-01 00:00:00"],
            vec!["*-*-* 02:30:15"],
            vec!["Mon 05:00", "Thu 17:00"],
            vec!["*-*-* 02:30:00 UTC", "*-*-* 14:30:00 UTC"],
            vec!["*-*-* 02:30:00 UTC", "*-*-* 14:30:00 Europe/Stockholm"],
            vec!["@1234"],
            vec!["whenever"],
        ] {
            let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
            assert_eq!(Running::from_on_calendar(&lines, &machine), None, "{lines:?}");
        }
    }
}
