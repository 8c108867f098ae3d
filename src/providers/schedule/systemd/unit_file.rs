//! Unit files as sections of keys and values (reference: systemd.syntax(7)).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use secrecy::SecretString;

use crate::attrs::{Attr, Attrs};

/// One line of a unit file: a section, a key and a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub section: String,
    pub key: String,
    pub value: String,
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.section, self.key)
    }
}

/// Sections, keys and all values of each key in their order. Comments are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitFile(BTreeMap<String, BTreeMap<String, Vec<String>>>);

/// The section that marks a unit as bdr's; names with `X-` are ignored by systemd without a word.
pub const MARK: &str = "X-Bdr";

/// What is written first, for people; all else follows by name.
const SECTIONS: [&str; 5] = ["Unit", "Timer", "Service", "Install", MARK];
const KEYS: [&str; 12] = [
    "Description",
    "Documentation",
    "Wants",
    "After",
    "OnCalendar",
    "Persistent",
    "AccuracySec",
    "Type",
    "User",
    "ExecStart",
    "TimeoutStartSec",
    "Policy",
];
/// Keys whose values may be secret where somebody added them.
const HIDDEN: [&str; 3] = ["Environment", "SetCredential", "SetCredentialEncrypted"];

impl UnitFile {
    /// Adds a value of a key.
    pub fn add(&mut self, section: &str, key: &str, value: impl Into<String>) {
        self.0.entry(section.to_owned()).or_default().entry(key.to_owned()).or_default().push(value.into());
    }

    /// The only value of a key.
    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        match self.0.get(section)?.get(key)?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// All values of a key.
    pub fn all(&self, section: &str, key: &str) -> &[String] {
        self.0.get(section).and_then(|keys| keys.get(key)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes a key out.
    pub fn remove(&mut self, section: &str, key: &str) {
        self.0.get_mut(section).and_then(|keys| keys.remove(key));
    }

    /// Every line, by section and key; those of one key in their order.
    pub fn settings(&self) -> impl Iterator<Item = Setting> {
        let keys = self.0.iter().flat_map(|(section, keys)| keys.iter().map(move |(key, values)| (section, key, values)));
        keys.flat_map(|(section, key, values)| {
            values.iter().map(|value| Setting { section: section.clone(), key: key.clone(), value: value.clone() })
        })
    }

    /// Reads a file as systemd does; a line that is neither a section nor a setting is kept as a setting without a value.
    pub fn parse(text: &str) -> Self {
        let mut unit = Self::default();
        lines(text).into_iter().for_each(|line| unit.add(&line.section, &line.key, line.value));
        unit
    }

    /// The text of the file, below a header of comments.
    pub fn render(&self, header: &str) -> String {
        let mut text = String::new();
        for line in header.lines() {
            _ = writeln!(text, "# {line}");
        }
        let mut sections: Vec<&String> = self.0.keys().collect();
        sections.sort_by_key(|name| rank(&SECTIONS, name));
        for section in sections {
            _ = writeln!(text, "\n[{section}]");
            let Some(keys) = self.0.get(section) else { continue };
            let mut names: Vec<(&String, &Vec<String>)> = keys.iter().collect();
            names.sort_by_key(|(name, _)| rank(&KEYS, name));
            for (name, values) in names {
                values.iter().for_each(|value| _ = writeln!(text, "{name}={value}"));
            }
        }
        text
    }

    /// A map for each section; a key with several values is a list.
    pub fn to_attrs(&self) -> Attrs {
        let keys = |keys: &BTreeMap<String, Vec<String>>| {
            Attr::Map(keys.iter().map(|(key, values)| (key.clone(), shown(key, values))).collect())
        };
        self.0.iter().map(|(section, of_section)| (section.clone(), keys(of_section))).collect()
    }

    /// The sections among attributes; others (`enabled`) are no part of the file.
    pub fn from_attrs(attrs: &Attrs) -> Self {
        let mut unit = Self::default();
        for (section, keys) in attrs.iter().filter_map(|(section, value)| Some((section, value.as_map()?))) {
            for (key, value) in keys {
                match value {
                    Attr::List(values) => values.iter().for_each(|value| unit.add(section, key, value.to_string())),
                    other => unit.add(section, key, other.to_string()),
                }
            }
        }
        unit
    }
}

/// The settings of a file, line by line.
pub fn lines(text: &str) -> Vec<Setting> {
    let mut all = Vec::new();
    let mut section = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim().to_owned();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        while line.ends_with('\\') {
            line.pop();
            match lines.next().map(str::trim) {
                Some(next) if next.starts_with(['#', ';']) => line.push('\\'),
                Some(next) => _ = write!(line, " {next}"),
                None => break,
            }
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((&line, ""));
        all.push(Setting { section: section.clone(), key: key.trim().to_owned(), value: value.trim().to_owned() });
    }
    all
}

fn shown(key: &str, values: &[String]) -> Attr {
    let one = |value: &String| {
        if HIDDEN.contains(&key) {
            return Attr::Sensitive { shown: "(not shown)".to_owned(), value: SecretString::from(value.clone()) };
        }
        Attr::text(value)
    };
    match values {
        [only] => one(only),
        several => Attr::List(several.iter().map(one).collect()),
    }
}

fn rank<'a>(order: &[&str], name: &'a str) -> (usize, &'a str) {
    (order.iter().position(|known| *known == name).unwrap_or(order.len()), name)
}

/// One word of a command line (systemd.service(5), "Command lines"). `variables`: also keeps `$` from being expanded, which
/// systemd does in all words but the first.
pub fn word(text: &str, variables: bool) -> String {
    let text = text.replace('%', "%%");
    let text = if variables { text.replace('$', "$$") } else { text };
    let plain = |sign: char| sign.is_alphanumeric() || "/-_.,:=+@%$~".contains(sign);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}
