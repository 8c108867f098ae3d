//! One statement: as attributes of a resource, in the form of [`crate::access::meaning`], and as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::access::meaning;
use crate::attrs::{Attr, Attrs};
use crate::providers::s3::element::Element;
use crate::rights::Condition;

const SID: &str = "Sid";

/// What bdr writes.
pub(super) struct Statement {
    pub effect: &'static str,
    pub principals: BTreeSet<String>,
    pub actions: BTreeSet<String>,
    pub resources: BTreeSet<String>,
    pub condition: Condition,
}

impl Statement {
    pub fn attrs(&self) -> Attrs {
        let mut statement = json!({
            "Effect": self.effect, "Principal": { "AWS": self.principals }, "Action": self.actions, "Resource": self.resources
        });
        if !self.condition.is_empty() {
            statement["Condition"] = json!(self.condition);
        }
        attrs(&statement.to_string(), None).unwrap_or_default()
    }
}

/// A document of one statement, as two of them are compared.
pub(super) fn document(attrs: Option<&Attrs>) -> Attr {
    Attr::map([("Statement", Attr::List(attrs.cloned().map(Attr::Map).into_iter().collect()))])
}

/// What a statement means, but for its name; words without case as in `like`. `None`: it is none.
pub(super) fn attrs(json: &str, like: Option<&Attrs>) -> Option<Attrs> {
    let like = like.map(|like| document(Some(like)));
    let whole = meaning::meaning(&format!("{{\"Statement\":[{json}]}}"), like.as_ref(), &BTreeMap::new()).ok()?;
    let Some(Attr::List(statements)) = whole.as_map()?.get("Statement") else { return None };
    let mut attrs = statements.first()?.as_map()?.clone();
    attrs.remove(SID);
    Some(attrs)
}

/// What a statement of somebody else means, name and all, however a server spells it; itself where that is nothing.
pub(super) fn normal(element: &Element) -> Element {
    let named = attrs(&element.text, None).map(|attrs| self::element(&sid(element), &attrs));
    named.unwrap_or_else(|| element.clone())
}

/// Empty where a statement has none.
pub(super) fn sid(element: &Element) -> String {
    let value: Value = serde_json::from_str(&element.text).unwrap_or_default();
    value[SID].as_str().unwrap_or_default().to_owned()
}

/// The element that says it under a name.
pub(super) fn element(sid: &str, attrs: &Attrs) -> Element {
    let mut attrs = attrs.clone();
    if !sid.is_empty() {
        attrs.insert(SID.to_owned(), sid.into());
    }
    Element::leaf(super::json::STATEMENT, meaning::text(&Attr::Map(attrs)))
}

/// For people: what a foreign statement does, in short.
pub(super) fn describe(element: &Element) -> String {
    let Some(attrs) = attrs(&element.text, None) else { return "no statement that bdr understands".to_owned() };
    let said = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| Some((*name, attrs.get(*name)?)));
        let Some((name, said)) = found else { return String::new() };
        let not = if name.starts_with("Not") { "all but " } else { "" };
        let texts: Vec<String> = match said {
            Attr::Map(kinds) => kinds.values().flat_map(texts).collect(),
            other => texts(other),
        };
        let more = texts.len().saturating_sub(2);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{not}{}{more}", texts.into_iter().take(2).collect::<Vec<_>>().join(", "))
    };
    let effect = attrs.get("Effect").map(ToString::to_string).unwrap_or_default().to_ascii_lowercase();
    let condition = if attrs.contains_key("Condition") { ", on a condition" } else { "" };
    let (actions, who) = (said(["Action", "NotAction"]), said(["Principal", "NotPrincipal"]));
    format!("{effect} {actions} to {who} on {}{condition}", said(["Resource", "NotResource"]))
}

pub(super) fn texts(attr: &Attr) -> Vec<String> {
    match attr {
        Attr::List(values) => values.iter().map(ToString::to_string).collect(),
        one => vec![one.to_string()],
    }
}
