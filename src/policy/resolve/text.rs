//! Texts with references: read, looked up where the caller allows, kept as written otherwise.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::ExposeSecret;

use super::Run;
use crate::diag::{Diagnostic, Diagnostics, Span, Spanned};
use crate::policy::read::Field;
use crate::policy::reference::{Reference, Refused, Text};
use crate::policy::{codes, echo};

impl Run<'_> {
    /// A text that may contain references. `None` where it is absent, broken, or a reference has no value.
    pub(super) fn text(&mut self, field: &Field<impl AsRef<str>>) -> Option<Spanned<Text>> {
        let written = field.as_ref()?;
        let text = written.value.as_ref();
        if !has_reference(text) {
            return Some(Spanned::new(Text::plain(text), written.span));
        }
        let pieces = match pieces(text) {
            Ok(pieces) => pieces,
            Err(why) => {
                self.out.push(
                    Diagnostic::error(codes::REFERENCE, why)
                        .at(written.span, "not a reference")
                        .help("Write \"${env:NAME}\" or \"${file:PATH}\"; write `$${` where the characters `${` are meant."),
                );
                return None;
            }
        };
        let mut value = String::new();
        let (mut looked_up, mut kept) = (false, false);
        for piece in pieces {
            match (piece, self.resolver) {
                (Piece::Plain(text), _) => value.push_str(text),
                (Piece::Reference(_), None) => kept = true,
                (Piece::Reference(reference), Some(resolver)) => {
                    let reference = self.rooted(reference, written.span);
                    match resolver.resolve(&reference) {
                        Ok(secret) => {
                            value.push_str(secret.expose_secret());
                            looked_up = true;
                        }
                        Err(_) if resolver.keeps_unknown() => kept = true,
                        Err(refused) => {
                            let uses = &mut self.refused.entry(reference).or_insert_with(|| (refused, Vec::new())).1;
                            uses.extend(written.span);
                            return None;
                        }
                    }
                }
            }
        }
        let text = match (kept, looked_up) {
            (true, _) => Text::unresolved(text),
            (false, true) => Text::resolved(text, value),
            (false, false) => Text::plain(value),
        };
        Some(Spanned::new(text, written.span))
    }

    /// A text that is meant as it stands: a reference in it is an error.
    pub(super) fn plain(&mut self, field: &Field<impl AsRef<str>>) -> Option<Spanned<String>> {
        self.as_written(field).map(|written| written.map(str::to_owned))
    }

    pub(super) fn as_written<'f>(&mut self, field: &'f Field<impl AsRef<str>>) -> Option<Spanned<&'f str>> {
        let written = field.as_ref()?;
        let text = written.value.as_ref();
        if has_reference(text) {
            self.out.push(
                Diagnostic::error(codes::REFERENCE_HERE, "a reference cannot stand here")
                    .at(written.span, "must be written out")
                    .note("this value decides what is planned, so a review must be able to read it")
                    .help("Write the value itself. References are for paths, buckets, endpoints and other addresses."),
            );
            return None;
        }
        Some(Spanned::new(text, written.span))
    }

    /// A relative path means: relative to the folder of the policy's file.
    fn rooted(&self, reference: Reference, span: Option<Span>) -> Reference {
        let Reference::File(path) = reference else { return reference };
        let folder = span.and_then(|span| self.sources.get(span.file)).and_then(|source| Path::new(&source.name).parent());
        Reference::File(folder.map_or(path.clone(), |folder| folder.join(&path).to_string_lossy().into_owned()))
    }
}

/// Nearly no text has one, and to look for a single character costs less than for two.
fn has_reference(text: &str) -> bool {
    text.contains('$') && text.contains("${")
}

/// Each reference without a value, with the places that use it: asked for once, told once.
pub(super) fn refused(refused: BTreeMap<Reference, (Refused, Vec<Span>)>, out: &mut Diagnostics) {
    for (reference, (why, uses)) in refused {
        let mut finding = no_value(&reference, &why, uses.first().copied());
        for again in uses.iter().skip(1).take(PLACES) {
            finding = finding.at(*again, "and here");
        }
        if let Some(more) = uses.len().checked_sub(1 + PLACES).filter(|more| *more > 0) {
            finding = finding.note(format!("{more} more values refer to it"));
        }
        out.push(finding);
    }
}

/// Places shown besides the first.
const PLACES: usize = 4;

fn no_value(reference: &Reference, refused: &Refused, at: Option<Span>) -> Diagnostic {
    let name = echo::quote(&reference.to_string());
    let finding = Diagnostic::error(codes::REFUSED, format!("{name} has no value: {refused}")).at(at, "refers to it");
    match (refused, reference) {
        (Refused::NotAllowed, Reference::Env(name)) => {
            finding.help(format!("Allow it with `--allow-env {}` if this policy may see it.", echo::bare(name)))
        }
        (Refused::NotAllowed, Reference::File(path)) => {
            finding.help(format!("Allow it with `--allow-file {}` if this policy may see it.", echo::bare(path)))
        }
        (Refused::Absent, Reference::Env(_)) => finding.help("Set the variable where bdr runs."),
        (Refused::Absent, Reference::File(_)) => {
            finding.help("Create the file, or correct the path; it is relative to the policy's folder.")
        }
        (Refused::Unreadable(_), _) => finding.help("Make it readable for the user that bdr runs as."),
    }
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Plain(&'t str),
    Reference(Reference),
}

/// Cuts a text at its references; `$${` stands for the characters `${`.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            pieces.push(Piece::Plain(&rest[..at - 1]));
            pieces.push(Piece::Plain("${"));
            rest = &rest[at + 2..];
            continue;
        }
        pieces.push(Piece::Plain(&rest[..at]));
        let inside = &rest[at + 2..];
        let end = inside.find('}').ok_or("a reference without its closing `}`")?;
        pieces.push(Piece::Reference(reference(&inside[..end])?));
        rest = &inside[end + 1..];
    }
    pieces.push(Piece::Plain(rest));
    Ok(pieces)
}

fn reference(inside: &str) -> Result<Reference, String> {
    match inside.split_once(':') {
        Some(("env", name)) if is_variable(name) => Ok(Reference::Env(name.to_owned())),
        Some(("env", name)) => Err(format!("{} is not the name of an environment variable", echo::quote(name))),
        Some(("file", path)) if !path.trim().is_empty() => Ok(Reference::File(path.to_owned())),
        Some(("file", _)) => Err("a reference to a file without its path".to_owned()),
        Some((kind, _)) => Err(format!("{} is no kind of reference", echo::quote(kind))),
        None => Err(format!("{} does not say where the value comes from", echo::quote(&format!("${{{inside}}}")))),
    }
}

fn is_variable(name: &str) -> bool {
    let head = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.len() <= 255 && name.starts_with(head) && name.chars().all(|c| head(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_cut_out_of_the_text() {
        let cut = pieces("a${env:X}b$${c${file:../p w}").expect("cuts");
        assert_eq!(
            cut,
            [
                Piece::Plain("a"),
                Piece::Reference(Reference::Env("X".to_owned())),
                Piece::Plain("b"),
                Piece::Plain("${"),
                Piece::Plain("c"),
                Piece::Reference(Reference::File("../p w".to_owned())),
                Piece::Plain(""),
            ]
        );
        for text in ["${", "${X}", "${env:}", "${env:1X}", "${env:a b}", "${file:}", "${vault:x}", "${env:X"] {
            assert!(pieces(text).is_err(), "{text}");
        }
    }
}
