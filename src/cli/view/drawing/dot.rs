//! A drawing in the language of Graphviz.

use std::fmt::Write;

use super::{Drawing, by_owner};

pub fn dot(drawing: &Drawing) -> String {
    let mut text = String::from("digraph bdr {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    if let Some(note) = &drawing.note {
        _ = writeln!(text, "  label=\"{}\";", plain(note));
    }
    for (at, (owner, places)) in by_owner(&drawing.boxes).into_iter().enumerate() {
        _ = writeln!(text, "  subgraph cluster_{at} {{\n    label=\"{}\";", plain(owner));
        for place in places {
            _ = writeln!(text, "    n{place} [label=\"{}\"];", plain(&drawing.boxes[place].text));
        }
        text.push_str("  }\n");
    }
    for arrow in &drawing.arrows {
        _ = writeln!(text, "  n{} -> n{}{};", arrow.from, arrow.to, if arrow.both { " [dir=both]" } else { "" });
    }
    text.push_str("}\n");
    text
}

/// Without what the language gives a meaning.
pub fn plain(text: &str) -> String {
    text.replace(['"', '\\', '<', '>'], "'")
}
