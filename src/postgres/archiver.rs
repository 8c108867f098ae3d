//! What a server says of its log and of archiving it.

use jiff::Timestamp;

use crate::postgres::{Server, failed};
use crate::provider::ProviderError;
use crate::wal::{Lsn, Timeline};

/// How a server archives (`pg_stat_archiver`), and how far its log has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archiver {
    pub system_identifier: u64,
    pub timeline: Timeline,
    /// Where it writes, or as a standby where it has replayed to.
    pub position: Lsn,
    pub in_recovery: bool,
    /// `on`, `off` or `always`.
    pub mode: String,
    /// Seconds until a segment is handed over that is not full; 0: never.
    pub timeout: u64,
    pub last_archived: Option<(String, Timestamp)>,
    /// Calls that failed since its statistics began. What a signal or a code above 125 ended is not among them.
    pub failed_count: u64,
    pub last_failed: Option<(String, Timestamp)>,
}

const OPERATION: &str = "ask for its archiver";

const SQL: &str = "\
SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()),
  CASE WHEN r THEN (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())
    ELSE ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
  CASE WHEN r THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END,
  r, pg_catalog.current_setting('archive_mode'),
  (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'archive_timeout'),
  failed_count, last_archived_wal, (extract(epoch FROM last_archived_time) * 1000000)::bigint,
  last_failed_wal, (extract(epoch FROM last_failed_time) * 1000000)::bigint
FROM pg_catalog.pg_stat_archiver, pg_catalog.pg_is_in_recovery() AS r";

/// # Errors
/// When the server refuses to answer.
pub async fn archiver(server: &Server) -> Result<Archiver, ProviderError> {
    let row = server.rows(OPERATION, SQL).await?.pop().unwrap_or_default();
    read(&row).ok_or_else(|| failed(OPERATION, server.shown.clone(), "its answer is not to be understood"))
}

fn read(row: &[Option<String>]) -> Option<Archiver> {
    let text = |at: usize| row.get(at)?.as_deref();
    // In microseconds: a failure within the second of the last success is one.
    let moment = |at: usize| Timestamp::from_microsecond(text(at)?.parse().ok()?).ok();
    let file = |at: usize| Some((text(at)?.to_owned(), moment(at + 1)?));
    Some(Archiver {
        system_identifier: text(0)?.parse().ok()?,
        timeline: Timeline::new(text(1)?.parse().ok()?)?,
        position: text(2)?.parse().ok()?,
        in_recovery: text(3)? == "t",
        mode: text(4)?.to_owned(),
        timeout: text(5)?.parse().ok()?,
        last_archived: file(7),
        failed_count: text(6)?.parse().ok()?,
        last_failed: file(9),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_what_is_none_is_told() {
        let row = |text: &str| -> Vec<Option<String>> {
            text.split('|').map(|one| Some(one.to_owned()).filter(|one| !one.is_empty())).collect()
        };
        let found = read(&row("7123|1|0/3000158|f|on|60|2|000000010000000000000002|1764300000000001||")).expect("it reads");
        assert_eq!((found.position, found.timeout, found.failed_count, found.last_failed), (Lsn(0x0300_0158), 60, 2, None));
        let (name, at) = found.last_archived.expect("it archived");
        assert_eq!((name.as_str(), at.as_microsecond()), ("000000010000000000000002", 1_764_300_000_000_001));
        assert_eq!(read(&row("7123|1||f|on|60|0||||")), None);
    }
}
