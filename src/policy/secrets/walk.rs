//! Secrets by the structure of a YAML text: every value below a name that says secret, with what readers drop later, such as a key
//! given twice or a merge, with what an alias repeats there, and with comments.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

use super::forms;
use super::names::{is_aws_credential, is_plain, is_random_under, says_secret};
use super::{Found, Kind, Secret};

/// Deepest nesting that is followed, as it is read.
const DEPTH: usize = 128;
/// Most values of one text that are looked at one by one; what has more is no policy, and is gone over line by line.
const VALUES: usize = 200_000;

/// Keys of which at least one stands in every store, component, contact, protection and tier: a mapping with one of them is what its
/// name names, however it is called; one without is taken for the value of a key.
pub(super) const OF_THINGS: [&str; 17] = [
    "folder",
    "s3",
    "files",
    "postgresql",
    "inherits",
    "protect",
    "retain",
    "phone",
    "email",
    "file_backup",
    "logical_dump",
    "base_backup",
    "wal_archive",
    "schedule",
    "store",
    "stores",
    "for",
];

/// What an unquoted value can be without being one that could be secret (YAML 1.2.2, 10.3.2).
const NOTHING: [&str; 11] = ["", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"];

/// What the name of a value, or one further up, says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Under {
    Nothing,
    /// Everything below is secret.
    Secret(Kind),
    /// It is, unless it turns out to be a thing that is only called so.
    PerhapsThing(Kind),
}

/// Where a mapping stands in the document, as far as names of things go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Document,
    /// Its keys are names that a person gave.
    Names,
    Thing,
    Elsewhere,
}

impl Place {
    fn below(self, key: &str) -> Self {
        match (self, key) {
            (Self::Document, "stores" | "components" | "contacts") | (Self::Thing, "protect" | "retain") => Self::Names,
            (Self::Names, _) => Self::Thing,
            _ => Self::Elsewhere,
        }
    }
}

/// A list or mapping that is open.
struct Level {
    mapping: bool,
    place: Place,
    under: Under,
    /// In a mapping: the next node is a value, and what its key says.
    value_next: bool,
    key: String,
    key_says: Option<Kind>,
    /// Where in `perhaps` begins what is secret only if this is no thing, and whether it is one.
    perhaps_from: Option<usize>,
    is_thing: bool,
    /// Anchor and first byte.
    anchor: usize,
    start: usize,
}

#[derive(Default)]
struct Walk {
    open: Vec<Level>,
    found: Found,
    perhaps: Vec<Secret>,
    /// All values and keys that could be secret, for aliases.
    scalars: Vec<Range<usize>>,
    anchors: HashMap<usize, Range<usize>>,
    /// Each alias with its place.
    aliases: Vec<(usize, usize)>,
    /// Anchors whose values stand below names that say secret, too.
    repeated: Vec<(usize, Kind)>,
    private_key: bool,
}

/// What is secret in a text, and whether some of it could not be read.
pub(super) fn walk(text: &str) -> (Found, bool) {
    let options = granit_parser::options! {
        emit_comments: true,
        max_buffered_comment_events: usize::MAX,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut walk = Walk::default();
    let mut torn = false;
    while let Some(next) = parser.next_event() {
        match next {
            Ok((event, span)) => walk.take(&event, span.byte_range().unwrap_or_default(), text),
            Err(_) => {
                torn = true;
                walk.leave_document();
                if !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
        if walk.scalars.len() > VALUES {
            torn = true;
            break;
        }
    }
    walk.leave_document();
    (walk.found, torn)
}

impl Walk {
    fn take(&mut self, event: &Event<'_>, at: Range<usize>, text: &str) {
        match event {
            Event::Scalar(value, style, anchor, _) => {
                let at = inside(text, at, *style);
                if *anchor != 0 {
                    self.anchors.insert(*anchor, at.clone());
                }
                self.scalar(value, *style == ScalarStyle::Plain, at);
            }
            Event::MappingStart(_, anchor, _) => self.begin(true, *anchor, at.start),
            Event::SequenceStart(_, anchor, _) => self.begin(false, *anchor, at.start),
            Event::MappingEnd | Event::SequenceEnd => self.end(at.start),
            Event::Alias(id) => {
                let (under, ..) = self.node(None);
                self.aliases.push((at.start, *id));
                if let Under::Secret(kind) | Under::PerhapsThing(kind) = under {
                    self.repeated.push((*id, kind));
                }
            }
            Event::Comment(comment, _) => self.comment(comment, at),
            Event::DocumentEnd => self.leave_document(),
            _ => {}
        }
    }

    /// A node begins in the innermost open level: what stands over it, its place, and whether it is a key.
    fn node(&mut self, text: Option<&str>) -> (Under, Place, bool) {
        let Some(level) = self.open.last_mut() else { return (Under::Nothing, Place::Document, false) };
        if !level.mapping {
            return (level.under, Place::Elsewhere, false);
        }
        if !level.value_next {
            level.value_next = true;
            level.key.clear();
            level.key.push_str(text.unwrap_or_default());
            level.key_says = text.and_then(says_secret);
            level.is_thing |= text.is_some_and(|text| OF_THINGS.contains(&text));
            return (level.under, Place::Elsewhere, true);
        }
        level.value_next = false;
        let under = match level.key_says {
            Some(kind) if matches!(level.under, Under::Nothing | Under::PerhapsThing(_)) => Under::Secret(kind),
            _ => level.under,
        };
        (under, level.place.below(&level.key), false)
    }

    fn begin(&mut self, mapping: bool, anchor: usize, start: usize) {
        let (mut under, place, is_key) = self.node(None);
        let mut perhaps_from = None;
        if let Under::Secret(kind) = under
            && (mapping && place == Place::Thing && !is_key)
        {
            under = Under::PerhapsThing(kind);
            perhaps_from = Some(self.perhaps.len());
        }
        let (value_next, key, key_says, is_thing) = (false, String::new(), None, false);
        self.open.push(Level { mapping, place, under, value_next, key, key_says, perhaps_from, is_thing, anchor, start });
    }

    fn end(&mut self, at: usize) {
        let Some(level) = self.open.pop() else { return };
        if level.anchor != 0 {
            self.anchors.insert(level.anchor, level.start..at);
        }
        if let Some(from) = level.perhaps_from {
            let perhaps = self.perhaps.split_off(from);
            if !level.is_thing {
                self.found.secrets.extend(perhaps);
            }
        }
    }

    fn scalar(&mut self, value: &str, plain: bool, at: Range<usize>) {
        let (under, _, is_key) = self.node(Some(value));
        let nothing = plain && NOTHING.contains(&value);
        let nearest = self.open.iter().rfind(|level| level.mapping).filter(|_| !is_key);
        let key = nearest.map(|level| level.key.as_str()).unwrap_or_default();
        let by_name = match under {
            Under::Secret(kind) | Under::PerhapsThing(kind) if is_plain(value) => Some(kind),
            _ => None,
        };
        let by_form = || if is_random_under(key, value) { Some(Kind::Secret) } else { forms::kind_of(value) };
        let of_aws = is_aws_credential(key);
        let secret = |kind| Secret { of_aws, ..Secret::new(at.clone(), kind) };
        match under {
            // `{ password: { hunter2 } }` is a key without a value.
            Under::Secret(kind) if nothing && !is_key => self.promote(kind),
            _ if nothing => {}
            Under::Secret(_) if is_key && by_name.is_some() => self.found.secrets.push(secret(by_form().unwrap_or(Kind::Quiet))),
            Under::Secret(kind) if by_name.is_some() => self.found.secrets.push(secret(kind)),
            _ => match by_form() {
                Some(kind) => self.found.secrets.push(secret(kind)),
                None => self.perhaps.extend(by_name.map(|kind| secret(if is_key { Kind::Quiet } else { kind }))),
            },
        }
        if !nothing && is_plain(value) {
            self.scalars.push(at);
        }
    }

    /// The key before a value that is nothing is what was meant as the value.
    fn promote(&mut self, kind: Kind) {
        if let Some(last) = self.found.secrets.last_mut().filter(|last| last.kind == Kind::Quiet) {
            last.kind = kind;
        }
    }

    fn comment(&mut self, comment: &str, at: Range<usize>) {
        let in_key = self.private_key;
        self.private_key = forms::leaves_key_open(comment, in_key);
        if in_key || self.private_key {
            let kind = if in_key { Kind::Quiet } else { Kind::PrivateKey };
            return self.found.secrets.push(Secret::new(at.start + 1..at.end, kind));
        }
        forms::in_prose(comment, at.start + 1, &mut self.found.secrets, &mut self.found.around);
    }

    /// What aliases repeat below names that say secret is secret where it stands; anchors are those of one document.
    fn leave_document(&mut self) {
        while !self.open.is_empty() {
            self.end(usize::MAX);
        }
        let mut met = BTreeSet::new();
        while let Some((id, kind)) = self.repeated.pop() {
            let Some(of) = self.anchors.get(&id).filter(|_| met.insert(id)) else { continue };
            let first = self.scalars.partition_point(|scalar| scalar.start < of.start);
            let inside = self.scalars[first..].iter().take_while(|scalar| scalar.start < of.end);
            self.found.secrets.extend(inside.map(|scalar| Secret::new(scalar.clone(), kind)));
            let first = self.aliases.partition_point(|(at, _)| *at < of.start);
            let inside = self.aliases[first..].iter().take_while(|(at, _)| *at < of.end);
            self.repeated.extend(inside.map(|(_, id)| (*id, kind)));
        }
        self.anchors.clear();
        self.aliases.clear();
        self.perhaps.clear();
        self.private_key = false;
    }
}

/// The bytes of a scalar without its quotes, and without the lines behind a block.
fn inside(text: &str, at: Range<usize>, style: ScalarStyle) -> Range<usize> {
    let written = text.get(at.clone()).unwrap_or_default();
    match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted if written.len() > 1 => at.start + 1..at.end - 1,
        _ => at.start..at.start + written.trim_end().len(),
    }
}
