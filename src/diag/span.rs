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

/// What keeps a file from being a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// First byte that was not UTF-8; the text ends there but for a little more, only to show the place.
    NotUtf8(u32),
    /// A link that does not lead to a file below the folder in which it was found; it was not followed.
    LeadsOut,
    /// A pipe, a socket or a device; it was not opened.
    NotAFile,
    /// Longer than any policy; nothing of it is kept.
    TooLarge,
}

/// One text with the name by which the person knows it.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub text: Arc<str>,
    /// Why there is no text, or not all of it.
    pub fault: Option<Fault>,
    /// What lies before each stretch of [`STRETCH`] bytes: a place is found fast, however many lines there are or however long
    /// one is, and neither costs memory. Made when first needed.
    before: OnceLock<Box<[Count]>>,
}

const STRETCH: usize = 2048;

/// Line ends and characters of a part of a text.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    line_ends: u32,
    characters: u32,
}

impl Count {
    fn and(self, bytes: &[u8]) -> Self {
        let count = |wanted: fn(&u8) -> bool| u32::try_from(bytes.iter().filter(|byte| wanted(byte)).count()).unwrap_or(u32::MAX);
        Self {
            line_ends: self.line_ends + count(|byte| *byte == b'\n'),
            characters: self.characters + count(|byte| byte & 0xc0 != 0x80),
        }
    }
}

impl Source {
    fn stretches(&self) -> &[Count] {
        self.before.get_or_init(|| {
            let mut sum = Count::default();
            let mut before = |stretch: &[u8]| {
                let next = sum.and(stretch);
                std::mem::replace(&mut sum, next)
            };
            self.text.as_bytes().chunks(STRETCH).map(&mut before).collect()
        })
    }

    fn before(&self, at: usize) -> Count {
        let at = at.min(self.text.len());
        let stretch = (at / STRETCH).min(self.stretches().len().saturating_sub(1));
        let before = self.stretches().get(stretch).copied().unwrap_or_default();
        before.and(self.text.as_bytes().get(stretch * STRETCH..at).unwrap_or_default())
    }

    /// Number, from 0, of the line that holds a byte; the last line's for a byte beyond the end.
    pub fn line_of(&self, at: u32) -> usize {
        self.before(at as usize).line_ends as usize
    }

    /// Bytes of a line (counted from 0), its line end among them.
    pub fn line_range(&self, line: usize) -> Option<Range<usize>> {
        Some(self.line_start(line)?..self.line_start(line + 1).unwrap_or(self.text.len()))
    }

    fn line_start(&self, line: usize) -> Option<usize> {
        let Some(wanted) = line.checked_sub(1) else { return Some(0) };
        // The line begins behind the line end of this number, which lies in the last stretch that no more of them precede.
        let stretch = self.stretches().partition_point(|before| before.line_ends as usize <= wanted).checked_sub(1)?;
        let before = self.stretches().get(stretch)?.line_ends as usize;
        let bytes = self.text.as_bytes().get(stretch * STRETCH..)?.iter().take(STRETCH).enumerate();
        bytes.filter(|(_, byte)| **byte == b'\n').nth(wanted - before).map(|(at, _)| stretch * STRETCH + at + 1)
    }
}

/// Bytes that are kept from the first wrong one on.
const SHOWN: usize = 40;

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
                let at = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                let rest = bytes.split_off(at);
                let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let shown = String::from_utf8_lossy(line.get(..SHOWN).unwrap_or(line)).into_owned();
                let text = String::from_utf8(bytes).unwrap_or_default() + &shown;
                self.push(name.into(), text.into(), Some(Fault::NotUtf8(u32::try_from(at).unwrap_or(u32::MAX))))
            }
        }
    }

    /// Adds a file that was not read, for a finding that names it.
    pub fn add_unread(&mut self, name: impl Into<String>, fault: Fault) -> FileId {
        self.push(name.into(), "".into(), Some(fault))
    }

    /// Lets go of texts of more than so many bytes: that is all that is said of them.
    pub fn refuse_larger(&mut self, most: usize) {
        for source in self.0.iter_mut().filter(|source| source.text.len() > most) {
            (source.text, source.fault) = ("".into(), Some(Fault::TooLarge));
        }
    }

    fn push(&mut self, name: String, text: Arc<str>, fault: Option<Fault>) -> FileId {
        let id = FileId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Source { name, text, fault, before: OnceLock::new() });
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

    /// Replaces what stands in the spans by asterisks, byte for byte, so that no later rendering can show it. Line breaks and
    /// blanks stay.
    pub fn blank(&mut self, spans: &[Span]) {
        for (at, source) in self.0.iter_mut().enumerate() {
            let mut bytes: Option<Vec<u8>> = None;
            for span in spans.iter().filter(|span| span.file.0 as usize == at) {
                let bytes = bytes.get_or_insert_with(|| source.text.as_bytes().to_vec());
                let secret = bytes.get_mut(span.start as usize..span.end as usize).unwrap_or_default();
                secret.iter_mut().filter(|byte| !byte.is_ascii_whitespace()).for_each(|byte| *byte = b'*');
            }
            if let Some(bytes) = bytes {
                source.text = String::from_utf8_lossy(&bytes).into();
            }
        }
    }

    /// Replaces a text by asterisks, wherever it stands. Line breaks stay.
    pub fn blank_text(&mut self, secret: &str) {
        let stars: String = secret.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
        for source in self.0.iter_mut().filter(|source| source.text.contains(secret)) {
            source.text = source.text.replace(secret, &stars).into();
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
        source.text.get(at as usize..)?;
        let before = source.before(at as usize);
        let line_start = source.line_start(before.line_ends as usize)?;
        let column = before.characters - source.before(line_start).characters + 1;
        Some(Position { file: source.name.clone(), line: before.line_ends + 1, column })
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

    #[test]
    fn places_are_found_in_texts_of_any_shape() {
        let mixed = "å: x\n".repeat(3_000) + &"ö".repeat(5_000) + "\nend";
        for text in [String::new(), "\n".repeat(STRETCH), "\n".repeat(3 * STRETCH + 5), "x".repeat(STRETCH), mixed] {
            let mut sources = Sources::new();
            let file = sources.add("a.yaml", text.as_str());
            let (mut line, mut column) = (1, 1);
            for (start, c) in text.char_indices().chain([(text.len(), ' ')]) {
                let at = u32::try_from(start).unwrap_or_default();
                let place = sources.position(Span { file, start: at, end: at }).expect("a place");
                assert_eq!((place.line, place.column), (line, column), "byte {start}");
                let range = sources.get(file).and_then(|source| source.line_range(line as usize - 1)).expect("a line");
                assert!(range.contains(&start) || start == text.len());
                (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            assert_eq!(sources.get(file).and_then(|source| source.line_range(line as usize)), None);
        }
    }

    #[test]
    fn a_file_that_is_no_text_keeps_the_line_of_the_first_wrong_byte() {
        let mut sources = Sources::new();
        let file = sources.add_bytes("a.yaml", [b"a: 1\nb: \xe5".as_slice(), &[0xff; 1_000], b"\nc: 1"].concat());
        let source = sources.get(file).expect("added");
        assert_eq!(source.fault, Some(Fault::NotUtf8(8)));
        assert!(source.text.starts_with("a: 1\nb: \u{fffd}") && source.text.len() < 200, "{}", source.text.len());
    }
}
