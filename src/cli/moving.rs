//! The line that moves at the bottom of a terminal while something runs.

use std::io;
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::cli::Context;
use crate::tree::{Progress, Total};
use crate::units::bytes::Bytes;
use crate::units::count::count;

/// Columns that the line leaves free: what a terminal echoes for Ctrl-C, and the last one, after which some break a line. Otherwise
/// the echo would begin a line of its own, and the one that moved would stay above it.
const FREE: u16 = 3;

/// Redraws within a second, at most.
const HERTZ: u8 = 20;

/// A line in a form of indicatif's; what is said meanwhile goes above it.
pub fn bar(context: &Context, template: &str, style: impl FnOnce(ProgressStyle) -> ProgressStyle) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like_with_hz(Box::new(Narrowed::new()), HERTZ));
    if let Ok(form) = ProgressStyle::with_template(template) {
        bar.set_style(style(form));
    }
    context.shows(bar.clone());
    bar
}

/// Columns that a line has.
pub fn columns(context: &Context) -> usize {
    context.columns().saturating_sub(FREE.into())
}

/// Standard error, said to be narrower than it is: indicatif fills a line up to its end, so that the cursor stands there.
#[derive(Debug)]
struct Narrowed(Term);

impl Narrowed {
    fn new() -> Self {
        Self(Term::buffered_stderr())
    }
}

impl TermLike for Narrowed {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(FREE).max(1)
    }
    fn height(&self) -> u16 {
        self.0.size().0
    }
    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }
    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }
    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }
    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }
    fn write_line(&self, line: &str) -> io::Result<()> {
        self.0.write_line(line)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Columns of the line that the spinner takes.
const SPINNER: usize = 2;

/// What works and how far it is, in one line of so many columns: how much of it is done, at what rate, and how long the rest will
/// take, where that is known; or what it waits for.
pub fn message(label: &str, progress: &Progress, elapsed: Duration, waits: &str, columns: usize) -> String {
    let columns = columns.saturating_sub(SPINNER);
    if !waits.is_empty() {
        return fitted(label, waits.trim_start_matches("; "), columns);
    }
    let Some(way) = way(progress) else { return fitted(label, &counters(progress, elapsed), columns) };
    let (entries, _, moved) = progress.seen();
    let all = format!("{}, {}, {} moved{}", count(entries, "entry"), way.done, Bytes(moved), way.left);
    if label.chars().count() + 2 + all.chars().count() <= columns {
        return format!("{label}  {all}");
    }
    fitted(label, &format!("{}{}", way.done, way.left), columns)
}

/// What was done so far, for a line that stands alone.
pub fn counters(progress: &Progress, elapsed: Duration) -> String {
    let (entries, bytes, moved) = progress.seen();
    let seconds = elapsed.as_secs_f64().max(0.1);
    let rate = Bytes((bytes as f64 / seconds) as u64);
    format!("{}, {} ({rate}/s), {} moved, {}s", count(entries, "entry"), Bytes(bytes), Bytes(moved), elapsed.as_secs())
}

struct Way {
    /// `1.2 GiB of 4.0 GiB (97.1 MiB/s)`.
    done: String,
    /// `, 29s left`; empty where nothing tells it yet.
    left: String,
}

/// `None`: how much there is in all is not known, or there is more than was expected.
fn way(progress: &Progress) -> Option<Way> {
    let (total, since) = progress.total()?;
    way_of(total, progress, since.elapsed())
}

/// The first seconds tell little of those that follow.
const SOON: Duration = Duration::from_secs(1);

fn way_of(total: Total, progress: &Progress, elapsed: Duration) -> Option<Way> {
    let (_, bytes, moved) = progress.seen();
    let (done, all, about) = match total {
        Total::Bytes(all) => (bytes, all, ""),
        Total::About(all) => (bytes, all, "about "),
        Total::Moved(all) => (moved, all, ""),
    };
    if done > all || all == 0 {
        return None;
    }
    let rate = done as f64 / elapsed.as_secs_f64().max(0.1);
    let left = match (done > 0 && elapsed >= SOON).then(|| (all - done) as f64 / rate) {
        Some(seconds) => format!(", {about}{} left", rounded(seconds)),
        None => String::new(),
    };
    Some(Way { done: format!("{} of {about}{} ({}/s)", Bytes(done), Bytes(all), Bytes(rate as u64)), left })
}

/// In two units, as exact as it can be known.
fn rounded(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..172_800 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// The counters stay whole as long as anything does.
fn fitted(label: &str, counters: &str, columns: usize) -> String {
    const LEAST: usize = 12;
    let room = columns.saturating_sub(counters.chars().count() + 2);
    let letters: Vec<char> = label.chars().collect();
    if letters.len() <= room {
        return format!("{label}  {counters}");
    }
    if room < LEAST {
        return counters.chars().take(columns).collect();
    }
    // The end names the store, the beginning what is done.
    let (front, back) = ((room - 1) / 2, (room - 1).div_ceil(2));
    let end = letters.len() - back;
    format!("{}…{}  {counters}", letters[..front].iter().collect::<String>(), letters[end..].iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_within_the_terminal_and_keeps_its_counters() {
        let label = "backing up documents-of-the-whole-company/nightly in vault";
        let counters = "6047 entries, 474.4 MiB (97.1 MiB/s), 474.7 MiB moved, 4s";
        assert_eq!(fitted(label, counters, 200), format!("{label}  {counters}"));
        assert_eq!(fitted(label, counters, 78), format!("backing u… in vault  {counters}"));
        assert_eq!(fitted(label, counters, 60), counters);
        for columns in 0..130 {
            let line = fitted(label, counters, columns);
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }

    fn told(total: Total, (bytes, moved): (u64, u64), seconds: u64) -> Option<String> {
        let progress = Progress::default();
        progress.add_bytes(bytes << 20);
        progress.add_moved(moved << 20);
        way_of(total, &progress, Duration::from_secs(seconds)).map(|way| way.done + &way.left)
    }

    #[test]
    fn how_much_is_left_is_told_as_far_as_it_is_known() {
        let gibibytes = |count: u64| count << 30;
        for (total, seen, seconds, expected) in [
            (Total::Bytes(gibibytes(4)), (1024, 7), 10, Some("1.0 GiB of 4.0 GiB (102.4 MiB/s), 30s left")),
            (Total::Bytes(gibibytes(4)), (0, 7), 10, Some("0 B of 4.0 GiB (0 B/s)")),
            (Total::Bytes(gibibytes(4)), (4096, 7), 10, Some("4.0 GiB of 4.0 GiB (409.6 MiB/s), 0s left")),
            (Total::Bytes(0), (0, 0), 10, None),
            (Total::Moved(gibibytes(1)), (9999, 512), 7, Some("512.0 MiB of 1.0 GiB (73.1 MiB/s), 7s left")),
            (Total::About(gibibytes(900)), (1024, 0), 0, Some("1.0 GiB of about 900.0 GiB (10.0 GiB/s)")),
            (Total::About(gibibytes(900)), (1024, 0), 10, Some("1.0 GiB of about 900.0 GiB (102.4 MiB/s), about 2h 29m left")),
            (Total::About(gibibytes(9000)), (1024, 0), 100, Some("1.0 GiB of about 8.8 TiB (10.2 MiB/s), about 10d 9h left")),
            (Total::About(gibibytes(1)), (1025, 0), 10, None),
            (Total::Bytes(gibibytes(10)), (1024, 0), 10, Some("1.0 GiB of 10.0 GiB (102.4 MiB/s), 1m 30s left")),
        ] {
            assert_eq!(told(total, seen, seconds).as_deref(), expected, "{total:?} {seen:?}");
        }
    }

    #[test]
    fn the_rest_of_the_counters_is_told_where_there_is_room() {
        let progress = Progress::default();
        progress.add_bytes(512 << 20);
        progress.expect(Total::Bytes(1 << 30));
        let label = "restoring docs/nightly in vault";
        let line = |columns| message(label, &progress, Duration::from_secs(1), "", columns);
        assert!(line(200).starts_with(&format!("{label}  0 entries, 512.0 MiB of 1.0 GiB (")), "{}", line(200));
        assert!(line(80).starts_with(&format!("{label}  512.0 MiB of 1.0 GiB (")), "{}", line(80));
        assert!((20..200).all(|columns| line(columns).chars().count() <= columns - SPINNER));
    }
}
