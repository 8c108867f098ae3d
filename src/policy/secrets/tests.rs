//! What is taken for a secret and what is not, by name, by form, and wherever it stands.

use super::*;

/// What is found, each as it stands in the text; what is only blanked to be sure in brackets.
fn secrets(text: &str) -> Vec<String> {
    let found = find(text);
    let shown = |secret: &Secret| {
        let part = text[secret.start as usize..secret.end as usize].to_owned();
        if secret.kind.told().is_some() { part } else { format!("[{part}]") }
    };
    let mut all: Vec<&Secret> = found.all().collect();
    all.sort_by_key(|secret| secret.start);
    all.into_iter().map(shown).collect()
}

#[test]
fn values_below_names_that_say_secret_are_found_whatever_holds_them() {
    for (text, wanted) in [
        ("password: x\n", vec!["x"]),
        ("DB-Passwd: 'hunter2'\n", vec!["hunter2"]),
        ("a: { password: hunter2, password: hunter3 }\n", vec!["hunter2", "hunter3"]),
        ("a: { password: { value: hunter2 } }\n", vec!["[value]", "hunter2"]),
        ("a:\n  password:\n    - hunter2\n    - b: hunter3\n", vec!["hunter2", "[b]", "hunter3"]),
        ("a: { <<: { password: hunter2 } }\n", vec!["hunter2"]),
        ("? { password: hunter2 }\n: x\n", vec!["hunter2"]),
        ("secret: [hunter2, 12]\n", vec!["hunter2", "12"]),
        ("token: abcdef123456\n", vec!["abcdef123456"]),
        ("api_key: abcdef123456\nApiKeys: [a]\n", vec!["abcdef123456", "a"]),
        ("pass: foo2\ndbPass: foo3\nDB_PW: foo4\n", vec!["foo2", "foo3", "foo4"]),
        ("password: {hunter2}\n", vec!["hunter2"]),
        ("password: |\n  hunter2\n  hunter3\nb: 1\n", vec!["hunter2\n  hunter3"]),
        ("password: >-\n  hunter2\n", vec!["hunter2"]),
        ("a: &a hunter2\npassword: *a\n", vec!["hunter2"]),
        ("a: &a { b: 'hunter2', c: &c [hunter3] }\nb: &b [*c]\nd: { token: *b }\n", vec!["hunter3"]),
        ("\"p\\u0061ssw\\x6frd\": hunter2\n", vec!["hunter2"]),
        ("password: a${env:X}\ntoken: $${env:X}\n", vec!["a${env:X}", "$${env:X}"]),
        ("--- ]\n---\npassword: hunter2\n", vec!["hunter2", "[hunter2]"]),
        ("secret_key: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n", vec!["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]),
        ("access_key_id: abcdefghij0123456789\n", vec!["abcdefghij0123456789"]),
        ("contacts: { password: { value: hunter2 } }\n", vec!["[value]", "hunter2"]),
        ("stores: { s: { secret: { folder: hunter2 } } }\n", vec!["[folder]", "hunter2"]),
    ] {
        assert_eq!(secrets(text), wanted, "{text}");
    }
}

#[test]
fn forms_are_found_wherever_they_stand() {
    for text in [
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "ghp_0123456789abcdefABCDEF",
        "AGE-SECRET-KEY-1QQQQQQQQQQ",
        "https://hooks.slack.com/services/T000/B000/a1B2c3D4",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig",
    ] {
        assert_eq!(secrets(&format!("a: {text}\n")), [text]);
        assert_eq!(secrets(&format!("{text}: 1\n")), [text], "as a key");
        assert_eq!(secrets(&format!("a: 1 # so {text}, it is\n")), [text], "in a comment");
        assert_eq!(secrets(&format!("# {text}\n")), [text]);
    }
    assert_eq!(secrets("a: postgres://app:hunter2@db/app\n"), ["postgres://app:hunter2@db/app"]);
    assert_eq!(secrets("a: host=db password=hunter2\n"), ["host=db password=hunter2"]);
    assert_eq!(secrets("# postgres://app:hunter2@db/app\n"), ["hunter2"]);
    let key = "-----BEGIN RSA PRIVATE KEY-----\n  MIIEow\n  -----END RSA PRIVATE KEY-----";
    assert_eq!(secrets(&format!("a: |\n  {key}\n")), [key]);
    assert_eq!(
        secrets(&format!("# {}\n# after\n", key.replace("\n ", "\n#"))),
        [" -----BEGIN RSA PRIVATE KEY-----", "[ MIIEow]", "[ -----END RSA PRIVATE KEY-----]"]
    );
}

#[test]
fn pairs_in_comments_are_found_and_prose_is_only_blanked() {
    for (comment, wanted) in [
        ("AKIAIOSFODNN7EXAMPLE password=hunter2", vec!["AKIAIOSFODNN7EXAMPLE", "hunter2"]),
        ("password: hunter2", vec!["hunter2"]),
        ("the db_password: \"hunter two\" (old)", vec!["hunter two", "[hunter two\" (old)]"]),
        ("password: hunter2 until May", vec!["hunter2", "[hunter2 until May]"]),
        ("{ \"api-key\": \"x1\", \"b\": 2 }", vec!["x1", "[x1\", \"b\": 2 }]"]),
        ("password: { value: hunter2 }", vec!["[{ value: hunter2 }]"]),
        ("token=!vault hunter2", vec!["[!vault hunter2]"]),
        ("token: &a hunter2", vec!["[&a hunter2]"]),
        ("token=${env:A}hunter2", vec!["${env:A}hunter2"]),
        ("password: correct horse battery", vec!["[correct horse battery]"]),
        ("token = the one we share", vec!["[the one we share]"]),
        ("password: ${env:PW}", vec![]),
        ("token=${file:t}, see there", vec![]),
        ("a token is needed: ask", vec![]),
        ("password: …", vec![]),
        ("see https://example.com/token:abc", vec![]),
    ] {
        assert_eq!(secrets(&format!("a: 1 # {comment}\n")), wanted, "{comment}");
    }
}

#[test]
fn ordinary_values_are_none() {
    for text in [
        "a: AKIA\n",
        "a: XAKIAIOSFODNN7EXAMPLE\n",
        "a: https://s3.example.com/path@2\n",
        "a: https://user@example.com\n",
        "a: 'postgres://app:${env:PW}@db/app'\n",
        "a: password=${env:PW}\n",
        "a: /srv/ghp_x\n",
        "password: ${file:pw}\n",
        "password: '${env:A}-${env:B}'\n",
        "authorization: 'Bearer ${env:A}'\n",
        "token_store: team-a\n",
        "secret_store: aaaaaaaaaaaaaaaaaaaaaaaa\n",
        "password:\npasswd: ~\ntoken: ''\nsecret: true\n",
        "compass: north\nbypass: 1\n",
        "encryption: { sse: aws:kms, key: alias/backups }\n",
        "store: secrets\ninherits: token\n",
        "exclude: ['token=*', '**/*.pass']\n",
        "components: { passwords: { files: { paths: [/srv/pass] }, protect: { secret: { schedule: daily, store: s } } } }\n",
        "stores: { tokens: { folder: { path: /srv/x }, tags: { a: b } } }\ncontacts: { credentials: { phone: '1' } }\n",
    ] {
        assert_eq!(secrets(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_text_without_structure_is_blanked_generously() {
    for (text, left) in [
        ("a: ]\nops: { password: hunter2, password: hunter3 }\n", "a: ]\nops: { password: ******** ********* ******* *\n"),
        ("a: ]\npassword:\n  - hunter2\nb: 1\n", "a: ]\npassword:\n  * *******\nb: 1\n"),
        ("a: ]\ntoken: [\nhunter2\n]\nb: 1\n", "a: ]\ntoken: *\n*******\n*\nb: 1\n"),
        ("a: ]\nx: {password: \"hunter\n two\", b: 1}\nb: 1\n", "a: ]\nx: {password: *******\n ***** ** **\nb: 1\n"),
        ("a: ]\nb: AKIAIOSFODNN7EXAMPLE\n", "a: ]\nb: ********************\n"),
        ("a: ]\nb: { password: ${env:PW}, c: 1 }\n", "a: ]\nb: { password: ${env:PW}, c: 1 }\n"),
        ("a: ]\nb: { password: ${env:PW}hunter2, c: 1 }\n", "a: ]\nb: { password: ***************** ** * *\n"),
        ("a: ]\nb: { password: ${hunter2, c: 1 }\n", "a: ]\nb: { password: ********** ** * *\n"),
        ("a: ]\nb:\n  pass: |\n  hunter2\n  c: 1\n", "a: ]\nb:\n  pass: *\n  *******\n  c: 1\n"),
        ("a: ]\n? password\n: hunter2\nc: 1\n", "a: ]\n? password\n* *******\nc: 1\n"),
        ("a: ]\n# password=hunter2\n", "a: ]\n# password=*******\n"),
    ] {
        let mut sources = crate::diag::Sources::new();
        let file = sources.add("a.yaml", text);
        let spans: Vec<Span> = find(text).all().map(|secret| secret.span(file)).collect();
        sources.blank(&spans);
        assert_eq!(sources.get(file).map(|source| &*source.text), Some(left));
    }
}

#[test]
fn whatever_is_found_is_mentioned() {
    let names = names::ANYWHERE.iter().chain(&names::AT_END).chain(&names::IF_RANDOM).copied();
    let names = names.chain(names::LAST_WORD.iter().map(|(word, _)| *word));
    let separated = ["api_key", "ACCESS-KEY", "Pass-Word", "private key", "CREDENTIALS"];
    let forms = forms::TOKENS.iter().map(|token| token.prefix);
    for sign in names.chain(separated).chain(forms).chain(["AKIA", "ASIA", "PRIVATE KEY-----", "a://b:c@d", "\\x70"]) {
        assert!(mention::any(&format!("a: {sign}")), "{sign}");
    }
    assert!(!mention::any("components:\n  docs:\n    files: { paths: [/srv] }\n    protect: { nightly: { schedule: daily } }\n"));
}

/// So that a word that leaves the language leaves here, too.
#[test]
fn the_keys_of_things_are_words_of_the_language() {
    let schema = crate::policy::schema().to_value().to_string();
    for key in walk::OF_THINGS {
        assert!(schema.contains(&format!("\"{key}\":{{")), "{key}");
    }
}
