//! `bdr import`: a policy from buckets as they stand, and what of them it does not say.

mod access;
mod bucket;
mod draft;
mod held;
mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::address::{PolicyName, StoreName};
use crate::cli::load::References;
use crate::cli::{Context, Exit, Failure, hint, init};
use crate::diag::{Secrets, Severity, Sources, render_all, shown};
use crate::lint;
use crate::policy::{Policy, load_unresolved};
use crate::provider::Env;
use crate::providers::s3::{Standing, seen, standing};
use bucket::{Bucket, quoted};
use draft::Draft;

/// Write a policy from buckets as they stand, with what it cannot say as comments
///
/// The buckets are read, and nothing is written but the policy. What somebody else set there stays as it is, and is named; what
/// `bdr plan` would still do afterwards is named too. Secrets are neither read nor written.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Bucket to read; give it several times for several, such as both sides of a replication
    #[arg(long, value_name = "NAME", required = true)]
    bucket: Vec<String>,
    /// Region in which to look first; buckets elsewhere are found, and each is written with its own
    #[arg(long)]
    region: Option<String>,
    /// Address of a store that is compatible with S3
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Name of the policy [default: the one that marked the first bucket, else the bucket's name]
    #[arg(long)]
    name: Option<String>,
    /// File to write; `-` writes to stdout
    #[arg(long, value_name = "FILE", default_value = "bdr.yaml")]
    out: PathBuf,
    /// Replace the file if there is one
    #[arg(long)]
    force: bool,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let to_stdout = args.out == Path::new("-");
    if !to_stdout && !args.force && args.out.exists() {
        return Err(hint::there_already(&args.out));
    }
    let names: BTreeSet<&String> = args.bucket.iter().collect();
    if names.len() < args.bucket.len() {
        return Err(Failure::usage("a bucket is named twice"));
    }
    let env = Arc::new(context.env_before(References::Acting, &args.out)?);
    let (found, regions) = read(args, &env).await?;
    let policy = policy_name(args, &found)?;
    let buckets = stores(args, &found, &regions, &policy);
    let (text, left) = held::text(&buckets, &policy, &env).await;
    let (policy, text, found) = agreed(&text, context)?;
    let first = look::first_apply(&policy, &env, context).await;
    let head = harmless(&headed(args, &left, &first));
    let text = head.clone() + &text;
    if to_stdout {
        context.print_exactly(&text)?;
    } else {
        init::write(&args.out, &text, args.force)?;
    }
    tell(args, context, (&head, &found), to_stdout);
    Ok(Exit::Done)
}

/// The region of each bucket, where one is known.
type Regions = Vec<Option<String>>;

/// What stands in each bucket, in the order in which they were named, and where each lies.
async fn read(args: &Args, env: &Arc<Env>) -> Result<(Vec<Standing>, Regions), Failure> {
    let mut regions: Regions = vec![args.region.clone(); args.bucket.len()];
    let seen = seen(&Arc::new(buckets(args, &regions)?), env).await.map_err(Failure::from)?;
    for (seen, region) in seen.iter().zip(&mut regions) {
        *region = seen.region.clone().or(region.take());
    }
    let found = standing(&Arc::new(buckets(args, &regions)?), env, &seen).await.map_err(Failure::from)?;
    Ok((found, regions))
}

/// The buckets as stores of a policy, to be looked at; in order of name they are in the order in which they were given.
fn buckets(args: &Args, regions: &Regions) -> Result<Policy, Failure> {
    let mut text = "version: 1\nname: import\nstores:\n".to_owned();
    for (at, (bucket, region)) in args.bucket.iter().zip(regions).enumerate() {
        let place = [("region", region), ("endpoint", &args.endpoint)];
        let place: String =
            place.iter().filter_map(|(key, value)| Some(format!(", {key}: {}", quoted(value.as_ref()?)))).collect();
        text += &format!("  b{at:04}: {{ s3: {{ bucket: {}{place} }} }}\n", quoted(bucket));
    }
    loaded(text, "the buckets")
}

/// # Errors
/// When the text has errors, in its own words.
fn loaded(text: String, what: &str) -> Result<Policy, Failure> {
    let mut sources = Sources::new();
    sources.add(what, text);
    let loaded = load_unresolved(sources);
    let first = loaded.diagnostics.iter().find(|finding| finding.severity == Severity::Error);
    match (loaded.policy, first) {
        (Some(policy), None) => Ok(policy),
        (_, first) => {
            let words = first.map_or_else(String::new, |finding| finding.message.clone());
            Err(Failure::usage(words).help("Look at --bucket, --region and --endpoint."))
        }
    }
}

fn policy_name(args: &Args, found: &[Standing]) -> Result<String, Failure> {
    let marked = found.iter().find_map(|standing| standing.tags.get("bdr:policy"));
    let marked = marked.and_then(|mark| mark.split(' ').next()).map(str::to_owned);
    args.name.as_deref().map_or(Ok(()), init::fits)?;
    let name = args.name.clone().or(marked).unwrap_or_else(|| as_name(&args.bucket[0]));
    PolicyName::new(&name).map(|name| name.to_string()).map_err(|error| Failure::usage(error.to_string()))
}

fn as_name(bucket: &str) -> String {
    bucket.chars().map(|c| if c == '.' { '-' } else { c }).take(63).collect()
}

fn stores<'a>(args: &'a Args, found: &'a [Standing], regions: &'a Regions, policy: &str) -> Vec<Bucket<'a>> {
    let mut taken = BTreeSet::new();
    let one = |((bucket, standing), region): ((&'a String, &'a Standing), &'a Option<String>)| {
        let store = draft::store_of(standing, policy).filter(|name| StoreName::new(name).is_ok());
        let mut store = store.unwrap_or_else(|| as_name(bucket));
        while !taken.insert(store.clone()) {
            store = format!("{}-2", &store[..store.len().min(60)]);
        }
        Bucket { bucket, store, region: region.as_deref(), endpoint: args.endpoint.as_deref(), standing }
    };
    args.bucket.iter().zip(found).zip(regions).map(one).collect()
}

/// The text with a comment at each place of which lint has something to say: what stands is imported as it stands.
fn agreed(text: &str, context: &Context) -> Result<(Policy, String, Vec<String>), Failure> {
    let linted = |text: &str| {
        let mut sources = Sources::new();
        sources.add("bdr.yaml", text);
        lint::lint(sources, context.now())
    };
    let first = linted(text);
    let errors = first.found.iter().any(|finding| finding.code.starts_with("BDR-P") && finding.severity == Severity::Error);
    let Some(policy) = first.policy.filter(|_| !errors) else {
        context.warn(render_all(&first.found, &first.sources, context.look_stderr()).trim_end());
        return Err(Failure::new("what stands there makes no policy that can be read")
            .help("Import fewer buckets at a time; this should be reported."));
    };
    let mut ignored: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    let mut told = Vec::new();
    for finding in first.found.iter() {
        if let Some((line, _)) = finding.span().and_then(|span| first.sources.lines(span)) {
            ignored.entry(line).or_default().insert(finding.code);
        }
        told.push(format!("{}: {}", finding.code, finding.message));
    }
    let mut marked = String::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if let Some(codes) = ignored.get(&at) {
            let indent = &line[..line.len() - line.trim_start().len()];
            let codes: Vec<&str> = codes.iter().copied().collect();
            marked += &format!("{indent}# bdr:ignore[{}] imported as it stands\n", codes.join(", "));
        }
        marked += line;
    }
    told.sort();
    told.dedup();
    Ok((policy, marked, told))
}

/// What stands above the policy.
fn headed(args: &Args, left: &[String], first: &[String]) -> String {
    let buckets: Vec<String> = args.bucket.iter().map(|bucket| format!("s3://{bucket}")).collect();
    let mut head = format!("# Imported from {}, as it stood.\n", buckets.join(", "));
    for (title, lines) in [("What this policy does not say:", left), ("What the first `bdr apply` does:", first)] {
        if !lines.is_empty() {
            head += &format!("#\n# {title}\n");
            head.extend(lines.iter().map(|line| format!("# - {}\n", shown(line))));
        }
    }
    head
}

/// Without what looks like a secret: names of others' rules may hold anything.
fn harmless(head: &str) -> String {
    let mut sources = Sources::new();
    sources.add("head", head);
    let found = load_unresolved(sources.clone()).diagnostics;
    Secrets::of(found.iter(), &sources).blank(head).into_owned()
}

fn tell(args: &Args, context: &Context, (head, found): (&str, &[String]), to_stdout: bool) {
    head.lines().skip(1).for_each(|line| context.say(line.trim_start_matches('#').trim_start_matches(' ')));
    if !found.is_empty() {
        context.say("\nWhat lint says of it, kept in comments (`bdr:ignore`):");
        found.iter().for_each(|line| context.say(&format!("- {line}")));
    }
    if !to_stdout {
        let file = args.out.display();
        context.say(&format!("\nWrote {file}. Next: bdr plan -p {file}"));
    }
}

/// Parts of a text, and what they leave out.
fn joined(drafts: Vec<Draft>) -> (String, Vec<String>) {
    let left = drafts.iter().flat_map(|draft| draft.left.clone()).collect();
    (drafts.into_iter().map(|draft| draft.text).collect(), left)
}
