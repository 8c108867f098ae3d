//! Alarms: what a person must know before anything else, because backups may be lost or nowhere already.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{ComponentName, ProtectionName, ResourceId, StoreName, Subject};
use crate::catalog::overdue::Overdue;
use crate::resource::{Doubt, Expiring, Hindrance, Since};
use crate::units::cadence::Zone;

/// Something grave that stands now, whatever the plan does about it. Told first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alarm {
    #[schemars(with = "String")]
    pub of: ResourceId,
    /// A fragment on what is so and why it is grave.
    pub text: String,
    /// A full sentence with the next step.
    pub help: String,
    /// The place itself may be away: nothing is written there.
    #[serde(default)]
    pub away: bool,
    /// Something that is kept holds instead of what the policy says, so that the live system differs though there is nothing to do.
    #[serde(default)]
    pub overrides: bool,
}

impl Alarm {
    /// The place of a resource may be away.
    pub fn of_doubt(of: &ResourceId, doubt: &Doubt) -> Self {
        let name = of.subject.to_string();
        let name = name.split_once('.').map_or(name.as_str(), |(_, name)| name);
        Self {
            of: of.clone(),
            text: format!("{}: is the disk mounted? {}", doubt.what, doubt.why),
            away: true,
            overrides: false,
            help: format!("Mount it and plan again. Where a new folder is meant, say --new-folder {name}."),
        }
    }

    /// Backups go that the policy keeps, or go where nothing reads them at once; what was written before some day may be gone. `oldest`
    /// is the oldest backup that is there: where it is young, no earlier one can have gone by this rule. A rule of bdr's own is then
    /// changed in time by the plan itself, and no alarm: so it is where a policy lets its backups stay longer.
    pub fn of_expiring(
        of: &ResourceId,
        expiring: &Expiring,
        now: jiff::Timestamp,
        oldest: Option<jiff::Timestamp>,
    ) -> Option<Self> {
        let age = oldest.map(|oldest| now.duration_since(oldest).as_secs().max(0).cast_unsigned() / DAY);
        let young = age.zip(expiring.after_days).filter(|(age, after)| age * 2 < *after).map(|(age, after)| after - age);
        let ahead = |from: Date| from.duration_since(TimeZone::UTC.to_datetime(now).date()).as_secs();
        let ahead = expiring.from.map(ahead).filter(|seconds| *seconds > 0).map(|seconds| seconds.cast_unsigned() / DAY);
        let left = ahead.or(young);
        if !expiring.foreign && left.is_some_and(|days| days > IN_TIME) {
            return None;
        }
        let since = expiring.after_days.and_then(|days| i64::try_from(days * DAY).ok());
        let before = since.and_then(|seconds| now.checked_sub(jiff::SignedDuration::from_secs(seconds)).ok());
        let (gone, tells) = match expiring.moves_to {
            None if expiring.noncurrent => {
                ("gone", "What is deleted by mistake or malice can be brought back for that long only.")
            }
            None => ("gone", "`bdr verify` tells what is missing."),
            Some(_) => (
                "there",
                "What is there is neither listed nor restored before it is retrieved; `bdr list` tells whether all can be read.",
            ),
        };
        // Of what is there, or was, nothing is said where nothing is known of it: `drift` looks at no backup.
        let so_far = match before {
            _ if left.is_some() => format!(": none is {gone} yet"),
            _ if oldest.is_none() => String::new(),
            Some(before) => {
                let before = before.strftime("%Y-%m-%d");
                format!(": what was written before {before} may be {gone} already, and more goes every day")
            }
            None => format!(": backups may be {gone} already, and more goes every day"),
        };
        let rule = if expiring.foreign { format!("the foreign {}", expiring.rule) } else { format!("its {}", expiring.rule) };
        let first = if expiring.foreign {
            "Have whoever owns that rule narrow it or take it away: bdr changes none that is not its own."
        } else {
            "Apply soon, before any more is gone."
        };
        let text = format!("{rule} {}{so_far}", takes(expiring));
        Some(Self { of: of.clone(), text, help: format!("{first} {tells}"), away: false, overrides: expiring.foreign })
    }

    /// A store is gone with all that it held. To make it again is right, and no refusal; nobody must take it for a new one.
    pub fn of_lost(of: &ResourceId, what: &str) -> Self {
        let help = "Applied, it is made again, empty. Find out first who removed it: whoever runs the endpoint may still have what it held.";
        Self { of: of.clone(), text: what.to_owned(), help: help.to_owned(), away: false, overrides: false }
    }

    /// A store stands, and all that it held is gone.
    pub fn of_emptied(of: &ResourceId, what: &str) -> Self {
        let help = "Applied, first backups are made there again. Find out first who removed what it held: versions, a replica or whoever runs the \
                    endpoint may still have it.";
        Self { of: of.clone(), text: what.to_owned(), help: help.to_owned(), away: false, overrides: false }
    }

    /// Backups have stopped: the newest good one that a store holds of a protection is older than the schedule allows.
    pub fn of_overdue(
        (component, protection, store): &(ComponentName, ProtectionName, StoreName),
        overdue: &Overdue,
        zone: &Zone,
    ) -> Self {
        Self {
            of: ResourceId::new(Subject::Component(component.clone()), "run", protection.as_str()),
            text: format!("{protection} in {store}: {}", overdue.told(zone)),
            help: format!(
                "See what keeps its runs from happening or fails them: its timer or crontab, and what the last of them said. \
                 `bdr backup {component}` makes one now."
            ),
            away: false,
            overrides: false,
        }
    }

    /// A rule that the policy wants stands and copies nothing, for want of something of this title.
    pub fn of_dead(of: &ResourceId, title: &str, needs: &ResourceId) -> Self {
        let whose = match &needs.subject {
            Subject::Policy => format!("{title} {}", needs.key),
            subject => format!("{title} of {}", subject.to_string().replacen('.', " ", 1)),
        };
        Self {
            of: of.clone(),
            text: format!("the rule that copies stands, and no copy by it can be counted on, for want of {whose}"),
            help: "Apply mends it where it is bdr's. What was written meanwhile is not copied by itself: `bdr status` tells what is there."
                .to_owned(),
            away: false,
            overrides: false,
        }
    }

    /// A place that the policy wants is another policy's.
    pub fn of_others(of: &ResourceId, others: &[String]) -> Self {
        let names: Vec<String> = others.iter().take(WHOSE).map(|name| format!("`{name}`")).collect();
        let more = others.len().saturating_sub(WHOSE);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let policies = if others.len() == 1 { "policy" } else { "policies" };
        Self {
            of: of.clone(),
            text: format!("it carries the mark of {policies} {}{more} and not this one's: it was set up for that", names.join(", ")),
            help: "Applied, both keep their backups there, each below its own name, and neither touches what is the other's. Where that is not \
                   meant, name another place. A policy that was renamed finds no backup of before: give it its name back."
                .to_owned(),
            away: false,
            overrides: false,
        }
    }

    /// Somebody made it weaker than the last apply left it.
    pub fn of_weakened(of: &ResourceId, title: &str, since: &Since, difference: Option<String>) -> Self {
        let named = if of.key.is_empty() { title.to_owned() } else { format!("{title} {}", of.key) };
        let difference = difference.map(|difference| format!(": {difference}")).unwrap_or_default();
        let (moment, by) = (since.at.strftime("%Y-%m-%d %H:%M UTC"), &since.by);
        Self {
            of: of.clone(),
            text: format!("{named} was weakened outside bdr after {moment} (apply by {by}){difference}"),
            help: "Apply puts it back. Where it was meant, put it into the policy.".to_owned(),
            away: false,
            overrides: false,
        }
    }

    /// What the policy wants stands, and does not happen.
    pub fn of_hindrance(of: &ResourceId, hindrance: &Hindrance) -> Self {
        Self {
            of: of.clone(),
            text: format!("{}: {}", hindrance.what, hindrance.so),
            help: hindrance.help.clone(),
            away: false,
            overrides: hindrance.foreign,
        }
    }
}

/// What a rule does to whose backups, against what the policy needs.
fn takes(expiring: &Expiring) -> String {
    let after = match (expiring.after_days, expiring.from) {
        (None, None) => "on a day that it names".to_owned(),
        (None, Some(day)) => format!("from {day} on"),
        (Some(0), _) => "at once".to_owned(),
        (Some(days), _) => format!("after {days} d"),
    };
    let needed = expiring.needed_days.map_or_else(|| "for ever".to_owned(), |days| format!("for {days} d"));
    let whose: Vec<String> = expiring.whose.iter().take(WHOSE).map(|one| format!("`{one}`")).collect();
    let more = expiring.whose.len().saturating_sub(WHOSE);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let whose = format!("{}{more}", whose.join(", "));
    match expiring.moves_to {
        None if expiring.noncurrent => {
            format!("removes what was replaced or deleted {after}, and the policy keeps it {needed}")
        }
        None => format!("lets backups of {whose} go {after}, and the policy needs them {needed}"),
        Some(class) => format!(
            "moves backups of {whose} to {} {after}, and the policy needs their manifests and indexes at hand {needed}",
            class.as_str()
        ),
    }
}

const DAY: u64 = 24 * 3600;
/// Days before the first backup goes that leave time for the plan to be carried out.
const IN_TIME: u64 = 7;
/// Protections that are named one by one.
const WHOSE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(after: u64, foreign: bool, oldest_days: Option<i64>) -> Option<String> {
        of(Some(after), None, foreign, oldest_days)
    }

    fn of(after_days: Option<u64>, from: Option<Date>, foreign: bool, oldest_days: Option<i64>) -> Option<String> {
        let now: jiff::Timestamp = "2026-11-27T12:00:00Z".parse().expect("a time");
        let oldest = oldest_days.map(|days| now - jiff::SignedDuration::from_hours(24 * days));
        let expiring = Expiring {
            rule: "lifecycle rule docs/nightly/daily".to_owned(),
            foreign,
            whose: vec!["docs/nightly".to_owned()],
            noncurrent: false,
            moves_to: None,
            after_days,
            from,
            needed_days: Some(97),
        };
        let of = "store.vault/s3_bucket".parse().expect("an address");
        Alarm::of_expiring(&of, &expiring, now, oldest).map(|alarm| alarm.text)
    }

    #[test]
    fn what_cannot_have_gone_yet_is_no_alarm_where_the_plan_comes_in_time() {
        assert_eq!(told(51, false, Some(0)), None, "the policy keeps its backups for longer than before");
        let gone = |text: Option<String>| text.is_some_and(|text| text.contains("before 2026-10-07 may be gone already"));
        assert!(gone(told(51, false, Some(49))) && gone(told(51, true, Some(50))));
        let needs =
            |text: Option<String>| text.is_some_and(|text| text.ends_with("after 51 d, and the policy needs them for 97 d"));
        assert!(needs(told(51, false, None)) && needs(told(51, true, None)), "nothing is known of what is there");
        let none_yet = |text: Option<String>| text.is_some_and(|text| text.contains("none is gone yet"));
        assert!(none_yet(told(3, false, Some(0))) && none_yet(told(51, true, Some(0))));
    }

    #[test]
    fn a_rule_that_names_a_day_is_told_with_it() {
        let day = |text: &str| Some(text.parse().expect("a day"));
        for oldest in [Some(50), None] {
            let ahead = of(None, day("2027-01-01"), true, oldest).expect("an alarm");
            assert!(ahead.contains("from 2027-01-01 on") && ahead.ends_with("none is gone yet"), "{ahead}");
        }
        assert_eq!(of(None, day("2027-01-01"), false, Some(50)), None, "the plan comes in time");
        let past = of(None, day("2026-11-01"), true, Some(50)).expect("an alarm");
        assert!(
            past.contains("from 2026-11-01 on") && past.ends_with("backups may be gone already, and more goes every day"),
            "{past}"
        );
        let unseen = of(None, day("2026-11-01"), true, None).expect("an alarm");
        assert!(unseen.ends_with("and the policy needs them for 97 d"), "{unseen}");
    }
}
