//! The rules: one file each, and a line here.

mod class_on_folder;
mod class_slower_than_objective;
mod clock_hole;
mod cron_environment;
mod cron_file_ignored;
mod excludes_everything;
mod existing_comes_back;
mod existing_unswept;
mod kms_key_elsewhere;
mod lock_before_notice;
mod lock_beyond_tier;
mod lock_unswept;
mod log_window_under_gap;
mod minimum_duration;
mod no_copy_survives;
mod no_scheduler;
mod noncurrent_unversioned;
mod objective_unreachable;
mod objective_unscheduled;
mod open_folder;
mod packs;
mod plain_http;
mod protection_unscheduled;
mod replica_over_backups;
mod replicas_collide;
mod replication_both_written;
mod replication_deletes;
mod replication_near;
mod replication_unbounded;
mod similar_names;
mod store_overlap;
mod unprotected;
mod unreachable_tier;
mod unused_account;
mod unused_store;
mod wal_alone;

use crate::lint::Rule;
use crate::policy::Disruption;

/// Every rule, in order of code.
pub const RULES: &[&dyn Rule] = &[
    &packs::too_few_copies::TooFewCopies,
    &packs::all_here::AllHere,
    &packs::nothing_immutable::NothingImmutable,
    &packs::unversioned::Unversioned,
    &packs::unencrypted::Unencrypted,
    &packs::account_unstated::AccountUnstated,
    &packs::tls_unrequired::TlsUnrequired,
    &packs::freeze_unstated::FreezeUnstated,
    &unprotected::Unprotected,
    &objective_unscheduled::ObjectiveUnscheduled,
    &protection_unscheduled::ProtectionUnscheduled,
    &unreachable_tier::UnreachableTier,
    &unused_store::UnusedStore,
    &store_overlap::StoreOverlap,
    &clock_hole::ClockHole,
    &excludes_everything::ExcludesEverything,
    &similar_names::SimilarNames,
    &plain_http::PlainHttp,
    &noncurrent_unversioned::NoncurrentUnversioned,
    &minimum_duration::MinimumDuration,
    &no_scheduler::NoScheduler,
    &class_on_folder::ClassOnFolder,
    &cron_environment::CronEnvironment,
    &open_folder::OpenFolder,
    &cron_file_ignored::CronFileIgnored,
    &kms_key_elsewhere::KmsKeyElsewhere,
    &unused_account::UnusedAccount,
    &lock_beyond_tier::LockBeyondTier,
    &lock_unswept::LockUnswept,
    &lock_before_notice::LockBeforeNotice,
    &replication_unbounded::ReplicationUnbounded,
    &replication_near::ReplicationNear,
    &replication_deletes::ReplicationDeletes,
    &replication_both_written::ReplicationBothWritten,
    &replicas_collide::ReplicasCollide,
    &replica_over_backups::ReplicaOverBackups,
    &existing_comes_back::ExistingComesBack,
    &existing_unswept::ExistingUnswept,
    &wal_alone::WalAlone,
    &log_window_under_gap::LogWindowUnderGap,
    &objective_unreachable::ObjectiveUnreachable,
    &no_copy_survives::NoCopySurvives,
    &class_slower_than_objective::ClassSlowerThanObjective,
];

/// `when its process or host is lost`, for messages.
fn when(disruptions: &[Disruption]) -> String {
    let words: Vec<&str> = disruptions
        .iter()
        .map(|disruption| match disruption {
            Disruption::Process => "its process crashes",
            Disruption::Host => "its host is lost",
            Disruption::Corruption => "its data is corrupted",
            Disruption::Region => "its region is lost",
            Disruption::Account => "its account is compromised",
        })
        .collect();
    match words.split_last() {
        Some((last, [])) => format!("when {last}"),
        Some((last, rest)) => format!("when {} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
