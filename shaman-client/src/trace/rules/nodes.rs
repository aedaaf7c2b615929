//! Node trees of any kind: light profiles, shader scripts, files that geometry nodes import.
//!
//! A tree is a data-block of its own (`NT`) or embedded in a material, a world, a light and so on
//! (`nodetree`). Groups are `NT` and need not be followed.

use super::inputs::{self, FILE_PATH};
use crate::blend::Record;
use crate::trace::ask::Asks;
use crate::trace::kind::Kind;

/// `mode` of both shader nodes: the text is a file, not a data-block.
const EXTERNAL: i64 = 1;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let tree = if id.code() == *b"NT" { Some(*id) } else { id.follow("nodetree") };
    let Some(tree) = tree else { return };
    for node in tree.list("nodes") {
        let name = node.text("idname").unwrap_or_default();
        if name.starts_with(b"GeometryNodeImport") {
            for value in strings(&node).filter(|value| value.int("subtype") == Some(FILE_PATH)) {
                let path = value.text("value").unwrap_or_default();
                asks.at(value.stored("value")).file(Kind::Import, path);
            }
        } else if name == b"GeometryNodeGroup" {
            for value in strings(&node) {
                let text = value.text("value").unwrap_or_default();
                asks.at(value.stored("value"));
                inputs::ask(text, value.int("subtype"), asks);
            }
        } else if let Some(storage) = node.follow("storage") {
            let kind = match storage.kind() {
                b"NodeShaderTexIES" => Kind::LightProfile,
                b"NodeShaderScript" => Kind::Script,
                b"NodeInputString" => {
                    asks.at(storage.stored_string("string"));
                    inputs::ask(storage.string("string").unwrap_or_default(), None, asks);
                    continue;
                }
                _ => continue,
            };
            if storage.int("mode") == Some(EXTERNAL) {
                let path = storage.text("filepath").unwrap_or_default();
                asks.at(storage.stored("filepath")).file(kind, path);
            }
        }
    }
}

/// The values of a node's inputs that may be strings.
fn strings<'a>(node: &Record<'a>) -> impl Iterator<Item = Record<'a>> + use<'a> {
    let values = node.list("inputs").filter_map(|input| input.follow("default_value"));
    values.filter(|value| value.kind() == b"bNodeSocketValueString")
}
