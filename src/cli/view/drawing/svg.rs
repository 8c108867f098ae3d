//! A drawing as SVG 1.1: readable on light and dark, without scripts, fonts or anything else from elsewhere.

use std::fmt::Write;

use super::layout::{HEADING, Placed, Size, layout, needed};
use super::{Box, Drawing, by_owner};

/// Of the monospaced fonts named below, at 12 px: 0.602 em at the most.
const CHARACTER: f32 = 7.3;
/// Characters of a box and of a lane's name at most.
const LONGEST: usize = 40;
const TOP: u32 = 34;
const STYLE: &str = "
    text { font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #1f2328; }
    .page { fill: #ffffff; } .lane { fill: #f6f8fa; stroke: #d1d9e0; } .box { fill: #ffffff; stroke: #59636e; }
    .name, .note { fill: #59636e; } .title { font-weight: bold; } .line { fill: none; stroke: #59636e; } .head { fill: #59636e; }
    .store { fill: #0969da; } .component { fill: #1a7f37; } .policy { fill: #8250df; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; } .page { fill: #0d1117; } .lane { fill: #151b23; stroke: #3d444d; } .box { fill: #0d1117; stroke: #9198a1; }
      .name, .note { fill: #9198a1; } .line { stroke: #9198a1; } .head { fill: #9198a1; }
      .store { fill: #4493f8; } .component { fill: #3fb950; } .policy { fill: #ab7df8; }
    }
";

pub fn svg(drawing: &Drawing) -> String {
    let owners = by_owner(&drawing.boxes);
    let mut lane_of = vec![0; drawing.boxes.len()];
    owners.iter().enumerate().for_each(|(lane, (_, places))| places.iter().for_each(|place| lane_of[*place] = lane));
    let sizes: Vec<Size> =
        drawing.boxes.iter().zip(lane_of).map(|(one, lane)| Size { lane, width: width(&cut(&one.text)) + 24 }).collect();
    let all: Vec<(usize, usize)> = drawing.arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect();
    let drawn = needed(sizes.len(), &all);
    let arrows: Vec<_> =
        drawing.arrows.iter().zip(drawn).filter(|(arrow, needed)| *needed || arrow.both).map(|(a, _)| *a).collect();
    let ends: Vec<(usize, usize)> = arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect();
    let names: Vec<u32> = owners.iter().map(|(owner, _)| width(&cut(owner))).collect();
    let placed = layout(&sizes, &ends, &names);
    let above = [Some(drawing.title.as_str()), drawing.note.as_deref()].into_iter().flatten().map(|text| width(text) + 32);
    let (wide, high) = (placed.width.max(above.sum()), placed.height + TOP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\" role=\"img\">\n  \
         <title>{}</title>\n  <style>{STYLE}  </style>\n  <defs>\n    \
         <marker id=\"to\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto-start-reverse\">\
         <path class=\"head\" d=\"M0,0 L8,4 L0,8 z\"/></marker>\n  </defs>\n  <rect class=\"page\" width=\"{wide}\" height=\"{high}\"/>\n",
        escaped(&drawing.title)
    );
    _ = writeln!(out, "  <text class=\"title\" x=\"16\" y=\"22\">{}</text>", escaped(&drawing.title));
    if let Some(note) = &drawing.note {
        _ = writeln!(out, "  <text class=\"note\" x=\"{}\" y=\"22\">{}</text>", width(&drawing.title) + 40, escaped(note));
    }
    _ = writeln!(out, "  <g transform=\"translate(0 {TOP})\">");
    body(&mut out, drawing, &owners, &placed, &arrows);
    out.push_str("  </g>\n</svg>\n");
    out
}

fn body(out: &mut String, drawing: &Drawing, owners: &[(&str, Vec<usize>)], placed: &Placed, arrows: &[super::Arrow]) {
    for ((owner, _), lane) in owners.iter().zip(&placed.lanes) {
        let (x, y) = (lane.x, lane.y);
        _ = writeln!(
            out,
            "    <rect class=\"lane\" rx=\"6\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\"/>",
            lane.width, lane.height
        );
        _ = writeln!(out, "    <text class=\"name\" x=\"{}\" y=\"{}\">{}</text>", x + 10, y + HEADING - 8, escaped(&cut(owner)));
    }
    for (arrow, line) in arrows.iter().zip(&placed.lines) {
        let corners: Vec<String> = line.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let back = if arrow.both { " marker-start=\"url(#to)\"" } else { "" };
        _ = writeln!(out, "    <polyline class=\"line\" points=\"{}\" marker-end=\"url(#to)\"{back}/>", corners.join(" "));
    }
    for (one, rect) in drawing.boxes.iter().zip(&placed.boxes) {
        let (x, y) = (rect.x, rect.y);
        _ = writeln!(
            out,
            "    <rect class=\"box\" rx=\"4\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\"/>",
            rect.width, rect.height
        );
        _ = writeln!(
            out,
            "    <rect class=\"{}\" x=\"{x}\" y=\"{}\" width=\"4\" height=\"{}\"/>",
            sort(one),
            y + 4,
            rect.height - 8
        );
        _ = writeln!(out, "    <text x=\"{}\" y=\"{}\">{}</text>", x + 12, y + 18, escaped(&cut(&one.text)));
    }
}

/// Colour only repeats what the lane's name says.
fn sort(one: &Box) -> &'static str {
    let named = if one.owner.is_empty() { &one.text } else { &one.owner };
    match named {
        name if name.contains("store") => "store",
        name if name.contains("component") => "component",
        _ => "policy",
    }
}

/// Cut in the middle: the beginning and the end of a name tell most.
fn cut(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST {
        return text.to_owned();
    }
    let half = LONGEST / 2;
    text.chars().take(half).chain(['…']).chain(text.chars().skip(count - (LONGEST - half - 1))).collect()
}

/// In pixels; characters of East Asia take two columns.
fn width(text: &str) -> u32 {
    let columns = f32::from(u16::try_from(console::measure_text_width(text)).unwrap_or(u16::MAX));
    // A positive number of pixels far below the limit.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 65,535 times 7.3")]
    let pixels = (columns * CHARACTER).ceil() as u32;
    pixels
}

/// XML 1.0: without markup, and without what is no character of XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '#' => out.push_str("&#35;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
