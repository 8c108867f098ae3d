//! What stores and storage classes can promise, with the source of each figure.

use crate::assess::{Place, Site, Survival};
use crate::policy::{Backend, Disruption, LockMode, StoreSpec, host_of_aws};
use crate::units::storage_class::StorageClass;

/// Longest time from the restore request until an object can be read, in seconds, by standard retrieval: up to 5 hours for
/// Glacier Flexible Retrieval, up to 12 for Deep Archive (S3 user guide, "Understanding archive retrieval options").
pub fn retrieval_seconds(class: StorageClass) -> u64 {
    match class {
        StorageClass::Glacier => 5 * 3_600,
        StorageClass::DeepArchive => 12 * 3_600,
        _ => 0,
    }
}

/// Days that are billed at least, however soon an object goes (S3 user guide, "Comparing the Amazon S3 storage classes").
pub fn minimum_days(class: StorageClass) -> u64 {
    match class {
        StorageClass::Standard | StorageClass::IntelligentTiering => 0,
        StorageClass::StandardIa | StorageClass::OnezoneIa => 30,
        StorageClass::GlacierIr | StorageClass::Glacier => 90,
        StorageClass::DeepArchive => 180,
    }
}

/// What a store promises of every copy in it, at a site.
pub fn place(store: &StoreSpec, site: &Site) -> Place {
    Place {
        site: site.clone(),
        survives: Disruption::ALL.map(|disruption| (disruption, survives(store, site, disruption))).into(),
    }
}

/// Where a store's copies lie. Two buckets of one AWS region are one site; so are two behind one endpoint.
pub fn site(store: &StoreSpec) -> Site {
    match &store.backend {
        Backend::Folder(_) => Site::Host,
        Backend::S3(s3) => {
            let region = s3.region.as_ref().map_or("the default region", |region| region.value.as_str());
            match s3.endpoint.as_ref().filter(|endpoint| host_of_aws(endpoint.expose()).is_none()) {
                Some(endpoint) => Site::Place(format!("{region} of {}", endpoint.value)),
                None => Site::Place(region.to_owned()),
            }
        }
    }
}

/// Whether a copy in this store is still there and good after a disruption (DESIGN, section 5).
pub fn survives(store: &StoreSpec, site: &Site, disruption: Disruption) -> Survival {
    let name = &store.name.value;
    let yes = |why: String| Survival::Yes(why.into());
    let no = |why: String| Survival::No(why.into());
    match (&store.backend, disruption) {
        (_, Disruption::Process) => yes(format!("`{name}` does not depend on the running service")),
        (Backend::Folder(_), Disruption::Host) => no(format!("`{name}` is a folder of the same host")),
        (Backend::S3(_), Disruption::Host) => yes(format!("`{name}` lies outside the host")),
        (Backend::Folder(_), Disruption::Corruption) => {
            no(format!("`{name}` is a folder that whatever corrupts the host can write to"))
        }
        (Backend::S3(_), Disruption::Corruption) if store.versioning.as_ref().is_some_and(|on| on.value) => {
            yes(format!("`{name}` keeps the versions of what is overwritten or deleted"))
        }
        (Backend::S3(_), Disruption::Corruption) => no(format!("`{name}` keeps no versions, so what is deleted there is gone")),
        (Backend::Folder(_), Disruption::Region) => no(format!("`{name}` is lost with its host")),
        (Backend::S3(_), Disruption::Region) => yes(format!("`{name}` lies in {site}")),
        (_, Disruption::Account) if store.access.as_ref().is_some_and(|access| access.value.parts_writers()) => {
            yes(format!("who writes to `{name}` can neither remove what is in it nor change its settings"))
        }
        (Backend::S3(_), Disruption::Account) => locked(store),
        (_, Disruption::Account) => no(format!("who holds the credentials of `{name}` can delete what is in it")),
    }
}

/// A lock that nobody ends keeps a copy as long as it lasts, and no longer: whoever has taken over the credentials only has to wait.
fn locked(store: &StoreSpec) -> Survival {
    let name = &store.name.value;
    match &store.immutability {
        Some(lock) if lock.mode == LockMode::Compliance => {
            let why = format!("`{name}` locks its copies for {}, and nobody ends such a lock", lock.keep.value);
            Survival::For(lock.keep.value, why.into())
        }
        Some(_) => {
            Survival::No(format!("who holds the credentials of the account of `{name}` can end a lock of mode governance").into())
        }
        None => Survival::No(format!("who holds the credentials of `{name}` can delete what is in it").into()),
    }
}
