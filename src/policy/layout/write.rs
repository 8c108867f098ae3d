//! Writes tokens with uniform blanks between them.

use super::token::{Kind, Token};

/// Most empty lines in a row.
const EMPTY_LINES: usize = 1;

/// The text made of these tokens.
pub fn write(text: &str, tokens: &[Token]) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut before: Option<&Token> = None;
    let mut owed = 0;
    for (at, token) in tokens.iter().enumerate() {
        let from = before.map_or(0, |before| before.range.end);
        let gap = text.get(from..token.range.start).unwrap_or_default();
        let breaks = gap.matches('\n').count() + owed;
        owed = 0;
        let begins = before.is_none_or(|before| before.kind == Kind::BlockLines) || breaks > 0;
        if begins {
            let ended = out.is_empty() || out.ends_with('\n');
            let wanted = if before.is_none() { 0 } else { breaks.min(1 + EMPTY_LINES) };
            out.push_str(&"\n".repeat(if ended && before.is_some() { wanted.saturating_sub(1) } else { wanted }));
            if token.kind != Kind::BlockLines {
                out.push_str(&" ".repeat(token.column));
            }
        } else if let Some(before) = before {
            out.push_str(&" ".repeat(blanks(before.kind, token.kind, gap)));
        }
        let shown = text.get(token.range.clone()).unwrap_or_default();
        match token.kind {
            Kind::BlockLines => owed = block(&mut out, shown, token, keeps(text, tokens.get(..at).unwrap_or_default())),
            Kind::Plain | Kind::DoubleQuoted => scalar(&mut out, shown, token),
            Kind::SingleQuoted => match double_quoted(shown) {
                Some(double) => out.push_str(&double),
                None => scalar(&mut out, shown, token),
            },
            _ => out.push_str(shown.trim_end()),
        }
        before = Some(token);
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Blanks between two tokens of one line.
fn blanks(before: Kind, after: Kind, gap: &str) -> usize {
    use Kind::{
        Alias, BlockHeader, CloseBrace, CloseBracket, Colon, Comma, Comment, Dash, DoubleQuoted, Marker, OpenBrace, OpenBracket,
        Plain, Property, Question, SingleQuoted,
    };
    match (before, after) {
        // Columns of comments are the writer's; only that one blank is there is ours.
        (_, Comment) => gap.chars().count().max(1),
        (OpenBrace, CloseBrace) | (OpenBracket, _) => 0,
        (Colon | Dash | Question | Property | Marker | BlockHeader, _) => 1,
        (_, CloseBracket | Comma) => 0,
        // Without a blank the colon would become part of the alias's name.
        (Alias, Colon) => 1,
        (Plain | SingleQuoted | DoubleQuoted | CloseBrace | CloseBracket, Colon) => 0,
        _ => 1,
    }
}

/// A scalar; the lines after its first begin at its hanging column. Their leading blanks mean nothing (YAML 1.2.2, 6.5).
fn scalar(out: &mut String, shown: &str, token: &Token) {
    for (at, line) in shown.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let line = if at == 0 { line } else { line.trim_start_matches([' ', '\t']) };
        if at > 0 && !line.is_empty() {
            out.push_str(&" ".repeat(token.hang));
        }
        out.push_str(if token.kind == Kind::Plain { line.trim_end_matches([' ', '\t']) } else { line });
    }
}

/// The lines of a block scalar, moved to their new column. Returns the empty lines that stood behind it, and mean nothing.
fn block(out: &mut String, shown: &str, token: &Token, keeps: bool) -> usize {
    let body = if keeps { shown } else { shown.trim_end_matches(['\n', ' ']) };
    let behind = shown.get(body.len()..).unwrap_or_default().matches('\n').count();
    // The lines of a text that ends within a line must not gain a line end where that would be kept.
    let ends = keeps && !shown.ends_with('\n');
    for line in body.strip_suffix('\n').unwrap_or(body).split('\n') {
        let own = line.len() - line.trim_start_matches(' ').len();
        let kept = line.get(own.min(token.old_hang)..).unwrap_or_default();
        if !kept.is_empty() {
            out.push_str(&" ".repeat(token.hang));
            out.push_str(kept);
        }
        out.push('\n');
    }
    if ends {
        out.pop();
    }
    behind
}

/// Whether the header of the lines that come next keeps the empty lines behind them (`|+`).
fn keeps(text: &str, before: &[Token]) -> bool {
    let header = before.iter().rev().find(|token| token.kind == Kind::BlockHeader);
    header.and_then(|header| text.get(header.range.clone())).is_some_and(|header| header.contains('+'))
}

/// The same scalar in double quotes, where nothing in it means something else there.
fn double_quoted(shown: &str) -> Option<String> {
    let inner = shown.strip_prefix('\'')?.strip_suffix('\'')?;
    let plain = !inner.contains(['"', '\\', '\'']) && !inner.chars().any(char::is_control);
    plain.then(|| format!("\"{inner}\""))
}
