//! Conditions of statements against one another: whether one holds wherever another does.

use crate::access::meaning::texts;
use crate::attrs::Attr;

/// Whether every condition of `wide` holds wherever those of `narrow` do: each of them follows from one of the same key. What cannot
/// be compared follows from nothing.
pub(super) fn bind(wide: &Attr, narrow: &Attr) -> bool {
    all(wide).all(|(operator, key, values)| {
        all(narrow).any(|(stated, of, given)| of == key && follows((operator, values), (stated, given)))
    })
}

fn all(conditions: &Attr) -> impl Iterator<Item = (&str, &str, &Attr)> {
    let operators = conditions.as_map().into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        keys.as_map().into_iter().flatten().map(move |(key, values)| (operator.as_str(), key.as_str(), values))
    })
}

/// Operators whose values are a set of which one must be met, and that know no pattern.
const ONE_OF: [&str; 8] =
    ["stringequals", "stringequalsignorecase", "numericequals", "dateequals", "binaryequals", "bool", "ipaddress", "null"];
/// Operators whose values are a set of which none may be met.
const NONE_OF: [&str; 5] = ["stringnotequals", "stringnotlike", "arnnotequals", "arnnotlike", "notipaddress"];

/// Whether the first holds wherever the second does: each value that may be met is one of its own, or is taken in by a pattern of its own.
fn follows((operator, values): (&str, &Attr), (stated, given): (&str, &Attr)) -> bool {
    if operator == stated && values == given {
        return true;
    }
    let (operator, stated) = (operator.to_ascii_lowercase(), stated.to_ascii_lowercase());
    let each_of = |few: &Attr, many: &Attr, fits: fn(&str, &str) -> bool| {
        texts(few).all(|one| texts(many).any(|value| value == one || fits(value, one)))
    };
    match (operator.as_str(), stated.as_str()) {
        ("stringlike", "stringlike" | "stringequals") => each_of(given, values, takes_in),
        // Both are one operator (IAM user guide, "Amazon Resource Name (ARN) condition operators").
        ("arnlike" | "arnequals", "arnlike" | "arnequals") => each_of(given, values, takes_in_by_parts),
        (one, other) if one == other && ONE_OF.contains(&one) => each_of(given, values, |_, _| false),
        (one, other) if one == other && NONE_OF.contains(&one) => each_of(values, given, |_, _| false),
        _ => false,
    }
}

/// Whether a pattern fits everything that another pattern, or a value, does. A variable stands for what is not known here.
fn takes_in(wide: &str, narrow: &str) -> bool {
    if wide.contains("${") || narrow.contains("${") {
        return wide == narrow;
    }
    let narrow: Vec<char> = narrow.chars().collect();
    // How much of `narrow` can be behind what was read of `wide`: signs of a pattern in `narrow` stand for themselves, so that only
    // what takes in any number of signs takes in `*`.
    let mut behind = vec![false; narrow.len() + 1];
    behind[0] = true;
    for sign in wide.chars() {
        let mut next = vec![false; narrow.len() + 1];
        for at in 0..=narrow.len() {
            next[at] = match sign {
                '*' => behind[at] || (at > 0 && next[at - 1]),
                '?' => at > 0 && behind[at - 1] && narrow[at - 1] != '*',
                sign => at > 0 && behind[at - 1] && narrow[at - 1] == sign,
            };
        }
        behind = next;
    }
    behind[narrow.len()]
}

/// No sign of a pattern goes over the end of one of the six parts of an ARN.
fn takes_in_by_parts(wide: &str, narrow: &str) -> bool {
    let (wide, narrow): (Vec<&str>, Vec<&str>) = (wide.splitn(6, ':').collect(), narrow.splitn(6, ':').collect());
    wide.len() == narrow.len() && wide.iter().zip(&narrow).all(|(wide, narrow)| takes_in(wide, narrow))
}
