//! Lengths of time as systemd writes them (systemd.time(7), "Parsing time spans").

const UNITS: [(&[&str], u64); 9] = [
    (&["us", "usec", "µs"], 1),
    (&["ms", "msec"], 1_000),
    (&["", "s", "sec", "second", "seconds"], 1_000_000),
    (&["m", "min", "minute", "minutes"], 60_000_000),
    (&["h", "hr", "hour", "hours"], 3_600_000_000),
    (&["d", "day", "days"], 86_400_000_000),
    (&["w", "week", "weeks"], 604_800_000_000),
    (&["M", "month", "months"], 2_629_800_000_000),
    (&["y", "year", "years"], 31_557_600_000_000),
];

/// Whole seconds, rounded up; `None`: it is no length of time.
pub fn seconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let end = after.find(|sign: char| !sign.is_alphabetic()).unwrap_or(after.len());
        let micros = UNITS.iter().find(|(names, _)| names.contains(&&after[..end])).map(|(_, micros)| *micros)?;
        total = total.checked_add(number.checked_mul(micros)?)?;
        rest = after[end..].trim_start();
    }
    (!text.trim().is_empty()).then(|| total.div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn spans_are_read_as_systemd_reads_them() {
        for (text, read) in [
            ("1s", Some(1)),
            ("90", Some(90)),
            ("2h 30min", Some(9_000)),
            ("1d12h", Some(129_600)),
            ("500ms", Some(1)),
            ("0", Some(0)),
            ("", None),
            ("soon", None),
            ("1.5h", None),
        ] {
            assert_eq!(seconds(text), read, "{text}");
        }
    }
}
