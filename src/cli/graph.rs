//! `bdr graph`: what a policy wants, and what waits for what, as a drawing.

use clap::ValueEnum;

use crate::cli::load::References;
use crate::cli::view::drawing::{self, Drawing};
use crate::cli::{Context, Exit, Failure, prepare};

/// Draw what the policy wants and what waits for what
///
/// Reads the policy alone: the live system is not asked. A drawing of more than 150 resources shows stores and components instead,
/// and says so.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The language of the drawing
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,
    /// Draw every resource, however many there are
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For Graphviz: bdr graph | dot -Tsvg
    Dot,
    /// For Markdown
    Mermaid,
    /// A picture, for browsers and documents
    Svg,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (loaded, _, compiled) = prepare::compiled(context, References::Unresolved)?;
    let most = if args.all { usize::MAX } else { drawing::MOST };
    let drawing = Drawing::of(loaded.policy.name.as_str(), &compiled.desired, most);
    context.print(&match args.format {
        Format::Dot => drawing::dot(&drawing),
        Format::Mermaid => drawing::mermaid(&drawing),
        Format::Svg => drawing::svg(&drawing),
    })?;
    Ok(Exit::Done)
}
