//! Signed plans, with keys that OpenSSL made, and a signature that OpenSSL verifies.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Home, POLICY};

fn openssl(home: &Home, arguments: &[&str]) {
    let ran = Command::new("openssl").args(arguments).current_dir(home.path("")).output().expect("openssl");
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

fn keys(home: &Home, name: &str) {
    let (private, public) = (format!("{name}.pem"), format!("{name}.pub"));
    openssl(home, &["genpkey", "-algorithm", "ed25519", "-out", &private]);
    openssl(home, &["pkey", "-in", &private, "-pubout", "-out", &public]);
}

fn signed() -> Home {
    let home = Home::new();
    home.policy(POLICY);
    keys(&home, "ours");
    let ran = home.run(&["plan", "--out", "p.json", "--sign", "ours.pem"]).ends(0);
    assert!(ran.stderr.contains("Signed in p.json.sig."), "{ran:#?}");
    home
}

const REQUIRED: [&str; 4] = ["apply", "p.json", "--require-signature", "ours.pub"];

#[test]
fn what_was_signed_is_applied() {
    let home = signed();
    home.run(&REQUIRED).ends(0);
    home.run(&["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn openssl_verifies_the_same_bytes() {
    let home = signed();
    let envelope: Value = serde_json::from_str(&home.text("p.json.sig")).unwrap();
    let decoded = |value: &Value| aws_smithy_types::base64::decode(value.as_str().unwrap()).unwrap();
    let (kind, payload) = (envelope["payloadType"].as_str().unwrap(), decoded(&envelope["payload"]));
    let mut message = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    message.extend_from_slice(&payload);
    std::fs::write(home.path("message"), message).unwrap();
    std::fs::write(home.path("signature"), decoded(&envelope["signatures"][0]["sig"])).unwrap();
    openssl(&home, &["pkeyutl", "-verify", "-pubin", "-inkey", "ours.pub", "-rawin", "-in", "message", "-sigfile", "signature"]);
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    let plan: Value = serde_json::from_str(&home.text("p.json")).unwrap();
    assert_eq!(statement["predicate"]["digest"], plan["digest"]);
    let digest = Command::new("sha256sum").arg(home.path("p.json")).output().unwrap().stdout;
    assert!(String::from_utf8(digest).unwrap().starts_with(statement["subject"][0]["digest"]["sha256"].as_str().unwrap()));
}

/// Refused with exit code 4, for that reason, before anything was read of the policy or the live system.
#[track_caller]
fn refused(home: &Home, why: &str) {
    // What could only be found by reading on: there is no policy any more.
    let policy = home.text("bdr.yaml");
    std::fs::remove_file(home.path("bdr.yaml")).unwrap();
    let ran = home.run(&REQUIRED).ends(4);
    assert!(ran.stderr.contains("is not signed as required") && ran.stderr.contains(why), "{why}: {ran:#?}");
    assert!(ran.stderr.contains("help:"), "{ran:#?}");
    assert!(!home.path("backups").exists());
    std::fs::write(home.path("bdr.yaml"), policy).unwrap();
}

fn edit(path: &Path, edit: impl Fn(String) -> String) {
    std::fs::write(path, edit(std::fs::read_to_string(path).unwrap())).unwrap();
}

#[test]
fn unsigned_altered_and_wrongly_signed_plans_are_refused_before_anything_is_read() {
    let home = signed();
    // One byte, which the plan's own digest does not cover.
    edit(&home.path("p.json"), |text| text.replacen("\"complete\": true", "\"complete\":  true", 1));
    refused(&home, "the signature speaks of another file");
    let again = home.run(&["plan", "--out", "p.json"]).ends(0);
    assert!(again.stderr.contains("p.json.sig is of an earlier plan"), "{again:#?}");
    refused(&home, "the signature speaks of another file");
    keys(&home, "theirs");
    home.run(&["plan", "--out", "p.json", "--sign", "theirs.pem"]).ends(0);
    refused(&home, "no signature was made with this key");
    home.run(&["plan", "--out", "p.json", "--sign", "ours.pem"]).ends(0);
    let kept = home.text("p.json.sig");
    // The payload of one key's envelope under the signature of the other.
    edit(&home.path("p.json.sig"), |text| {
        let mut envelope: Value = serde_json::from_str(&text).unwrap();
        let payload = aws_smithy_types::base64::decode(envelope["payload"].as_str().unwrap()).unwrap();
        let other = String::from_utf8(payload).unwrap().replace("notes", "motes");
        envelope["payload"] = aws_smithy_types::base64::encode(other).into();
        envelope.to_string()
    });
    refused(&home, "no signature was made with this key");
    std::fs::write(home.path("p.json.sig"), kept.replace("in-toto", "other")).unwrap();
    refused(&home, "its payload is of another type");
    std::fs::write(home.path("p.json.sig"), "{}").unwrap();
    refused(&home, "no DSSE envelope");
    std::fs::remove_file(home.path("p.json.sig")).unwrap();
    refused(&home, "could not read `p.json.sig`");
    std::fs::write(home.path("p.json.sig"), kept).unwrap();
    home.run(&REQUIRED).ends(0);
}

#[test]
fn what_is_no_key_is_told() {
    let home = signed();
    openssl(&home, &["genpkey", "-algorithm", "x25519", "-out", "other.pem"]);
    openssl(&home, &["pkey", "-in", "other.pem", "-pubout", "-out", "other.pub"]);
    for key in ["other.pem", "ours.pub", "bdr.yaml", "none.pem"] {
        let ran = home.run(&["plan", "--out", "q.json", "--sign", key]).ends(1);
        assert!(ran.stderr.contains("could not read the key") && !home.path("q.json").exists(), "{ran:#?}");
    }
    for key in ["other.pub", "ours.pem", "none.pub"] {
        let ran = home.run(&["apply", "p.json", "--require-signature", key]).ends(1);
        assert!(ran.stderr.contains("could not read the key"), "{ran:#?}");
    }
    home.run(&["plan", "--sign", "ours.pem"]).ends(64);
    home.run(&["apply", "--require-signature", "ours.pub"]).ends(64);
}
