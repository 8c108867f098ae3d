//! Builds the tree from the parser's events, with an explicit stack and within stated limits.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, StructureStyle};

use super::{DEPTH, Form, Node, NodeId, Tree, syntax};
use crate::diag::{Diagnostic, Diagnostics, FileId, Span};
use crate::policy::codes;
use crate::policy::secrets::Found;

/// Most nodes that aliases may add to one text; 64 bytes that are repeated count as one more.
const ALIASED: usize = 100_000;
/// Most nodes of one text: some megabytes of policy, and what is made of them takes some tens.
const NODES: usize = 100_000;

type Events<'t> = Parser<'t, StrInput<'t>>;

/// Reads all documents of a text. A syntax error ends its document only; what stood before it is kept.
pub fn parse<'t>(file: FileId, text: &'t str, out: &mut Diagnostics) -> Tree<'t> {
    parse_without(&Found::default(), file, text, out)
}

/// The same without the secrets that were found in the text: nothing that is made of the tree can repeat them.
pub(crate) fn parse_without<'t>(secrets: &Found, file: FileId, text: &'t str, out: &mut Diagnostics) -> Tree<'t> {
    let tree = Tree {
        text,
        file,
        nodes: Vec::with_capacity(NODES.min(text.len() / 16)),
        children: Vec::with_capacity(NODES.min(text.len() / 16)),
        owned: Vec::new(),
        documents: Vec::new(),
        torn: false,
    };
    let mut builder = Builder { tree, secrets, open: Vec::new(), waiting: Vec::new(), anchors: HashMap::new(), aliased: 0, out };
    builder.run();
    builder.tree
}

/// A list or mapping that has begun and not ended.
struct Open {
    form: Form,
    flow: bool,
    start: u32,
    anchor: usize,
    /// Where its children begin in `waiting`.
    from: usize,
    /// Nodes of the tree, and nodes added by aliases, when it began.
    nodes: usize,
    aliased: usize,
    /// Levels below it.
    height: usize,
}

struct Anchor {
    node: NodeId,
    weight: usize,
    height: usize,
}

struct Builder<'t, 'o> {
    tree: Tree<'t>,
    secrets: &'o Found,
    open: Vec<Open>,
    /// Finished nodes whose parents are open.
    waiting: Vec<NodeId>,
    anchors: HashMap<usize, Anchor>,
    aliased: usize,
    out: &'o mut Diagnostics,
}

/// A limit is passed: the text is not read on; it has been said why.
struct Stop;

impl<'t> Builder<'t, '_> {
    fn run(&mut self) {
        let options =
            granit_parser::options! { emit_comments: false, flow_nesting_limit: 2 * DEPTH, block_nesting_limit: 2 * DEPTH };
        let mut parser = Parser::new_from_str_with_options(self.tree.text, options);
        loop {
            match parser.next_event() {
                None => break,
                Some(Ok((event, span))) => {
                    if let Err(Stop) = self.take(event, span) {
                        self.tear();
                        break;
                    }
                }
                Some(Err(error)) => {
                    self.out.push(syntax::diagnose(self.tree.file, self.tree.text, &error, self.secrets));
                    self.tear();
                    if !self.skip(&mut parser) {
                        break;
                    }
                }
            }
        }
    }

    /// Ends the document where it broke: what is whole stays, a key without its value goes.
    fn tear(&mut self) {
        self.tree.torn = true;
        let end = self.waiting.last().map_or(0, |last| self.tree.node(*last).end);
        while !self.open.is_empty() {
            self.end(end);
        }
        self.waiting.clear();
    }

    fn skip(&mut self, parser: &mut Events<'t>) -> bool {
        self.anchors.clear();
        matches!(parser.proceed_next_document(), Ok(true))
    }

    fn take(&mut self, event: Event<'t>, at: granit_parser::Span) -> Result<(), Stop> {
        let span = self.span(at);
        let tag_at = at.tag_span().map_or(span, |tag| self.span(tag));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let forced = tag.is_some_and(|tag| self.tag(&tag, tag_at));
                let plain = style == ScalarStyle::Plain && !forced;
                let node = self.scalar(&text, plain, span)?;
                self.name(anchor, node, 1 + text.len() / 64, 0);
                self.done(node);
            }
            Event::SequenceStart(style, anchor, tag) => {
                if let Some(tag) = tag {
                    self.tag(&tag, tag_at);
                }
                self.begin(Form::Sequence, style == StructureStyle::Flow, span, anchor)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                if let Some(tag) = tag {
                    self.tag(&tag, tag_at);
                }
                self.begin(Form::Mapping, style == StructureStyle::Flow, span, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span.end),
            Event::Alias(id) => self.alias(id, span)?,
            Event::DocumentEnd => self.anchors.clear(),
            _ => {}
        }
        Ok(())
    }

    fn span(&self, at: granit_parser::Span) -> Span {
        let bytes = at.byte_range().unwrap_or_default();
        let narrow = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        Span { file: self.tree.file, start: narrow(bytes.start), end: narrow(bytes.end.max(bytes.start)) }
    }

    /// Reports a tag other than `!!str`; true where the value is text by its tag.
    fn tag(&mut self, tag: &granit_parser::Tag, at: Span) -> bool {
        if tag.is_yaml_core_schema_tag("str") {
            return true;
        }
        let shown = crate::policy::echo::quote(&tag.original());
        self.out.push(
            Diagnostic::error(codes::TAG, format!("the tag {shown} is not part of the language"))
                .at(at, "a tag")
                .help("Remove the tag. For a value from outside write \"${env:NAME}\" or \"${file:PATH}\" in quotes."),
        );
        false
    }

    fn add(&mut self, node: Node) -> Result<NodeId, Stop> {
        self.room(Span { file: self.tree.file, start: node.start, end: node.end })?;
        let id = NodeId(u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX));
        self.tree.nodes.push(node);
        Ok(id)
    }

    /// Whether one more node may be added, besides those for what is open.
    fn room(&mut self, at: Span) -> Result<(), Stop> {
        if self.tree.nodes.len() + self.open.len() < NODES {
            return Ok(());
        }
        self.out.push(
            Diagnostic::error(codes::TOO_LARGE, format!("more than {NODES} values in one text"))
                .at(at, "reading stopped here")
                .help("Split the policy into several files; bdr merges all files of a folder."),
        );
        Err(Stop)
    }

    fn scalar(&mut self, text: &str, plain: bool, span: Span) -> Result<NodeId, Stop> {
        let Span { start, mut end, .. } = span;
        let source = self.tree.text.get(start as usize..end as usize).unwrap_or_default();
        if plain && source.is_empty() {
            return self.add(Node { start, end: start, form: Form::Empty, first: 0, count: 0 });
        }
        if self.secrets.holds(start, end) {
            end = start + u32::try_from(source.trim_end().len()).unwrap_or(u32::MAX);
            return self.add(Node { start, end, form: Form::Hidden, first: 0, count: 0 });
        }
        let count = u32::try_from(text.len()).unwrap_or(u32::MAX);
        if source == text {
            let form = if plain { Form::Plain } else { Form::Quoted };
            return self.add(Node { start, end, form, first: start, count });
        }
        if source.get(1..source.len().saturating_sub(1)) == Some(text) {
            return self.add(Node { start, end, form: Form::Quoted, first: start + 1, count });
        }
        // A block scalar's event reaches to the next token: the caret must not run over the lines between.
        end = start + u32::try_from(source.trim_end().len()).unwrap_or(u32::MAX);
        let first = u32::try_from(self.tree.owned.len()).unwrap_or(u32::MAX);
        self.tree.owned.push(text.into());
        let form = if plain { Form::PlainOwned } else { Form::QuotedOwned };
        self.add(Node { start, end, form, first, count: 0 })
    }

    fn begin(&mut self, form: Form, flow: bool, span: Span, anchor: usize) -> Result<(), Stop> {
        if self.open.len() >= DEPTH {
            self.out.push(syntax::deep(span));
            return Err(Stop);
        }
        self.room(span)?;
        let (from, nodes, aliased) = (self.waiting.len(), self.tree.nodes.len(), self.aliased);
        self.open.push(Open { form, flow, start: span.start, anchor, from, nodes, aliased, height: 0 });
        Ok(())
    }

    fn end(&mut self, event_end: u32) {
        let Some(open) = self.open.pop() else { return };
        if open.form == Form::Mapping {
            self.settle_keys(open.from);
        }
        let first = u32::try_from(self.tree.children.len()).unwrap_or(u32::MAX);
        let children = self.waiting.drain(open.from..);
        let (head, tail) = (children.as_slice().first().copied(), children.as_slice().last().copied());
        let count = u32::try_from(children.len()).unwrap_or(u32::MAX);
        self.tree.children.extend(children);
        // The end event of a block lies beyond its last line: take the end of the last value.
        let end = tail.filter(|_| !open.flow).map_or(event_end, |tail| self.tree.node(tail).end);
        let start = head.filter(|_| !open.flow).map_or(open.start, |head| self.tree.node(head).start);
        let node = Node { start, end: end.max(start), form: open.form, first, count };
        // There is room: it was asked for when this began.
        let id = NodeId(u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX));
        self.tree.nodes.push(node);
        let nodes = self.tree.nodes.len() - open.nodes + (node.end - node.start) as usize / 64;
        let weight = nodes.saturating_add(self.aliased - open.aliased);
        if let Some(parent) = self.open.last_mut() {
            parent.height = parent.height.max(open.height + 1);
        }
        self.name(open.anchor, id, weight, open.height + 1);
        self.done(id);
    }

    fn name(&mut self, anchor: usize, node: NodeId, weight: usize, height: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor { node, weight, height });
        }
    }

    fn done(&mut self, node: NodeId) {
        if self.open.is_empty() {
            if self.tree.node(node).form != Form::Empty {
                self.tree.documents.push(node);
            }
        } else {
            self.waiting.push(node);
        }
    }

    /// An alias is a node of its own that shares the children of what it stands for: it costs nothing here, and what reading
    /// it would cost is counted.
    fn alias(&mut self, id: usize, span: Span) -> Result<(), Stop> {
        let Some(Anchor { node, weight, height }) = self.anchors.get(&id) else {
            self.out.push(
                Diagnostic::error(codes::ALIAS, "an alias inside the value that it stands for")
                    .at(span, "stands for a value that contains it")
                    .help("Write the value out."),
            );
            return Err(Stop);
        };
        let (target, height) = (self.tree.node(*node), *height);
        self.aliased = self.aliased.saturating_add(*weight);
        if self.aliased > ALIASED {
            self.out.push(
                Diagnostic::error(codes::ALIAS, format!("aliases add more than {ALIASED} values"))
                    .at(span, "one alias too many")
                    .help("Write out what is repeated, or use `inherits`."),
            );
            return Err(Stop);
        }
        if self.open.len() + height > DEPTH {
            self.out.push(syntax::deep(span));
            return Err(Stop);
        }
        if let Some(parent) = self.open.last_mut() {
            parent.height = parent.height.max(height);
        }
        let node = self.add(Node { start: span.start, end: span.end, ..target })?;
        self.done(node);
        Ok(())
    }

    /// Keeps each key once: what is no text, merges, or was given before is reported and left out.
    fn settle_keys(&mut self, from: usize) {
        if (self.waiting.len() - from) % 2 == 1 {
            self.waiting.pop();
        }
        let bad = super::keys::check(&self.tree, &self.waiting[from..], self.out);
        if !bad.is_empty() {
            let mut at = 0;
            let kept: Vec<NodeId> = self
                .waiting
                .drain(from..)
                .filter(|_| {
                    at += 1;
                    !bad.contains(&((at - 1) / 2))
                })
                .collect();
            self.waiting.extend(kept);
        }
    }
}
