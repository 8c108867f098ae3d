//! Baselines of findings as files: read for `lint` and `plan`, written by `lint`.

use std::path::Path;

use crate::cli::{Context, Failure, codes, whole};
use crate::diag::{Diagnostics, Sources};
use crate::lint::{Baseline, Report, Wish, format};
use crate::units::count::counted;

/// # Errors
/// When the file cannot be read, or is no baseline.
pub fn read(path: &Path) -> Result<Baseline, Failure> {
    let failed = |reason: String| {
        Failure::new(format!("could not read the baseline `{}`", path.display()))
            .cause(reason)
            .help("Make it with `bdr lint --write-baseline FILE`.")
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    Baseline::read(&text).map_err(|error| failed(error.to_string()))
}

/// Writes what is found, whatever its level, and returns it. Nothing is written of a policy that could not be read: the rules
/// said nothing of it.
///
/// # Errors
/// When the file cannot be written.
pub fn write(
    path: &Path,
    found: &Diagnostics,
    sources: &Sources,
    wish: Wish,
    context: &Context,
) -> Result<Option<Baseline>, Failure> {
    let report = Report::new(found.clone(), sources, &codes::all(), Wish { level: crate::diag::Severity::Note, ..wish });
    if !report.was_read() {
        context.warn(&format!("No baseline is written to {}: what could not be read comes first.", path.display()));
        return Ok(None);
    }
    let baseline = Baseline::of(report.findings.iter());
    whole::save(path, "the baseline", |file| file.write_all(format::baseline(&baseline).as_bytes()))?;
    context.say(&format!("Wrote {} to {}.", counted(baseline.findings.len(), "finding"), path.display()));
    Ok(Some(baseline))
}
