//! The column of each line's first token, from the structure of the document: two more for each level.

use std::collections::HashMap;
use std::ops::Range;

use super::STEP;
use super::token::{Kind, Token};

/// A list or mapping in block style.
#[derive(Debug, Clone, Copy)]
struct Block {
    parent: Option<usize>,
    mapping: bool,
    /// First byte of its first entry.
    start: usize,
    old: usize,
    new: usize,
}

/// An open level while the events are read.
struct Level {
    /// `None`: flow style.
    block: Option<usize>,
    mapping: bool,
    value_next: bool,
}

/// The block that a token belongs to, and whether the token begins an entry of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Owner {
    block: Option<usize>,
    entry: bool,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    block: Option<usize>,
    flow: bool,
}

/// Columns of blocks, and where in the text we are.
pub struct Columns<'t> {
    text: &'t str,
    blocks: Vec<Block>,
    levels: Vec<Level>,
    /// Blocks that begin at or before the token that is placed; `seen` counts them.
    seen: usize,
    newest: HashMap<(bool, usize), usize>,
    /// Open brackets at the token that is placed, and the column that their lines are counted from.
    flow: usize,
    flow_from: usize,
    last: Option<usize>,
    /// Of each token that was placed.
    places: Vec<Place>,
}

impl<'t> Columns<'t> {
    pub fn new(text: &'t str) -> Self {
        Self {
            text,
            blocks: Vec::new(),
            levels: Vec::new(),
            seen: 0,
            newest: HashMap::new(),
            flow: 0,
            flow_from: 0,
            last: None,
            places: Vec::new(),
        }
    }

    /// A node begins: returns whose it is.
    pub fn node(&mut self) -> Owner {
        let block = self.levels.iter().rev().find_map(|level| level.block);
        let Some(level) = self.levels.last_mut() else { return Owner { block, entry: false } };
        let entry = level.mapping && !level.value_next;
        level.value_next = entry;
        Owner { block, entry: entry && level.block.is_some() }
    }

    /// Whether the node that just began is inside a block mapping.
    pub fn in_mapping(&self) -> bool {
        self.levels.last().is_some_and(|level| level.mapping && level.block.is_some())
    }

    pub fn open(&mut self, mapping: bool, flow: bool, start: usize) {
        let parent = self.levels.iter().rev().find_map(|level| level.block);
        let block = (!flow).then(|| {
            let new = parent.and_then(|parent| self.blocks.get(parent)).map_or(0, |parent| parent.new + STEP);
            self.blocks.push(Block { parent, mapping, start, old: self.column_of(start), new });
            self.blocks.len() - 1
        });
        self.levels.push(Level { block, mapping, value_next: false });
    }

    pub fn close(&mut self) {
        self.levels.pop();
    }

    pub fn document(&mut self) {
        self.levels.clear();
    }

    /// Column, from 0, of a byte.
    fn column_of(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.get(before.rfind('\n').map_or(0, |line| line + 1)..).map_or(0, |line| line.chars().count())
    }

    fn is_first(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default();
        before.get(before.rfind('\n').map_or(0, |line| line + 1)..).is_none_or(|line| line.trim_matches([' ', '\t']).is_empty())
    }

    /// Gives a token its columns. Tokens come in the order of the text.
    pub fn place(&mut self, kind: Kind, range: Range<usize>, owner: Owner) -> Token {
        while let Some(block) = self.blocks.get(self.seen).filter(|block| block.start <= range.start) {
            self.newest.insert((block.mapping, block.old), self.seen);
            self.seen += 1;
        }
        let closes = matches!(kind, Kind::CloseBrace | Kind::CloseBracket);
        if closes {
            self.flow = self.flow.saturating_sub(1);
        }
        let mut block = owner.block;
        let mut entry = owner.entry;
        if self.flow == 0 && !closes && matches!(kind, Kind::Dash | Kind::Question | Kind::Colon) && self.leads(range.start) {
            block = self.newest.get(&(kind != Kind::Dash, self.column_of(range.start))).copied();
            entry = true;
        } else if matches!(kind, Kind::Colon | Kind::Comma | Kind::BlockHeader | Kind::Comment) {
            block = self.last;
        }
        let from = block.and_then(|block| self.blocks.get(block)).map(|block| block.new);
        let within = from.map_or(0, |new| if entry { new } else { new + STEP });
        let in_flow = self.flow > 0 || closes;
        let column = match kind {
            Kind::Marker | Kind::Directive => 0,
            _ if in_flow => self.flow_from + STEP * self.leading(self.flow, closes, &range),
            _ => within,
        };
        let hang = if in_flow { self.flow_from + STEP * self.flow } else { from.map_or(STEP, |new| new + STEP) };
        if matches!(kind, Kind::OpenBrace | Kind::OpenBracket) {
            if self.flow == 0 {
                self.flow_from = if self.is_first(range.start) { column } else { from.unwrap_or(0) };
            }
            self.flow += 1;
        }
        self.last = if kind == Kind::Marker { None } else { block };
        self.places.push(Place { block, flow: in_flow });
        Token { kind, range, column, hang, old_hang: 0 }
    }

    /// Whether only dashes, question marks and blanks stand before it on its line: then its column is that of its block.
    fn leads(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default();
        before
            .get(before.rfind('\n').map_or(0, |line| line + 1)..)
            .is_none_or(|line| line.split([' ', '\t']).all(|word| matches!(word, "" | "-" | "?" | ":")))
    }

    /// Levels of flow that a line is indented by which begins with this token: closing brackets at its beginning count.
    fn leading(&self, flow: usize, closes: bool, range: &Range<usize>) -> usize {
        if !closes {
            return flow;
        }
        let rest = self.text.get(range.end..).unwrap_or_default();
        let more = rest.chars().take_while(|c| matches!(c, ' ' | '\t' | ']' | '}')).filter(|c| matches!(c, ']' | '}')).count();
        flow.saturating_sub(more)
    }

    /// Gives comments that stand on lines of their own their columns: that of the next line where they stood in one column
    /// with it, else that of the innermost block they were inside. Block scalars get theirs, too.
    pub fn finish(&self, tokens: &mut [Token]) {
        let mut next: Option<(usize, usize)> = None;
        for at in (0..tokens.len()).rev() {
            let Some(token) = tokens.get(at) else { continue };
            let (start, column) = (token.range.start, token.column);
            match token.kind {
                Kind::BlockLines => {
                    self.block_lines(at, tokens);
                    next = None;
                }
                Kind::Comment if !self.places.get(at).is_some_and(|place| place.flow) => {
                    if self.is_first(start) {
                        let column = self.comment(at, self.column_of(start), next);
                        tokens.iter_mut().skip(at).take(1).for_each(|token| token.column = column);
                    }
                }
                _ => next = self.is_first(start).then(|| (self.column_of(start), column)),
            }
        }
    }

    /// `next`: the old and the new column of the next line that is no comment.
    fn comment(&self, at: usize, old: usize, next: Option<(usize, usize)>) -> usize {
        if let Some((_, column)) = next.filter(|(next, _)| *next == old) {
            return column;
        }
        let mut around = at.checked_sub(1).and_then(|before| self.places.get(before)).and_then(|place| place.block);
        while let Some(block) = around.and_then(|block| self.blocks.get(block)).filter(|block| block.old > old) {
            around = block.parent;
        }
        let inside = around.and_then(|block| self.blocks.get(block)).map(|block| block.new);
        inside.or(next.map(|(_, column)| column)).unwrap_or(0)
    }

    /// The indentation of a block scalar's lines: two more than its block's, unless its header states a number.
    fn block_lines(&self, at: usize, tokens: &mut [Token]) {
        let Some(lines) = tokens.get(at).map(|token| token.range.clone()) else { return };
        let header = tokens.iter().take(at).rev().find(|token| token.kind == Kind::BlockHeader);
        let stated = header
            .and_then(|header| self.text.get(header.range.clone()))
            .and_then(|header| header.chars().find_map(|c| c.to_digit(10)))
            .and_then(|digit| usize::try_from(digit).ok());
        let block = self.places.get(at).and_then(|place| place.block).and_then(|block| self.blocks.get(block));
        let text = self.text.get(lines).unwrap_or_default();
        let shortest = text
            .lines()
            .filter(|line| !line.trim_matches(' ').is_empty())
            .map(|line| line.len() - line.trim_start_matches(' ').len());
        let (old, new) = match (stated, block) {
            (Some(digit), Some(block)) => (block.old + digit, block.new + digit),
            (Some(digit), None) => (digit, digit),
            (None, block) => {
                let first = shortest.min().unwrap_or(0);
                (first, block.map_or(first.min(STEP), |block| block.new + STEP))
            }
        };
        if let Some(token) = tokens.get_mut(at) {
            token.old_hang = old;
            token.hang = new;
        }
    }
}
