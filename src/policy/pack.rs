//! Packs: sets of rules by name, against which a policy is held where it, or whoever calls, names them.

/// One pack. Its rules name it; `lint` and `plan` run them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pack {
    /// Three copies, two kinds of place, one off site, one immutable, none unverified.
    Copies,
    CisS3,
    ChangeFreeze,
}

impl Pack {
    pub const ALL: [Self; 3] = [Self::Copies, Self::CisS3, Self::ChangeFreeze];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Copies => "3-2-1-1-0",
            Self::CisS3 => "cis-s3",
            Self::ChangeFreeze => "change-freeze",
        }
    }

    /// What it is about, as Markdown; the first line is the title.
    pub fn text(self) -> &'static str {
        match self {
            Self::Copies => include_str!("../../policies/packs/3-2-1-1-0.md"),
            Self::CisS3 => include_str!("../../policies/packs/cis-s3.md"),
            Self::ChangeFreeze => include_str!("../../policies/packs/change-freeze.md"),
        }
    }
}
