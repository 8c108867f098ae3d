//! Kind `iam_role_policy`: what a role may do, as its one inline policy `bdr`.

use std::collections::BTreeMap;

use crate::access::meaning;
use crate::attrs::{Attr, Attrs};
use crate::provider::ProviderError;
use crate::providers::iam::connection::Reached;
use crate::providers::iam::request::{OURS, Rights};
use crate::resource::{Foreign, Live};
use crate::store::ErrorKind;

pub(super) fn live(rights: &Rights, name: &str, desired: Option<&Attrs>) -> Live {
    let inline =
        rights.inline.iter().map(|policy| Foreign::new(format!("{name}/{policy}"), "inline policy of the role".to_owned()));
    let attached = rights.attached.iter();
    let attached = attached.map(|(_, arn)| Foreign::new(format!("{name}/{arn}"), "policy attached to the role".to_owned()));
    let foreign = inline.chain(attached).collect();
    let Some(text) = &rights.ours else { return Live { foreign, ..Live::absent() } };
    let like = desired.and_then(|desired| desired.get("document"));
    let document = meaning::meaning(text, like, &BTreeMap::new());
    let notes = document.as_ref().err().map(|why| format!("its inline policy cannot be read: {why}")).into_iter().collect();
    let document = document.unwrap_or_else(|_| Attr::text(text));
    let attrs = Attrs::from([("name".to_owned(), Attr::text(name)), ("document".to_owned(), document)]);
    Live { foreign, notes, ..Live::present(attrs) }
}

pub(super) async fn write(reached: &Reached, name: &str, wanted: &Attrs) -> Result<(), ProviderError> {
    let document = meaning::text(wanted.get("document").unwrap_or(&Attr::Null));
    let client = &reached.iam.client;
    let put = || client.put_role_policy().role_name(name).policy_name(OURS).policy_document(&document);
    let outcome = reached.change(|| reached.iam.ask(reached.answer(), put().send())).await;
    outcome.map(drop).map_err(|refusal| reached.fault("give rights to", name, "iam:PutRolePolicy", refusal))
}

pub(super) async fn delete(reached: &Reached, name: &str) -> Result<(), ProviderError> {
    let client = &reached.iam.client;
    let request = client.delete_role_policy().role_name(name).policy_name(OURS);
    match reached.iam.once(reached.iam.ask(reached.answer(), request.send())).await {
        Ok(_) => Ok(()),
        Err(refusal) if refusal.kind == ErrorKind::NotFound => Ok(()),
        Err(refusal) => Err(reached.fault("take the rights of", name, "iam:DeleteRolePolicy", refusal)),
    }
}
