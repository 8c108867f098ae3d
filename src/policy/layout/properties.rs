//! Properties of the layout: it changes no meaning, loses no comment, and is done after once.

use proptest::prelude::*;
use proptest::sample::select;

use super::format;

/// A YAML value to be written in one of many layouts.
#[derive(Debug, Clone)]
enum Node {
    Scalar(&'static str),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// A list or mapping in flow style, perhaps over several lines.
    Flow(Vec<(&'static str, &'static str)>, bool),
}

const SCALARS: [&str; 22] = [
    "1",
    "true",
    "~",
    "text",
    "two words",
    "'a''b'",
    "'#x'",
    "\"a: b\"",
    "\"\\t\\\"\"",
    "*/5",
    "0 2 * * *",
    "|\n    x\n      y",
    "|+\n    x\n\n",
    ">-\n    # x\n\n    y",
    "a\n      b",
    "\"a\n\n      b\"",
    "",
    "&x v",
    "!!str 1",
    "åäö",
    "|2\n          x",
    "'p'",
];

fn node() -> impl Strategy<Value = Node> {
    // What begins with a star would be an alias; as a key's value it must be quoted, so it is left out of the leaves.
    let leaf = prop_oneof![
        4 => select(SCALARS.to_vec()).prop_filter("an alias", |text| !text.starts_with('*')).prop_map(Node::Scalar),
        1 => (proptest::collection::vec((select(vec!["a", "b c", "\"d\""]), select(vec!["1", "'x'", "[]", "{a: 1,b: [2]}", "\"#\""])), 0..4), any::<bool>())
            .prop_map(|(pairs, broken)| Node::Flow(pairs, broken)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Node::List),
            proptest::collection::vec((("[a-c]{1,2}", any::<u8>()).prop_map(|(key, n)| format!("{key}{n}")), inner), 1..4)
                .prop_map(Node::Map),
        ]
    })
}

/// Draws layout decisions from bytes, over and over.
struct Dice<'a>(&'a [u8], usize);

impl Dice<'_> {
    fn below(&mut self, limit: usize) -> usize {
        self.1 += 1;
        usize::from(self.0[self.1 % self.0.len()]) % limit
    }

    fn blanks(&mut self) -> String {
        " ".repeat(1 + self.below(3))
    }

    fn comment(&mut self, out: &mut String) {
        if self.below(4) == 0 {
            let column = self.below(8);
            out.push_str(&format!("{}# c{}\n", " ".repeat(column), self.1));
        }
        if self.below(6) == 0 {
            out.push_str(&"\n".repeat(1 + self.below(3)));
        }
    }
}

fn write(node: &Node, column: usize, dice: &mut Dice<'_>, out: &mut String) {
    match node {
        Node::Scalar(text) => {
            // Deep enough for every level of this test.
            let text = text.replace("\n    ", &format!("\n{}", " ".repeat(column + 4)));
            out.push_str(&format!("{}{text}", dice.blanks()));
            if !text.contains('\n') && dice.below(4) == 0 {
                out.push_str(&format!("{}# c{}", dice.blanks(), dice.1));
            }
            out.push('\n');
        }
        Node::Flow(pairs, broken) => {
            let gap = if *broken { format!("\n{}", " ".repeat(column + 1 + dice.below(3))) } else { " ".repeat(dice.below(3)) };
            let inner: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}:{}{value}", dice.blanks())).collect();
            out.push_str(&format!("{}{{{gap}{}{gap}}}\n", dice.blanks(), inner.join(&format!(",{gap}"))));
        }
        Node::List(items) => {
            out.push('\n');
            let column = column + dice.below(3);
            for item in items {
                dice.comment(out);
                out.push_str(&format!("{}-", " ".repeat(column)));
                write(item, column + 1, dice, out);
            }
        }
        Node::Map(entries) => {
            out.push('\n');
            let column = column + dice.below(3);
            let mut seen = std::collections::BTreeSet::new();
            for (key, value) in entries.iter().filter(|(key, _)| seen.insert(key.clone())) {
                dice.comment(out);
                out.push_str(&format!("{}{key}:", " ".repeat(column)));
                write(value, column + 1, dice, out);
            }
        }
    }
}

fn comments(text: &str) -> Vec<String> {
    let events = granit_parser::Parser::new_from_str(text).map(|event| event.unwrap().0);
    events
        .filter_map(
            |event| if let granit_parser::Event::Comment(text, _) = event { Some(text.trim_end().to_owned()) } else { None },
        )
        .collect()
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let once = format(text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
    prop_assert_eq!(&format(&once).unwrap(), &once, "not done after once");
    prop_assert_eq!(comments(text), comments(&once));
    // An oracle that shares no code with the parser in use; it knows less of YAML, so only what it can read is compared.
    if let Ok(before) = serde_yaml::from_str::<serde_yaml::Value>(text) {
        prop_assert_eq!(&serde_yaml::from_str::<serde_yaml::Value>(&once).unwrap(), &before, "{}\nbecame\n{}", text, once);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_layout_of_any_document(node in node(), dice in proptest::collection::vec(any::<u8>(), 16..64)) {
        let mut text = String::new();
        write(&node, 0, &mut Dice(&dice, 0), &mut text);
        prop_assume!(granit_parser::Parser::new_from_str(&text).all(|event| event.is_ok()));
        check(&text)?;
    }

    /// A real policy with blanks, line ends and comments thrown in: wherever that still is YAML, it is laid out.
    #[test]
    fn a_policy_that_was_disturbed(places in proptest::collection::vec((0usize..2_000, select(vec![" ", "  ", "\n", "\n\n", " # c\n", "\t", "\r\n", "- ", ",", "'"])), 0..6)) {
        let mut text = POLICY.to_owned();
        for (at, what) in places {
            let at = at % (text.len() + 1);
            if text.is_char_boundary(at) {
                text.insert_str(at, what);
            }
        }
        if granit_parser::Parser::new_from_str(&text).all(|event| event.is_ok()) {
            check(&text)?;
        }
    }

    #[test]
    fn any_text_at_all(text in "([a-c:,#&*!|>'\"%@`?{}\\[\\]\\- \n\t\r]|\\PC){0,40}") {
        let _ = format(&text).map(|once| assert_eq!(format(&once), Ok(once.clone()), "not done after once"));
    }
}

const POLICY: &str = r#"# The policy of a small application.
version: 1
name: safe-pm
stores:
  primary:
    s3: { bucket: safe-pm-backups, region: eu-north-1 }        # endpoint:, path_style:
    versioning: true
    tags: { team: "platform", cost: '42' }
components:
  # What the application stores.
  documents:
    files:
      paths: [/srv/documents, /srv/exports]
      exclude:
      - "*.tmp"
      - 'cache/**'
    objectives: { rpo: 1h, rto: 4h,
                  region: { rpo: 4h } }
    protect:
      nightly: { file_backup: {}, schedule: "0 2 * * *", store: primary }

    retain:
      daily:   { for: 30d }
      weekly:  { for: 12w, class: STANDARD_IA }
# The end.
"#;
