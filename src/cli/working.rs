//! Long work: shown while it runs, and stopped by a signal at a moment when nothing is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::AbortHandle;

use crate::cli::{Context, Failure, hint, moving};
use crate::stores;
use crate::tree::Progress;

/// Between two looks at the counters on a terminal, and between two lines elsewhere.
const LOOK: Duration = Duration::from_millis(120);
const LINE: Duration = Duration::from_secs(15);

/// After the first signal, how long work may take to come to a good end.
const GRACE: Duration = Duration::from_secs(20);

/// Listens for Ctrl-C and for the SIGTERM of whoever runs us (systemd, Kubernetes) from now on: the first asks [`show`] to end
/// the work, the second ends the process, with the code that the signal itself would give (128 and its number).
#[expect(
    clippy::exit,
    reason = "whoever asks twice wants no more of the program; every object in a store is whole at any moment"
)]
pub fn listen(context: &Context) {
    let context = context.clone();
    on_signals(move |code| {
        context.stop.ask();
        if context.stop.asked() > 1 {
            context.clears();
            std::process::exit(code);
        }
        context.warn("Stopping where nothing is half done. Once more stops at once.");
    });
}

/// Calls `each` for every Ctrl-C and SIGTERM from now on, with the exit code that belongs to it.
pub fn on_signals(mut each: impl FnMut(i32) + Send + 'static) -> Option<AbortHandle> {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return None;
    };
    let heeding = tokio::spawn(async move {
        loop {
            let code = tokio::select! {
                _ = interrupt.recv() => 130,
                _ = terminate.recv() => 143,
            };
            each(code);
        }
    });
    Some(heeding.abort_handle())
}

/// Waiting in silence for longer than this looks like hanging.
const SILENCE: Duration = Duration::from_secs(4);

/// Runs a reading of what is outside, and says now and then what it waits for.
pub async fn patiently<T>(context: &Context, work: impl Future<Output = T>) -> T {
    let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + SILENCE, LINE);
    tokio::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return result,
            _ = tick.tick() => context.say(&format!("Still reading{}.", waits())),
        }
    }
}

/// What is waited for just now, to go on a sentence; empty where nothing takes long.
fn waits() -> String {
    match (trouble(), stores::waited_for()) {
        (trouble, _) if !trouble.is_empty() => trouble,
        (_, places) if places.is_empty() => String::new(),
        (_, places) => format!("; waiting for {}", places.join(", ")),
    }
}

/// What does not answer just now, to go on a sentence; empty where all does.
pub fn trouble() -> String {
    match stores::s3::unreached() {
        down if down.is_empty() => String::new(),
        down => format!("; no connection to {} yet, trying again", down.join(", ")),
    }
}

/// Runs something that only looks, and lets go of it when a signal asks to stop.
///
/// # Errors
/// What the look fails with, and when it was stopped by a signal.
pub async fn look<T, E: Into<Failure>>(
    context: &Context,
    label: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    let mut stop = context.stop.clone();
    tokio::select! {
        result = patiently(context, work) => result.map_err(Into::into),
        () = stop.asked_times(1) => {
            Err(hint::reading_stopped(format_args!("the catalogue of {label}")))
        }
    }
}

/// Runs work that counts into `progress`. On a terminal one line moves; elsewhere a plain line comes now and then.
/// `again` is the sentence that tells what is left when the work was stopped, and how to go on.
///
/// # Errors
/// What the work fails with, and when it was stopped by a signal.
pub async fn show<T, E: Into<Failure>>(
    context: &Context,
    (label, again): (&str, &str),
    progress: Arc<Progress>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    let shown = Shown::new(context);
    let began = Instant::now();
    let mut tick = tokio::time::interval(LOOK);
    let (mut said, mut moved, mut seen) = (began, began, progress.seen());
    let mut stop = context.stop.clone();
    let mut patience = Duration::MAX;
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            result = &mut work => break result.map_err(Some),
            () = stop.asked_times(1), if !progress.is_stopped() => {
                progress.stop();
                patience = began.elapsed() + GRACE;
            }
            _ = tick.tick() => {
                if began.elapsed() > patience {
                    break Err(None);
                }
                if progress.seen() != seen {
                    (moved, seen) = (Instant::now(), progress.seen());
                }
                let waits = if moved.elapsed() > SILENCE { waits() } else { trouble() };
                match &shown {
                    Shown::Bar(bar) => {
                        let text = moving::message(label, &progress, began.elapsed(), &waits, moving::columns(context));
                        bar.set_message(if context.speaks_unicode() { text } else { text.replace('…', "~") });
                        bar.tick();
                    }
                    Shown::Lines if said.elapsed() >= LINE => {
                        said = Instant::now();
                        context.say(&format!("{label}: {}{waits}", moving::counters(&progress, began.elapsed())));
                    }
                    Shown::Lines | Shown::Nothing => {}
                }
            }
        }
    };
    context.clears();
    result.map_err(|error| match error {
        Some(error) if !progress.is_stopped() => error.into(),
        _ => Failure::new(format!("{label} was stopped")).help(again),
    })
}

enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Shown {
    fn new(context: &Context) -> Self {
        if context.global.quiet {
            return Self::Nothing;
        }
        if !context.terminal.stderr {
            return Self::Lines;
        }
        let color = if context.terminal.color_stderr { ":.cyan" } else { "" };
        let style = |style: ProgressStyle| if context.speaks_unicode() { style } else { style.tick_chars("|/-\\ ") };
        Self::Bar(moving::bar(context, &format!("{{spinner{color}}} {{msg}}"), style))
    }
}
