//! How a server that is started on a restored data directory recovers (PostgreSQL's manual, "Recovery Target").

use jiff::Timestamp;

use crate::wal::Lsn;

/// Up to where the log is replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// To its end.
    Latest,
    /// To the last transaction that was committed by then.
    Time(Timestamp),
    Lsn(Lsn),
}

/// A recovery beyond the end of the backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Brings a file of the log; `%f` and `%p` as the server has them.
    pub command: String,
    pub until: Until,
    /// To which it recovers; `None`: to the newest that the command brings the history of.
    pub timeline: Option<u32>,
}

/// A copy never writes into the archive of the cluster that it is a copy of, and never follows it: a backup of a standby knows its
/// primary.
const APART: &str = "archive_mode = off\nprimary_conninfo = ''\nprimary_slot_name = ''\n";

/// What is added to the settings of a restored data directory: later lines win over earlier ones. One target at most, since the server
/// starts with none of two.
pub fn settings(recovery: Option<&Recovery>) -> String {
    let mut text = format!("\n# Added by bdr as it restored this.\n{APART}");
    let Some(Recovery { command, until, timeline }) = recovery else { return text };
    text += &format!("restore_command = {}\n", quoted(command));
    text += &timeline.map(|timeline| format!("recovery_target_timeline = '{timeline}'\n")).unwrap_or_default();
    match until {
        Until::Latest => {}
        // Always with its zone: the server may live in another one.
        Until::Time(time) => {
            let time = time.strftime("%Y-%m-%d %H:%M:%S%.6f+00").to_string();
            text += &format!("recovery_target_time = {}\nrecovery_target_action = promote\n", quoted(&time));
        }
        Until::Lsn(at) => text += &format!("recovery_target_lsn = '{at}'\nrecovery_target_action = promote\n"),
    }
    text
}

/// As the server reads strings in its files.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_target_and_never_a_way_into_the_archive() {
        let of = |until| settings(Some(&Recovery { command: "cp '/a b/%f' \"%p\" \\x".to_owned(), until, timeline: None }));
        assert!(settings(None).contains("archive_mode = off") && !settings(None).contains("recovery"));
        insta::assert_snapshot!(of(Until::Time("2026-11-24T13:30:00.25Z".parse().expect("a time"))), @r#"

        # Added by bdr as it restored this.
        archive_mode = off
        primary_conninfo = ''
        primary_slot_name = ''
        restore_command = 'cp ''/a b/%f'' "%p" \\x'
        recovery_target_time = '2026-11-24 13:30:00.250000+00'
        recovery_target_action = promote
        "#);
        assert!(of(Until::Lsn(Lsn(0x16_B374_D848))).contains("recovery_target_lsn = '16/B374D848'\nrecovery_target_action"));
        assert!(!of(Until::Latest).contains("target"));
    }
}
