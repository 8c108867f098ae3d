//! A case file: its intent, its blocks, and the text between them.

/// One fenced block.
#[derive(Debug, Clone)]
pub struct Block {
    /// Line of its fence, from 1.
    pub line: usize,
    /// The first two words of its info string: `yaml policy`.
    pub kind: String,
    /// The third word: a file's name.
    pub name: Option<String>,
    /// Without the fences, with its last line end.
    pub text: String,
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// The first heading, without the `#`.
    pub intent: String,
    pub blocks: Vec<Block>,
    /// The lines around the blocks: one more than there are blocks; each ends with the opening, begins with the closing fence.
    between: Vec<String>,
}

impl Case {
    pub fn parse(text: &str) -> Self {
        let intent = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default().trim().to_owned();
        let mut case = Self { intent, blocks: Vec::new(), between: vec![String::new()] };
        let mut open: Option<(String, Block)> = None;
        for (at, line) in text.split_inclusive('\n').enumerate() {
            match &mut open {
                Some((fence, block)) if line.trim_end() == fence => {
                    case.blocks.push(block.clone());
                    case.between.push(line.to_owned());
                    open = None;
                }
                Some((_, block)) => block.text.push_str(line),
                None => {
                    case.between.last_mut().unwrap().push_str(line);
                    open = opening(line, at + 1);
                }
            }
        }
        assert!(open.is_none(), "a block is not closed: {:?}", case.intent);
        case
    }

    /// The file with other blocks of the same number.
    pub fn with(&self, blocks: &[Block]) -> String {
        let mut text = self.between[0].clone();
        for (block, after) in blocks.iter().zip(&self.between[1..]) {
            text.push_str(&block.text);
            text.push_str(after);
        }
        text
    }

    /// Name and text of each block of a kind; `default` where it has no name.
    pub fn texts<'a>(&'a self, kind: &'a str, default: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let of_kind = self.blocks.iter().filter(move |block| block.kind == kind);
        of_kind.map(move |block| (block.name.as_deref().unwrap_or(default), block.text.as_str()))
    }
}

fn opening(line: &str, number: usize) -> Option<(String, Block)> {
    let ticks = line.len() - line.trim_start_matches('`').len();
    if ticks < 3 {
        return None;
    }
    let mut words = line[ticks..].split_whitespace();
    let kind = [words.next(), words.next()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let name = words.next().map(str::to_owned);
    Some(("`".repeat(ticks), Block { line: number, kind, name, text: String::new() }))
}

#[test]
fn a_case_is_read_and_written_back() {
    let text = "# Intent.\n\nwords\n\n```yaml policy a.yaml\na: 1\n```\n\n````text findings\n```\n````\nend";
    let case = Case::parse(text);
    assert_eq!(case.intent, "Intent.");
    let blocks: Vec<_> =
        case.blocks.iter().map(|block| (block.kind.as_str(), block.name.as_deref(), block.text.as_str())).collect();
    assert_eq!(blocks, [("yaml policy", Some("a.yaml"), "a: 1\n"), ("text findings", None, "```\n")]);
    assert_eq!(case.with(&case.blocks), text);
}
