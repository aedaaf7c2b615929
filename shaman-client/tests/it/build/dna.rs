//! The `DNA1` block of a built file.

use std::collections::HashMap;

use super::{Build, number_bytes};

impl Build {
    /// Gives the data of the `DNA1` block.
    pub(crate) fn dna(&self) -> Vec<u8> {
        let mut types: Vec<&str> = vec!["char", "short", "int", "void"];
        let mut names: Vec<&str> = Vec::new();
        for shape in &self.shapes {
            types.push(&shape.name);
            for field in &shape.fields {
                types.push(&field.kind);
                names.push(&field.declared);
            }
        }
        let (types, type_index) = distinct(types);
        let (names, name_index) = distinct(names);
        let mut dna = b"SDNA".to_vec();
        self.strings(&mut dna, b"NAME", &names);
        self.strings(&mut dna, b"TYPE", &types);
        dna.resize(dna.len().next_multiple_of(4), 0);
        dna.extend_from_slice(b"TLEN");
        for name in &types {
            let known = self.shapes.iter().any(|shape| shape.name == *name);
            let is_basic = ["char", "short", "int"].contains(name);
            let len = if known || is_basic { self.len(name) } else { 0 };
            dna.extend(number_bytes(len as u64, 2, self.is_big));
        }
        dna.resize(dna.len().next_multiple_of(4), 0);
        dna.extend_from_slice(b"STRC");
        dna.extend(number_bytes(self.shapes.len() as u64, 4, self.is_big));
        for shape in &self.shapes {
            let head = [type_index[shape.name.as_str()], shape.fields.len() as u64];
            let fields = shape.fields.iter().flat_map(|field| {
                [type_index[field.kind.as_str()], name_index[field.declared.as_str()]]
            });
            for number in head.into_iter().chain(fields) {
                dna.extend(number_bytes(number, 2, self.is_big));
            }
        }
        dna
    }

    fn strings(&self, dna: &mut Vec<u8>, tag: &[u8], strings: &[&str]) {
        dna.resize(dna.len().next_multiple_of(4), 0);
        dna.extend_from_slice(tag);
        dna.extend(number_bytes(strings.len() as u64, 4, self.is_big));
        for string in strings {
            dna.extend_from_slice(string.as_bytes());
            dna.push(0);
        }
    }
}

fn distinct(mut names: Vec<&str>) -> (Vec<&str>, HashMap<&str, u64>) {
    let mut index = HashMap::new();
    names.retain(|name| {
        let next = index.len() as u64;
        let mut is_new = false;
        index.entry(*name).or_insert_with(|| {
            is_new = true;
            next
        });
        is_new
    });
    (names, index)
}
