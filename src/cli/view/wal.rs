//! How the archive of a log stands, for people and as a JSON document (`schemas/wal-status.json`).

mod words;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::archiving::{self, Survey};
use crate::cli::Failure;
use crate::cli::view::unread::Unread;
use crate::journal::LogWindow;
use crate::policy::{Component, Protection};
use crate::postgres::Archiver;
use crate::units::count::count;
use crate::units::duration::Duration;
use crate::wal::{Lsn, Segment, SegmentSize};

pub use words::human;

/// Over how long the rate is taken.
const RATE_SECONDS: i64 = 24 * 3600;

/// The archive of a component.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Status of a WAL archive")]
pub struct Document {
    pub version: u32,
    pub policy: String,
    pub component: String,
    pub protection: String,
    /// How long a change may wait to be archived, as the policy says.
    pub max_interval_seconds: u64,
    pub stores: Vec<Stored>,
    /// How far back any moment is to be restored, as the policy says; `null`: as far as the oldest base backup.
    pub keep_seconds: Option<u64>,
    /// The moments any of which can be restored, by all stores together; `null`: none, or not all that tells could be read.
    pub window: Option<LogWindow>,
    /// What the server says, where it was reached.
    pub server: Option<Server>,
    /// Why nothing is known of the server.
    pub server_unread: Option<String>,
    /// Stores that could not be read.
    pub unread: Vec<Unread>,
}

/// What a store holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Stored {
    pub store: String,
    pub place: String,
    /// `null`: nothing was ever archived there.
    pub system_identifier: Option<String>,
    pub segment_bytes: Option<u64>,
    /// Segments without a hole between them, by timeline and place.
    pub ranges: Vec<Range>,
    /// Segments that are missing though later ones are there: nothing can be replayed past them.
    pub gaps: Vec<Range>,
    pub newest: Option<Newest>,
    pub rate: Option<Rate>,
    /// When a prune last let go of what came before; `null`: never.
    #[schemars(with = "Option<String>")]
    pub let_go: Option<Timestamp>,
    /// Timelines of which the history is missing.
    pub without_history: Vec<u32>,
    /// Files that were handed over under the name of another one, and refused.
    pub refused: Vec<String>,
    /// What is wrong, in words.
    pub problems: Vec<String>,
}

/// Segments of one timeline that follow one another, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Range {
    pub timeline: u32,
    pub first: String,
    pub last: String,
    pub segments: u64,
}

/// The segment that is the furthest in the log: a store that was copied gives all of them one time.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Newest {
    pub segment: String,
    /// Where it ends: what was written before can be replayed.
    pub end: String,
    /// By the store's clock.
    #[schemars(with = "String")]
    pub at: Timestamp,
    pub age_seconds: u64,
    #[serde(skip)]
    place: Segment,
}

/// What came in the last day, or since the archive began, if that is less.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rate {
    pub seconds: u64,
    pub segments: u64,
    pub segments_per_hour: f64,
    pub stored_bytes_per_hour: u64,
}

/// What the server says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Server {
    pub system_identifier: String,
    pub timeline: u32,
    /// Where it writes, or as a standby where it has replayed to.
    pub position: String,
    pub in_recovery: bool,
    pub archive_mode: String,
    /// 0: segments that are not full are never handed over.
    pub archive_timeout_seconds: u64,
    pub last_archived: Option<String>,
    #[schemars(with = "Option<String>")]
    pub last_archived_at: Option<Timestamp>,
    pub failed_count: u64,
    pub last_failed: Option<String>,
    #[schemars(with = "Option<String>")]
    pub last_failed_at: Option<Timestamp>,
    /// Bytes of its log that the store which has least does not have; `null`: the archive has nothing of its timeline,
    /// or could not be read.
    pub behind_bytes: Option<u64>,
    pub problems: Vec<String>,
}

impl Document {
    pub fn new(policy: &str, component: &Component, protection: &Protection) -> Self {
        Self {
            version: 1,
            policy: policy.to_owned(),
            component: component.name.to_string(),
            protection: protection.name.to_string(),
            max_interval_seconds: protection.wal_archive().map_or(0, |archive| archive.max_interval.as_secs()),
            stores: Vec::new(),
            keep_seconds: component.log_window.as_ref().map(|window| window.keep.as_secs()),
            window: None,
            server: None,
            server_unread: None,
            unread: Vec::new(),
        }
    }

    /// Whether nothing of what was read is wrong.
    pub fn is_well(&self) -> bool {
        let of_server = self.server.iter().flat_map(|server| &server.problems);
        self.stores.iter().flat_map(|stored| &stored.problems).chain(of_server).next().is_none()
    }

    /// What the server says, held against the policy and the stores.
    pub fn server(&mut self, archiver: &Archiver, protection: &Protection) {
        let interval = protection.wal_archive().map_or(0, |archive| archive.max_interval.as_secs());
        self.server = Some(Server::of(archiver, interval, &self.stores));
    }
}

impl Stored {
    pub fn of(store: &str, place: &str, survey: Option<&Survey>, now: Timestamp) -> Self {
        let mut stored = Self {
            store: store.to_owned(),
            place: place.to_owned(),
            system_identifier: None,
            segment_bytes: None,
            ranges: Vec::new(),
            gaps: Vec::new(),
            newest: None,
            rate: None,
            let_go: None,
            without_history: Vec::new(),
            refused: Vec::new(),
            problems: Vec::new(),
        };
        let Some(survey) = survey else {
            stored.problems.push("NOTHING WAS EVER ARCHIVED".to_owned());
            return stored;
        };
        let size = survey.archive.size();
        stored.system_identifier = Some(survey.cluster.system_identifier.to_string());
        stored.segment_bytes = Some(size.bytes());
        let standing = survey.standing();
        let spans = standing.spans().iter();
        stored.ranges = spans.map(|span| Range::of(size, (span.timeline, span.first, span.last))).collect();
        stored.let_go = survey.let_go.as_ref().map(|note| note.at);
        let holes = survey.gaps();
        stored.gaps = holes.iter().map(|hole| Range::of(size, (hole.timeline, hole.first, hole.last))).collect();
        let newest = survey.segments.iter().max_by_key(|stored| stored.segment);
        stored.newest = newest.map(|newest| Newest::of(size, newest, now));
        stored.rate = Rate::of(&survey.segments, now);
        stored.without_history = survey.unfounded.iter().map(|timeline| timeline.0.get()).collect();
        stored.refused = survey.refused.clone();
        stored.problems = stored.found();
        stored
    }

    fn found(&self) -> Vec<String> {
        let gap = |gap: &Range| match gap.segments {
            1 => format!("GAP: {} is missing", gap.first),
            many => format!("GAP: {many} segments are missing, {} to {}", gap.first, gap.last),
        };
        let mut all: Vec<String> = self.gaps.iter().map(gap).collect();
        all.extend(self.without_history.iter().map(|timeline| format!("the history of timeline {timeline} is missing")));
        all.extend(self.refused.iter().map(|name| format!("ANOTHER {name} WAS REFUSED: two servers write to this archive")));
        if self.ranges.is_empty() {
            all.push("no segment is archived".to_owned());
        }
        all
    }
}

impl Range {
    fn of(size: SegmentSize, (timeline, first, last): (crate::wal::Timeline, u64, u64)) -> Self {
        let name = |number| size.name(Segment { timeline, number });
        Self { timeline: timeline.0.get(), first: name(first), last: name(last), segments: last - first + 1 }
    }
}

impl Newest {
    fn of(size: SegmentSize, newest: &archiving::Stored, now: Timestamp) -> Self {
        Self {
            segment: size.name(newest.segment),
            end: size.end(newest.segment).to_string(),
            at: newest.at,
            age_seconds: now.duration_since(newest.at).as_secs().max(0).cast_unsigned(),
            place: newest.segment,
        }
    }
}

impl Rate {
    fn of(segments: &[archiving::Stored], now: Timestamp) -> Option<Self> {
        let age = |stored: &archiving::Stored| now.duration_since(stored.at).as_secs();
        let recent: Vec<&archiving::Stored> = segments.iter().filter(|stored| age(stored) < RATE_SECONDS).collect();
        let oldest = segments.iter().map(age).max()?;
        let seconds = oldest.clamp(60, RATE_SECONDS);
        let hours = seconds as f64 / 3600.0;
        let bytes: u64 = recent.iter().map(|stored| stored.bytes).sum();
        Some(Self {
            seconds: seconds.cast_unsigned(),
            segments: recent.len() as u64,
            segments_per_hour: ((recent.len() as f64 / hours) * 10.0).round() / 10.0,
            stored_bytes_per_hour: (bytes as f64 / hours) as u64,
        })
    }
}

impl Server {
    fn of(archiver: &Archiver, interval: u64, stores: &[Stored]) -> Self {
        let (last_archived, last_archived_at) = archiver.last_archived.clone().unzip();
        let (last_failed, last_failed_at) = archiver.last_failed.clone().unzip();
        let mut server = Self {
            system_identifier: archiver.system_identifier.to_string(),
            timeline: archiver.timeline.0.get(),
            position: archiver.position.to_string(),
            in_recovery: archiver.in_recovery,
            archive_mode: archiver.mode.clone(),
            archive_timeout_seconds: archiver.timeout,
            last_archived,
            last_archived_at,
            failed_count: archiver.failed_count,
            last_failed,
            last_failed_at,
            behind_bytes: stores
                .iter()
                .map(|stored| behind(stored, archiver))
                .min_by_key(|behind| behind.map_or(0, |n| u64::MAX - n))
                .flatten(),
            problems: Vec::new(),
        };
        server.problems = server.found(interval, stores);
        server
    }

    fn found(&self, interval: u64, stores: &[Stored]) -> Vec<String> {
        let mut all = Vec::new();
        if stores.iter().any(|stored| stored.system_identifier.as_ref().is_some_and(|system| *system != self.system_identifier)) {
            all.push(format!("the server is another cluster ({}) than the archive is of", self.system_identifier));
        }
        if self.archive_mode == "off" || (self.in_recovery && self.archive_mode != "always") {
            // A standby leaves it to the primary.
            all.extend((!self.in_recovery).then(|| "archive_mode is off: nothing is archived".to_owned()));
            return all;
        }
        let late = self.archive_timeout_seconds == 0 || self.archive_timeout_seconds > interval;
        let is = match self.archive_timeout_seconds {
            0 => "off".to_owned(),
            seconds => Duration::from_secs(seconds).to_string(),
        };
        let wanted = Duration::from_secs(interval);
        all.extend(
            late.then(|| format!("archive_timeout is {is}, and max_interval of the policy {wanted}: set it to that or less")),
        );
        if let (Some(name), true) = (&self.last_failed, self.last_failed_at > self.last_archived_at) {
            all.push(format!(
                "archive_command FAILS for {name} (failed {} in all): see the server's log",
                count(self.failed_count, "time")
            ));
        }
        all
    }
}

/// Bytes between the end of what is archived of the server's timeline and where it writes.
fn behind(stored: &Stored, archiver: &Archiver) -> Option<u64> {
    let is_its = stored.system_identifier.as_deref() == Some(archiver.system_identifier.to_string().as_str());
    let newest = stored.newest.as_ref().filter(|newest| is_its && newest.place.timeline == archiver.timeline)?;
    let end: Lsn = newest.end.parse().ok()?;
    Some(archiver.position.0.saturating_sub(end.0))
}

/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn json(document: &Document) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(document).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}

pub fn schema() -> String {
    let schema = schemars::schema_for!(Document);
    serde_json::to_string_pretty(&schema).map(|text| text + "\n").unwrap_or_default()
}
