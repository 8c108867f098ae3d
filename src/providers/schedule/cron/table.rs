//! A crontab as bytes: bdr's block between two marker lines, and everything else, which is kept byte for byte.

use crate::address::PolicyName;

/// A crontab cut at the markers of one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    before: Vec<u8>,
    /// Lines between the markers; `None`: there is no block.
    block: Option<Vec<String>>,
    after: Vec<u8>,
}

/// A crontab in which the block of a policy cannot be told for sure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Torn {
    #[error("line {0} begins the part of bdr, and no line ends it")]
    NoEnd(usize),
    #[error("line {0} ends the part of bdr, and no line before it begins it")]
    NoBegin(usize),
    #[error("line {0} begins the part of bdr a second time")]
    Twice(usize),
}

fn begin(policy: &PolicyName) -> String {
    format!("# bdr begin {policy}: written by `bdr apply`; what is changed up to the end line is put back")
}

fn end(policy: &PolicyName) -> String {
    format!("# bdr end {policy}")
}

/// Markers are known by their first words, so that a reworded remark does not lose them.
fn is_begin(line: &str, policy: &PolicyName) -> bool {
    line.trim().strip_prefix("# bdr begin ").and_then(|rest| rest.split([':', ' ']).next()) == Some(policy.as_str())
}

fn is_end(line: &str, policy: &PolicyName) -> bool {
    line.trim().strip_prefix("# bdr end ").and_then(|rest| rest.split([':', ' ']).next()) == Some(policy.as_str())
}

impl Table {
    /// # Errors
    /// When there is only one of the two markers, or more than one block: nothing may be written then.
    pub fn parse(text: &[u8], policy: &PolicyName) -> Result<Self, Torn> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut block: Option<Vec<String>> = None;
        let mut begun = None;
        for (at, bytes) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let number = at + 1;
            // Only lines of the block are taken as text, and those are bdr's.
            let line = &*String::from_utf8_lossy(bytes);
            if is_begin(line, policy) {
                if begun.is_some() || block.is_some() {
                    return Err(Torn::Twice(number));
                }
                begun = Some((number, Vec::new()));
            } else if is_end(line, policy) {
                let (_, lines) = begun.take().ok_or(Torn::NoBegin(number))?;
                block = Some(lines);
            } else if let Some((_, lines)) = &mut begun {
                // A carriage return is no line end to cron: it becomes the end of the command.
                lines.push(line.strip_suffix('\n').unwrap_or(line).to_owned());
            } else if block.is_some() {
                after.extend_from_slice(bytes);
            } else {
                before.extend_from_slice(bytes);
            }
        }
        match begun {
            Some((number, _)) => Err(Torn::NoEnd(number)),
            None => Ok(Self { before, block, after }),
        }
    }

    /// The lines of the block.
    pub fn lines(&self) -> &[String] {
        self.block.as_deref().unwrap_or_default()
    }

    /// Lines of others that are neither empty nor remarks.
    pub fn foreign_lines(&self) -> usize {
        let counts = |line: &&[u8]| line.trim_ascii().first().is_some_and(|first| *first != b'#');
        let lines = |bytes: &'_ [u8]| bytes.split(|byte| *byte == b'\n').filter(counts).count();
        lines(&self.before) + lines(&self.after)
    }

    /// The text with another block; no lines: without it. A new block goes to the end.
    pub fn with(&self, policy: &PolicyName, lines: &[String]) -> Vec<u8> {
        let mut text = self.before.clone();
        if !lines.is_empty() {
            // cron(8) takes a crontab whose last line has no end for broken.
            if !text.is_empty() && !text.ends_with(b"\n") {
                text.push(b'\n');
            }
            for line in [&begin(policy)].into_iter().chain(lines).chain([&end(policy)]) {
                text.extend_from_slice(line.as_bytes());
                text.push(b'\n');
            }
        }
        text.extend_from_slice(&self.after);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(name: &str) -> PolicyName {
        PolicyName::new(name).expect("name")
    }

    #[test]
    fn one_marker_alone_is_refused() {
        let p = policy("p");
        let whole = Table::parse(b"", &p).expect("empty").with(&p, &["0 1 * * * x".to_owned()]);
        let whole = String::from_utf8(whole).expect("text");
        for (text, torn) in [
            (whole.replace("# bdr end p\n", ""), Torn::NoEnd(1)),
            (format!("# bdr end p\n{whole}"), Torn::NoBegin(1)),
            (format!("{whole}{whole}"), Torn::Twice(4)),
            (whole.replace("0 1 * * * x\n", "# bdr begin p\n"), Torn::Twice(2)),
        ] {
            assert_eq!(Table::parse(text.as_bytes(), &p), Err(torn), "{text}");
        }
        // Another policy's block is foreign text, torn or not.
        assert!(
            Table::parse(whole.replace("# bdr end p\n", "").as_bytes(), &policy("q"))
                .is_ok_and(|table| table.lines().is_empty() && !table.before.is_empty())
        );
    }

    proptest! {
        #[test]
        fn foreign_lines_are_kept_byte_for_byte(
            foreign in proptest::collection::vec(proptest::collection::vec(prop_oneof![b' '..=b'~', Just(b'\t'), Just(b'\r'), 0x80..=0xff_u8], 0..30), 0..6),
            last_newline: bool, first in 1..4_usize, second in 0..4_usize,
        ) {
            let p = policy("safe-pm");
            let mut text = foreign.join(&b'\n');
            prop_assume!(Table::parse(&text, &p).is_ok());
            if last_newline && !text.is_empty() {
                text.push(b'\n');
            }
            let lines = |count: usize| (0..count).map(|at| format!("{at} 1 * * * /usr/bin/bdr")).collect::<Vec<_>>();
            let with = Table::parse(&text, &p).expect("no markers").with(&p, &lines(first));
            prop_assert!(with.starts_with(&text));
            let table = Table::parse(&with, &p).expect("both markers");
            prop_assert_eq!(table.lines(), lines(first));
            prop_assert_eq!(table.with(&p, &lines(first)), with.clone(), "writing the same again changes nothing");
            let tail = [&with[..], b"@daily foreign \xe9\n"].concat();
            let changed = Table::parse(&tail, &p).expect("both markers").with(&p, &lines(second));
            let again = Table::parse(&changed, &p).expect("markers");
            prop_assert_eq!(again.lines(), lines(second));
            let end: &[u8] = if text.is_empty() || text.ends_with(b"\n") { b"" } else { b"\n" };
            prop_assert_eq!(again.with(&p, &[]), [&text[..], end, b"@daily foreign \xe9\n"].concat());
        }
    }
}
