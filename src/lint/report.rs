//! The outcome of a lint run: findings with their places and fingerprints, suppressed ones apart, and the counts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::diag::{Code, Diagnostic, Diagnostics, FileId, Position, Secrets, Severity, Source, Sources, Span, printable, shown};
use crate::lint::outline;
use crate::lint::suppress::{Suppressed, Suppressions};

/// What the caller wants to see.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Findings below it are neither shown nor counted.
    pub level: Severity,
    /// Findings at or above it fail the run.
    pub threshold: Severity,
    /// Suppressions that ended before this day no longer hold.
    pub today: Date,
    /// How many of the texts are the caller's; those behind them are bdr's own (service classes).
    pub texts: usize,
}

impl Wish {
    /// Everything that is found in all texts; errors fail the run.
    pub fn all(now: jiff::Timestamp, sources: &Sources) -> Self {
        Self {
            level: Severity::Note,
            threshold: Severity::Error,
            today: jiff::tz::TimeZone::UTC.to_datetime(now).date(),
            texts: sources.iter().count(),
        }
    }
}

/// One finding as every format needs it.
#[derive(Debug, Clone)]
pub struct Finding {
    pub diagnostic: Diagnostic,
    /// The message without secrets and control characters.
    pub message: String,
    /// The primary place: first character, and one past the last. What has none stands at the beginning of the first text:
    /// forges take no finding without a place.
    pub place: Option<(Position, Position)>,
    /// Path of keys in the document, such as `components.cache.protect`; empty where there is none.
    pub path: String,
    /// Equal for the same rule at the same path, whatever line it moves to; unique within a report.
    pub fingerprint: String,
    pub suppressed: Option<Suppressed>,
}

/// Everything that lint has to say about one set of texts.
#[derive(Debug)]
pub struct Report<'a> {
    pub sources: &'a Sources,
    /// All codes that could have been found, in order of code.
    pub codes: Vec<Code>,
    /// Sorted by place, suppressed ones among them.
    pub findings: Vec<Finding>,
    pub wish: Wish,
}

impl<'a> Report<'a> {
    /// Takes out what is suppressed, adds what is wrong with suppressions, and sorts.
    pub fn new(found: Diagnostics, sources: &'a Sources, codes: &[Code], wish: Wish) -> Self {
        let (mut suppressions, mut said) = Suppressions::of(sources, codes, wish.today);
        let mut all: Vec<(Diagnostic, Option<Suppressed>)> = Vec::new();
        for finding in found.sorted() {
            let suppressed = suppressions.takes(&finding, sources);
            all.push((finding, suppressed));
        }
        said.extend(suppressions.left_over());
        all.extend(said.into_iter().map(|finding| (finding, None)));
        all.retain(|(finding, _)| finding.severity >= wish.level);
        all.sort_by(|(a, _), (b, _)| a.order(b));
        let secrets = Secrets::of(all.iter().map(|(finding, _)| finding), sources);
        let paths = paths(&all, sources);
        let mut findings = Vec::with_capacity(all.len());
        let first = sources.iter().next().map(|(file, _)| Span { file, start: 0, end: 0 });
        let beginning = first.and_then(|span| sources.position(span));
        for ((diagnostic, suppressed), path) in all.into_iter().zip(paths) {
            let place = diagnostic.span().and_then(|span| Some((sources.position(span)?, sources.end_position(span)?)));
            let place = place.or_else(|| beginning.clone().map(|place| (place.clone(), place)));
            let message = printable(&secrets.blank(&diagnostic.message));
            findings.push(Finding { diagnostic, message, place, path, fingerprint: String::new(), suppressed });
        }
        fingerprint(&mut findings);
        let mut codes = codes.to_vec();
        codes.sort_by_key(|code| code.code);
        Self { sources, codes, findings, wish }
    }

    /// The texts that the caller gave.
    pub fn texts(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().take(self.wish.texts).map(|(_, source)| source)
    }

    /// Findings that count, in order of place.
    pub fn counted(&self) -> impl Iterator<Item = &Finding> + Clone {
        self.findings.iter().filter(|finding| finding.suppressed.is_none())
    }

    pub fn suppressed(&self) -> usize {
        self.findings.len() - self.counted().count()
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.counted().filter(|finding| finding.diagnostic.severity == severity).count()
    }

    /// Whether a finding that counts reaches the threshold.
    pub fn fails(&self) -> bool {
        self.counted().any(|finding| finding.diagnostic.severity >= self.wish.threshold)
    }

    /// The description of a finding's code, where it is registered.
    pub fn code(&self, finding: &Finding) -> Option<&Code> {
        let at = self.codes.binary_search_by_key(&finding.diagnostic.code, |code| code.code).ok()?;
        self.codes.get(at)
    }

    /// Codes among the findings that count, each once.
    pub fn codes_found(&self) -> BTreeSet<&'static str> {
        self.counted().map(|finding| finding.diagnostic.code).collect()
    }
}

/// The document path of each finding; each text is read once.
fn paths(all: &[(Diagnostic, Option<Suppressed>)], sources: &Sources) -> Vec<String> {
    let mut by_file: BTreeMap<FileId, Vec<(usize, usize)>> = BTreeMap::new();
    for (at, (finding, _)) in all.iter().enumerate() {
        if let Some(span) = finding.span() {
            by_file.entry(span.file).or_default().push((span.start as usize, at));
        }
    }
    let mut paths = vec![String::new(); all.len()];
    for (file, mut places) in by_file {
        let Some(source) = sources.get(file) else { continue };
        places.sort_unstable();
        let starts: Vec<usize> = places.iter().map(|(start, _)| *start).collect();
        for (path, (_, at)) in outline::paths(&source.text, &starts).into_iter().zip(places) {
            if let Some(slot) = paths.get_mut(at) {
                *slot = shown(&path);
            }
        }
    }
    paths
}

/// BLAKE3 over code and path (the file's name where there is no path), the second of equal ones numbered, and so on.
fn fingerprint(findings: &mut [Finding]) {
    let mut seen: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    for finding in findings {
        let own = finding.diagnostic.span().and(finding.place.as_ref());
        let file = || own.map(|(start, _)| start.file.clone()).unwrap_or_default();
        let what = if finding.path.is_empty() { file() } else { finding.path.clone() };
        let number = seen.entry((finding.diagnostic.code, what.clone())).or_default();
        let text = format!("{}\n{what}\n{number}", finding.diagnostic.code);
        *number += 1;
        let digest = blake3::hash(text.as_bytes()).to_hex();
        finding.fingerprint = digest.as_str().get(..32).unwrap_or_default().to_owned();
    }
}

#[cfg(test)]
pub mod tests;
