//! Signatures of saved plans: a DSSE envelope (secure-systems-lab/dsse, version 1.0) beside the plan, made with an Ed25519 key.
//!
//! What is signed is an in-toto statement (version 1) that names the plan's file by its SHA-256: every byte of the plan counts, and
//! the envelope stays small. Keys are PEM as OpenSSL writes them: PKCS#8 (RFC 8410) and SubjectPublicKeyInfo.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use aws_smithy_types::base64;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::plan::Plan;
use crate::units::hex;

const PAYLOAD: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "urn:bdr:plan:1";
/// SubjectPublicKeyInfo of an Ed25519 key, up to the key itself (RFC 8410, section 4).
const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a plan counts as unsigned, or a key as none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the private key is no Ed25519 key in PEM (PKCS#8)")]
    PrivateKey,
    #[error("the public key is no Ed25519 key in PEM (SubjectPublicKeyInfo)")]
    PublicKey,
    #[error("the signature is no DSSE envelope of an in-toto statement: {0}")]
    Envelope(String),
    #[error("no signature was made with this key (it is {key}; the signatures are of {signed_by})")]
    OtherKey { key: String, signed_by: String },
    #[error("the signature speaks of another file: of one with SHA-256 {signed}, and this one has {found}")]
    OtherPlan { signed: String, found: String },
}

/// Signs plans.
#[derive(Debug)]
pub struct PrivateKey(Ed25519KeyPair);

/// Tells whether a plan was signed.
#[derive(Debug)]
pub struct PublicKey([u8; 32]);

#[derive(Serialize, Deserialize)]
struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

#[derive(Serialize, Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: Sha256Digest,
}

#[derive(Serialize, Deserialize)]
struct Sha256Digest {
    sha256: String,
}

/// For people and for other tools; what counts is the subject.
#[derive(Serialize, Deserialize)]
struct Predicate {
    policy: String,
    digest: String,
}

impl PrivateKey {
    /// # Errors
    /// When the text is no such key.
    pub fn of_pem(text: &str) -> Result<Self, SignatureError> {
        let der = pem(text, "PRIVATE KEY").ok_or(SignatureError::PrivateKey)?;
        // OpenSSL writes version 1, which does not hold the public key to check against.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map(Self).map_err(|_| SignatureError::PrivateKey)
    }

    fn public(&self) -> Option<PublicKey> {
        use aws_lc_rs::signature::KeyPair;
        self.0.public_key().as_ref().try_into().ok().map(PublicKey)
    }
}

impl PublicKey {
    /// # Errors
    /// When the text is no such key.
    pub fn of_pem(text: &str) -> Result<Self, SignatureError> {
        let der = pem(text, "PUBLIC KEY").ok_or(SignatureError::PublicKey)?;
        let key = der.strip_prefix(&PUBLIC).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or(SignatureError::PublicKey)
    }

    /// `sha256:` over the key's DER, as `openssl pkey -pubin -outform DER | sha256sum` tells it.
    pub fn id(&self) -> String {
        sha256(&[PUBLIC.as_slice(), &self.0].concat())
    }
}

/// The envelope for the bytes of a saved plan, as a file.
///
/// # Errors
/// None that a key read by [`PrivateKey::of_pem`] can cause.
pub fn sign(file: &[u8], name: &str, plan: &Plan, key: &PrivateKey) -> Result<String, SignatureError> {
    let statement = Statement {
        kind: STATEMENT.to_owned(),
        subject: vec![Subject { name: name.to_owned(), digest: Sha256Digest { sha256: bare(&sha256(file)) } }],
        predicate_type: PREDICATE.to_owned(),
        predicate: Predicate { policy: plan.policy.name.clone(), digest: plan.digest.clone() },
    };
    let failed = |error: serde_json::Error| SignatureError::Envelope(error.to_string());
    let payload = serde_json::to_vec(&statement).map_err(failed)?;
    let public = key.public().ok_or(SignatureError::PrivateKey)?;
    let envelope = Envelope {
        payload_type: PAYLOAD.to_owned(),
        signatures: vec![Signature { keyid: public.id(), sig: base64::encode(key.0.sign(&encoded(PAYLOAD, &payload))) }],
        payload: base64::encode(payload),
    };
    serde_json::to_string_pretty(&envelope).map(|text| text + "\n").map_err(failed)
}

/// Whether an envelope holds a signature of this key over the bytes of this plan.
///
/// # Errors
/// When it does not.
pub fn verify(file: &[u8], envelope: &str, key: &PublicKey) -> Result<(), SignatureError> {
    let wrong = |what: &str| SignatureError::Envelope(what.to_owned());
    let envelope: Envelope = serde_json::from_str(envelope).map_err(|error| wrong(&error.to_string()))?;
    if envelope.payload_type != PAYLOAD {
        return Err(wrong("its payload is of another type"));
    }
    let payload = base64::decode(&envelope.payload).map_err(|_| wrong("its payload is no Base64"))?;
    let message = encoded(PAYLOAD, &payload);
    let verifier = UnparsedPublicKey::new(&ED25519, key.0);
    // The id is a hint only: whose signature it is, the signature tells.
    let is_of_key = |one: &Signature| base64::decode(&one.sig).is_ok_and(|sig| verifier.verify(&message, &sig).is_ok());
    if !envelope.signatures.iter().any(is_of_key) {
        let ids: Vec<&str> = envelope.signatures.iter().map(|one| one.keyid.as_str()).collect();
        return Err(SignatureError::OtherKey { key: key.id(), signed_by: ids.join(", ") });
    }
    // Nothing of the payload was looked at before it was known who signed it.
    let statement: Statement = serde_json::from_slice(&payload).map_err(|error| wrong(&error.to_string()))?;
    if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
        return Err(wrong("it does not speak of a plan"));
    }
    let found = bare(&sha256(file));
    match statement.subject.as_slice() {
        [one] if one.digest.sha256 == found => Ok(()),
        [one] => Err(SignatureError::OtherPlan { signed: one.digest.sha256.clone(), found }),
        _ => Err(wrong("it speaks of several files")),
    }
}

/// What is signed: type and body, each with its length (DSSE, "PAE").
fn encoded(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The bytes of the first block of that label (RFC 7468).
fn pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (inside, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let inside: String = inside.split_whitespace().collect();
    base64::decode(inside).ok()
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(&Sha256::digest(bytes)))
}

fn bare(digest: &str) -> String {
    digest.trim_start_matches("sha256:").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410, section 10.3, and its public key of section 10.1.
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const PUBLIC_KEY: &str =
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    #[test]
    fn keys_are_those_of_the_rfc_and_nothing_else_is_a_key() {
        let (private, public) = (PrivateKey::of_pem(KEY).expect("a key"), PublicKey::of_pem(PUBLIC_KEY).expect("a key"));
        assert_eq!(private.public().expect("its public half").id(), public.id());
        for text in ["", KEY, "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----"] {
            assert_eq!(PublicKey::of_pem(text).expect_err("no key"), SignatureError::PublicKey);
        }
        assert_eq!(PrivateKey::of_pem(PUBLIC_KEY).expect_err("no key"), SignatureError::PrivateKey);
    }

    #[test]
    fn the_encoding_is_that_of_dsse() {
        // The example of the specification (protocol.md).
        assert_eq!(
            encoded("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
