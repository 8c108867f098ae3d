//! A tier shorter than what its storage class charges for.
//!
//! ## What it finds
//!
//! A tier that keeps backups in a storage class for less than the class's minimum storage duration: 30 days for `STANDARD_IA`
//! and `ONEZONE_IA`, 90 for `GLACIER_IR` and `GLACIER`, 180 for `DEEP_ARCHIVE` (Amazon S3 User Guide, "Comparing the Amazon S3
//! storage classes").
//!
//! ## Why it matters
//!
//! What is deleted earlier is charged as if it had stayed: the cheaper class is the dearer one.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary: { s3: { bucket: backups, region: eu-north-1 } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//!     retain:
//!       daily: { for: 14d, class: STANDARD_IA }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary: { s3: { bucket: backups, region: eu-north-1 } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//!     retain:
//!       daily: { for: 14d }
//!       monthly: { for: 6mo, class: STANDARD_IA }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::rules::class_on_folder;
use crate::lint::{Context, Rule};
use crate::units::duration::Duration;
use crate::units::storage_class::StorageClass;

pub struct MinimumDuration;

impl Rule for MinimumDuration {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L012",
            name: "shorter-than-minimum-storage-duration",
            severity: Severity::Warning,
            text: include_str!("minimum_duration.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let on_s3 =
            context.policy.components.values().filter(|component| !class_on_folder::only_folders(context.policy, component));
        for (component, tier) in on_s3.flat_map(|component| component.retain.values().map(move |tier| (component, tier))) {
            let days = minimum_days(tier.class.value);
            if tier.keep.value >= Duration::from_secs(days * 86_400) {
                continue;
            }
            let (class, name, of) = (tier.class.as_str(), &tier.name, &component.name);
            found.push(
                Diagnostic::warning(
                    self.about().code,
                    format!("tier `{name}` of `{of}` ends before the minimum storage duration of {class}"),
                )
                .at(tier.keep.span, format!("deleted after {}", tier.keep.value))
                .at(tier.class.span, format!("charged for {days}d at least"))
                .help(format!("Keep it for {days}d or longer, or use STANDARD for this tier.")),
            );
        }
    }
}

/// Days that are charged at least.
fn minimum_days(class: StorageClass) -> u64 {
    match class {
        StorageClass::Standard | StorageClass::IntelligentTiering => 0,
        StorageClass::StandardIa | StorageClass::OnezoneIa => 30,
        StorageClass::GlacierIr | StorageClass::Glacier => 90,
        StorageClass::DeepArchive => 180,
    }
}
