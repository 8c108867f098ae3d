//! The outcome of a lint run: findings with their places and fingerprints, suppressed and known ones apart, and the counts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::diag::{Code, Diagnostic, Diagnostics, FileId, Secrets, Severity, Source, Sources, Span, printable, shown};
use crate::lint::baseline::{Apart, Baseline, Known};
use crate::lint::finding::Finding;
use crate::lint::outline;
use crate::lint::suppress::{Suppressed, Suppressions, is_reading_error};

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

/// Everything that lint has to say about one set of texts.
#[derive(Debug)]
pub struct Report<'a> {
    pub sources: &'a Sources,
    /// All codes that could have been found, in order of code.
    pub codes: Vec<Code>,
    /// Sorted by place, suppressed ones among them.
    pub findings: Vec<Finding>,
    pub wish: Wish,
    /// What a baseline takes out, where one was given.
    pub against: Option<Against>,
}

/// What a baseline takes out of a report.
#[derive(Debug)]
pub struct Against {
    /// Findings that it knows, sorted by place.
    pub known: Vec<Finding>,
    /// What it knows and what no longer occurs.
    pub mended: Vec<Known>,
}

impl<'a> Report<'a> {
    /// Takes out what is suppressed, adds what is wrong with suppressions, and sorts.
    pub fn new(found: Diagnostics, sources: &'a Sources, codes: &[Code], wish: Wish) -> Self {
        Self::against(found, sources, codes, wish, None)
    }

    /// The same without what a baseline knows.
    pub fn against(found: Diagnostics, sources: &'a Sources, codes: &[Code], wish: Wish, baseline: Option<&Baseline>) -> Self {
        let (mut suppressions, mut said) = Suppressions::of(sources, codes, wish.today);
        let mut all: Vec<(Diagnostic, Option<Suppressed>)> = Vec::new();
        for finding in found.sorted() {
            let suppressed = suppressions.takes(&finding, sources);
            all.push((finding, suppressed));
        }
        said.extend(suppressions.left_over());
        all.extend(said.into_iter().map(|finding| (finding, None)));
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
        let mut against = baseline.map(|baseline| {
            let Apart { new, known, mut mended } = baseline.apart(std::mem::take(&mut findings));
            findings = new;
            mended.retain(|one| suppressions.was_looked_for(&one.code));
            Against { known, mended }
        });
        let shows = |finding: &Finding| finding.diagnostic.severity >= wish.level;
        findings.retain(shows);
        against.iter_mut().for_each(|against| against.known.retain(shows));
        let mut codes = codes.to_vec();
        codes.sort_by_key(|code| code.code);
        Self { sources, codes, findings, wish, against }
    }

    /// The texts that the caller gave.
    pub fn texts(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().take(self.wish.texts).map(|(_, source)| source)
    }

    /// Findings that count, in order of place.
    pub fn counted(&self) -> impl Iterator<Item = &Finding> + Clone {
        self.findings.iter().filter(|finding| finding.suppressed.is_none())
    }

    /// Whether there was a policy for the rules to speak of.
    pub fn was_read(&self) -> bool {
        !self.findings.iter().any(|finding| is_reading_error(&finding.diagnostic))
    }

    /// Findings that the baseline takes out.
    pub fn known(&self) -> &[Finding] {
        self.against.as_ref().map(|against| against.known.as_slice()).unwrap_or_default()
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
