//! Markdown as a terminal shows it: headings, text wrapped to the width, code set in.

/// Headings without `#`, paragraphs and list items wrapped, fenced blocks indented by four columns. Inline marks stay as they are.
pub fn show(text: &str, width: usize, color: bool) -> String {
    let (bold, off) = if color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in text.lines().chain([""]) {
        let fence = line.trim_start().starts_with("```");
        let breaks = in_code || fence || line.is_empty() || line.starts_with(['#', '-', '|']) || line.starts_with("    ");
        if breaks && !paragraph.is_empty() {
            out.push_str(&wrap(&paragraph, width));
            paragraph.clear();
        }
        if fence {
            in_code = !in_code;
        } else if in_code {
            out.push_str(format!("    {line}").trim_end());
            out.push('\n');
        } else if let Some(heading) = line.strip_prefix('#') {
            out.push_str(&format!("{bold}{}{off}\n", heading.trim_start_matches('#').trim()));
        } else if line.is_empty() || line.starts_with('|') || line.starts_with("    ") {
            out.push_str(line);
            out.push('\n');
        } else {
            paragraph.push_str(if paragraph.is_empty() { "" } else { " " });
            paragraph.push_str(line.trim());
        }
    }
    // Empty lines that stood around fences and headings come out once.
    let mut shown = String::new();
    for line in out.trim().lines() {
        if !(line.is_empty() && shown.ends_with("\n\n")) {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    shown
}

fn wrap(paragraph: &str, width: usize) -> String {
    let hang = if paragraph.starts_with("- ") { "  " } else { "" };
    let options = textwrap::Options::new(width)
        .subsequent_indent(hang)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(paragraph, options) + "\n"
}

#[cfg(test)]
mod tests {
    use super::show;

    #[test]
    fn text_is_wrapped_and_code_is_not() {
        let text = "Some words that\nbelong together.\n\n## Why\n\n- one item that is long\n- two\n\n```yaml\na: {  b: 1, and: a line that is long }\n\n```\nEnd.\n";
        let shown = "Some words that belong\ntogether.\n\nWhy\n\n- one item that is\n  long\n- two\n\n    a: {  b: 1, and: a line that is long }\n\nEnd.\n";
        assert_eq!(show(text, 22, false), shown);
        assert!(show(text, 22, true).contains("\x1b[1mWhy\x1b[0m"));
    }
}
