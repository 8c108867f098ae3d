//! Codes are unique and in order, and their examples do what they say.

use super::*;
use crate::diag::Sources;
use crate::policy::load_unresolved;

fn example<'t>(text: &'t str, heading: &str) -> Option<&'t str> {
    let rest = text.split_once(heading)?.1;
    rest.split("```yaml\n").nth(1)?.split("```").next()
}

fn found(example: &str) -> Vec<&'static str> {
    let head = if example.contains("version:") { "" } else { "version: 1\nname: example\n" };
    let mut sources = Sources::new();
    sources.add("example.yaml", format!("{head}{example}"));
    load_unresolved(sources).diagnostics.iter().map(|finding| finding.code).collect()
}

#[test]
fn codes_are_in_order_and_none_is_given_twice() {
    assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code || pair[1].code == values::CODES[0].code));
    let mut names: Vec<&str> = CODES.iter().flat_map(|code| [code.code, code.name]).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CODES.len() * 2);
}

#[test]
fn the_wrong_example_of_each_code_has_it_and_the_right_one_has_nothing() {
    for code in CODES {
        let Some(wrong) = example(code.text, "Wrong:") else { continue };
        let right = example(code.text, "Right:").expect("a right example");
        assert!(found(wrong).contains(&code.code), "{}: {:?}", code.code, found(wrong));
        assert_eq!(found(right), Vec::<&str>::new(), "{}", code.code);
    }
    let without = CODES.iter().filter(|code| !code.text.contains("Wrong:")).count();
    assert_eq!(without, 6, "texts, sizes, depths, files and refused references have tests of their own");
}
