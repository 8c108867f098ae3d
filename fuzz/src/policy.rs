//! Feeds arbitrary bytes through everything that reads what people write, and checks what must hold of every outcome.
#![no_main]
// Only what the policy language uses of these modules is used here.
#![expect(dead_code, unused_imports, reason = "the program's own modules, most of which a fuzz target does not call")]

#[path = "../../src/address.rs"]
mod address;
#[path = "../../src/attrs.rs"]
mod attrs;
#[path = "../../src/conninfo/mod.rs"]
mod conninfo;
#[path = "../../src/diag/mod.rs"]
mod diag;
#[path = "../../src/policy/mod.rs"]
mod policy;
#[path = "../../src/rights.rs"]
mod rights;
#[path = "../../src/units/mod.rs"]
mod units;

use diag::{Look, Sources};
use secrecy::SecretString;

/// What a reference resolves to: it must be seen nowhere.
const SECRET: &str = "s3cr3t-0f-th3-0uts1d3";

struct Outside;

impl policy::Resolve for Outside {
    fn resolve(&self, _: &policy::Reference) -> Result<SecretString, policy::Refused> {
        Ok(SecretString::from(SECRET))
    }
}

fn sources(data: &[u8]) -> Sources {
    let mut sources = Sources::new();
    sources.add_bytes("fuzz.yaml", data.to_vec());
    sources
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let loaded = policy::load(sources(data), &Outside);
    // Every place lies in its text, on characters.
    for label in loaded.diagnostics.iter().flat_map(|finding| &finding.labels) {
        assert!(loaded.sources.text(label.span).is_some(), "{label:?}");
        assert!(loaded.sources.position(label.span).is_some(), "{label:?}");
    }
    let shown = diag::render_all(&loaded.diagnostics, &loaded.sources, Look { width: 80, color: false, unicode: true });
    assert!(!shown.contains(SECRET));
    assert!(!format!("{:?}{:?}", loaded.policy, loaded.diagnostics).contains(SECRET));
    // The same text means the same, however references come out.
    let unresolved = policy::load_unresolved(sources(data));
    if let (Some(one), Some(two)) = (&loaded.policy, &unresolved.policy) {
        assert_eq!(one.name, two.name);
    }
    // Formatting, which holds by itself that the meaning stays, is done after one time.
    if let Ok(formatted) = std::str::from_utf8(data).map_err(drop).and_then(|text| policy::layout::format(text).map_err(drop)) {
        assert_eq!(policy::layout::format(&formatted).as_deref(), Ok(formatted.as_str()));
    }
});
