//! Cuts a text into tokens. What the parser names (scalars, brackets, comments, anchors, tags) is taken from its events; the
//! punctuation between is told apart here. Nothing but blanks lies between two tokens.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::LayoutError;
use super::column::{Columns, Owner};
use super::token::{Kind, Token};

/// Most tokens of one text: two for each value that a text may have (`policy/tree`), and as many comments as values.
const MOST: usize = 300_000;

/// All tokens, in order.
///
/// # Errors
/// When the text is not YAML, or holds something between the parser's tokens that is not known here.
pub fn scan(text: &str) -> Result<Vec<Token>, LayoutError> {
    let mut columns = Columns::new(text);
    let mut atoms = atoms(text, &mut columns)?;
    atoms.sort_by_key(|atom| (atom.range.start, atom.range.end));
    let mut tokens: Vec<Token> = Vec::with_capacity(atoms.len() * 2);
    let mut at = 0;
    for atom in atoms {
        // The header and the lines of a block scalar before its first character are told apart in the gap before it.
        gap(text, at..atom.range.start, &mut columns, &mut tokens)?;
        at = atom.range.end.max(at);
        tokens.push(columns.place(atom.kind, atom.range, atom.owner));
    }
    gap(text, at..text.len(), &mut columns, &mut tokens)?;
    columns.finish(&mut tokens);
    Ok(tokens)
}

/// Something that the parser names.
struct Atom {
    kind: Kind,
    range: Range<usize>,
    owner: Owner,
}

fn atoms(text: &str, columns: &mut Columns<'_>) -> Result<Vec<Atom>, LayoutError> {
    let mut atoms: Vec<Atom> = Vec::new();
    let options = granit_parser::options! { emit_anchor_events: true };
    let mut owner = Owner::default();
    let mut end = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| LayoutError::Syntax {
            at: error.marker().byte_offset().unwrap_or_default().min(text.len()),
            reason: error.info().to_string(),
        })?;
        let range = span.byte_range().unwrap_or_default();
        end = atoms.last().map_or(end, |atom| end.max(atom.range.end));
        if event.is_node() {
            owner = columns.node();
            if let Some(tag) = span.tag_span().and_then(|tag| tag.byte_range()) {
                atoms.push(Atom { kind: Kind::Property, range: tag, owner });
            }
        }
        let kind = match event {
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
                let lines = block_lines(text, &range);
                if lines.is_empty() {
                    continue;
                }
                atoms.push(Atom { kind: Kind::BlockLines, range: lines, owner });
                continue;
            }
            Event::Scalar(_, ScalarStyle::SingleQuoted, ..) => Kind::SingleQuoted,
            Event::Scalar(_, ScalarStyle::DoubleQuoted, ..) => Kind::DoubleQuoted,
            Event::Scalar(..) => Kind::Plain,
            Event::Alias(_) => Kind::Alias,
            Event::Anchor(..) => Kind::Property,
            Event::Comment(..) => Kind::Comment,
            Event::MappingStart(style, ..) => {
                columns.open(true, style == StructureStyle::Flow, range.start);
                Kind::OpenBrace
            }
            Event::SequenceStart(style, ..) => {
                let flow = style == StructureStyle::Flow;
                let dash = first_dash(text, end.min(range.start)..range.start).filter(|_| !flow && columns.in_mapping());
                columns.open(false, flow, dash.unwrap_or(range.start));
                Kind::OpenBracket
            }
            Event::MappingEnd => {
                columns.close();
                Kind::CloseBrace
            }
            Event::SequenceEnd => {
                columns.close();
                Kind::CloseBracket
            }
            Event::DocumentStart(..) | Event::DocumentEnd => {
                columns.document();
                // The start of a document without a marker has the place of its first token.
                if !matches!(text.get(range.clone()), Some("---" | "...")) || matches!(event, Event::DocumentStart(false, _)) {
                    continue;
                }
                Kind::Marker
            }
            _ => continue,
        };
        if atoms.len() > MOST {
            return Err(LayoutError::TooLong);
        }
        if !range.is_empty() {
            atoms.push(Atom { kind, range, owner });
        }
    }
    Ok(atoms)
}

/// The dash that begins a line, where there is one. The parser gives a list that stands in the column of its key
/// (`a:` above `- x`) the place behind its first dash.
fn first_dash(text: &str, range: Range<usize>) -> Option<usize> {
    let gap = text.get(range.clone())?;
    let mut at = range.start;
    for (number, line) in gap.split_inclusive('\n').enumerate() {
        let rest = line.trim_start_matches([' ', '\t']);
        if number > 0 && rest.strip_prefix('-').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n'])) {
            return Some(at + line.len() - rest.len());
        }
        at += line.len();
    }
    None
}

/// The whole lines of a block scalar: from the start of the first line below its header to the last line end of its span.
fn block_lines(text: &str, range: &Range<usize>) -> Range<usize> {
    let spoken = text.get(range.clone()).unwrap_or_default();
    let end = match spoken.rfind('\n') {
        Some(at) if spoken.get(at + 1..).is_some_and(|rest| rest.trim_matches([' ', '\t']).is_empty()) => range.start + at + 1,
        _ => range.end,
    };
    // Lines that are empty stand before the first character, too.
    let mut start = text.get(..range.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    loop {
        let before = text.get(..start.saturating_sub(1)).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        if start == 0 || !before.get(line..).is_some_and(|line| line.trim_matches([' ', '\t']).is_empty()) {
            break;
        }
        start = line;
    }
    start.min(end)..end
}

/// Tells apart what lies between two tokens of the parser.
fn gap(text: &str, range: Range<usize>, columns: &mut Columns<'_>, tokens: &mut Vec<Token>) -> Result<(), LayoutError> {
    let mut at = range.start;
    while let Some(rest) = text.get(at..range.end).filter(|rest| !rest.is_empty()) {
        let line_start = at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n');
        let word = rest.split(char::is_whitespace).next().unwrap_or_default();
        let (kind, length) = match rest.as_bytes().first() {
            Some(b' ' | b'\t' | b'\n') => {
                at += 1;
                continue;
            }
            Some(b'%') if line_start => (Kind::Directive, rest.split('\n').next().unwrap_or_default().trim_end().len()),
            _ if line_start && (word == "---" || word == "...") => (Kind::Marker, 3),
            Some(b'-') => (Kind::Dash, 1),
            Some(b'?') => (Kind::Question, 1),
            Some(b':') => (Kind::Colon, 1),
            Some(b',') => (Kind::Comma, 1),
            Some(b'|' | b'>') => (Kind::BlockHeader, word.len()),
            _ => return Err(LayoutError::Unfit),
        };
        if tokens.len() > MOST {
            return Err(LayoutError::TooLong);
        }
        tokens.push(columns.place(kind, at..at + length, Owner::default()));
        at += length;
    }
    Ok(())
}
