//! What is not as it was asked for, gathered by its cause: a lost pack is told once, however many files lay in it.

use std::collections::BTreeMap;

/// On whose side the cause lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It is missing or damaged in the store.
    Damage,
    /// The store did not give it this time, which says nothing of what it holds.
    Silence,
    /// The destination did not take it.
    Target,
}

/// Entries that are not as they were asked for, all for one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    pub side: Side,
    /// The cause, in words that fit each of them.
    pub why: String,
    pub count: u64,
    /// The first of them, sorted, each with its own reason.
    pub named: Vec<(Vec<u8>, String)>,
}

/// What makes two entries fail together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A pack, by its number.
    Pack(u32),
    /// The store did not answer.
    Silence,
    /// The file of which it is another name.
    OtherName,
    /// What was said of it.
    Words(String),
    /// One of too many causes.
    Rest,
}

/// Causes that are kept apart, and entries of each that are known by name: they bound the memory.
const CAUSES: usize = 40;
const NAMED: usize = 200;

/// The same while it is gathered.
#[derive(Debug, Default)]
pub struct Lacks(BTreeMap<(Side, Cause), Lack>);

impl Lacks {
    pub fn add(&mut self, side: Side, cause: Cause, path: &[u8], why: String) {
        let known = self.0.contains_key(&(side, cause.clone())) || self.0.len() < CAUSES;
        let cause = if known { cause } else { Cause::Rest };
        let new = || Lack { side, why: general(&cause, &why), count: 0, named: Vec::new() };
        let lack = self.0.entry((side, cause.clone())).or_insert_with(new);
        lack.count += 1;
        if lack.named.len() < NAMED {
            lack.named.push((path.to_vec(), why));
        }
    }

    pub fn count(&self, wanted: impl Fn(Side) -> bool) -> u64 {
        self.0.iter().filter(|((side, _), _)| wanted(*side)).map(|(_, lack)| lack.count).sum()
    }

    /// Damage first. `pack` says of a pack what became of it.
    pub fn told(&self, pack: impl Fn(u32) -> Option<String>) -> Vec<Lack> {
        let told = |((_, cause), lack): (&(Side, Cause), &Lack)| {
            let mut lack = lack.clone();
            lack.named.sort();
            if let Cause::Pack(number) = cause {
                lack.why = pack(*number).unwrap_or(lack.why);
            }
            lack
        };
        self.0.iter().map(told).collect()
    }
}

/// What is said of all that fail together, from what was said of the first.
fn general(cause: &Cause, why: &str) -> String {
    match cause {
        Cause::Pack(_) | Cause::Words(_) => why.to_owned(),
        Cause::Silence => format!("the store did not give it: {why}"),
        Cause::OtherName => "could not be restored: each is another name of a file that could not".to_owned(),
        Cause::Rest => "for other reasons".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_together_is_told_together_and_never_without_end() {
        let mut lacks = Lacks::default();
        for at in 0..1_000_u32 {
            lacks.add(Side::Silence, Cause::Silence, format!("{:04}", 999 - at).as_bytes(), format!("cut {at}"));
            lacks.add(Side::Damage, Cause::Pack(at % 2), b"x", "its block is gone".to_owned());
            lacks.add(Side::Target, Cause::Words(at.to_string()), b"y", at.to_string());
        }
        let told = lacks.told(|number| (number == 1).then(|| "pack one is missing".to_owned()));
        let words: Vec<(&str, u64)> = told.iter().take(3).map(|lack| (lack.why.as_str(), lack.count)).collect();
        assert_eq!(
            words,
            [("its block is gone", 500), ("pack one is missing", 500), ("the store did not give it: cut 0", 1_000)]
        );
        assert_eq!(told[2].named[0], (b"0800".to_vec(), "cut 199".to_owned()), "sorted, of those that came first");
        assert!(told.len() <= CAUSES + 1 && told.iter().all(|lack| lack.named.len() <= NAMED));
        assert_eq!(lacks.count(|side| side == Side::Target), 1_000);
    }
}
