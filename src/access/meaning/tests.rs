//! Spellings of one meaning are equal, whatever generated document it is, and other meanings are not.

use proptest::prelude::*;
use serde_json::{Map as Object, json};

use super::*;

fn read(text: &str) -> Attr {
    meaning(text, None, &BTreeMap::new()).expect("a document")
}

fn like(text: &str, like: &Attr) -> Attr {
    meaning(text, Some(like), &BTreeMap::new()).expect("a document")
}

fn words(from: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set(proptest::sample::select(from).prop_map(str::to_owned), 1..4)
        .prop_map(|set| set.into_iter().collect())
}

const ACTION: &[&str] = &["s3:GetObject", "s3:PutObject", "s3:List*", "iam:GetRole", "kms:Decrypt", "*"];
const RESOURCE: &[&str] = &["arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:s3:::B/*", "*"];
const PRINCIPAL: &[&str] = &["111122223333", "444455556666", "arn:aws:iam::111122223333:role/x", "*"];
const OPERATOR: &[&str] = &["StringEquals", "StringLikeIfExists", "Bool", "NumericLessThan"];
const KEY: &[&str] = &["s3:prefix", "aws:SourceArn", "aws:SecureTransport"];
const VALUE: &[&str] = &["a", "A", "true", "5", "x/*"];

fn condition() -> impl Strategy<Value = Value> {
    let keys = proptest::collection::btree_map(proptest::sample::select(KEY), words(VALUE), 1..3);
    proptest::collection::btree_map(proptest::sample::select(OPERATOR), keys, 0..3).prop_map(|all| json!(all))
}

prop_compose! {
    fn statement()(sid in "[A-C]?", allow: bool, not: bool, action in words(ACTION), resource in words(RESOURCE),
        principal in proptest::option::of(words(PRINCIPAL)), condition in condition()) -> Value {
        let mut all = Object::new();
        if !sid.is_empty() {
            all.insert("Sid".to_owned(), sid.into());
        }
        all.insert("Effect".to_owned(), if allow { "Allow" } else { "Deny" }.into());
        all.insert(if not { "NotAction" } else { "Action" }.to_owned(), json!(action));
        all.insert("Resource".to_owned(), json!(resource));
        if let Some(principal) = principal {
            all.insert("Principal".to_owned(), json!({ "AWS": principal }));
        }
        if condition.as_object().is_some_and(|all| !all.is_empty()) {
            all.insert("Condition".to_owned(), condition);
        }
        Value::Object(all)
    }
}

fn documents() -> impl Strategy<Value = Value> {
    proptest::collection::vec(statement(), 1..5).prop_map(|all| json!({ "Version": "2012-10-17", "Statement": all }))
}

/// The same, as another writer, or a server, would spell it.
struct Respelling(proptest::test_runner::TestRng);

impl Respelling {
    fn flip(&mut self) -> bool {
        self.0.next_u32().is_multiple_of(2)
    }

    fn case(&mut self, word: &str) -> String {
        word.chars().map(|c| if self.flip() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect()
    }

    fn list(&mut self, values: &Value, mut word: impl FnMut(&mut Self, &str) -> Value) -> Value {
        let mut all: Vec<Value> = values.as_array().into_iter().flatten().map(|v| word(self, v.as_str().unwrap_or(""))).collect();
        if self.flip() {
            all.reverse();
        }
        if self.flip() {
            all.extend(all.first().cloned());
        }
        if all.len() == 1 && self.flip() { all.remove(0) } else { Value::Array(all) }
    }

    fn principal(&mut self, value: &Value) -> Value {
        let is_account = |text: &str| text.len() == 12;
        let list = self.list(&value["AWS"], |this, text| match text {
            text if is_account(text) && this.flip() => json!(format!("arn:aws:iam::{text}:root")),
            text => json!(text),
        });
        if list == json!("*") && self.flip() { list } else { json!({ "AWS": list }) }
    }

    fn statement(&mut self, statement: &Value) -> Value {
        let mut all = Object::new();
        for (name, value) in statement.as_object().into_iter().flatten() {
            let value = match name.as_str() {
                "Effect" => json!(self.case(value.as_str().unwrap_or(""))),
                "Action" | "NotAction" => self.list(value, |this, text| json!(this.case(text))),
                "Resource" => self.list(value, |_, text| json!(text)),
                "Principal" => self.principal(value),
                "Condition" => {
                    let mut operators = Object::new();
                    for (operator, keys) in value.as_object().into_iter().flatten() {
                        let keys = keys.as_object().into_iter().flatten().map(|(key, values)| {
                            let typed = |this: &mut Self, text: &str| match text {
                                "true" if this.flip() => json!(true),
                                "5" if this.flip() => json!(5),
                                text => json!(text),
                            };
                            (self.case(key), self.list(values, typed))
                        });
                        let keys: Object<String, Value> = keys.collect();
                        operators.insert(self.case(operator), Value::Object(keys));
                    }
                    Value::Object(operators)
                }
                _ => value.clone(),
            };
            all.insert(name.clone(), value);
        }
        Value::Object(all)
    }

    fn document(&mut self, document: &Value) -> Value {
        let all = document["Statement"].as_array().into_iter().flatten();
        let mut all: Vec<Value> = all.map(|one| self.statement(one)).collect();
        if self.flip() {
            all.reverse();
        }
        let statements = if all.len() == 1 && self.flip() { all.remove(0) } else { Value::Array(all) };
        json!({ "Statement": statements, "Version": "2012-10-17" })
    }
}

/// Whoever writes a key twice binds by both: the second must not hide the first.
#[test]
fn a_condition_key_in_two_cases_is_one_that_says_both() {
    let document =
        |condition: &str| format!(r#"{{"Statement": [{{"Effect": "Deny", "Condition": {{"StringLike": {condition}}}}}]}}"#);
    let read = |condition: &str, like: Option<&Attr>| meaning(&document(condition), like, &BTreeMap::new()).expect("a document");
    let wanted = read(r#"{"aws:PrincipalArn": "a"}"#, None);
    for twice in
        [r#"{"aws:PrincipalArn": "a", "aws:principalarn": "b"}"#, r#"{"AWS:PrincipalArn": "b", "aws:PrincipalArn": "a"}"#]
    {
        let both = read(r#"{"aws:PrincipalArn": ["a", "b"]}"#, None);
        assert_eq!(read(twice, Some(&wanted)), both, "{twice}");
    }
}

proptest! {
    #[test]
    fn spellings_of_one_meaning_are_equal(document in documents(), rng in any::<[u8; 32]>()) {
        let wanted = read(&document.to_string());
        let rng = proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &rng);
        let other = Respelling(rng).document(&document);
        prop_assert_eq!(&like(&other.to_string(), &wanted), &wanted, "{}", other);
        // What is written is read back as itself.
        prop_assert_eq!(&read(&text(&wanted)), &wanted);
        prop_assert!(!widens(&wanted, &wanted) && !loosens(&wanted, &wanted));
    }

    #[test]
    fn documents_with_one_thing_less_are_not_equal(document in documents(), pick in any::<proptest::sample::Index>()) {
        let wanted = read(&document.to_string());
        let mut less = document.clone();
        let all = less["Statement"].as_array_mut().expect("a list");
        let at = pick.index(all.len());
        let gone = all.remove(at);
        let all = all.clone();
        prop_assert_ne!(&like(&less.to_string(), &wanted), &wanted);
        let deny = gone["Effect"] == "Deny" && !all.contains(&gone);
        let covered = all.iter().any(|one| {
            let one = json!({ "Statement": [one] });
            !lost_denial(&read(&json!({ "Statement": [gone] }).to_string()), &read(&one.to_string()))
        });
        prop_assert_eq!(loosens(&wanted, &like(&less.to_string(), &wanted)), deny && !covered);
    }
}

fn trust(statement: &str) -> Attr {
    read(&format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statement}]}}"))
}

#[test]
fn what_opens_a_role_is_told_from_what_closes_it() {
    let narrow = trust(
        r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}"#,
    );
    let unbound = trust(r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}"#);
    let everybody = trust(r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#);
    let denied = trust(
        r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}"#,
    );
    for (before, after, wider) in [
        (&narrow, &unbound, true),
        (&unbound, &narrow, false),
        (&unbound, &everybody, true),
        (&everybody, &unbound, false),
        (&denied, &unbound, true),
        (&unbound, &denied, false),
    ] {
        assert_eq!(widens(before, after), wider, "{before} {after}");
    }
    assert!(loosens(&narrow, &unbound) && loosens(&denied, &unbound));
    assert!(!loosens(&unbound, &everybody), "it allows more, and takes no safeguard away");
}

#[test]
fn a_pattern_is_wider_than_what_it_fits() {
    let token = |operator: &str, subjects: &str| {
        trust(&format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"p"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"i:aud":"a"}},"{operator}":{{"i:sub":{subjects}}}}}}}"#
        ))
    };
    // Both operators in one object would be one member twice.
    let exact = trust(
        r#"{"Effect":"Allow","Principal":{"Federated":"p"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"i:aud":"a","i:sub":"repo:acme/app:environment:production"}}}"#,
    );
    for (operator, subjects, wider) in [
        ("StringLike", r#""repo:acme/*""#, true),
        ("StringLike", r#""repo:acme/app:environment:productio?""#, true),
        ("StringLike", r#"["x","repo:*/app:*:production"]"#, true),
        ("StringEqualsIgnoreCase", r#""repo:acme/*""#, false),
        ("StringLike", r#""repo:other/*""#, false),
        ("StringLike", r#""repo:acme/app:environment:production?""#, false),
        ("StringLike", r#""repo:acme/${x}*""#, false),
        ("StringNotLike", r#""repo:acme/*""#, false),
    ] {
        let loose = token(operator, subjects);
        assert_eq!(widens(&loose, &exact), !wider, "{loose}: what it covers is closed, what it does not is opened");
        assert!(widens(&exact, &loose), "{loose}");
    }
    let like = |subjects: &str| token("StringLike", subjects);
    assert!(!widens(&like(r#""repo:*""#), &like(r#""repo:acme/*""#)) && widens(&like(r#""repo:acme/*""#), &like(r#""repo:*""#)));
    assert!(widens(&like(r#""repo:?""#), &like(r#""repo:*""#)), "one sign is not any number of them");
    let arn = |operator: &str, bucket: &str| {
        trust(&format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"s"}},"Action":"sts:AssumeRole","Condition":{{"{operator}":{{"aws:SourceArn":"{bucket}"}}}}}}"#
        ))
    };
    let (any, one) = (arn("ArnLike", "arn:aws:s3:::p-*"), arn("ArnEquals", "arn:aws:s3:::p-a"));
    assert!(!widens(&any, &one) && widens(&one, &any));
    assert!(widens(&arn("ArnLike", "arn:*"), &one), "a pattern of an ARN holds part by part");
    let literal = arn("StringEquals", "*");
    assert!(widens(&literal, &arn("StringEquals", "x")), "`*` is no pattern to StringEquals");
}

#[test]
fn who_lets_everybody_in_is_told_from_who_lets_many_in() {
    let open = r#"{"Effect":"Allow","Principal":PRINCIPAL,"Action":"sts:AssumeRole"}"#;
    for (statement, expected) in [
        (open.replace("PRINCIPAL", r#""*""#), true),
        (open.replace("PRINCIPAL", r#"{"AWS":"*"}"#), true),
        (open.replace("PRINCIPAL", r#"{"AWS":["111122223333","*"]}"#), true),
        (open.replace("PRINCIPAL", r#"{"AWS":"111122223333"}"#), false),
        (open.replace("PRINCIPAL", r#"{"Service":"lambda.amazonaws.com"}"#), false),
        (open.replace("Principal", "NotPrincipal").replace("PRINCIPAL", r#"{"AWS":"111122223333"}"#), true),
        (open.replace("PRINCIPAL", r#""*""#).replace("Allow", "Deny"), false),
        (open.replace("PRINCIPAL", r#""*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#), false),
    ] {
        assert_eq!(is_open(&trust(&statement)), expected, "{statement}");
    }
}

#[test]
fn unique_ids_are_resolved_or_told() {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["AROAEXAMPLE1234567890","AIDAEXAMPLE1234567890"]},"Action":"sts:AssumeRole"}}"#;
    let arn = "arn:aws:iam::111122223333:role/x";
    let names = BTreeMap::from([("AROAEXAMPLE1234567890".to_owned(), arn.to_owned())]);
    let read = meaning(text, None, &names).expect("a document");
    assert!(read.to_string().contains(arn));
    assert_eq!(nameless(&read).into_iter().collect::<Vec<_>>(), ["AIDAEXAMPLE1234567890"]);
}

#[test]
fn what_is_no_document_is_told() {
    for text in ["", "[]", "{", r#"{"Statement":["x"]}"#] {
        assert!(meaning(text, None, &BTreeMap::new()).is_err(), "{text}");
    }
}
