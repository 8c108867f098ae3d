//! `bdr graph`: what a policy wants, and what waits for what, as a drawing.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::ValueEnum;

use crate::cli::load::References;
use crate::cli::{Context, Exit, Failure, prepare};
use crate::diag::shown;
use crate::resource::Desired;

/// Draw what the policy wants and what waits for what
///
/// Reads the policy alone: the live system is not asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The language of the drawing
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For Graphviz: bdr graph | dot -Tsvg
    Dot,
    /// For Markdown
    Mermaid,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (_, _, compiled) = prepare::compiled(context, References::Unresolved)?;
    let text = match args.format {
        Format::Dot => dot(&compiled.desired),
        Format::Mermaid => mermaid(&compiled.desired),
    };
    context.print(&text)?;
    Ok(Exit::Done)
}

/// Resources by what they belong to, each with a number: names may hold what the languages give a meaning.
fn numbered(desired: &Desired) -> (BTreeMap<String, usize>, BTreeMap<String, Vec<String>>) {
    let mut numbers = BTreeMap::new();
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, resource) in desired.iter().enumerate() {
        let id = resource.id.to_string();
        groups.entry(resource.id.subject.to_string()).or_default().push(id.clone());
        numbers.insert(id, number);
    }
    (numbers, groups)
}

fn label(id: &str) -> String {
    shown(id.split_once('/').map_or(id, |(_, rest)| rest)).replace(['"', '\\', '<', '>'], "'")
}

fn edges(desired: &Desired, numbers: &BTreeMap<String, usize>, mut edge: impl FnMut(usize, usize)) {
    for resource in desired.iter() {
        for first in &resource.after {
            if let (Some(from), Some(to)) = (numbers.get(&first.to_string()), numbers.get(&resource.id.to_string())) {
                edge(*from, *to);
            }
        }
    }
}

fn dot(desired: &Desired) -> String {
    let (numbers, groups) = numbered(desired);
    let mut text = String::from("digraph bdr {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    for (at, (subject, ids)) in groups.iter().enumerate() {
        _ = writeln!(text, "  subgraph cluster_{at} {{\n    label=\"{}\";", label(subject));
        for id in ids {
            _ = writeln!(text, "    n{} [label=\"{}\"];", numbers[id], label(id));
        }
        text.push_str("  }\n");
    }
    edges(desired, &numbers, |from, to| _ = writeln!(text, "  n{from} -> n{to};"));
    text.push_str("}\n");
    text
}

fn mermaid(desired: &Desired) -> String {
    let (numbers, groups) = numbered(desired);
    let mut text = String::from("flowchart LR\n");
    for (at, (subject, ids)) in groups.iter().enumerate() {
        _ = writeln!(text, "  subgraph g{at}[\"{}\"]", label(subject));
        for id in ids {
            _ = writeln!(text, "    n{}[\"{}\"]", numbers[id], label(id));
        }
        text.push_str("  end\n");
    }
    edges(desired, &numbers, |from, to| _ = writeln!(text, "  n{from} --> n{to}"));
    text
}
