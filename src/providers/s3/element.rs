//! A configuration document as a tree that forgets nothing: what bdr does not know is written back as it was read.
//!
//! The SDK's types hold only what the SDK knew when it was made; a rule of somebody else's read into them and written back
//! would lose the rest.

use std::fmt::Write;

/// Namespace of the S3 API's documents (S3 API reference).
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// Deeper than any document of the S3 API, shallow enough for the stack.
const DEEPEST: usize = 32;

/// An element with its text or its children. Names are without namespace prefixes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// An element that holds only text.
    pub fn leaf(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), ..Self::default() }
    }

    #[must_use]
    pub fn with(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of one name.
    pub fn each<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Text at a path of names; `None` where the path does not exist or ends in nothing.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        let end = path.iter().try_fold(self, |element, name| element.child(name))?;
        (!end.text.is_empty()).then_some(end.text.as_str())
    }

    pub fn flag_at(&self, path: &[&str]) -> Option<bool> {
        self.text_at(path).map(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A whole number; 0 counts as not set, as S3 writes it (reference: lifecycle documents of several stores).
    pub fn number_at(&self, path: &[&str]) -> Option<i64> {
        self.text_at(path)?.parse().ok().filter(|number| *number != 0)
    }

    /// Replaces the children of that name by one, in the place of the first.
    pub fn set(&mut self, child: Element) {
        match self.children.iter().position(|known| known.name == child.name) {
            Some(at) => self.children[at] = child,
            None => self.children.push(child),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.children.retain(|child| child.name != name);
    }

    /// # Errors
    /// When the text is not XML or is nested deeper than any document of the S3 API.
    pub fn parse(xml: &str) -> Result<Self, String> {
        let document = roxmltree::Document::parse(xml).map_err(|error| format!("the endpoint's answer is not XML: {error}"))?;
        read(document.root_element(), 0).ok_or_else(|| "the endpoint's answer is nested too deep".to_owned())
    }

    /// The document as S3 takes it.
    pub fn to_xml(&self) -> String {
        let mut root = self.clone();
        root.attributes.push(("xmlns".to_owned(), NAMESPACE.to_owned()));
        let mut xml = String::new();
        root.write(&mut xml);
        xml
    }

    /// The element alone, for people and for comparison.
    pub fn to_fragment(&self) -> String {
        let mut xml = String::new();
        self.write(&mut xml);
        xml
    }

    fn write(&self, xml: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(xml, "<{}", self.name);
        for (name, value) in &self.attributes {
            let _ = write!(xml, " {name}=\"{}\"", escape(value));
        }
        if self.text.is_empty() && self.children.is_empty() {
            xml.push_str("/>");
            return;
        }
        let _ = write!(xml, ">{}", escape(&self.text));
        self.children.iter().for_each(|child| child.write(xml));
        let _ = write!(xml, "</{}>", self.name);
    }
}

/// Text is trimmed only where elements stand beside it: there it is layout.
fn read(node: roxmltree::Node<'_, '_>, depth: usize) -> Option<Element> {
    if depth > DEEPEST {
        return None;
    }
    let children: Option<Vec<Element>> = node.children().filter(|n| n.is_element()).map(|n| read(n, depth + 1)).collect();
    let children = children?;
    let text: String = node.children().filter(|n| n.is_text()).filter_map(|n| n.text()).collect();
    let text = if children.is_empty() { text } else { text.trim().to_owned() };
    let attributes = node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect();
    Some(Element { name: node.tag_name().name().to_owned(), attributes, text, children })
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bdr_does_not_know_is_written_back() {
        let xml = "<?xml version=\"1.0\"?>\n<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n  \
                   <Rule><ID>a &amp; b\r\n&#10;</ID><Fancy Mode=\"x\"><New>1</New></Fancy><Prefix/></Rule>\n</LifecycleConfiguration>";
        let tree = Element::parse(xml).expect("parses");
        let again = Element::parse(&tree.to_xml()).expect("parses again");
        assert_eq!(tree, again);
        let rule = tree.child("Rule").expect("rule");
        assert_eq!(rule.text_at(&["Fancy", "New"]), Some("1"));
        assert_eq!(rule.child("Fancy").expect("kept").attributes, [("Mode".to_owned(), "x".to_owned())]);
        assert_eq!(rule.child("Prefix"), Some(&Element::new("Prefix")));
    }

    #[test]
    fn answers_that_are_no_document_are_errors() {
        assert!(Element::parse("").is_err());
        assert!(Element::parse("{\"not\": \"xml\"}").is_err());
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        assert!(Element::parse(&deep).is_err());
    }
}
