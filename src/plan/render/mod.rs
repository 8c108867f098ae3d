//! Rendering plans: pure functions from a plan to text, each with a budget that holds however large the plan is.

mod entry;
mod hindrance;
mod human;
mod lines;
mod losses;
mod markdown;
mod one_line;
mod promises;
mod together;
mod values;

pub use hindrance::hindrance;
pub use human::human;
pub use markdown::markdown;
pub use one_line::one_line;

/// How a text for people is to look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns to fill, at least 40.
    pub width: usize,
    pub color: bool,
    /// Only characters of ASCII.
    pub ascii: bool,
    /// Everything: no budget, what is foreign and unchanged too.
    pub all: bool,
}

/// What a piece of text means; colour only ever repeats what words and signs say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Dim,
    Bold,
    Bad,
    Careful,
    Good,
}

impl Look {
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Dim => "2",
            Tone::Bold => "1",
            Tone::Bad => "31",
            Tone::Careful => "33",
            Tone::Good => "32",
        };
        if self.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn arrow(self) -> &'static str {
        if self.ascii { "->" } else { "→" }
    }

    pub(super) fn dots(self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    /// Replaces the few signs of bdr's own that are not ASCII. Values of the policy stay as they are.
    pub(super) fn signs(self, text: &str) -> String {
        if self.ascii { text.replace('→', "->").replace('…', "...").replace('×', "x") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests;
