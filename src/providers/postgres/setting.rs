//! Kind `postgresql_setting`: what stands, what waits for a restart, and what bdr cannot change.

use super::attrs;
use super::facts::{Facts, Seen};
use super::record::Record;
use crate::policy::server_setting::{self, ServerSetting};
use crate::resource::{Hindrance, Live};

/// What a setting reads as. `wanted`: as the policy has it. `record`: what bdr noted when it took it over.
pub(super) fn live(facts: &Facts, name: &str, wanted: Option<&str>, record: Option<&Record>) -> Live {
    let Some(setting) = server_setting::find(name) else { return Live::absent() };
    if let Some(record) = record.filter(|record| record.system != facts.system) {
        let unfit = format!(
            "the server is another cluster (system identifier {}) than the one whose settings bdr keeps ({})",
            facts.system, record.system
        );
        return Live { unfit: Some(unfit), ..Live::absent() };
    }
    let Some(seen) = facts.settings.get(name) else {
        let unfit = format!("PostgreSQL {} has no `{name}`: it came with {}", facts.major, setting.since);
        return Live { unfit: Some(unfit), ..Live::absent() };
    };
    let (value, mut notes) = stands(facts, seen, setting);
    let hindered = waits(seen, setting, &value).into_iter().collect();
    if setting.at_start && wanted.is_some_and(|wanted| wanted != value) {
        notes.push("takes effect when the server is started again, which bdr does not do".to_owned());
    }
    // It left the policy.
    notes.extend(record.filter(|_| wanted.is_none()).map(|record| match &record.before {
        Some(before) => {
            format!("gets back what it was before bdr: {}", setting.canonical(before).unwrap_or_else(|_| before.clone()))
        }
        None => "is reset: nothing set it before bdr".to_owned(),
    }));
    let unfit = wanted.filter(|wanted| *wanted != value).and_then(|wanted| refusal(facts, seen, name, wanted));
    Live { notes, hindered, unfit, ..Live::present(attrs(name, &value)) }
}

/// The value that the server has, or will have once it was started again.
fn stands(facts: &Facts, seen: &Seen, setting: &ServerSetting) -> (String, Vec<String>) {
    let canonical = |text: &str| setting.canonical(text).unwrap_or_else(|_| text.to_owned());
    if is_fixed(seen) {
        return (canonical(&seen.value), Vec::new());
    }
    if facts.tells_files {
        return (canonical(seen.configured.as_ref().unwrap_or(&seen.default)), Vec::new());
    }
    let note = seen.waits.then(|| {
        format!(
            "another value waits for a restart: which one is told to superusers and members of pg_read_all_settings, not to `{}`",
            facts.user
        )
    });
    (canonical(&seen.value), note.into_iter().collect())
}

/// What outranks every file.
fn is_fixed(seen: &Seen) -> bool {
    matches!(seen.source.as_str(), "command line" | "environment variable")
}

fn waits(seen: &Seen, setting: &ServerSetting, value: &str) -> Option<Hindrance> {
    let now = setting.canonical(&seen.value).unwrap_or_else(|_| seen.value.clone());
    (seen.waits && now != value).then(|| Hindrance {
        what: format!("`{}` waits for a restart of the server", setting.name),
        so: format!("until then it is {now}, not {value}"),
        help: "Start the server again when it suits, such as by `systemctl restart postgresql`.".to_owned(),
        foreign: false,
    })
}

/// Why the connection cannot set it, and what to do by hand.
fn refusal(facts: &Facts, seen: &Seen, name: &str, wanted: &str) -> Option<String> {
    let by_hand = format!("{name} = '{}'", wanted.replace('\'', "''"));
    if is_fixed(seen) {
        return Some(format!("it is set on the server's {}, which outranks its files: set {by_hand} there", seen.source));
    }
    if !facts.takes_alter_system {
        return Some(format!(
            "the server takes no ALTER SYSTEM (allow_alter_system = off): set {by_hand} where its settings are kept"
        ));
    }
    if !seen.may {
        let grant = match facts.major {
            15.. => format!("GRANT ALTER SYSTEM ON PARAMETER {name} TO \"{}\"", facts.user.replace('"', "\"\"")),
            _ => "only a superuser may".to_owned(),
        };
        return Some(format!(
            "`{}` may not change it: {grant}; or, on a managed server, set {by_hand} in its parameters",
            facts.user
        ));
    }
    if !facts.tells_files {
        return Some(format!(
            "`{}` may not read the server's files, so what it was before could not be given back: GRANT EXECUTE ON FUNCTION \
             pg_show_all_file_settings() TO it",
            facts.user
        ));
    }
    (!facts.may_reload).then(|| {
        format!("`{}` may not have the server read its files again: GRANT EXECUTE ON FUNCTION pg_reload_conf() TO it", facts.user)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(name: &str, seen: Seen) -> Facts {
        let settings = [(name.to_owned(), seen)].into();
        let (system, user) = ("7".to_owned(), "bdr".to_owned());
        Facts { system, major: 15, user, tells_files: true, may_reload: true, takes_alter_system: true, settings }
    }

    fn value(live: &Live) -> Option<&str> {
        live.attrs.as_ref()?.get("value")?.as_str()
    }

    #[test]
    fn what_waits_for_a_restart_stands_and_is_told() {
        let seen = Seen {
            value: "replica".to_owned(),
            default: "replica".to_owned(),
            waits: true,
            may: true,
            configured: Some("logical".to_owned()),
            ..Seen::default()
        };
        let live = live(&facts("wal_level", seen), "wal_level", Some("logical"), None);
        assert_eq!((value(&live), live.hindered.len(), live.unfit.as_deref()), (Some("logical"), 1, None));
        assert_eq!(live.hindered[0].so, "until then it is replica, not logical");
    }

    #[test]
    fn what_cannot_be_set_is_refused_with_what_to_do_by_hand_and_only_where_it_differs() {
        let seen = |change: fn(&mut Seen)| {
            let mut seen = Seen { value: "0".to_owned(), default: "0".to_owned(), may: true, ..Seen::default() };
            change(&mut seen);
            facts("archive_timeout", seen)
        };
        let unfit = |facts: &Facts, wanted| live(facts, "archive_timeout", Some(wanted), None).unfit;
        let fixed = seen(|seen| seen.source = "command line".to_owned());
        assert!(unfit(&fixed, "1min").is_some_and(|why| why.contains("archive_timeout = '1min'")));
        assert_eq!(unfit(&fixed, "0"), None);
        let denied = seen(|seen| seen.may = false);
        assert!(
            unfit(&denied, "1min").is_some_and(|why| why.contains("GRANT ALTER SYSTEM ON PARAMETER archive_timeout TO \"bdr\""))
        );
        let closed = Facts { takes_alter_system: false, ..seen(|_| {}) };
        assert!(unfit(&closed, "1min").is_some_and(|why| why.contains("allow_alter_system")));
        let blind = Facts { tells_files: false, ..seen(|_| {}) };
        assert!(unfit(&blind, "1min").is_some_and(|why| why.contains("could not be given back")));
        assert_eq!(unfit(&seen(|_| {}), "1min"), None);
    }

    #[test]
    fn another_cluster_and_a_server_that_is_too_old_are_refused() {
        let all = facts("archive_timeout", Seen::default());
        let record = Record { system: "8".to_owned(), ..Record::default() };
        let other = live(&all, "archive_timeout", Some("1min"), Some(&record));
        assert!(other.unfit.is_some_and(|why| why.contains("another cluster (system identifier 7)")));
        let old = live(&all, "summarize_wal", Some("on"), None);
        assert_eq!(old.unfit.as_deref(), Some("PostgreSQL 15 has no `summarize_wal`: it came with 17"));
    }
}
