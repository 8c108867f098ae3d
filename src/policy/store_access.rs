//! Who may do what in a bucket, whatever else is allowed to them.

use crate::diag::Spanned;

/// What the policy of a store's bucket says of who asks (S3 user guide, "Bucket policies").
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct StoreAccess {
    /// Whether requests without TLS are refused.
    pub tls_only: Option<Spanned<bool>>,
    /// Who alone makes backups there; `None`: not limited.
    pub write: Option<Spanned<Principals>>,
    /// Who alone, with those that write, reads what backups hold.
    pub read: Option<Spanned<Principals>>,
    /// Who alone removes backups; nobody, where the list is empty.
    pub delete: Option<Spanned<Principals>>,
    /// Who alone changes how the bucket is set; never empty.
    pub configure: Option<Spanned<Principals>>,
}

/// ARNs of roles, users and accounts.
pub type Principals = Vec<Spanned<String>>;

impl StoreAccess {
    /// Whether who writes backups can neither remove them nor change the settings that keep them.
    pub fn parts_writers(&self) -> bool {
        let (Some(write), Some(delete), Some(configure)) = (&self.write, &self.delete, &self.configure) else { return false };
        let apart = |list: &Principals| list.iter().all(|one| write.value.iter().all(|other| other.value != one.value));
        apart(&delete.value) && apart(&configure.value)
    }
}
