//! A token: what it is, where it stands, and which columns its lines get.

use std::ops::Range;

/// What a token is, as far as blanks around it matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Comma,
    Dash,
    Question,
    Colon,
    /// `&anchor`, `!tag`.
    Property,
    /// `*anchor`.
    Alias,
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`, `>` and what stands behind them.
    BlockHeader,
    /// The lines of a block scalar, from the first byte of the first to the line end of the last.
    BlockLines,
    Comment,
    /// `---`, `...`.
    Marker,
    /// `%YAML 1.2`.
    Directive,
}

/// One token with its bytes.
#[derive(Debug, Clone)]
pub struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
    /// Column that it gets where it is the first of its line; for the later lines of a scalar see `hang`.
    pub column: usize,
    /// Column of the second and later lines of a scalar; of the lines of a block scalar, which keep what they have beyond it.
    pub hang: usize,
    /// Columns that the lines of a block scalar have and lose.
    pub old_hang: usize,
}
