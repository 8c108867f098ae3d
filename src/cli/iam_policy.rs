//! `bdr iam-policy`: the least that AWS IAM must allow for what a policy needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::ValueEnum;

use crate::access::{Document, INLINE, MANAGED};
use crate::address::{AccountName, StoreName};
use crate::cli::load::{self, References};
use crate::cli::{Context, Exit, Failure, chosen};
use crate::policy::{Backend, Encryption, Policy, StoreSpec};
use crate::providers::rights::documents;
use crate::rights::Purpose;

/// Print the least that AWS IAM must allow for what the policy needs
///
/// The document goes to stdout as `aws iam put-role-policy --policy-document` takes it. It names the buckets, prefixes and keys of the
/// policy and nothing else. It also denies what it is not for, whatever another document allows: for who does several things, name all
/// of them at once. Nothing is asked of the live system. A reference that the caller does not allow, or that has no value, stands
/// as its name in `<>`. A policy whose stores are folders needs nothing, and prints nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What it is for; several for who does several things
    #[arg(value_enum, required = true, num_args = 1..)]
    purpose: Vec<Word>,
    /// Only this store; may be given several times
    #[arg(long, value_name = "NAME")]
    store: Vec<String>,
    /// What the role must be allowed that is taken on in this account of the policy, not who takes it on
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// For `apply --without-backups`: it writes no backups then, and copies nothing
    #[arg(long)]
    without_backups: bool,
    /// Print only this one, where several documents are needed
    #[arg(long, value_name = "N")]
    part: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    /// `plan`, `drift` and `list`: reads settings and what there is, and no data of a backup
    Plan,
    /// `apply`: sets what the policy wants, makes first backups, and copies existing objects
    Apply,
    /// `backup` and `wal push`: writes backups, and removes none
    Write,
    /// `restore`, `verify` and `wal fetch`: reads backups, and writes nothing
    Restore,
    /// `prune`, and with `write` `backup --prune`: removes backups
    Prune,
    /// `copy`: copies what lay in buckets before their replication rules, and replaces and removes nothing
    Copy,
    /// `status` and `wal status`: reads manifests and looks at objects and their copies, and reads no data of a backup
    Status,
}

impl Word {
    fn purpose(self) -> Purpose {
        match self {
            Self::Plan => Purpose::Plan,
            Self::Apply => Purpose::Apply,
            Self::Write => Purpose::Write,
            Self::Restore => Purpose::Restore,
            Self::Prune => Purpose::Prune,
            Self::Copy => Purpose::Copy,
            Self::Status => Purpose::Status,
        }
    }
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let purposes: BTreeSet<Purpose> = args.purpose.iter().map(|word| word.purpose()).collect();
    if args.without_backups && !purposes.contains(&Purpose::Apply) {
        return Err(Failure::usage("`--without-backups` goes with `apply` only"));
    }
    let policy = narrowed(load::policy(context, References::AsFarAsKnown)?.policy, &args.store)?;
    let by = args.account.as_deref().map(|name| account(&policy, name)).transpose()?;
    let all = documents(&policy, &purposes, args.without_backups, by.as_ref());
    if all.is_empty() {
        if args.part.is_some() {
            return Err(Failure::usage("there is no such part: nothing is needed"));
        }
        context.say(nothing(&policy));
        return Ok(Exit::Done);
    }
    let shown: &[Document] = match args.part {
        None => &all,
        Some(part) => part.checked_sub(1).and_then(|at| all.get(at..=at)).ok_or_else(|| {
            Failure::usage(format!("there is no part {part}")).help(format!("There are {}, counted from 1.", all.len()))
        })?,
    };
    for document in shown {
        let text = document.json().map_err(|error| Failure::new(format!("could not write the document: {error}")))?;
        context.print_json(&(text + "\n"))?;
    }
    notes(&policy, &purposes, by.as_ref()).iter().for_each(|note| context.say(&format!("note: {note}")));
    if all.len() > 1 && args.part.is_none() {
        context.say(&format!("note: {}", divided(&all)));
    }
    Ok(Exit::Done)
}

/// The policy with the stores that are asked for.
fn narrowed(policy: Arc<Policy>, stores: &[String]) -> Result<Policy, Failure> {
    let mut policy = Arc::unwrap_or_clone(policy);
    for name in stores {
        if !policy.stores.keys().any(|known| known.as_str() == name) {
            return Err(chosen::unknown("store", name, policy.stores.keys().map(StoreName::as_str)));
        }
    }
    policy.stores.retain(|name, _| stores.is_empty() || stores.iter().any(|wanted| wanted == name.as_str()));
    Ok(policy)
}

/// # Errors
/// When the policy has no account of that name.
fn account(policy: &Policy, name: &str) -> Result<AccountName, Failure> {
    let known = policy.accounts.keys().find(|known| known.as_str() == name);
    known.cloned().ok_or_else(|| chosen::unknown("account", name, policy.accounts.keys().map(AccountName::as_str)))
}

fn nothing(policy: &Policy) -> &'static str {
    if policy.stores.values().any(|spec| matches!(spec.backend, Backend::S3(_))) {
        "Nothing is needed: no copies go to these stores."
    } else {
        "Nothing is needed: no store is in S3."
    }
}

/// What a reader of the document has to know besides.
fn notes(policy: &Policy, purposes: &BTreeSet<Purpose>, by: Option<&AccountName>) -> Vec<String> {
    let mut notes = BTreeSet::new();
    for (name, spec) in &policy.stores {
        let Backend::S3(backend) = &spec.backend else { continue };
        if backend.by() != by {
            notes.extend(backend.by().filter(|_| by.is_none()).map(of_account));
            continue;
        }
        if !backend.bucket.value.is_known() {
            let shown = &backend.bucket.value.shown;
            notes.insert(format!(
                "the bucket of store `{name}` ({shown}) is not known here: put its name where `<…>` stands, or allow the reference"
            ));
        }
        notes.extend(let_in(name, spec, purposes));
        let key = match spec.encryption.as_ref().map(|encryption| &encryption.value) {
            Some(Encryption::Kms { key: Some(key), .. }) => key.value.as_str(),
            _ => "",
        };
        if key.contains("alias/") {
            notes.insert(format!(
                "the key of store `{name}` is named by an alias, so the document allows whatever key carries it"
            ));
        } else if !key.is_empty() && !key.starts_with("arn:") && backend.account.is_none() {
            notes.insert(format!(
                "the key of store `{name}` is named by its id: with its ARN, the document names its account too"
            ));
        }
    }
    let mut notes: Vec<String> = notes.into_iter().collect();
    if purposes.contains(&Purpose::Plan) || purposes.contains(&Purpose::Apply) {
        notes.push(
            "buckets that left the policy are found only by who may also `s3:ListAllMyBuckets`, and `s3:GetBucketTagging` on all"
                .to_owned(),
        );
    }
    notes
}

/// The bucket's own policy denies to all but whom `access` names, whatever else they are allowed.
fn let_in(name: &StoreName, spec: &StoreSpec, purposes: &BTreeSet<Purpose>) -> Vec<String> {
    let access = spec.access.as_ref();
    let needs = |any: &[Purpose]| any.iter().any(|purpose| purposes.contains(purpose));
    let lists = [
        ("write", access.is_some_and(|access| access.write.is_some()) && needs(&[Purpose::Write, Purpose::Copy])),
        (
            "read",
            access.is_some_and(|access| access.read.is_some()) && needs(&[Purpose::Restore, Purpose::Status, Purpose::Copy]),
        ),
        ("delete", access.is_some_and(|access| access.delete.is_some()) && needs(&[Purpose::Prune])),
        ("configure", access.is_some_and(|access| access.configure.is_some()) && needs(&[Purpose::Apply])),
    ];
    let told = |(key, _): (&str, bool)| {
        format!(
            "the bucket of store `{name}` denies it to all whom the policy does not name there: who uses this belongs under `access.{key}` too"
        )
    };
    lists.into_iter().filter(|(_, limits)| *limits).map(told).collect()
}

fn of_account(name: &AccountName) -> String {
    format!(
        "what is in account `{name}` is done by the role that is taken on there: `--account {name}` prints what that must be allowed"
    )
}

fn divided(all: &[Document]) -> String {
    let partitions: BTreeSet<&str> = all.iter().map(|document| document.partition).collect();
    let count = all.len();
    let partition = format!(
        "one role cannot speak of several parts of the cloud ({})",
        partitions.iter().copied().collect::<Vec<_>>().join(", ")
    );
    let size = format!(
        "the inline policies of a role hold {INLINE} characters; make managed policies of them (`aws iam create-policy`), which hold \
         {MANAGED} each"
    );
    let why = match (partitions.len() > 1, count > partitions.len()) {
        (true, true) => format!("{partition}, and {size}"),
        (true, false) => partition,
        _ => size,
    };
    format!("these are {count} documents, one after another (`--part 1` to `--part {count}` print one): {why}")
}
