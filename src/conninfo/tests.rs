//! Connection strings in every spelling.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

fn parsed(text: &str) -> Vec<(&'static str, String)> {
    Conninfo::parse(text).expect("a connection string").0.into_iter().collect()
}

fn pairs(expected: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    expected.iter().map(|(keyword, value)| (*keyword, (*value).to_owned())).collect()
}

#[test]
fn the_examples_of_the_manual_are_read() {
    // PostgreSQL 15, "Connection URIs" and "Keyword/Value Connection Strings".
    for (text, expected) in [
        ("postgresql://", &[] as &[_]),
        ("postgresql://localhost", &[("host", "localhost")]),
        ("postgresql://localhost:5433", &[("host", "localhost"), ("port", "5433")]),
        ("postgresql://localhost/mydb", &[("dbname", "mydb"), ("host", "localhost")]),
        ("postgresql://user@localhost", &[("host", "localhost"), ("user", "user")]),
        ("postgresql://user:secret@localhost", &[("host", "localhost"), ("password", "secret"), ("user", "user")]),
        (
            "postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp",
            &[
                ("application_name", "myapp"),
                ("connect_timeout", "10"),
                ("dbname", "otherdb"),
                ("host", "localhost"),
                ("user", "other"),
            ],
        ),
        (
            "postgresql://host1:123,host2:456/somedb?target_session_attrs=any&application_name=myapp",
            &[
                ("application_name", "myapp"),
                ("dbname", "somedb"),
                ("host", "host1,host2"),
                ("port", "123,456"),
                ("target_session_attrs", "any"),
            ],
        ),
        ("postgres:///mydb?host=localhost&port=5433", &[("dbname", "mydb"), ("host", "localhost"), ("port", "5433")]),
        ("postgresql://[2001:db8::1234]/database", &[("dbname", "database"), ("host", "2001:db8::1234")]),
        ("postgresql:///dbname?host=/var/lib/postgresql", &[("dbname", "dbname"), ("host", "/var/lib/postgresql")]),
        ("postgresql://%2Fvar%2Flib%2Fpostgresql/dbname", &[("dbname", "dbname"), ("host", "/var/lib/postgresql")]),
        (
            "host=localhost port=5432 dbname=mydb connect_timeout=10",
            &[("connect_timeout", "10"), ("dbname", "mydb"), ("host", "localhost"), ("port", "5432")],
        ),
        ("user = 'a b\\'c' password=d\\ e dbname=''", &[("dbname", ""), ("password", "d e"), ("user", "a b'c")]),
        ("", &[]),
    ] {
        assert_eq!(parsed(text), pairs(expected), "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_without_a_word_of_it() {
    for (text, what, help) in [
        ("postgresql://u:canary@h/d?ssl_mode=require", "parameter 1", "Did you mean `sslmode`?"),
        ("postgresql://u:canary@h/d?a=canary", "parameter 1", "The parameters are host,"),
        ("postgresql://u:can@ary@h/d", "more than one `@`", "%40"),
        ("postgresql://u:can#ary@h/d", "a `#`", "%23"),
        ("postgresql://u:can%zz@h/d", "a `%`", "%25"),
        ("postgresql://h/d?canary", "has no value", "%3F"),
        ("postgresql://u:can/ary@h/d", "in the name of its database", "%2F"),
        ("postgresql://u:1/canary@h", "in the name of its database", "%40"),
        ("postgresql://u:canary?x=1@h/d", "parameter 1", "parameters are"),
        ("postgresql://u:canary", "a port", "1 to 65535"),
        ("postgresql://[::1/d", "`[`", "[::1]"),
        ("host=h sslmode=canary", "`sslmode`", "verify-full"),
        ("host=h sslrootcert=system", "system", "/etc/ssl"),
        ("host=h connect_timeout=canary", "`connect_timeout`", "whole seconds"),
        ("host=h target_session_attrs=canary", "`target_session_attrs`", "read-write"),
        ("host=a,b port=1,2,3", "another number", "one port for all"),
        ("hostaddr=canary", "no IP address", "`host`"),
        ("password='canary", "does not end", "`'`"),
        ("canary", "neither a URL nor", "postgresql://"),
    ] {
        let fault = Conninfo::parse(text).and_then(|conninfo| conninfo.settings()).expect_err(text);
        assert!(fault.what.contains(what) && fault.help.contains(help), "{text}: {fault:?}");
        assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
    }
}

#[test]
fn values_come_to_types() {
    let settings = |text: &str| Conninfo::parse(text).and_then(|conninfo| conninfo.settings()).expect("settings");
    let one =
        settings("postgresql://app:x@a:1,[::2],%2Frun%2Fpg:3/shop?connect_timeout=1&sslmode=verify-full&sslrootcert=/ca.pem");
    let host = |name: &str, port| Host { name: Some(name.to_owned()), address: None, port };
    assert_eq!(one.hosts, [host("a", 1), host("::2", 5432), host("/run/pg", 3)]);
    assert_eq!(one.connect_timeout, Some(Duration::from_secs(2)));
    assert_eq!(one.tls, Tls { mode: TlsMode::VerifyFull, root: Some("/ca.pem".into()) });
    assert_eq!(one.password.as_ref().map(ExposeSecret::expose_secret), Some("x"));
    assert!(!format!("{one:?}").contains('x'), "{one:?}");
    let all = settings("host=a,b port=6543");
    assert_eq!(all.hosts, [host("a", 6543), host("b", 6543)]);
    assert_eq!(settings("").hosts, [Host { port: 5432, ..Host::default() }]);
    assert_eq!(settings("host=db hostaddr=10.0.0.1").hosts[0].address, "10.0.0.1".parse().ok());
}

#[test]
fn what_is_nearer_counts() {
    let vars = BTreeMap::from([("PGHOST", "env"), ("PGUSER", "env"), ("PGPORT", ""), ("OTHER", "x")]);
    let vars = vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let text = "# of this machine\n[other]\nhost=x\n[shop]\nhost=service\ndbname = shop\n\n[later]\nuser=x\n";
    let service = service(text, "shop").expect("reads").expect("is there");
    let all = Conninfo::parse("host=url").expect("reads").or(service).or(Conninfo::of_variables(&vars));
    let told = ["host", "dbname", "user", "port"].map(|keyword| all.get(keyword).map(str::to_owned));
    assert_eq!(told, [Some("url".to_owned()), Some("shop".to_owned()), Some("env".to_owned()), None]);
    assert_eq!(super::service(text, "none"), Ok(None));
    assert!(super::service("[a]\nhost\n", "a").expect_err("no pair").what.contains("line 2"));
    assert!(super::service("[a]\nhosst=x\n", "a").expect_err("no parameter").help.contains("`host`"));
}

#[test]
fn the_first_line_of_a_password_file_that_fits_counts() {
    let text = "# a comment\nbroken\nh:5432:d:u:one\n*:*:d\\:e:*:two\\\\\\:x\nlocalhost:1:*:u:three:four\n*:*:*:nobody:\n";
    let of = |host, port, database, user| password(text, host, port, database, user);
    assert_eq!(of("h", 5432, "d", "u").as_deref(), Some("one"));
    assert_eq!(of("x", 9, "d:e", "y").as_deref(), Some("two\\:x"));
    assert_eq!(of("localhost", 1, "any", "u").as_deref(), Some("three:four"));
    assert_eq!(of("h", 5433, "d", "u"), None);
    assert_eq!(of("h", 1, "d", "nobody"), None);
}

/// As somebody careful writes it into a URL.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

proptest! {
    #[test]
    fn any_value_comes_through_either_form(user in "[^\\x00]{1,12}", secret in "[^\\x00]{1,12}", database in "[^\\x00]{1,12}") {
        let url = format!("postgresql://{}:{}@h:1/{}", escaped(&user), escaped(&secret), escaped(&database));
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
        let words =
            format!("user='{}' password = '{}' dbname='{}' host=h port=1", quoted(&user), quoted(&secret), quoted(&database));
        let of_url = Conninfo::parse(&url).expect("a URL");
        prop_assert_eq!(of_url.get("password"), Some(secret.as_str()));
        prop_assert_eq!(of_url.get("user"), Some(user.as_str()));
        prop_assert_eq!(of_url, Conninfo::parse(&words).expect("pairs"));
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,60}", scheme in prop::bool::ANY) {
        let text = if scheme { format!("postgres://{text}") } else { text };
        if let Err(fault) = Conninfo::parse(&text).and_then(|conninfo| conninfo.settings()) {
            prop_assert!(!fault.help.is_empty());
        }
    }

    #[test]
    fn a_password_file_gives_back_what_was_escaped_into_it(host in "[^\\x00\\n\\r]{1,9}", secret in "[^\\x00\\n\\r]{1,9}") {
        let field = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        prop_assume!(!host.starts_with('#') && host != "*");
        let text = format!("{}:*:*:*:{}\n", field(&host), field(&secret));
        prop_assert_eq!(password(&text, &host, 1, "d", "u"), Some(secret));
    }
}
