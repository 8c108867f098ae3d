//! One field of a cron text: a set of numbers, and whether it began with `*`.

use super::ScheduleError;

/// What a field counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub name: &'static str,
    pub low: u8,
    pub high: u8,
    /// Names for the numbers from `low` on.
    pub names: &'static [&'static str],
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

pub(super) const MINUTE: Unit = Unit { name: "minute", low: 0, high: 59, names: &[] };
pub(super) const HOUR: Unit = Unit { name: "hour", low: 0, high: 23, names: &[] };
pub(super) const DAY_OF_MONTH: Unit = Unit { name: "day of the month", low: 1, high: 31, names: &[] };
pub(super) const MONTH: Unit = Unit { name: "month", low: 1, high: 12, names: &MONTHS };
pub(super) const WEEKDAY: Unit = Unit { name: "day of the week", low: 0, high: 6, names: &WEEKDAYS };

impl Unit {
    /// All numbers of the unit, as bits.
    pub fn all(self) -> u64 {
        (self.low..=self.high).fold(0, |mask, number| mask | 1 << number)
    }
}

/// The numbers that a field matches. `star` matters beyond the numbers: cron(8) treats days, and jobs at a clock change, by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Field {
    /// Bit n: the number n.
    pub mask: u64,
    pub star: bool,
}

impl Field {
    pub fn any(unit: Unit) -> Self {
        Self { mask: unit.all(), star: true }
    }

    pub fn only(number: u8) -> Self {
        Self { mask: 1 << number, star: false }
    }

    pub fn of(numbers: &[u8]) -> Self {
        Self { mask: numbers.iter().fold(0, |mask, number| mask | 1 << number), star: false }
    }

    pub fn is_all(self, unit: Unit) -> bool {
        self.mask == unit.all()
    }

    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |number| self.mask >> number & 1 == 1)
    }

    /// Reads a field; `offset` is where it begins in the whole text.
    pub fn parse(text: &str, offset: usize, unit: Unit) -> Result<Self, ScheduleError> {
        let mut mask = 0;
        let mut at = offset;
        for part in text.split(',') {
            mask |= parse_part(part, at, unit)?;
            at += part.len() + 1;
        }
        Ok(Self { mask, star: text.starts_with('*') })
    }

    /// Cron's spelling, from which the same field is read back.
    pub fn to_text(self, unit: Unit) -> String {
        if self.is_all(unit) {
            return "*".to_owned();
        }
        let numbers: Vec<u8> = self.numbers().collect();
        if !self.star {
            return ranges(&numbers, "-", |number| number.to_string());
        }
        // A field that begins with a star holds its lowest number: the shortest step that stays within it, and the rest.
        let stepped = |step: u8| (unit.low..=unit.high).step_by(usize::from(step)).fold(0, |mask, number| mask | 1 << number);
        let Some(step) = (2..=unit.high).find(|step| stepped(*step) & !self.mask == 0) else {
            return ranges(&numbers, "-", |number| number.to_string());
        };
        let rest: Vec<u8> = numbers.into_iter().filter(|number| stepped(step) >> number & 1 == 0).collect();
        let comma = if rest.is_empty() { "" } else { "," };
        format!("*/{step}{comma}{}", ranges(&rest, "-", |number| number.to_string()))
    }
}

/// The distance between numbers that are evenly spaced up to the end of the unit.
pub(super) fn stride(numbers: &[u8], unit: Unit) -> Option<u8> {
    let first = *numbers.first()?;
    let step = numbers.get(1)? - first;
    let even = numbers.windows(2).all(|pair| pair[1] - pair[0] == step);
    let reaches = step > 0 && numbers.last().is_some_and(|last| u16::from(*last) + u16::from(step) > u16::from(unit.high));
    (even && reaches).then_some(step)
}

/// `1,3-5,9`: runs of three or more as ranges.
pub(super) fn ranges(numbers: &[u8], dash: &str, show: impl Fn(u8) -> String) -> String {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < numbers.len() {
        let mut end = at;
        while end + 1 < numbers.len() && numbers[end + 1] == numbers[end] + 1 {
            end += 1;
        }
        if end >= at + 2 {
            parts.push(format!("{}{dash}{}", show(numbers[at]), show(numbers[end])));
        } else {
            parts.extend(numbers[at..=end].iter().map(|number| show(*number)));
        }
        at = end + 1;
    }
    parts.join(",")
}

fn parse_part(part: &str, at: usize, unit: Unit) -> Result<u64, ScheduleError> {
    let whole = at..at + part.len();
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    let (low, high) = if range == "*" {
        (unit.low, unit.high)
    } else if let Some((low, high)) = range.split_once('-') {
        let from = number(low, at, unit)?;
        let to = number(high, at + low.len() + 1, unit)?;
        // Sunday ends a week as well as it begins one.
        let to = if unit == WEEKDAY && to == 0 && from > 0 { 7 } else { to };
        if from > to {
            return Err(ScheduleError::new(
                whole,
                format!("the range `{range}` runs backwards"),
                format!("Write two ranges, such as `{low}-{},{}-{high}`.", unit.high, unit.low),
            ));
        }
        (from, to)
    } else {
        let only = number(range, at, unit)?;
        if step.is_some() {
            return Err(ScheduleError::new(
                whole,
                format!("`{part}` has a step but no range, which cron and Kubernetes read differently"),
                format!("Write the range too: `{range}-{}/{}`.", unit.high, step.unwrap_or_default()),
            ));
        }
        (only, only)
    };
    let step = step.map_or(Ok(1), |text| parse_step(text, at + range.len() + 1, unit))?;
    let numbers = (low..=high).step_by(usize::from(step));
    Ok(numbers.fold(0, |mask, number| mask | 1 << if unit == WEEKDAY { number % 7 } else { number }))
}

fn parse_step(text: &str, at: usize, unit: Unit) -> Result<u8, ScheduleError> {
    let whole = at..at + text.len();
    let help = format!("Write a step from 1 to {}, or an interval such as `every 90m`.", unit.high);
    let step = digits(text).filter(|step| (1..=u32::from(unit.high)).contains(step)).and_then(|step| u8::try_from(step).ok());
    step.ok_or_else(|| ScheduleError::new(whole, format!("`{text}` is not a step for the {}", unit.name), help))
}

fn digits(text: &str) -> Option<u32> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn number(text: &str, at: usize, unit: Unit) -> Result<u8, ScheduleError> {
    let whole = at..at + text.len();
    if let Some(position) = unit.names.iter().position(|name| text.eq_ignore_ascii_case(name)) {
        return Ok(unit.low + u8::try_from(position).unwrap_or(0));
    }
    if let Some((bad, help)) = foreign_sign(text) {
        return Err(ScheduleError::new(whole, format!("`{bad}` is not known to cron, systemd or Kubernetes alike"), help));
    }
    let high = if unit == WEEKDAY { 7 } else { unit.high };
    let found = digits(text).filter(|number| (u32::from(unit.low)..=u32::from(high)).contains(number));
    found.and_then(|number| u8::try_from(number).ok()).ok_or_else(|| {
        let names = match unit.names {
            [first, .., last] => format!(", or a name from `{first}` to `{last}`"),
            _ => String::new(),
        };
        let article = if unit.name == "hour" { "an" } else { "a" };
        let message = if text.is_empty() {
            format!("{article} {} is missing", unit.name)
        } else {
            format!("`{text}` is not {article} {}", unit.name)
        };
        ScheduleError::new(whole, message, format!("Write a number from {} to {high}{names}, or `*`.", unit.low))
    })
}

/// Signs of Quartz and others that no scheduler here understands (reference: operate.md 2.1).
fn foreign_sign(text: &str) -> Option<(char, &'static str)> {
    let help = |sign| match sign {
        '?' => "Write `*` for any day.",
        'L' => "The last day of a month cannot be said in cron: back up daily, or on the 28th.",
        'W' => "The nearest working day cannot be said in cron: use `mon-fri` as the day of the week.",
        '#' => "The n-th weekday of a month cannot be said in cron: use the weekday alone.",
        '~' => "Random times are not stable: write a minute, or a word such as `daily`, which bdr spreads by itself.",
        _ => "Write numbers.",
    };
    text.to_ascii_uppercase().chars().find(|sign| "?LW#~".contains(*sign)).map(|sign| (sign, help(sign)))
}
