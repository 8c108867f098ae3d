//! Packs on the command line: read from `--pack NAME`, and explained.

use std::fmt::Write as _;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::diag::Code;
use crate::lint::{self, at_plan};
use crate::policy::Pack;

/// Reads the name of a pack.
pub fn parser() -> impl TypedValueParser<Value = Pack> {
    PossibleValuesParser::new(Pack::ALL.map(|pack| PossibleValue::new(pack.as_str())))
        .map(|name| Pack::ALL.into_iter().find(|pack| pack.as_str() == name).unwrap_or(Pack::Copies))
}

/// A pack's page, as Markdown: what it is about, and its rules.
pub fn page(pack: Pack) -> String {
    let (title, rest) = pack.text().split_once('\n').unwrap_or((pack.text(), ""));
    let mut out = format!("# {}: {}\n\n{}\n\n", pack.as_str(), title.trim_end_matches('.'), rest.trim());
    for code in rules(pack) {
        let _ = writeln!(out, "- {} {}: {}", code.code, code.name, code.title());
    }
    let _ = writeln!(
        out,
        "\nChosen in the policy (`packs: [{name}]`), or by `--pack {name}` of `lint` and `plan`.",
        name = pack.as_str()
    );
    out
}

fn rules(pack: Pack) -> Vec<Code> {
    let of_lint = lint::RULES.iter().filter(|rule| rule.pack() == Some(pack)).map(|rule| rule.about());
    let named = format!("(pack {})", pack.as_str());
    let of_plan = at_plan::RULES.iter().map(|rule| rule.about()).filter(|code| code.title().contains(&named));
    of_lint.chain(of_plan).collect()
}
