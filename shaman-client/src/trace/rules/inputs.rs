//! Texts that people type: inputs of Geometry Nodes modifiers and of node groups, text nodes.
//!
//! Some say that they are paths, others may be one and have to look like it.

use std::collections::HashSet;

use crate::blend::Record;
use crate::trace::ask::{Absence, Also, Asks, How};
use crate::trace::kind::Kind;

/// The subtypes of strings that are paths, in sockets and in properties alike: of a file.
pub(super) const FILE_PATH: i64 = 1;

/// `IDProperty.type`.
const STRING: i64 = 0;
const GROUP: i64 = 6;

/// Most properties of one modifier that are looked at.
const PROPERTIES_MAX: usize = 10_000;

/// The inputs of a Geometry Nodes modifier: properties, in groups of groups since 5.2.
pub(super) fn look(modifier: &Record<'_>, asks: &mut Asks) {
    let mut left: Vec<_> = modifier.follow("settings.properties").into_iter().collect();
    let mut seen = HashSet::new();
    while let Some(property) = left.pop() {
        if seen.len() == PROPERTIES_MAX || !seen.insert(property.identity()) {
            continue;
        }
        match property.int("type") {
            Some(STRING) => {
                let text = property.string("data.pointer").unwrap_or_default();
                let subtype = property.follow("ui_data").and_then(|data| data.int("rna_subtype"));
                let len = property.int("len").and_then(|len| u64::try_from(len).ok());
                let len = property.stored("len").zip(len).map(|(at, len)| Also::Len(at, len));
                asks.at(property.stored_string("data.pointer")).also(len);
                ask(text, subtype, asks);
            }
            Some(GROUP) => left.extend(property.list("data.group")),
            _ => {}
        }
    }
}

/// Asks for a text that may be a path; for nothing if it is none.
pub(super) fn ask(text: &[u8], subtype: Option<i64>, asks: &mut Asks) {
    let absence = match subtype {
        Some(FILE_PATH) => Absence::Spare,
        _ if is_path_like(text) => Absence::Fine,
        _ => return asks.ask(Kind::Import, b"", How::Perhaps),
    };
    asks.unless(absence).ask(Kind::Import, text, How::Perhaps);
}

fn is_path_like(text: &[u8]) -> bool {
    matches!(
        text,
        [b'/' | b'\\', _, ..] | [b'a'..=b'z' | b'A'..=b'Z', b':', b'/' | b'\\', _, ..]
    ) && !text.contains(&b'\n')
}
