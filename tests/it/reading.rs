//! Readers against texts that nobody wrote: ours agrees with another YAML reader, and none of them panics.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bdr::catalog::{index, manifest::Manifest, pack, verification::Verification};
use bdr::diag::{Diagnostics, FileId, Look, Sources, render_all};
use bdr::policy::tree::{NodeId, Shape, Tree, Word, parse, word};
use bdr::policy::{layout, load_unresolved};
use proptest::prelude::*;
use serde_yaml::Value;

/// A document to be written in YAML.
#[derive(Debug, Clone)]
enum Document {
    /// As it stands.
    Plain(&'static str),
    Single(String),
    Double(String),
    List(Vec<Document>, bool),
    Mapping(BTreeMap<String, Document>, bool),
}

/// Words that one reader or another takes for something else.
const PLAIN: [&str; 30] = [
    "a",
    "no",
    "on",
    "yes",
    "true",
    "False",
    "~",
    "null",
    "1",
    "-7",
    "+3",
    "0x1F",
    "0o17",
    "1_000",
    "1e3",
    ".5",
    "1.",
    ".inf",
    "-.inf",
    ".nan",
    "12:30:00",
    "2024-01-01",
    "a b",
    "a#b",
    "x:y",
    "-x",
    "http://a/b?c",
    "å",
    "1.2.3",
    "x*",
];

fn document() -> impl Strategy<Value = Document> {
    let leaf = prop_oneof![
        4 => prop::sample::select(PLAIN.to_vec()).prop_map(Document::Plain),
        1 => "[ -~å]{0,12}".prop_map(Document::Single),
        1 => "[ -~\n\tå]{0,12}".prop_map(Document::Double),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 1..5), any::<bool>()).prop_map(|(items, flow)| Document::List(items, flow)),
            (prop::collection::btree_map("[a-z]{1,5}", inner, 1..5), any::<bool>())
                .prop_map(|(entries, flow)| Document::Mapping(entries, flow)),
        ]
    })
}

impl Document {
    /// On one line.
    fn flow(&self) -> String {
        match self {
            Self::Plain(text) => (*text).to_owned(),
            Self::Single(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Double(text) => format!("{:?}", text).replace("\\'", "'"),
            Self::List(items, _) => format!("[{}]", items.iter().map(Self::flow).collect::<Vec<_>>().join(", ")),
            Self::Mapping(entries, _) => {
                format!(
                    "{{{}}}",
                    entries.iter().map(|(key, value)| format!("{key}: {}", value.flow())).collect::<Vec<_>>().join(", ")
                )
            }
        }
    }

    /// On lines of their own where it may be.
    fn block(&self, indent: usize, out: &mut String) {
        let pad = " ".repeat(indent);
        match self {
            Self::List(items, false) => items.iter().for_each(|item| {
                write!(out, "\n{pad}-").unwrap();
                item.block(indent + 2, out);
            }),
            Self::Mapping(entries, false) => entries.iter().for_each(|(key, value)| {
                write!(out, "\n{pad}{key}:").unwrap();
                value.block(indent + 2, out);
            }),
            _ => write!(out, " {}", self.flow()).unwrap(),
        }
    }
}

fn same(tree: &Tree<'_>, node: NodeId, value: &Value) -> bool {
    match (tree.shape(node), value) {
        (Shape::Sequence(items), Value::Sequence(values)) => {
            items.len() == values.len() && items.iter().zip(values).all(|(item, value)| same(tree, *item, value))
        }
        (Shape::Mapping(entries), Value::Mapping(values)) => {
            let mut pairs = entries.iter().zip(values);
            entries.len() == values.len()
                && pairs.all(|((key, item), (name, value))| tree.text(key) == name.as_str() && same(tree, item, value))
        }
        (Shape::Scalar { text, plain: false }, value) => value.as_str() == Some(text),
        (Shape::Scalar { text, plain: true }, value) => match word(text) {
            Word::Null => value.is_null(),
            Word::Bool(truth) => value.as_bool() == Some(truth),
            Word::Int(number) => value.as_i64() == Some(number),
            Word::Unsigned(number) => value.as_u64() == Some(number),
            Word::Float(number) => value.as_f64().is_some_and(|other| other == number || (other.is_nan() && number.is_nan())),
            Word::Text => value.as_str() == Some(text),
        },
        _ => false,
    }
}

/// What people write may be any bytes at all.
fn read_all(bytes: &[u8]) {
    let mut sources = Sources::new();
    sources.add_bytes("a.yaml", bytes.to_vec());
    let loaded = load_unresolved(sources);
    for look in [true, false] {
        render_all(&loaded.diagnostics, &loaded.sources, Look { width: 80, color: look, unicode: look });
    }
    if let Ok(formatted) = std::str::from_utf8(bytes).map_err(drop).and_then(|text| layout::format(text).map_err(drop)) {
        assert_eq!(layout::format(&formatted).as_deref(), Ok(formatted.as_str()));
    }
    let _ = (Manifest::decode(bytes, "a"), Verification::decode(bytes, "a"));
    let _ = (index::read_pack(bytes), pack::read_list(bytes));
    let _ = std::str::from_utf8(bytes).map(bdr::plan::file::read);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_text_means_what_another_reader_takes_it_for(document in document()) {
        let mut text = String::from("---");
        document.block(0, &mut text);
        text.push('\n');
        let Ok(value) = serde_yaml::from_str::<Value>(&text) else { return Ok(()) };
        let mut found = Diagnostics::new();
        let tree = parse(FileId(0), &text, &mut found);
        prop_assert!(found.is_empty(), "{found:?}\n{text}");
        match tree.documents() {
            [] => prop_assert!(value.is_null(), "{text}"),
            [root] => prop_assert!(same(&tree, *root, &value), "{value:?}\n{text}"),
            _ => prop_assert!(false, "several documents\n{text}"),
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn signs_of_yaml_in_any_order_are_read_without_a_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "a", "b: ", ": ", "- ", "? ", "[", "]", "{", "}", ", ", "&a ", "*a ", "!!str ", "!x ", "| ", ">-\n", "#", " # c",
            "'", "\"", "\\", "\n", "\n  ", "\n    ", "\t", "---\n", "...\n", "%YAML 1.2\n", "<<: ", "~", "\r\n", "\r", "\u{feff}",
            "å", "\u{2028}", "version: 1\n", "name: x\n", "${env:A}", "${", "password: ", "{token: ", "# api-key=å", "a://b:c@", "PRIVATE KEY-----", "stores:\n", "components:\n", "1", "\0",
        ]), 0..40)
    ) {
        read_all(parts.concat().as_bytes());
    }

    #[test]
    fn documents_of_the_store_that_were_changed_are_read_without_a_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = br#"{"format_version":1,"version":1,"name":"x","entries":[{"path":"a","mode":"644"}],"packs":[],"time":"2026-11-24T09:00:00Z"}"#.to_vec();
        let at = at.index(text.len());
        text[at] = byte;
        read_all(&text);
    }
}
