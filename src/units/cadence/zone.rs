//! Time zones by their IANA names, and their clock changes as plain numbers.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An IANA time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(pub TimeZone);

/// A text that is not the name of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a time zone of the IANA database")]
pub struct ZoneError {
    pub name: String,
    /// The nearest name, where one is near.
    pub did_you_mean: Option<String>,
    /// A full sentence on why that name.
    because: Option<&'static str>,
}

impl ZoneError {
    /// Full sentences with the way out.
    pub fn help(&self) -> String {
        match (&self.did_you_mean, self.because) {
            (None, _) => "Write a region and a city, such as `Europe/Stockholm`, or `UTC`.".to_owned(),
            (Some(name), None) => format!("Did you mean `{name}`?"),
            (Some(name), Some(because)) => format!("Did you mean `{name}`? {because}"),
        }
    }
}

impl Zone {
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Looks a zone up by its name; upper and lower case do not matter, the canonical spelling is kept.
    ///
    /// # Errors
    /// When the database has no zone of that name. Abbreviations such as `CET` or `EST` are refused where they do not name a
    /// place's rules for clock changes.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        let known = TimeZone::get(text).ok().filter(|zone| zone.iana_name().is_some_and(is_usable));
        known.map(|zone| if zone.iana_name() == Some("UTC") { Self::utc() } else { Self(zone) }).ok_or_else(|| {
            let (did_you_mean, because) =
                other_spelling(text).map_or_else(|| (nearest(text), None), |(name, because)| (Some(name), Some(because)));
            ZoneError { name: text.to_owned(), did_you_mean, because }
        })
    }

    /// The canonical IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    pub fn is_utc(&self) -> bool {
        matches!(self.name(), "UTC" | "Etc/UTC" | "Zulu" | "Etc/Zulu" | "Universal" | "UCT" | "Etc/UCT" | "Etc/Universal")
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `posixrules`, `localtime` and the like stand beside the zones on some systems, and mean something else on each machine.
fn is_usable(name: &str) -> bool {
    !name.starts_with("posix") && !name.starts_with("right/") && name != "localtime" && name != "Factory" && name != "Etc/Unknown"
}

fn nearest(text: &str) -> Option<String> {
    // The longest name has 32 letters; what is far longer is near to none, and comparing costs the product of both lengths.
    if text.len() > 64 {
        return None;
    }
    let wanted = text.to_lowercase().replace(' ', "_");
    let city = |name: &str| name.rsplit('/').next().unwrap_or(name).to_lowercase();
    // At most every third letter is another one.
    let slips = |name: &str, wanted: &str| {
        let distance = strsim::damerau_levenshtein(name, wanted);
        (distance * 3 <= name.len().min(wanted.len())).then_some(distance)
    };
    let names = jiff::tz::db().available().map(|name| name.as_str().to_owned()).filter(|name| is_usable(name));
    // Of offsets the next one is another time, not a slip.
    names
        .filter(|name| !name.contains(|sign: char| sign.is_ascii_digit()))
        .filter_map(|name| {
            let whole = slips(&name.to_lowercase(), &wanted);
            let by_city = slips(&city(&name), &city(&wanted)).map(|distance| distance + usize::from(wanted.contains('/')));
            Some((whole.into_iter().chain(by_city).min()?, name.len(), name))
        })
        .min()
        .map(|(_, _, name)| name)
}

/// What names a zone elsewhere: an offset, or what people call the time in some part of the world. With the reason for the zone that
/// is meant.
fn other_spelling(text: &str) -> Option<(String, &'static str)> {
    let upper = text.trim().to_ascii_uppercase();
    if upper == "Z" {
        return Some(("UTC".to_owned(), "`Z` marks a time in UTC."));
    }
    if let Some((_, zone)) = SPOKEN.iter().find(|(short, _)| *short == upper) {
        return Some(((*zone).to_owned(), "A region and a city say when the clocks change; letters such as these do not."));
    }
    let offset = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT")).unwrap_or(&upper);
    let turned = match offset.get(..1)? {
        "+" => '-',
        "-" => '+',
        _ => return None,
    };
    let digits = offset[1..].strip_suffix(":00").or_else(|| offset[1..].strip_suffix("00")).unwrap_or(&offset[1..]);
    let hours: u8 = digits.parse().ok().filter(|hours| (1..=14).contains(hours) && digits.len() <= 2)?;
    let name = format!("Etc/GMT{turned}{hours}");
    let because = "In names of that kind the sign is turned round (POSIX): `Etc/GMT-2` is two hours ahead of UTC. A region and a city, \
                   such as `Europe/Stockholm`, also say when the clocks change.";
    TimeZone::get(&name).ok().map(|_| (name, because))
}

/// Names of times that are no zones, each with a place that keeps it.
const SPOKEN: [(&str, &str); 20] = [
    ("AEDT", "Australia/Sydney"),
    ("AEST", "Australia/Sydney"),
    ("AKDT", "America/Anchorage"),
    ("AKST", "America/Anchorage"),
    ("BST", "Europe/London"),
    ("CDT", "America/Chicago"),
    ("CEST", "Europe/Berlin"),
    ("CST", "America/Chicago"),
    ("EDT", "America/New_York"),
    ("EEST", "Europe/Helsinki"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("KST", "Asia/Seoul"),
    ("MDT", "America/Denver"),
    ("MSK", "Europe/Moscow"),
    ("NZDT", "Pacific/Auckland"),
    ("NZST", "Pacific/Auckland"),
    ("PDT", "America/Los_Angeles"),
    ("PST", "America/Los_Angeles"),
    ("WEST", "Europe/Lisbon"),
];

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;
/// No offset, and no change of one, is larger (Pacific/Apia skipped a whole day in 2011).
const REACH: i64 = 26 * 3_600;

/// The offsets from UTC that a zone has over some time: `(from, offset)` in seconds, in order; the first one reaches back for ever.
#[derive(Debug, Clone)]
pub(super) struct Offsets(Vec<(i64, i64)>);

/// The moments that a wall clock shows one local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instants {
    /// The clock is put forward over it at `jump`, by `size` seconds.
    Hole {
        jump: i64,
        size: i64,
    },
    Once(i64),
    Twice(i64, i64),
}

impl Offsets {
    /// All offsets that matter for local days which overlap `from..to` (Unix seconds).
    pub fn over(zone: &TimeZone, from: i64, to: i64) -> Self {
        let at = |second: i64| Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX });
        let start = at(from.saturating_sub(4 * DAY));
        let end = at(to.saturating_add(4 * DAY));
        let mut offsets = vec![(i64::MIN, i64::from(zone.to_offset(start).seconds()))];
        for change in zone.following(start).take_while(|change| change.timestamp() <= end) {
            let offset = i64::from(change.offset().seconds());
            if offsets.last().is_none_or(|last| last.1 != offset) {
                offsets.push((change.timestamp().as_second(), offset));
            }
        }
        Self(offsets)
    }

    pub fn at(&self, second: i64) -> i64 {
        self.0[self.0.partition_point(|(from, _)| *from <= second) - 1].1
    }

    /// The clock changes: when, and by how many seconds the wall clock moves.
    pub fn changes(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.windows(2).map(|pair| (pair[1].0, pair[1].1 - pair[0].1))
    }

    pub fn distinct(&self) -> std::collections::BTreeSet<i64> {
        self.0.iter().map(|(_, offset)| *offset).collect()
    }

    /// The one offset of a local day (counted from 1970-01-01) and its neighbourhood, where no clock change is near.
    pub fn constant_around(&self, day: i64) -> Option<i64> {
        let first = self.0.partition_point(|(from, _)| *from <= day * DAY - REACH) - 1;
        let quiet = self.0.get(first + 1).is_none_or(|(from, _)| *from > (day + 1) * DAY + REACH);
        quiet.then(|| self.0[first].1)
    }

    /// The last of the days after a quiet one that are as quiet as it is.
    pub fn quiet_until(&self, day: i64) -> i64 {
        let next = self.0.partition_point(|(from, _)| *from <= (day + 1) * DAY + REACH);
        self.0.get(next).map_or(i64::MAX / DAY - 2, |(from, _)| (from - REACH - 1).div_euclid(DAY) - 1)
    }

    /// When the clock shows `local` (seconds since 1970-01-01 00:00 of the wall clock).
    pub fn instants(&self, local: i64) -> Instants {
        let end = |at: usize| self.0.get(at + 1).map_or(i64::MAX, |next| next.0);
        let first = self.0.partition_point(|(from, _)| *from <= local - REACH) - 1;
        let mut found: [Option<i64>; 2] = [None; 2];
        for at in first..self.0.len() {
            let (from, offset) = self.0[at];
            if from > local + REACH {
                break;
            }
            let instant = local - offset;
            if instant >= from && instant < end(at) {
                let free = usize::from(found[0].is_some());
                found[free] = Some(instant);
            } else if instant >= end(at) && found[0].is_none() && self.0.get(at + 1).is_some_and(|next| local - next.1 < next.0) {
                return Instants::Hole { jump: end(at), size: self.0[at + 1].1 - offset };
            }
        }
        match found {
            [Some(first), Some(second)] => Instants::Twice(first, second),
            [Some(only), None] => Instants::Once(only),
            _ => Instants::Once(local - self.at(local)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_name_and_a_slip_is_answered_with_the_nearest_one() {
        assert_eq!(Zone::parse("europe/stockholm").map(|zone| zone.name().to_owned()), Ok("Europe/Stockholm".into()));
        assert!(Zone::parse("UTC").is_ok_and(|zone| zone.is_utc()));
        for (text, meant) in [
            ("Europe/Stokholm", Some("Europe/Stockholm")),
            ("Stockholm", Some("Europe/Stockholm")),
            ("America/New York", Some("America/New_York")),
            ("utz", Some("UTC")),
            ("Mars/Olympus_Mons", None),
            ("", None),
            ("Z", Some("UTC")),
            ("PST", Some("America/Los_Angeles")),
            ("cest", Some("Europe/Berlin")),
            ("GMT+2", Some("Etc/GMT-2")),
            ("UTC-05:00", Some("Etc/GMT+5")),
            ("+0100", Some("Etc/GMT-1")),
            ("UTC+5:30", None),
            ("GMT+99", None),
            ("../etc/passwd", None),
            ("x", None),
        ] {
            let error = Zone::parse(text).expect_err(text);
            assert_eq!(error.did_you_mean.as_deref(), meant, "{text}");
        }
        let help = Zone::parse("GMT+2").expect_err("no zone").help();
        assert!(help.contains("`Etc/GMT-2` is two hours ahead"), "{help}");
    }

    #[test]
    fn local_times_are_found_once_twice_or_not_at_all() {
        let zone = TimeZone::get("Europe/Stockholm").expect("zone");
        let seconds = |text: &str| text.parse::<Timestamp>().expect("time").as_second();
        let offsets = Offsets::over(&zone, seconds("2026-01-01T00:00:00Z"), seconds("2027-01-01T00:00:00Z"));
        assert_eq!(
            offsets.instants(seconds("2026-03-29T02:30:00Z")),
            Instants::Hole { jump: seconds("2026-03-29T01:00:00Z"), size: 3_600 }
        );
        assert_eq!(
            offsets.instants(seconds("2026-10-25T02:30:00Z")),
            Instants::Twice(seconds("2026-10-25T00:30:00Z"), seconds("2026-10-25T01:30:00Z"))
        );
        assert_eq!(offsets.instants(seconds("2026-07-01T02:00:00Z")), Instants::Once(seconds("2026-07-01T00:00:00Z")));
        let apia = TimeZone::get("Pacific/Apia").expect("zone");
        let offsets = Offsets::over(&apia, seconds("2011-12-01T00:00:00Z"), seconds("2012-02-01T00:00:00Z"));
        assert!(matches!(offsets.instants(seconds("2011-12-30T12:00:00Z")), Instants::Hole { size: 86_400, .. }));
    }
}
