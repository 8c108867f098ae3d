//! The line that moves at the bottom of a terminal while something runs.

use std::io;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::cli::Context;

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
