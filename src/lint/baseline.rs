//! A baseline: findings that a policy is known to have, kept in a file, so that a run speaks only of what came since.
//!
//! A finding is known again by its code and the path of keys that leads to it, never by its line. Where several of one code stand
//! at one path, a hash of the message tells them apart. What no comment can suppress no baseline hides either.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lint::finding::Finding;
use crate::lint::suppress;

/// Version of the file: raised when a reader of the one before would misread it.
pub const VERSION: u32 = 1;

/// The file of `bdr lint --write-baseline FILE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of this format; 1.
    pub version: u32,
    /// In order of code, path and message.
    pub findings: Vec<Known>,
}

/// One finding that is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The rule, as `BDR-L005`.
    pub code: String,
    /// Path of keys in the document, as `stores.spare`; empty where the finding has no place.
    pub path: String,
    /// What it said when the file was written, for people.
    pub message: String,
    /// Of the message; tells findings of one code at one path apart.
    pub hash: String,
}

/// A text that is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("it is not a baseline: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("it is in version {0} of the format; this bdr reads version {VERSION}")]
    Version(u64),
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

type Place = (String, String);

impl Baseline {
    /// Everything that is found now and may be known.
    pub fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut findings: Vec<Known> =
            findings.filter(|finding| finding.suppressed.is_none() && can_be_known(finding)).map(Known::of).collect();
        findings.sort();
        Self { version: VERSION, findings }
    }

    /// # Errors
    /// When the text is no baseline, or one of another version.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let Versioned { version } = serde_json::from_str(text)?;
        if version != u64::from(VERSION) {
            return Err(BaselineError::Version(version));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// Takes the findings that are known out of those that are found. Returns what is new, what is known, and what no longer occurs.
    pub fn apart(&self, found: Vec<Finding>) -> Apart {
        let mut known: BTreeMap<Place, Vec<&Known>> = BTreeMap::new();
        for one in &self.findings {
            known.entry((one.code.clone(), one.path.clone())).or_default().push(one);
        }
        let mut at_place: BTreeMap<Place, usize> = BTreeMap::new();
        for finding in found.iter().filter(|finding| can_be_known(finding)) {
            *at_place.entry(place(finding)).or_default() += 1;
        }
        let mut apart = Apart::default();
        for finding in found {
            let key = place(&finding);
            let alone = !key.1.is_empty() && at_place.get(&key) == Some(&1);
            let candidates = if can_be_known(&finding) { known.get_mut(&key) } else { None };
            let hash = hash(&finding.message);
            let at = candidates.as_ref().and_then(|all| match all.as_slice() {
                [_] if alone => Some(0),
                all => all.iter().position(|one| one.hash == hash),
            });
            match (candidates, at) {
                (Some(all), Some(at)) => {
                    all.remove(at);
                    // One that a comment suppresses by now still occurs.
                    if finding.suppressed.is_some() { apart.new.push(finding) } else { apart.known.push(finding) }
                }
                _ => apart.new.push(finding),
            }
        }
        apart.mended = known.into_values().flatten().cloned().collect();
        apart
    }
}

/// Findings, held against a baseline.
#[derive(Debug, Default)]
pub struct Apart {
    pub new: Vec<Finding>,
    pub known: Vec<Finding>,
    pub mended: Vec<Known>,
}

impl Known {
    fn of(finding: &Finding) -> Self {
        let (code, path) = place(finding);
        Self { code, path, message: finding.message.clone(), hash: hash(&finding.message) }
    }
}

fn place(finding: &Finding) -> Place {
    (finding.diagnostic.code.to_owned(), finding.path.clone())
}

fn can_be_known(finding: &Finding) -> bool {
    !suppress::is_own(finding.diagnostic.code) && !suppress::is_reading_error(&finding.diagnostic)
}

/// Sixteen hex digits of BLAKE3.
fn hash(message: &str) -> String {
    blake3::hash(message.as_bytes()).to_hex().as_str().get(..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
