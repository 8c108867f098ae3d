//! `bdr explain`: what a code, a key of the policy, a service class, a pack of rules or a kind of resource is. Also writes docs/rules.md
//! from the same texts.

mod keys;

use std::fmt::Write as _;

use crate::cli::view::{markdown, table};
use crate::cli::{Context, Exit, Failure, codes, hint, packs};
use crate::compile::Kinds;
use crate::diag::{Code, Severity};
use crate::policy::{self, Class, Pack};
use crate::provider::Provider;
use crate::providers;
use crate::resource::{Kind, Removal};

/// Explain a code, a key of the policy, a service class, a pack of rules or a kind of resource
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Codes such as BDR-L005 or names such as unused-store; keys such as immutability or stores.replicate; or `key NAME`, `class NAME`, `pack NAME`, `kind NAME`
    #[arg(required_unless_present = "list", value_name = "CODE | KEY | class NAME | pack NAME | kind NAME")]
    what: Vec<String>,
    /// List everything that can be explained
    #[arg(long)]
    list: bool,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let width = context.terminal.width;
    if args.list {
        context.print(&list(width))?;
        return Ok(Exit::Done);
    }
    let text = match args.what.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["class", names @ ..] => each(names, "class", policy::classes(), |class| class.name, class)?,
        ["pack", names @ ..] => {
            let show = |pack: &Pack| markdown::show(&packs::page(*pack), width, context.terminal.color_stdout);
            each(names, "pack", &Pack::ALL, |pack| pack.as_str(), show)?
        }
        ["kind", names @ ..] => each(names, "kind", &kinds(), |kind| kind.name, kind)?,
        ["key"] => keys::all().iter().map(|key| format!("{key}\n")).collect(),
        ["key", words @ ..] => pages(words, context, keys::page)?,
        words => {
            let all = codes::all();
            let code = |word: &str| {
                let same = |code: &&Code| code.code.eq_ignore_ascii_case(word) || code.name.eq_ignore_ascii_case(word);
                all.iter().find(same).map(page)
            };
            pages(words, context, |word| code(word).or_else(|| keys::page(word)))?
        }
    };
    context.print(&text)?;
    Ok(Exit::Done)
}

/// The page of each word.
fn pages(words: &[&str], context: &Context, find: impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let show = |page: String| markdown::show(&page, context.terminal.width, context.terminal.color_stdout);
    let each = words.iter().map(|word| find(word).map(show).ok_or_else(|| unknown(word, &codes::all())));
    Ok(each.collect::<Result<Vec<String>, Failure>>()?.join("\n"))
}

/// The named things of a list, each shown; all of them where none is named.
fn each<T>(
    names: &[&str],
    what: &str,
    all: &[T],
    name: fn(&T) -> &'static str,
    show: impl Fn(&T) -> String,
) -> Result<String, Failure> {
    if names.is_empty() {
        return Ok(all.iter().map(|one| format!("{}\n", name(one))).collect());
    }
    let mut out = Vec::new();
    for word in names {
        let found = all.iter().find(|one| name(one) == *word).ok_or_else(|| {
            let near = nearest(word, all.iter().map(name));
            let known: Vec<&str> = all.iter().map(name).collect();
            let help = near.map_or_else(|| format!("Known are: {}.", known.join(", ")), hint::did_you_mean);
            Failure::usage(format!("there is no {what} `{word}`")).help(help)
        })?;
        out.push(show(found));
    }
    Ok(out.join("\n"))
}

fn unknown(word: &str, all: &[Code]) -> Failure {
    let names = all.iter().flat_map(|code| [code.code, code.name]);
    let keys = keys::all();
    let others = policy::classes().iter().map(|class| class.name);
    let help = if let Some(class) = others.clone().find(|name| name == &word) {
        format!("It is a service class: bdr explain class {class}")
    } else if let Some(pack) = Pack::ALL.iter().find(|pack| pack.as_str() == word) {
        format!("It is a pack of rules: bdr explain pack {}", pack.as_str())
    } else if let Some(kind) = kinds().iter().find(|kind| kind.name == word) {
        format!("It is a kind of resource: bdr explain kind {}", kind.name)
    } else if let Some(near) = nearest(&word.to_uppercase(), names.clone())
        .map(str::to_owned)
        .or_else(|| nearest(word, names.chain(keys.iter().map(String::as_str))).map(str::to_owned))
    {
        format!("{} `bdr explain --list` shows all.", hint::did_you_mean(near))
    } else {
        "`bdr explain --list` shows all.".to_owned()
    };
    Failure::usage(format!("there is nothing called `{word}` to explain")).help(help)
}

/// The most similar name, where one is similar enough to have been meant.
fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .min()
        .filter(|(distance, name)| distance * 3 <= name.len())
        .map(|(_, name)| name)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A code's page, as Markdown.
fn page(code: &Code) -> String {
    format!("# {} {} ({})\n\n{}.\n\n{}\n", code.code, code.name, level(code.severity), code.title(), code.explanation())
}

fn class(class: &Class) -> String {
    format!("# {}: what `inherits: {}` brings; it is shipped inside bdr\n{}", class.path, class.name, class.text)
}

fn kind(kind: &Kind) -> String {
    let removal = match kind.removal {
        Removal::Delete => "it is removed",
        Removal::Release => "bdr's mark is taken off, and it stays",
    };
    let mut out = format!("{} ({})\n\n{}\n\nWhen it leaves the policy {removal}.\n", kind.name, kind.title, kind.summary);
    if kind.shared {
        out.push_str("Several of them live in one document, which is written once; foreign parts of it are kept.\n");
    }
    if !kind.immutable.is_empty() {
        let _ = writeln!(out, "Cannot be changed once it exists: {}.", kind.immutable.join(", "));
    }
    out
}

fn kinds() -> Vec<Kind> {
    let all = providers::ALL.iter().map(|provider| *provider as &dyn Provider);
    Kinds::of(all).iter().copied().collect()
}

fn list(width: usize) -> String {
    let rows: Vec<Vec<String>> = codes::all()
        .iter()
        .map(|code| vec![code.code.to_owned(), level(code.severity).to_owned(), code.title().to_owned()])
        .collect();
    let mut out = table::columns(&["code", "level", "what it finds"], &rows, width);
    let names: Vec<&str> = policy::classes().iter().map(|class| class.name).collect();
    let kinds: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
    let packs = Pack::ALL.map(Pack::as_str).to_vec();
    let keys = keys::all();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for (what, names) in [("key", keys), ("class", names), ("pack", packs), ("kind", kinds)] {
        let indent = " ".repeat(what.len() + 2);
        let options = textwrap::Options::new(width).initial_indent("").subsequent_indent(&indent);
        let _ = writeln!(out, "\n{}", textwrap::fill(&format!("{what}: {}", names.join(", ")), options));
    }
    out
}

/// docs/rules.md.
pub fn rules_page() -> String {
    let mut out = "<!-- Generated: BDR_BLESS=1 cargo test --test it generated:: -->\n# What `bdr lint` finds\n\n\
        Every code with its explanation, as `bdr explain CODE` shows it. A finding that is meant to be so is suppressed by a\n\
        comment on its line or the line above, with a reason: `# bdr:ignore[BDR-L005] the disk comes in January, until 2027-01-31`.\n\
        The end is optional. Errors of reading (`BDR-P…`) cannot be suppressed.\n\n| code | level | what it finds |\n|---|---|---|\n"
        .to_owned();
    let codes = codes::all();
    for code in &codes {
        let anchor = format!("{}-{}-{}", code.code, code.name, level(code.severity)).to_lowercase();
        let _ = writeln!(out, "| [{}](#{anchor}) | {} | {} |", code.code, level(code.severity), code.title());
    }
    for code in &codes {
        let mut in_code = false;
        out.push('\n');
        for line in page(code).trim_end().lines() {
            in_code ^= line.starts_with("```");
            if line.starts_with('#') && !in_code {
                out.push('#');
            }
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
