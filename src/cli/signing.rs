//! Signing saved plans, and refusing those that are not signed, before anything else is read.

use std::path::{Path, PathBuf};

use crate::cli::{Exit, Failure, whole};
use crate::plan::Plan;
use crate::plan::signature::{self, PrivateKey, PublicKey, SignatureError};

/// Where the signature of a plan lies.
pub fn beside(plan: &Path) -> PathBuf {
    let mut name = plan.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// # Errors
/// When the file holds no private key.
pub fn private_key(path: &Path) -> Result<PrivateKey, Failure> {
    let failed = |reason: String| {
        Failure::new(format!("could not read the key `{}`", path.display()))
            .cause(reason)
            .help("Make one with: openssl genpkey -algorithm ed25519 -out FILE")
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    PrivateKey::of_pem(&text).map_err(|error| failed(error.to_string()))
}

/// Signs a plan that was just saved, and says where the signature is.
///
/// # Errors
/// When the plan cannot be read back, or the signature not be written.
pub fn sign(plan: &Plan, path: &Path, key: &PrivateKey) -> Result<PathBuf, Failure> {
    let failed = |reason: String| Failure::new(format!("could not sign the plan `{}`", path.display())).cause(reason);
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let envelope = signature::sign(&bytes, &name, plan, key).map_err(|error| failed(error.to_string()))?;
    let to = beside(path);
    whole::save(&to, "the signature", |file| file.write_all(envelope.as_bytes()))?;
    Ok(to)
}

/// Refuses the bytes of a plan that the key did not sign.
///
/// # Errors
/// When they are not signed by it.
pub fn require(bytes: &[u8], plan: &Path, key: &Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(key).map_err(|error| error.to_string());
    let key = text.and_then(|text| PublicKey::of_pem(&text).map_err(|error| error.to_string())).map_err(|reason| {
        Failure::new(format!("could not read the key `{}`", key.display()))
            .cause(reason)
            .help("Write the public half with: openssl pkey -in PRIVATE -pubout -out FILE")
    })?;
    let signature = beside(plan);
    let refused = |reason: String, help: &str| {
        Failure::new(format!("the plan `{}` is not carried out: it is not signed as required", plan.display()))
            .exit(Exit::Blocked)
            .cause(reason)
            .help(help)
    };
    let envelope = std::fs::read_to_string(&signature).map_err(|error| {
        let help = "Keep the signature beside the plan; `bdr plan --out FILE --sign KEY` writes FILE.sig.";
        refused(format!("could not read `{}`: {error}", signature.display()), help)
    })?;
    signature::verify(bytes, &envelope, &key).map_err(|error| {
        let help = match &error {
            SignatureError::OtherPlan { .. } => {
                "The plan was changed after it was signed, or the signature is another plan's. Plan and sign anew."
            }
            SignatureError::OtherKey { .. } => {
                "Have it planned and signed by whoever holds the key, or check which key is required."
            }
            _ => "Plan and sign anew with `bdr plan --out FILE --sign KEY`.",
        };
        refused(error.to_string(), help)
    })
}
