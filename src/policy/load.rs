//! From texts to a policy: the one way in, for every command.

use std::collections::BTreeSet;

use crate::diag::{Diagnostic, Diagnostics, Fault, FileId, Severity, Source, Sources, Span};
use crate::policy::document::Document;
use crate::policy::reference::Resolve;
use crate::policy::{Policy, codes, read, resolve, secrets, tree};

/// Secrets that are looked for in all texts once they were found in one: more of them are not worth the time.
const SECRETS: usize = 64;

/// Shorter secrets are blanked where they were found only: elsewhere they would hide ordinary words.
const SHORTEST: usize = 6;

/// Largest text that is read, in bytes: far above any real policy, far below what would hurt.
pub const LARGEST: usize = 16 * 1024 * 1024;

/// What a set of texts came to.
#[derive(Debug)]
pub struct Loaded {
    /// The policy, also where there are findings: what could be read of it. `None` where not even its name could.
    pub policy: Option<Policy>,
    /// Everything found, sorted by place.
    pub diagnostics: Diagnostics,
    /// The texts to show places of: those given and the service classes in use, secrets written in plain blanked out.
    pub sources: Sources,
}

/// Reads, merges and checks a policy; references are looked up through `resolver`.
pub fn load(sources: Sources, resolver: &dyn Resolve) -> Loaded {
    run(sources, Some(resolver))
}

/// Reads, merges and checks a policy without looking up any reference: nothing of the outside is seen.
pub fn load_unresolved(sources: Sources) -> Loaded {
    run(sources, None)
}

fn run(mut sources: Sources, resolver: Option<&dyn Resolve>) -> Loaded {
    sources.refuse_larger(LARGEST);
    let mut out = Diagnostics::new();
    let mut merged = resolve::Merged::default();
    let mut torn = false;
    let mut hidden: Vec<Span> = Vec::new();
    for (file, source) in sources.iter() {
        torn |= match unreadable(file, source) {
            Some(why) => {
                out.push(why);
                hidden.extend(secrets::find_in_lines(&source.text).all().map(|secret| secret.span(file)));
                true
            }
            None => read_text(file, &source.text, &mut merged, &mut hidden, &mut out),
        };
    }
    let policy = resolve::resolve(merged, &mut sources, resolver, torn, &mut out);
    hide(&hidden, &mut sources, &mut out);
    Loaded { policy, diagnostics: out.sorted(), sources }
}

/// Takes the secrets out of the texts, and out of what was said about them where they stand again, such as in a comment.
fn hide(hidden: &[Span], sources: &mut Sources, out: &mut Diagnostics) {
    let texts = hidden.iter().filter_map(|span| sources.text(*span)).map(str::trim);
    let texts: BTreeSet<String> = texts.filter(|text| text.len() >= SHORTEST).take(SECRETS).map(str::to_owned).collect();
    sources.blank(hidden);
    for secret in texts.iter().rev() {
        sources.blank_text(secret);
        let stars = "*".repeat(secret.len());
        for said in out.iter_mut() {
            let labels = said.labels.iter_mut().map(|label| &mut label.text);
            let all = labels.chain(&mut said.notes).chain(&mut said.help).chain([&mut said.message]);
            all.filter(|text| text.contains(secret)).for_each(|text| *text = text.replace(secret, &stars));
        }
    }
}

/// Reads the documents of one text; true where some of it could not be read.
fn read_text(file: FileId, text: &str, merged: &mut resolve::Merged, hidden: &mut Vec<Span>, out: &mut Diagnostics) -> bool {
    let found = secrets::find(text);
    for secret in &found.secrets {
        if let Some(kind) = secret.kind.told() {
            out.push_with(Severity::Error, || plain_secret(kind, secret.span(file), secret.of_aws));
        }
    }
    hidden.extend(found.all().map(|secret| secret.span(file)));
    let tree = tree::parse_without(&found, file, text, out);
    let mut torn = tree.torn;
    for node in tree.documents() {
        match read::read::<Document>(&tree, *node, out) {
            Some(document) => merged.add(document, out),
            None => torn = true,
        }
    }
    torn
}

/// Why a source is not even a text to parse.
fn unreadable(file: FileId, source: &Source) -> Option<Diagnostic> {
    let place = |at: u32| Span { file, start: at, end: at };
    if let Some(fault) = source.fault {
        return Some(faulty(fault, source, place));
    }
    let nul = source.text.find('\0')?;
    let finding = Diagnostic::error(codes::NOT_TEXT, format!("byte {nul} is NUL: this is not a text"));
    let at = u32::try_from(nul).unwrap_or(u32::MAX);
    Some(finding.at(place(at), "the first NUL byte").help("Save the file as UTF-8 text."))
}

fn faulty(fault: Fault, source: &Source, place: impl Fn(u32) -> Span) -> Diagnostic {
    match fault {
        Fault::NotUtf8(at) => {
            let finding = Diagnostic::error(codes::NOT_TEXT, format!("byte {at} is not UTF-8"));
            // A byte order mark of UTF-16, and ASCII letters as two bytes each.
            let wide = at == 0 && source.text.contains('\0');
            let help = if wide {
                "It seems to be UTF-16: save it as UTF-8 text, such as by `iconv -f UTF-16 -t UTF-8`."
            } else {
                "Save the file as UTF-8 text."
            };
            finding.at(place(at), "the first wrong byte").help(help)
        }
        Fault::LeadsOut => Diagnostic::error(codes::LEADS_OUT, "a link that leads to no file of the policy's own folder")
            .at(place(0), "not followed")
            .note("through such a link, a policy could show or rewrite any file that whoever runs bdr may read or write")
            .help("Put the text itself there; or name the file that is meant with -p: that one may lie anywhere."),
        Fault::TooLarge => Diagnostic::error(codes::TOO_LARGE, format!("larger than {} MiB", LARGEST >> 20))
            .at(place(0), "not read")
            .help("Split the policy into several files; bdr merges all files of a folder."),
        Fault::NotAFile => Diagnostic::error(codes::NOT_A_FILE, "neither a file nor a folder")
            .at(place(0), "not opened")
            .note("reading a pipe, a socket or a device could wait or go on for ever")
            .help("Remove it, or put a file with the text in its place."),
    }
}

fn plain_secret(kind: &str, span: Span, of_aws: bool) -> Diagnostic {
    let help = if of_aws {
        "Change the secret, and remove it: credentials come from AWS's own chain (environment, ~/.aws/credentials, or a role)."
    } else {
        "Change the secret, keep it outside, and refer to it: \"${env:NAME}\" or \"${file:PATH}\"."
    };
    Diagnostic::error(codes::SECRET, format!("{kind} is written in plain"))
        .at_secret(span, "a secret")
        .note("whoever can read the policy, its history or a log of it has the secret")
        .help(help)
}
