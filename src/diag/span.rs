//! Places in texts: which file, which bytes, and values that know where they were written.

use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

/// Index of a text in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct FileId(pub u32);

/// A range of bytes of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Span {
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A place as people write it; both count from 1, the column in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Position {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One text with the name by which the person knows it.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub text: Arc<str>,
    /// First byte of the file that was not UTF-8; the text has U+FFFD from there on, only to show the place.
    pub invalid: Option<u32>,
    /// Where each line begins, in bytes: a place is found by halving, however many are asked for. Made when first needed.
    lines: OnceLock<Box<[u32]>>,
}

impl Source {
    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let starts = self.text.match_indices('\n').map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX));
            std::iter::once(0).chain(starts).collect()
        })
    }

    /// Number, from 0, of the line that holds a byte; the last line's for a byte beyond the end.
    pub fn line_of(&self, at: u32) -> usize {
        self.lines().partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Bytes of a line (counted from 0), its line end among them.
    pub fn line_range(&self, line: usize) -> Option<Range<usize>> {
        let end = self.lines().get(line + 1).map_or(self.text.len(), |start| *start as usize);
        Some(*self.lines().get(line)? as usize..end)
    }
}

/// All texts of one run.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.push(name.into(), text.into(), None)
    }

    /// Adds what a file holds. Bytes that are not UTF-8 are kept as a fault of the source, for a finding with its place.
    pub fn add_bytes(&mut self, name: impl Into<String>, bytes: Vec<u8>) -> FileId {
        match String::from_utf8(bytes) {
            Ok(text) => self.add(name, text),
            Err(error) => {
                let at = u32::try_from(error.utf8_error().valid_up_to()).unwrap_or(u32::MAX);
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                self.push(name.into(), text.into(), Some(at))
            }
        }
    }

    fn push(&mut self, name: String, text: Arc<str>, invalid: Option<u32>) -> FileId {
        let id = FileId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Source { name, text, invalid, lines: OnceLock::new() });
        id
    }

    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.0.iter().enumerate().map(|(at, source)| (FileId(u32::try_from(at).unwrap_or(u32::MAX)), source))
    }

    /// What stands at a place; `None` where the span does not fit its text.
    pub fn text(&self, span: Span) -> Option<&str> {
        self.get(span.file)?.text.get(span.start as usize..span.end as usize)
    }

    /// First and last line of a place, counted from 0.
    pub fn lines(&self, span: Span) -> Option<(usize, usize)> {
        let source = self.get(span.file)?;
        let first = source.line_of(span.start);
        Some((first, source.line_of(span.end.saturating_sub(1)).max(first)))
    }

    /// Replaces what stands in the spans by asterisks, byte for byte, so that no later rendering can show it. Line breaks stay.
    pub fn blank(&mut self, spans: &[Span]) {
        for (at, source) in self.0.iter_mut().enumerate() {
            let mut bytes: Option<Vec<u8>> = None;
            for span in spans.iter().filter(|span| span.file.0 as usize == at) {
                let bytes = bytes.get_or_insert_with(|| source.text.as_bytes().to_vec());
                let secret = bytes.get_mut(span.start as usize..span.end as usize).unwrap_or_default();
                secret.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
            }
            if let Some(bytes) = bytes {
                source.text = String::from_utf8_lossy(&bytes).into();
            }
        }
    }

    /// Line and column of a span's start.
    pub fn position(&self, span: Span) -> Option<Position> {
        self.position_of(span.file, span.start)
    }

    /// Line and column of a span's end, which is one past its last character.
    pub fn end_position(&self, span: Span) -> Option<Position> {
        self.position_of(span.file, span.end)
    }

    fn position_of(&self, file: FileId, at: u32) -> Option<Position> {
        let source = self.get(file)?;
        let line = source.line_of(at);
        let column = source.text.get(source.line_range(line)?.start..at as usize)?.chars().count() + 1;
        Some(Position {
            file: source.name.clone(),
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        })
    }
}

/// A value with the place it was written at; `None` where a default or a program made it.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Option<Span>,
}

impl<T> Spanned<T> {
    pub fn new(value: T, span: impl Into<Option<Span>>) -> Self {
        Self { value, span: span.into() }
    }

    /// A value that no text gave.
    pub fn bare(value: T) -> Self {
        Self { value, span: None }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }

    pub fn as_ref(&self) -> Spanned<&T> {
        Spanned { value: &self.value, span: self.span }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// As the value.
impl<T: std::fmt::Display> std::fmt::Display for Spanned<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value.fmt(f)
    }
}

/// Two spanned values are equal when their values are: where a thing was written does not change what it is.
impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: PartialOrd> PartialOrd for Spanned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Ord> Ord for Spanned<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", "a\nåä: x\n\nb");
        let at = |start| sources.position(Span { file, start, end: start }).map(|place| (place.line, place.column));
        assert_eq!(at(0), Some((1, 1)));
        assert_eq!(at(2), Some((2, 1)));
        assert_eq!(at(8), Some((2, 5)));
        assert_eq!(at(10), Some((3, 1)));
        assert_eq!(at(11), Some((4, 1)));
        assert_eq!(at(12), Some((4, 2)));
        assert_eq!(at(13), None);
        assert_eq!(at(3), None, "inside a character");
    }
}
