//! The text of a configuration file → a tree in which everything knows its place.

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::mistakes::{Mistake, Place};

/// Deepest nesting that is read. Files of people have five levels.
const DEPTH_MAX: usize = 32;

/// Something in the file, and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) content: Content,
}

/// What it is.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Nothing was said.
    Nothing,
    /// A value, as it was written.
    Text(String),
    /// Several.
    List(Vec<Node>),
    /// Keys and what is said of them, in the order of the file.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text of a key or value.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// All of it on one line, for lists and comparisons.
    pub(super) fn inline(&self) -> String {
        match &self.content {
            Content::Nothing => String::new(),
            Content::Text(text) => text.clone(),
            Content::List(list) => {
                let all: Vec<String> = list.iter().map(Self::inline).collect();
                format!("[{}]", all.join(", "))
            }
            Content::Map(map) => {
                let each =
                    |(key, value): &(Self, Self)| format!("{}: {}", key.inline(), value.inline());
                let all: Vec<String> = map.iter().map(each).collect();
                format!("{{{}}}", all.join(", "))
            }
        }
    }
}

type Events<'a> = Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>;

/// Reads the first document. The first thing that is no YAML ends it.
pub(super) fn read(text: &str, file: &str) -> Result<Node, Mistake> {
    let mut reader = Reader { events: Parser::new_from_str(text), file };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd => {
                return Ok(Node { place: reader.place(&span), content: Content::Nothing });
            }
            event => return reader.node(event, &span, 0),
        }
    }
}

struct Reader<'a> {
    events: Events<'a>,
    file: &'a str,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Mistake> {
        match self.events.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(self.not_yaml(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn not_yaml(&self, error: &ScanError) -> Mistake {
        let mark = error.marker();
        let place = self.at(mark.line(), mark.col());
        let why = error.info();
        let why = why.lines().next().unwrap_or_default();
        let why = if why.is_empty() { "look at its indentation and quotes" } else { why };
        Mistake::new(place, format!("this is no YAML: {why}"))
    }

    fn place(&self, span: &Span) -> Place {
        self.at(span.start.line(), span.start.col())
    }

    /// The parser counts columns from 0.
    fn at(&self, line: usize, column: usize) -> Place {
        Place::InFile { file: self.file.to_owned(), line, column: column + 1 }
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Node, Mistake> {
        let place = self.place(span);
        if depth > DEPTH_MAX {
            return Err(Mistake::new(place, "this is nested too deeply".to_owned()));
        }
        let content = match event {
            Event::Scalar(text, style, ..) => {
                let is_nothing = style == ScalarStyle::Plain
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                if is_nothing { Content::Nothing } else { Content::Text(text.into_owned()) }
            }
            Event::SequenceStart(..) => Content::List(self.list(depth)?),
            Event::MappingStart(..) => Content::Map(self.map(depth)?),
            _ => {
                return Err(Mistake::new(
                    place,
                    "anchors and aliases are not read here; write the value itself".to_owned(),
                ));
            }
        };
        Ok(Node { place, content })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Mistake> {
        let mut list = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(list),
                (event, span) => list.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(Node, Node)>, Mistake> {
        let mut map = Vec::new();
        loop {
            match self.next()? {
                (Event::MappingEnd | Event::StreamEnd, _) => return Ok(map),
                (event, span) => {
                    let key = self.node(event, &span, depth + 1)?;
                    let (event, span) = self.next()?;
                    map.push((key, self.node(event, &span, depth + 1)?));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_knows_its_place() {
        let node = read("a: 1\nb:\n  - x\n  - {c: '~'}\n", "FILE").unwrap();
        let Content::Map(map) = &node.content else { panic!("{node:?}") };
        assert_eq!(map[0].1.text(), Some("1"));
        let Content::List(list) = &map[1].1.content else { panic!("{node:?}") };
        assert_eq!(list[0].place.to_string(), "FILE:3:5");
        let Content::Map(inner) = &list[1].content else { panic!("{node:?}") };
        assert_eq!(inner[0].1.text(), Some("~"), "in quotes it is a text");
        assert_eq!(inner[0].1.place.to_string(), "FILE:4:9");
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        for text in ["a: [1\n", "a: 'x\nb: 1\n", "a: *b\n", "a: &x 1\nb: *x\n"] {
            let mistake = read(text, "FILE").unwrap_err().to_string();
            assert!(mistake.starts_with("FILE:"), "{mistake}");
        }
        for text in ["", "# nothing\n", "\n\n", "---\n"] {
            assert!(matches!(read(text, "FILE").unwrap().content, Content::Nothing), "{text:?}");
        }
        let deep = format!("a: {}1{}", "[".repeat(100), "]".repeat(100));
        assert!(read(&deep, "FILE").unwrap_err().to_string().contains("deeply"));
    }
}
