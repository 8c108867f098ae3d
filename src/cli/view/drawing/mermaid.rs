//! A drawing in the language of Mermaid, which forges draw in Markdown.

use std::fmt::Write;

use super::dot::plain;
use super::{Drawing, by_owner};

pub fn mermaid(drawing: &Drawing) -> String {
    let mut text = String::from("flowchart LR\n");
    if let Some(note) = &drawing.note {
        _ = writeln!(text, "  %% {}", plain(note));
    }
    for (at, (owner, places)) in by_owner(&drawing.boxes).into_iter().enumerate() {
        _ = writeln!(text, "  subgraph g{at}[\"{}\"]", plain(owner));
        for place in places {
            _ = writeln!(text, "    n{place}[\"{}\"]", plain(&drawing.boxes[place].text));
        }
        text.push_str("  end\n");
    }
    for arrow in &drawing.arrows {
        _ = writeln!(text, "  n{} {} n{}", arrow.from, if arrow.both { "<-->" } else { "-->" }, arrow.to);
    }
    text
}
