//! Findings as a person reads them: the sentence, the lines it is about with carets, the reasons and the way out.
//!
//! The frame is drawn by `annotate-snippets`, the renderer of rustc's own messages. Nothing here prints.

mod fit;

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::secrets::Secrets;
use super::shown::{self, printable};
use super::{Diagnostic, FileId, Label, Severity, Sources};

/// How the reader's terminal wants it.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns.
    pub width: usize,
    pub color: bool,
    /// Lines and carets of box-drawing characters; otherwise plain ASCII.
    pub unicode: bool,
}

/// Labels farther apart than this many lines get frames of their own.
const NEAR: usize = 8;
/// A line longer than this many bytes is named, not shown: it is no longer something to read.
const LONGEST_LINE: usize = 16 * 1024;
/// So are lines that are longer than this together, such as all of a list that should be a word.
const MOST_SHOWN: usize = 1024 * 1024;
const NARROWEST: usize = 40;

/// All findings, each followed by an empty line. A secret that one of them marks is blanked in all.
pub fn render_all<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic> + Clone, sources: &Sources, look: Look) -> String {
    let secrets = Secrets::of(diagnostics.clone(), sources);
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&render_with(diagnostic, sources, &secrets, look));
        out.push_str("\n\n");
    }
    out
}

/// One finding, without a final line end.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, look: Look) -> String {
    render_with(diagnostic, sources, &Secrets::of([diagnostic], sources), look)
}

fn render_with(diagnostic: &Diagnostic, sources: &Sources, secrets: &Secrets, look: Look) -> String {
    let width = look.width.max(NARROWEST);
    let frames = frames(diagnostic, sources, secrets, width);
    let gutter = frames.iter().map(Frame::gutter).max().unwrap_or(0);
    let (level, word) = match diagnostic.severity {
        Severity::Error => (Level::ERROR, "error"),
        Severity::Warning => (Level::WARNING, "warning"),
        Severity::Note => (Level::NOTE, "note"),
    };
    let say = |text: &str, indent: usize| wrap(&printable(&secrets.blank(text)), width.saturating_sub(indent));
    let heading = say(&diagnostic.message, word.len() + diagnostic.code.len() + "[]: ".len());
    let labels: Vec<String> = frames.iter().flat_map(|frame| frame.marks.iter().map(|(.., text)| text.clone())).collect();
    let mut group = Group::with_title(level.primary_title(heading).id(diagnostic.code));
    for frame in frames {
        group = frame.add_to(group);
    }
    let aside = gutter + " = note: ".len();
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(say(note, aside)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(say(help, aside)));
    }
    let renderer = if look.color { Renderer::styled() } else { Renderer::plain() };
    let decor = if look.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii };
    let drawn = renderer.term_width(width.saturating_sub(gutter + 3)).decor_style(decor).render(&[group]);
    let drawn = fit::fit(&drawn, &labels, width);
    if look.color { drawn } else { drawn.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") }
}

/// Labels of one text that stand near each other, with the lines they stand on.
struct Frame {
    path: String,
    /// Number of the first line of `text`.
    line: usize,
    /// Column of the first label in characters; used where the line is too long to be shown.
    column: usize,
    /// `None` where it is too long to be shown.
    text: Option<String>,
    /// Byte range within `text`, whether it is the primary place, and its sentence.
    marks: Vec<(Range<usize>, bool, String)>,
}

impl Frame {
    /// Width of the widest line number.
    fn gutter(&self) -> usize {
        (self.line + self.text.as_deref().map_or(1, |text| text.lines().count())).to_string().len()
    }

    fn add_to(self, group: Group<'_>) -> Group<'_> {
        let Some(text) = self.text else {
            return group.element(Origin::path(self.path).line(self.line).char_column(self.column));
        };
        let marks = self.marks.into_iter().map(|(span, primary, text)| -> Annotation<'_> {
            let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            kind.span(span).label(text)
        });
        group.element(Snippet::source(text).path(self.path).line_start(self.line).annotations(marks))
    }
}

/// A text, its first and last line (counted from 0), the columns between which its labels stand, and these with their index.
type Near<'a> = (FileId, Range<usize>, Range<usize>, Vec<(usize, &'a Label)>);

/// Columns of a frame that hold no text: a line number, what is drawn beside it, and a sign for what is cut off on either side.
const BESIDE: usize = 12;

/// The labels in frames: the primary one's first, then the other places in their order. Those of one frame are near enough to be shown
/// beside each other.
fn frames(diagnostic: &Diagnostic, sources: &Sources, secrets: &Secrets, width: usize) -> Vec<Frame> {
    let room = width.saturating_sub(BESIDE);
    let mut near: Vec<Near<'_>> = Vec::new();
    for (at, label) in diagnostic.labels.iter().enumerate() {
        let Some((first, last)) = sources.lines(label.span) else { continue };
        let own = columns(label, sources, room);
        let joins = |(file, lines, columns, _): &&mut Near<'_>| {
            let both = columns.start.min(own.start)..columns.end.max(own.end);
            *file == label.span.file && first <= lines.end + NEAR && lines.start <= last + NEAR && both.len() <= room
        };
        match near.iter_mut().find(joins) {
            Some((_, lines, columns, labels)) => {
                *lines = lines.start.min(first)..lines.end.max(last);
                *columns = columns.start.min(own.start)..columns.end.max(own.end);
                labels.push((at, label));
            }
            None => near.push((label.span.file, first..last, own, vec![(at, label)])),
        }
    }
    near.into_iter().filter_map(|(file, lines, _, labels)| frame((file, lines), &labels, sources, secrets, room)).collect()
}

/// The columns, from 0, in which a label is marked: of one that is longer than there is room for, its beginning.
fn columns(label: &Label, sources: &Sources, room: usize) -> Range<usize> {
    let start = sources.position(label.span).map_or(0, |at| at.column as usize - 1);
    let length = sources.text(label.span).map_or(0, |text| text.lines().next().unwrap_or_default().chars().count());
    start..start + length.clamp(1, room)
}

fn frame(
    (file, lines): (FileId, Range<usize>),
    labels: &[(usize, &Label)],
    sources: &Sources,
    secrets: &Secrets,
    room: usize,
) -> Option<Frame> {
    let source = sources.get(file)?;
    let range = source.line_range(lines.start)?.start..source.line_range(lines.end)?.end;
    let column = labels.first().and_then(|(_, label)| sources.position(label.span)).map_or(1, |at| at.column as usize);
    let (path, line) = (shown::shown(&source.name), lines.start + 1);
    // Looked at before anything is copied: thousands of findings may stand on one such line.
    if range.len() > MOST_SHOWN || source.line_range(lines.start)?.len() > LONGEST_LINE {
        return Some(Frame { path, line, column, text: None, marks: Vec::new() });
    }
    let text = source.text.get(range.clone())?;
    let inside = |at: u32| boundary(text, (at as usize).clamp(range.start, range.end) - range.start);
    let mut shown = secrets.blank(text).into_owned();
    let mut marks = Vec::new();
    for (at, label) in labels {
        let span = inside(label.span.start)..inside(label.span.end.max(label.span.start));
        if label.redact {
            shown = blank(&shown, span.clone());
        }
        let marked = text.get(span.clone()).unwrap_or_default();
        // What begins and ends in one line and is wider than there is room for: its beginning is marked.
        let end = marked.char_indices().nth(room).filter(|_| !marked.contains('\n')).map_or(span.end, |(at, _)| span.start + at);
        let span = span.start..end;
        marks.push((span, *at == 0, printable(&secrets.blank(&label.text))));
    }
    let text = Some(shown).filter(|shown| shown.lines().all(|line| line.len() <= LONGEST_LINE));
    Some(Frame { path, line, column, text, marks })
}

/// A `*` for each byte of the range, but for line ends and blanks.
fn blank(text: &str, range: Range<usize>) -> String {
    let stars = |part: &str| -> String {
        part.chars().flat_map(|c| std::iter::repeat_n(if c.is_ascii_whitespace() { c } else { '*' }, c.len_utf8())).collect()
    };
    match (text.get(..range.start), text.get(range.clone()), text.get(range.end..)) {
        (Some(before), Some(secret), Some(after)) => format!("{before}{}{after}", stars(secret)),
        _ => stars(text),
    }
}

/// The nearest boundary of a character at or before a byte.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Broken at blanks into lines of at most so many columns; a longer word (a path, a URL) stays whole.
fn wrap(text: &str, width: usize) -> String {
    let options = textwrap::Options::new(width.max(20)).break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).join("\n")
}

#[cfg(test)]
mod tests;
