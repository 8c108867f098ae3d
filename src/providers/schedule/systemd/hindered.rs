//! What keeps a unit from making its backups: masks, states, and what drop-ins make of it.

use super::drop_in::{self, DropIn, laid_over, overridden};
use super::place::{Part, UnitName};
use super::timespan;
use super::unit_file::UnitFile;
use crate::address::ComponentName;
use crate::attrs::{Attr, Attrs};
use crate::providers::schedule::risk::texts;
use crate::resource::{Hindrance, InEffect};

/// Drop-ins that are named one by one.
const NAMED: usize = 3;

/// What the drop-ins of a unit make of it, as it stands and as the policy wants it. `states` are no part of the file.
pub fn in_effect(standing: Option<(&UnitFile, &Attrs)>, wanted: Option<&Attrs>, over: &[DropIn]) -> Option<InEffect> {
    if over.is_empty() {
        return None;
    }
    let with = |unit: &UnitFile, attrs: &Attrs| {
        let states = attrs.iter().filter(|(_, value)| value.as_map().is_none());
        let mut holds = laid_over(unit, over).to_attrs();
        holds.extend(states.map(|(key, value)| (key.clone(), value.clone())));
        holds
    };
    Some(InEffect {
        now: standing.map(|(unit, attrs)| with(unit, attrs)),
        then: wanted.map(|wanted| with(&UnitFile::from_attrs(wanted), wanted)),
    })
}

/// What drop-ins override of a unit.
pub fn by_drop_ins(name: &UnitName, unit: &UnitFile, over: &[DropIn]) -> Option<Hindrance> {
    let told = overridden(unit, over);
    if told.is_empty() {
        return None;
    }
    // Those alone that override something, where one does so by itself.
    let guilty: Vec<&DropIn> = over.iter().filter(|one| !overridden(unit, std::slice::from_ref(*one)).is_empty()).collect();
    let guilty = if guilty.is_empty() { over.iter().collect() } else { guilty };
    let paths: Vec<String> = guilty.iter().take(NAMED).map(|one| format!("`{}`", one.shown)).collect();
    let more = guilty.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (noun, verb) = if guilty.len() == 1 { ("drop-in", "overrides") } else { ("drop-ins", "override") };
    let holds = laid_over(unit, over).to_attrs();
    let so = match name.part {
        Part::Timer => "it does not run as the policy says",
        Part::Service if runs_ours(&holds, &name.component, name.protection.as_str(), Some(&unit.to_attrs())) => {
            "its backup is not made as the policy says"
        }
        Part::Service => "whether it makes a backup is not known",
    };
    Some(Hindrance {
        what: format!("the {noun} {}{more} {verb} {} of {name}", paths.join(", "), told.join(", ")),
        so: so.to_owned(),
        help: "Take it away, or put what it means into the policy: bdr changes nothing that is not its own.".to_owned(),
        foreign: true,
    })
}

/// What the states of a unit that stands keep from happening.
pub fn by_state(name: &UnitName, attrs: &Attrs) -> Option<Hindrance> {
    let is = |key: &str| attrs.get(key).and_then(Attr::as_bool);
    let what = if is("masked") == Some(true) {
        "masked"
    } else if is("enabled") == Some(false) {
        "not enabled"
    } else if is("active") == Some(false) {
        "stopped"
    } else {
        return None;
    };
    Some(Hindrance {
        what: format!("{name} is {what}"),
        so: "its backup is not made by itself".to_owned(),
        help: "`bdr apply` puts it right. Where it was meant, take the schedule out of the policy.".to_owned(),
        foreign: false,
    })
}

/// Whether a service makes the backup of a protection, as far as its settings tell: it starts bdr with it, on no condition. `wanted`: as
/// the policy wants it, where it does.
pub fn runs_ours(service: &Attrs, component: &ComponentName, protection: &str, wanted: Option<&Attrs>) -> bool {
    let command = format!(" backup {component} --protection {protection} ");
    let head = |attrs: &Attrs| {
        let lines = attrs.get("Service")?.as_map()?.get("ExecStart").map(texts)?;
        lines.iter().find_map(|line| {
            let line = format!("{line} ");
            line.split_once(&command).map(|(head, _)| head.trim_start_matches(['@', '-', ':', '+', '!']).to_owned())
        })
    };
    let Some(found) = head(service) else { return false };
    // The same program, perhaps in another place; what it is wrapped in may do anything.
    let program = |head: &str| head.rsplit('/').next().unwrap_or_default().trim_matches('"').to_owned();
    let alike = |wanted: String| wanted == found || (!found.contains(' ') && program(&wanted) == program(&found));
    let known = wanted.and_then(head).is_none_or(alike);
    let section = |name: &str| service.get(name).and_then(Attr::as_map);
    let conditions = section("Unit").is_some_and(|unit| unit.keys().any(|key| drop_in::is_condition(key)));
    let stays = section("Service").and_then(|keys| keys.get("RemainAfterExit")).is_some_and(|value| is_true(&value.to_string()));
    let asks = section("Service").is_some_and(|keys| keys.contains_key("ExecCondition"));
    known && !conditions && !stays && !asks
}

fn is_true(text: &str) -> bool {
    drop_in::same(text, "true")
}

/// The `OnCalendar=` lines that a timer carries out, and by how many seconds a run may begin late; `None`: it is off, or starts something
/// else.
pub fn starts(timer: &Attrs) -> Option<(Attr, u64)> {
    let is = |state: &&str| timer.get(*state).and_then(Attr::as_bool).unwrap_or(false);
    let keys = timer.get("Timer")?.as_map()?;
    // What it starts where nothing is said is the service of its own name.
    if !["active", "enabled"].iter().all(is) || keys.contains_key("Unit") {
        return None;
    }
    let span = |key: &str, default: u64| match keys.get(key) {
        Some(text) => timespan::seconds(&text.to_string()),
        None => Some(default),
    };
    // systemd.timer(5): a minute where nothing is said.
    let late = span("AccuracySec", 60)?.saturating_add(span("RandomizedDelaySec", 0)?);
    Some((keys.get("OnCalendar")?.clone(), late))
}
