//! Just enough of Rust's grammar: blanking literals, following paths, finding functions.

/// A path used in code, such as `crate::store::Store`, with the line it starts on (1-based).
#[derive(Debug, PartialEq)]
pub struct UsedPath {
    pub line: usize,
    pub segments: Vec<String>,
}

/// A function with a body: its name, first line (1-based) and number of lines.
#[derive(Debug, PartialEq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// The text with every comment, string and character replaced by spaces; lines stay where they are.
pub fn blank_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        if end > at {
            for byte in &mut out[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            at = end;
        } else {
            at += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

/// Where the comment or literal that starts at `at` ends; `at` itself where none starts.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let in_word = at > 0 && is_word(bytes[at - 1]);
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return at + block_comment(rest);
    }
    match rest[0] {
        b'"' => at + quoted(rest),
        b'b' | b'c' if !in_word && rest.get(1) == Some(&b'"') => at + 1 + quoted(&rest[1..]),
        b'r' if !in_word => at + raw_string(rest, 1),
        b'b' | b'c' if !in_word && rest.get(1) == Some(&b'r') => at + raw_string(rest, 2),
        b'\'' => at + character(rest),
        _ => at,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a raw string whose `r` stands before `start`; 0 where it is only a word that begins with r.
fn raw_string(rest: &[u8], start: usize) -> usize {
    let hashes = rest[start..].iter().take_while(|b| **b == b'#').count();
    if rest.get(start + hashes) != Some(&b'"') {
        return 0;
    }
    let mut close = vec![b'"'];
    close.extend(std::iter::repeat_n(b'#', hashes));
    let body = start + hashes + 1;
    let end = rest[body..].windows(close.len()).position(|window| window == close);
    end.map_or(rest.len(), |end| body + end + close.len())
}

/// The length of a character literal; 0 for a lifetime.
fn character(rest: &[u8]) -> usize {
    if rest.get(1) == Some(&b'\\') {
        return rest.iter().skip(3).position(|b| *b == b'\'').map_or(0, |end| end + 4);
    }
    let text = String::from_utf8_lossy(&rest[1..rest.len().min(6)]).into_owned();
    let width = text.chars().next().map_or(0, char::len_utf8);
    if rest.get(1 + width) == Some(&b'\'') { 2 + width } else { 0 }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The line (1-based) of a position.
pub fn line_of(code: &str, at: usize) -> usize {
    code.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1
}

/// The code without what is compiled for tests only: `#[cfg(test)] mod … { … }` is blanked out.
pub fn without_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    for (at, mark) in code.match_indices("#[cfg(test)]") {
        let item = &code[at + mark.len()..];
        let end = match (item.find('{'), item.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|semicolon| open < semicolon) => {
                at + mark.len() + open + braces(&item[open..])
            }
            (_, Some(semicolon)) => at + mark.len() + semicolon + 1,
            _ => code.len(),
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(out).unwrap()
}

/// Every path with at least two segments, groups expanded: `use a::{b, c::d}` is `a::b` and `a::c::d`.
pub fn paths(code: &str) -> Vec<UsedPath> {
    let mut found = Vec::new();
    let bytes = code.as_bytes();
    let (mut at, mut counted, mut line) = (0, 0, 1);
    while at < bytes.len() {
        let starts = is_word(bytes[at]) && !bytes[at].is_ascii_digit();
        if !starts {
            at += 1;
            continue;
        }
        line += bytes[counted..at].iter().filter(|byte| **byte == b'\n').count();
        counted = at;
        let mut cursor = Cursor { code, at, line };
        cursor.path(&mut Vec::new(), &mut found);
        at = cursor.at.max(at + 1);
    }
    found.retain(|path| path.segments.len() > 1);
    found
}

struct Cursor<'a> {
    code: &'a str,
    at: usize,
    /// Of the path as a whole: a group's names stand on the line on which it begins.
    line: usize,
}

impl Cursor<'_> {
    fn path(&mut self, prefix: &mut Vec<String>, found: &mut Vec<UsedPath>) {
        let depth = prefix.len();
        loop {
            let word = self.word();
            if word.is_empty() {
                break;
            }
            prefix.push(word);
            if !self.eat("::") {
                break;
            }
            self.space();
            if self.eat("{") {
                self.group(prefix, found);
                prefix.truncate(depth);
                return;
            }
        }
        let segments = prefix.clone();
        found.push(UsedPath { line: self.line, segments });
        prefix.truncate(depth);
    }

    fn group(&mut self, prefix: &mut Vec<String>, found: &mut Vec<UsedPath>) {
        loop {
            self.space();
            if self.at >= self.code.len() || self.eat("}") {
                return;
            }
            let before = self.at;
            self.path(prefix, found);
            self.space();
            let alias = self.code[self.at..].find([',', '}']).unwrap_or(0);
            self.at += alias;
            if !self.eat(",") && self.at == before {
                self.at += 1;
            }
        }
    }

    fn word(&mut self) -> String {
        let word: String = self.code[self.at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        self.at += word.len();
        word
    }

    fn eat(&mut self, token: &str) -> bool {
        let there = self.code[self.at..].starts_with(token);
        if there {
            self.at += token.len();
        }
        there
    }

    fn space(&mut self) {
        let rest = &self.code[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }
}

/// Every function that has a body.
pub fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let alone = at == 0 || !is_word(code.as_bytes()[at - 1]);
        let name: String = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !alone || name.is_empty() {
            continue;
        }
        let Some(open) = body_start(&code[at..]) else { continue };
        let end = at + open + braces(&code[at + open..]);
        let line = line_of(code, at);
        found.push(Function { name, line, lines: line_of(code, end) - line + 1 });
    }
    found
}

/// Where the body of the function that starts here opens; `None` for a declaration without one.
fn body_start(code: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The length of the block that opens here.
fn braces(code: &str) -> usize {
    let mut depth = 0_i32;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

#[test]
fn literals_are_blanked_and_lines_kept() {
    let text =
        "let a = \"x // {\"; // {\nlet c = '{'; let s: &'a str = r#\"{\"#; /* { /* } */ */ let d = b\"\\\"{\"; let e = '\\'';";
    let code = blank_literals(text);
    assert_eq!(code.len(), text.len());
    assert!(!code.contains('{'), "{code}");
    assert!(code.contains("&'a str") && code.lines().count() == 2, "{code}");
}

#[test]
fn groups_of_paths_are_expanded() {
    let found = paths("use crate::{store::{Store, StoreError as E}, diag};\nlet x = std::fs::read(a);");
    let shown: Vec<String> = found.iter().map(|path| format!("{} {}", path.line, path.segments.join("::"))).collect();
    assert_eq!(shown, ["1 crate::store::Store", "1 crate::store::StoreError", "1 crate::diag", "2 std::fs::read"]);
}

#[test]
fn functions_are_measured_with_their_braces() {
    let found = functions("trait T { fn a(); }\nfn b(x: [u8; 2]) {\n  if x { y }\n}\n");
    assert_eq!(found, [Function { name: "b".into(), line: 2, lines: 3 }]);
}

#[test]
fn test_modules_are_left_out() {
    let code = without_tests("use a::b;\n#[cfg(test)]\nmod tests { use c::d; }\n#[cfg(test)]\nmod more;\nuse e::f;");
    assert!(code.contains("a::b") && code.contains("e::f") && !code.contains("c::d") && !code.contains("more"), "{code}");
}
