//! Policy documents of IAM as what they mean, so that two spellings of one meaning are equal: order, one-element lists, case, accounts
//! as ids or ARNs.
//!
//! The canonical form is a tree of attributes: members as IAM calls them, lists sorted and without repetition, statements sorted.

mod conditions;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;
use serde_json::Value;

use crate::attrs::Attr;

type Map = BTreeMap<String, Attr>;

/// Members whose values are compared as sets.
const LISTS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];
/// Of these, those in which case does not matter (IAM user guide, "IAM JSON policy elements: Action").
const ACTIONS: [&str; 2] = ["Action", "NotAction"];
const PRINCIPALS: [&str; 2] = ["Principal", "NotPrincipal"];

/// How words are spelled in which case does not matter, by their lower case.
type Spelling = BTreeMap<String, String>;

/// What a document means. Actions, operators and keys of conditions are spelled as in `like`, where that has them; `names` says what
/// unique ids (`AROA…`) stand for.
///
/// # Errors
/// Why the text is no document.
pub fn meaning(text: &str, like: Option<&Attr>, names: &BTreeMap<String, String>) -> Result<Attr, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let Value::Object(document) = value else { return Err("it is not a JSON object".to_owned()) };
    let spelling = like.map(spelling).unwrap_or_default();
    let mut found = Map::new();
    for (member, value) in document {
        let value = if member == "Statement" { statements(value, &spelling, names)? } else { Attr::Text(scalar(&value)) };
        found.insert(member, value);
    }
    Ok(Attr::Map(found))
}

/// The document as JSON without blanks: some endpoints take no others. Values that are not shown are in it.
pub fn text(document: &Attr) -> String {
    json(document).to_string()
}

fn json(value: &Attr) -> Value {
    match value {
        Attr::Null => Value::Null,
        Attr::Bool(value) => Value::Bool(*value),
        Attr::Int(value) => Value::from(*value),
        Attr::Text(value) => Value::String(value.clone()),
        Attr::List(values) => Value::Array(values.iter().map(json).collect()),
        Attr::Map(map) => Value::Object(map.iter().map(|(name, value)| (name.clone(), json(value))).collect()),
        Attr::Sensitive { value, .. } => Value::String(value.expose_secret().to_owned()),
    }
}

/// Unique ids among the principals of a document: whom they named is not there any more.
pub fn nameless(document: &Attr) -> BTreeSet<String> {
    let principals = statements_of(document).flat_map(|statement| PRINCIPALS.iter().filter_map(|name| statement.get(*name)));
    let values = principals.filter_map(Attr::as_map).flat_map(BTreeMap::values).flat_map(texts);
    values.filter(|text| is_unique_id(text)).map(str::to_owned).collect()
}

/// Whether somebody is allowed more by the second: an Allow that none of the first covers, or a Deny that went.
pub fn widens(before: &Attr, after: &Attr) -> bool {
    let uncovered = |one: &&Map| !of_effect(before, "Allow").any(|wide| covers(wide, one, true));
    of_effect(after, "Allow").any(|one| uncovered(&one)) || lost_denial(before, after)
}

/// Whether a safeguard went: a Deny, or a condition of something that was allowed under it only.
pub fn loosens(before: &Attr, after: &Attr) -> bool {
    let unbound = |one: &Map| {
        let any = |conditions| of_effect(before, "Allow").any(|wide| covers(wide, one, conditions));
        any(false) && !any(true)
    };
    of_effect(after, "Allow").any(unbound) || lost_denial(before, after)
}

fn lost_denial(before: &Attr, after: &Attr) -> bool {
    of_effect(before, "Deny").any(|one| !of_effect(after, "Deny").any(|wide| covers(wide, one, true)))
}

/// Whether a document lets everybody in, whatever account they are of: an Allow to `*` without a condition.
pub fn is_open(document: &Attr) -> bool {
    let named = |one: &Map| one.get("Principal").and_then(Attr::as_map).is_some_and(is_everybody);
    of_effect(document, "Allow").any(|one| !one.contains_key("Condition") && (named(one) || one.contains_key("NotPrincipal")))
}

fn is_everybody(principals: &Map) -> bool {
    principals.get("AWS").is_some_and(|all| texts(all).any(|text| text == "*"))
}

/// Whether everything that `narrow` speaks of, `wide` does too, as written: nothing is concluded from names but what a pattern of a
/// condition says itself.
fn covers(wide: &Map, narrow: &Map, conditions: bool) -> bool {
    let empty = Attr::Null;
    let member = |statement: &Map, name: &str| statement.get(name).unwrap_or(&empty).clone();
    let within = |name: &str| holds(&member(wide, name), &member(narrow, name));
    let same = |name: &str| member(wide, name) == member(narrow, name);
    let bound = || conditions::bind(&member(wide, "Condition"), &member(narrow, "Condition"));
    ["Action", "Resource", "Principal"].into_iter().all(within)
        && ["NotAction", "NotResource", "NotPrincipal"].into_iter().all(same)
        && (!conditions || bound())
}

/// Whether all of `few` is in `many`.
fn holds(many: &Attr, few: &Attr) -> bool {
    match (many, few) {
        (Attr::Map(many), Attr::Map(few)) => {
            is_everybody(many) || few.iter().all(|(name, few)| many.get(name).is_some_and(|many| holds(many, few)))
        }
        (Attr::List(many), Attr::List(few)) => many.contains(&Attr::text("*")) || few.iter().all(|value| many.contains(value)),
        (many, few) => many == few,
    }
}

fn statements_of(document: &Attr) -> impl Iterator<Item = &Map> {
    let list = document.as_map().and_then(|map| map.get("Statement"));
    let list = list.map(|list| if let Attr::List(all) = list { all.as_slice() } else { &[] }).unwrap_or_default();
    list.iter().filter_map(Attr::as_map)
}

fn of_effect<'a>(document: &'a Attr, effect: &'a str) -> impl Iterator<Item = &'a Map> {
    statements_of(document).filter(move |one| one.get("Effect").and_then(Attr::as_str) == Some(effect))
}

fn texts(value: &Attr) -> impl Iterator<Item = &str> {
    let list = if let Attr::List(values) = value { values.as_slice() } else { std::slice::from_ref(value) };
    list.iter().filter_map(Attr::as_str)
}

fn spelling(like: &Attr) -> Spelling {
    let mut words = Spelling::new();
    let mut note = |word: &str| _ = words.insert(word.to_ascii_lowercase(), word.to_owned());
    for statement in statements_of(like) {
        ACTIONS.iter().filter_map(|name| statement.get(*name)).flat_map(texts).for_each(&mut note);
        for (operator, keys) in statement.get("Condition").and_then(Attr::as_map).into_iter().flatten() {
            note(operator);
            keys.as_map().into_iter().flat_map(BTreeMap::keys).for_each(|key| note(key));
        }
    }
    words
}

fn spelled(word: &str, spelling: &Spelling) -> String {
    spelling.get(&word.to_ascii_lowercase()).cloned().unwrap_or_else(|| word.to_owned())
}

fn statements(value: Value, spelling: &Spelling, names: &BTreeMap<String, String>) -> Result<Attr, String> {
    let list = if let Value::Array(list) = value { list } else { vec![value] };
    let mut all = Vec::with_capacity(list.len());
    for value in list {
        let Value::Object(members) = value else { return Err("a statement is not a JSON object".to_owned()) };
        let one = |(name, value): (String, Value)| {
            let value = match name.as_str() {
                "Effect" => Attr::Text(effect(&value)),
                "Condition" => conditions(&value, spelling),
                name if PRINCIPALS.contains(&name) => principals(&value, names),
                name if ACTIONS.contains(&name) => actions(&value, spelling),
                name if LISTS.contains(&name) => set(&value, str::to_owned),
                _ => Attr::Text(scalar(&value)),
            };
            (name, value)
        };
        all.push(Attr::Map(members.into_iter().map(one).collect()));
    }
    all.sort_by_cached_key(text);
    Ok(Attr::List(all))
}

/// One of each, in whatever cases it is written.
fn actions(value: &Value, spelling: &Spelling) -> Attr {
    let Attr::List(words) = set(value, str::to_owned) else { return Attr::Null };
    let mut found = Spelling::new();
    for word in words.iter().filter_map(Attr::as_str) {
        found.entry(word.to_ascii_lowercase()).or_insert_with(|| spelled(word, spelling));
    }
    Attr::list(found.into_values().collect::<BTreeSet<_>>())
}

fn effect(value: &Value) -> String {
    let written = scalar(value);
    let known = ["Allow", "Deny"].into_iter().find(|known| known.eq_ignore_ascii_case(&written));
    known.map_or(written, str::to_owned)
}

fn conditions(value: &Value, spelling: &Spelling) -> Attr {
    let mut found: BTreeMap<String, Map> = BTreeMap::new();
    for (operator, keys) in value.as_object().into_iter().flatten() {
        let all = found.entry(spelled(operator, spelling)).or_default();
        for (key, values) in keys.as_object().into_iter().flatten() {
            // A key that stands there in two cases says what both say: neither hides the other.
            let values = set(values, str::to_owned);
            let before = all.insert(spelled(key, spelling), values.clone());
            let whole: BTreeSet<&str> = before.iter().flat_map(texts).chain(texts(&values)).collect();
            all.insert(spelled(key, spelling), Attr::list(whole));
        }
    }
    Attr::Map(found.into_iter().map(|(operator, keys)| (operator, Attr::Map(keys))).collect())
}

fn principals(value: &Value, names: &BTreeMap<String, String>) -> Attr {
    let known = |text: &str| names.get(text).cloned().unwrap_or_else(|| account_of_root(text).unwrap_or(text).to_owned());
    match value {
        Value::Object(kinds) => Attr::Map(kinds.iter().map(|(kind, values)| (kind.clone(), set(values, known))).collect()),
        everybody => Attr::map([("AWS", set(everybody, known))]),
    }
}

/// `arn:aws:iam::111122223333:root` means the account.
fn account_of_root(text: &str) -> Option<&str> {
    let account = text.strip_prefix("arn:")?.split_once(":iam::")?.1.strip_suffix(":root")?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// Ids of roles, users and groups (IAM user guide, "Unique identifiers").
fn is_unique_id(text: &str) -> bool {
    let rest = ["AROA", "AIDA", "AGPA", "AIPA"].iter().find_map(|begin| text.strip_prefix(begin));
    rest.is_some_and(|rest| rest.len() >= 12 && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
}

fn set(value: &Value, word: impl Fn(&str) -> String) -> Attr {
    let list = if let Value::Array(list) = value { list.as_slice() } else { std::slice::from_ref(value) };
    let words: BTreeSet<String> = list.iter().map(|value| word(&scalar(value))).collect();
    Attr::list(words)
}

/// Numbers and truth values mean their texts.
fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
