//! The layout of a policy text: `bdr fmt` without the files. Meaning, comments and order stay; blanks and quotes become uniform.
//!
//! A text is cut into tokens that are kept byte for byte ([`token`]), each line's first token gets its column from the
//! structure ([`column`]), and the tokens are written again ([`write`](mod@write)). Lines are never joined or broken. What
//! comes out is read back and compared with the original; where anything but layout would differ, the text is left alone.

mod column;
mod compare;
mod scan;
mod token;
mod write;

use std::borrow::Cow;

/// Columns per level.
const STEP: usize = 2;

/// A text that is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// It is not YAML.
    #[error("{reason} (at byte {at})")]
    Syntax {
        /// First byte of what cannot be read.
        at: usize,
        /// In the words of the parser.
        reason: String,
    },
    /// It has more words and punctuation than a policy can have.
    #[error("it is too long to be laid out")]
    TooLong,
    /// It is YAML, but of a form that cannot be laid out without changing more than blanks.
    #[error("it cannot be laid out without changing what it says")]
    Unfit,
}

/// The text in its uniform layout. Formatting what comes out changes nothing more.
///
/// # Errors
/// When the text is not YAML, or cannot be laid out safely.
pub fn format(text: &str) -> Result<String, LayoutError> {
    let text = line_ends(text);
    let tokens = scan::scan(&text)?;
    let written = write::write(&text, &tokens);
    if compare::same(&text, &written) { Ok(written) } else { Err(LayoutError::Unfit) }
}

/// Without a byte order mark, and with LF as the only line end. Readers see no difference (YAML 1.2.2, 5.4: all line
/// breaks are normalized to LF).
fn line_ends(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
