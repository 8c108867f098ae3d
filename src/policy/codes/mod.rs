//! The codes of what reading a policy finds, each with its explanation and an example of both the mistake and the way out.

mod access;
mod files;
mod names;
mod shape;
mod text;
mod values;

pub use access::*;
pub use files::*;
pub use names::*;
pub use shape::*;
pub use text::*;
pub use values::*;

use crate::diag::Code;

const GROUPS: [&[Code]; 6] = [text::CODES, shape::CODES, names::CODES, values::CODES, files::CODES, access::CODES];
const COUNT: usize =
    text::CODES.len() + shape::CODES.len() + names::CODES.len() + values::CODES.len() + files::CODES.len() + access::CODES.len();

/// All codes of the policy language, in order. `bdr explain CODE` and docs/rules.md come from here.
pub const CODES: &[Code] = &all();

const fn all() -> [Code; COUNT] {
    let mut all = [GROUPS[0][0]; COUNT];
    let (mut group, mut at, mut to) = (0, 0, 0);
    while group < GROUPS.len() {
        while at < GROUPS[group].len() {
            all[to] = GROUPS[group][at];
            at += 1;
            to += 1;
        }
        group += 1;
        at = 0;
    }
    all
}

/// Declares codes: the constant that findings use, and the entry that explains it.
macro_rules! codes {
    ($($name:ident $code:literal $word:literal $title:literal $meaning:literal $(wrong $wrong:literal right $right:literal)?;)*) => {
        $(#[doc = $title] pub const $name: &str = $code;)*

        pub(super) const CODES: &[crate::diag::Code] = &[$(crate::diag::Code {
            code: $code,
            name: $word,
            severity: crate::diag::Severity::Error,
            text: concat!(
                $title, "\n\n", $meaning, "\n"
                $(, "\nWrong:\n\n```yaml\n", $wrong, "```\n\nRight:\n\n```yaml\n", $right, "```\n")?
            ),
        }),*];
    };
}

pub(crate) use codes;

#[cfg(test)]
mod tests;
