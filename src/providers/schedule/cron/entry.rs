//! Kind `cron_entry`: the lines of one job in a crontab, below a remark that names it.

use std::collections::BTreeMap;

use crate::address::{ComponentName, ProtectionName};
use crate::attrs::{Attr, Attrs};
use crate::provider::Env;
use crate::providers::schedule::job::Job;
use crate::providers::schedule::risk;
use crate::resource::Kind;
use crate::units::cadence::{Cadence, Schedule, Semantics, Zone};
use crate::units::shell;

pub const KIND: Kind = Kind {
    name: "cron_entry",
    title: "cron entry",
    summary: "When one backup runs, as lines between bdr's two marker lines. Everything outside them is kept byte for byte.",
    shared: true,
    risk: |before, after| risk::of_change(before, after, gap),
    ..Kind::PLAIN
};

/// Longest command that cron takes (`MAX_COMMAND` of Vixie cron, Debian's cron and cronie); a longer one breaks the whole crontab.
pub const LONGEST_COMMAND: usize = 998;

/// Component and protection.
pub type Key = (ComponentName, ProtectionName);

/// The longest gap that an entry leaves, in seconds. Both sides of a change run on one machine, so its zone does not matter.
fn gap(attrs: &Attrs) -> Option<u64> {
    let utc = Zone::utc();
    let schedule = match attrs.get("due").and_then(Attr::as_str) {
        Some(due) => stated(due)?.0,
        None => Schedule::from_cron_lines(&risk::texts(attrs.get("schedule")?), &utc, &utc)?,
    };
    risk::longest_gap(&schedule, &utc, Semantics::Cron)
}

/// What the remark above an entry says that is due, and in which zone. The minute to which an interval was spread moves no gap.
pub fn stated(due: &str) -> Option<(Schedule, &str)> {
    let (text, rest) = due.split_once(" (")?;
    let schedule = Schedule::parse(text.split(" from minute ").next()?).ok()?;
    Some((schedule, rest.split_once(')')?.0))
}

/// Attributes of the entry of a job. `user`: of a crontab with that column.
pub fn attrs(job: &Job<'_>, env: &Env, table: Attr, user: Option<&str>) -> Attrs {
    let utc = Zone::utc();
    let machine = env.local_zone.as_ref().unwrap_or(&utc);
    let lines = job.schedule.cadence.to_cron_lines(&job.policy.timezone, machine);
    let mut attrs = Attrs::from([
        ("command".to_owned(), Attr::Text(command(job, env))),
        ("schedule".to_owned(), Attr::list(lines.lines)),
        ("table".to_owned(), table),
    ]);
    if !lines.exact {
        let zone = match job.schedule.cadence {
            Cadence::Interval(_) => &utc,
            Cadence::Calendar(_) => &job.policy.timezone.value,
        };
        let text = format!("{} ({zone}); cron starts it more often, and it runs when it is due", job.schedule.cadence);
        attrs.insert("due".to_owned(), Attr::Text(text));
    }
    attrs.extend(user.map(|user| ("user".to_owned(), Attr::text(user))));
    attrs
}

/// What cron hands to `/bin/sh`; a bare `%` would be a line end (crontab(5)).
pub fn command(job: &Job<'_>, env: &Env) -> String {
    let words: Vec<String> = job.command(env).iter().map(|word| shell::word(word)).collect();
    words.join(" ").replace('%', "\\%")
}

/// The lines of an entry.
pub fn lines(key: &Key, attrs: &Attrs) -> Vec<String> {
    let text = |name: &str| attrs.get(name).and_then(Attr::as_str);
    let due = text("due").map(|due| format!(": {due}")).unwrap_or_default();
    let mut lines = vec![format!("# {}/{}{due}", key.0, key.1)];
    let user = text("user").map(|user| format!("{user} ")).unwrap_or_default();
    let command = text("command").unwrap_or_default();
    if let Some(Attr::List(times)) = attrs.get("schedule") {
        lines.extend(times.iter().map(|time| format!("{time} {user}{command}")));
    }
    lines
}

/// Reads the entries of a block. A line that bdr did not write is shown with the entry that it follows, as `unexpected`.
pub fn parse(block: &[String], table: &Attr, with_user: bool) -> BTreeMap<Key, Attrs> {
    let mut entries: BTreeMap<Key, Attrs> = BTreeMap::new();
    let mut current: Option<Key> = None;
    let mut stray: Vec<&String> = Vec::new();
    for line in block {
        if let Some((key, due)) = heading(line) {
            let mut attrs = Attrs::from([("table".to_owned(), table.clone())]);
            attrs.extend(due.map(|due| ("due".to_owned(), Attr::text(due))));
            entries.insert(key.clone(), attrs);
            current = Some(key);
            continue;
        }
        let Some(attrs) = current.as_ref().and_then(|key| entries.get_mut(key)) else {
            stray.push(line);
            continue;
        };
        if !take(attrs, line, with_user) {
            push(attrs, "unexpected", line);
        }
    }
    if let Some(first) = entries.values_mut().next() {
        stray.into_iter().for_each(|line| push(first, "unexpected", line));
    }
    entries
}

/// `# component/protection`, and what follows a colon.
fn heading(line: &str) -> Option<(Key, Option<&str>)> {
    let rest = line.trim_end().strip_prefix("# ")?;
    let (name, due) = rest.split_once(": ").map_or((rest, None), |(name, due)| (name, Some(due)));
    let (component, protection) = name.split_once('/')?;
    Some(((ComponentName::new(component).ok()?, ProtectionName::new(protection).ok()?), due))
}

/// Adds a job line to an entry; `false`: it is none, or does not fit the lines before it.
fn take(attrs: &mut Attrs, line: &str, with_user: bool) -> bool {
    let mut rest = line;
    let mut fields = Vec::new();
    for _ in 0..5 + usize::from(with_user) {
        let Some((field, tail)) = rest.split_once(' ').filter(|(field, _)| !field.is_empty()) else { return false };
        fields.push(field);
        rest = tail;
    }
    let user = if with_user { fields.pop().map(Attr::text) } else { None };
    if fields.iter().any(|field| field.contains(['=', '@', '#'])) {
        return false;
    }
    let same = |attrs: &Attrs, name: &str, value: Option<&Attr>| !attrs.contains_key("command") || attrs.get(name) == value;
    let command = Attr::text(rest);
    if !same(attrs, "command", Some(&command)) || !same(attrs, "user", user.as_ref()) {
        return false;
    }
    attrs.insert("command".to_owned(), command);
    attrs.extend(user.map(|user| ("user".to_owned(), user)));
    push(attrs, "schedule", &fields.join(" "));
    true
}

fn push(attrs: &mut Attrs, name: &str, line: &str) {
    match attrs.entry(name.to_owned()).or_insert_with(|| Attr::List(Vec::new())) {
        Attr::List(list) => list.push(Attr::text(line)),
        other => *other = Attr::list([line]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carriage_return_is_part_of_the_command() {
        let block = |end: &str| [format!("# data/nightly{end}"), format!("0 4 * * * root /usr/bin/bdr -p bdr.yaml{end}")];
        let entry = |end: &str| parse(&block(end), &Attr::text("t"), true).into_values().next().expect("an entry");
        assert_eq!(entry("").get("command"), Some(&Attr::text("/usr/bin/bdr -p bdr.yaml")));
        assert_ne!(entry("\r"), entry(""), "cron would hand `bdr.yaml\\r` to the job");
    }
}
