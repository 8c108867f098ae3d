//! Long work: shown while it runs, and stopped by Ctrl-C at a moment when nothing is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{Context, Failure};
use crate::tree::{Progress, TreeError};
use crate::units::bytes::Bytes;

/// Between two looks at the counters on a terminal, and between two lines elsewhere.
const LOOK: Duration = Duration::from_millis(120);
const LINE: Duration = Duration::from_secs(15);

/// Runs work that counts into `progress`. On a terminal one line moves; elsewhere a plain line comes now and then.
///
/// # Errors
/// What the work fails with, and when it was stopped by Ctrl-C.
pub async fn show<T>(
    context: &Context,
    label: &str,
    progress: Arc<Progress>,
    work: impl Future<Output = Result<T, TreeError>>,
) -> Result<T, Failure> {
    let shown = Shown::new(context, label);
    let began = Instant::now();
    let mut tick = tokio::time::interval(LOOK);
    let mut said = began;
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            result = &mut work => break result.map_err(Failure::from),
            _ = tokio::signal::ctrl_c() => {
                break Err(Failure::new(format!("{label} was stopped"))
                    .help("Nothing half-done is listed. Run the command again: it goes on with what is already there."));
            }
            _ = tick.tick() => {
                let text = line(&progress, began.elapsed());
                match &shown {
                    Shown::Bar(bar) => bar.set_message(text),
                    Shown::Lines if said.elapsed() >= LINE => {
                        said = Instant::now();
                        context.say(&format!("{label}: {text}"));
                    }
                    Shown::Lines | Shown::Nothing => {}
                }
            }
        }
    };
    if let Shown::Bar(bar) = shown {
        bar.finish_and_clear();
    }
    result
}

enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Shown {
    fn new(context: &Context, label: &str) -> Self {
        if context.global.quiet {
            return Self::Nothing;
        }
        if !context.terminal.stderr {
            return Self::Lines;
        }
        let template =
            if context.terminal.color_stderr { "{spinner:.cyan} {prefix}  {wide_msg:.dim}" } else { "{prefix}  {wide_msg}" };
        let bar = ProgressBar::new_spinner().with_prefix(label.to_owned());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self::Bar(bar)
    }
}

fn line(progress: &Progress, elapsed: Duration) -> String {
    let (entries, bytes, moved) = progress.seen();
    let seconds = elapsed.as_secs_f64().max(0.1);
    let rate = Bytes((bytes as f64 / seconds) as u64);
    format!("{entries} entries, {} ({rate}/s), {} moved, {}s", Bytes(bytes), Bytes(moved), elapsed.as_secs())
}
