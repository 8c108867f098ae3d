//! A bucket's policy as a tree: each statement is one element that holds its JSON exactly as it was read.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::providers::s3::document::Format;
use crate::providers::s3::element::Element;

pub(super) const ROOT: &str = "Policy";
pub(super) const STATEMENT: &str = "Statement";
/// Version of the language (IAM user guide, "Version").
const VERSION: &str = "\"2012-10-17\"";

pub(super) const FORMAT: Format = Format { parse, write, suffix: "json", content_type: "application/json" };

fn parse(text: &str) -> Result<Element, String> {
    let broken = |error: serde_json::Error| format!("the bucket's policy is not JSON of a policy: {error}");
    let parts: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).map_err(broken)?;
    let mut root = Element::new(ROOT);
    for (name, raw) in parts {
        if name != STATEMENT {
            root.children.push(Element::leaf(&name, raw.get()));
        } else if raw.get().starts_with('[') {
            let statements: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).map_err(broken)?;
            root.children.extend(statements.iter().map(|statement| Element::leaf(STATEMENT, statement.get())));
        } else {
            root.children.push(Element::leaf(STATEMENT, raw.get()));
        }
    }
    Ok(root)
}

fn write(root: &Element) -> String {
    let beside = root.children.iter().filter(|child| child.name != STATEMENT);
    let mut parts: Vec<String> =
        beside.map(|child| format!("{}:{}", serde_json::Value::from(child.name.as_str()), child.text)).collect();
    if root.child("Version").is_none() {
        parts.insert(0, format!("\"Version\":{VERSION}"));
    }
    let statements: Vec<&str> = root.each(STATEMENT).map(|statement| statement.text.as_str()).collect();
    parts.push(format!("\"{STATEMENT}\":[{}]", statements.join(",")));
    format!("{{{}}}", parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_written_back_as_they_were_read() {
        let odd = "{ \"Sid\" : \"x\",  \"Effect\":\"Allow\", \"New\": {\"b\":1,\"a\":1.50} }";
        for text in [
            format!("{{\"Version\":\"2008-10-17\",\"Id\":\"i\",\"Statement\":[{odd}, {{}}]}}"),
            format!("{{\"Statement\":{odd}}}"),
        ] {
            let tree = parse(&text).expect("parses");
            assert_eq!(tree.child(STATEMENT).expect("a statement").text, odd);
            let again = write(&tree);
            assert_eq!(parse(&again).map(|tree| tree.each(STATEMENT).count()), Ok(tree.each(STATEMENT).count()));
            assert!(again.contains(odd), "{again}");
            assert_eq!(again.contains("2008-10-17"), text.contains("2008-10-17"), "{again}");
        }
        assert!(parse("not json").is_err() && parse("[]").is_err() && parse("{\"Statement\":[1").is_err());
    }
}
