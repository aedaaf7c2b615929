//! Which data-blocks a data-block uses: every pointer in it and in what belongs to it, whatever
//! the field is called.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::blocks::Block;
use super::file::Blend;
use super::record::Record;

/// Pointers to data-blocks that use nothing: neighbours in lists, owners, leftovers in memory.
const IDLE: &[(&[u8], &[u8])] = &[
    (b"ID", b"next"),
    (b"ID", b"prev"),
    (b"ID", b"newid"),
    (b"ID", b"orig_id"),
    // Where it lives; that is asked for by other means.
    (b"ID", b"lib"),
];

/// Deepest nesting of structs in structs; Blender's has six levels.
const DEPTH_MAX: usize = 16;

/// Most pointers in one struct. The largest that Blender writes, with tables, has some hundred.
const POINTERS_MAX: usize = 4096;

/// What a field costs in steps: damaged files should be given up within a second.
const FIELD_STEPS: usize = 16;

/// A pointer in a struct.
#[derive(Debug, Clone, Copy)]
struct Pointer {
    offset: usize,
    is_double: bool,
    may_be_id: bool,
}

/// Finds the links of data-blocks; knows the structs that it has met.
pub struct Links<'a> {
    blend: &'a Blend,
    /// `None` for structs that cannot be as they are described.
    shapes: HashMap<u32, Option<Rc<[Pointer]>>>,
}

impl<'a> Links<'a> {
    /// Starts with the structs of a file.
    pub fn new(blend: &'a Blend) -> Self {
        Self { blend, shapes: HashMap::new() }
    }

    /// Gives the numbers ([`Record::number`]) of the data-blocks that this one points to, without itself.
    ///
    /// `None` if that cannot be known, because its structs make no sense.
    pub fn of(&mut self, id: &Record<'_>) -> Option<BTreeSet<u32>> {
        let mut found = BTreeSet::new();
        let mut arrays = HashSet::new();
        let owner = id.number();
        if self.blend.block(owner).is_some_and(Block::is_interface) {
            return Some(found);
        }
        for block in self.blend.with_own(owner) {
            let shape = self.blend.shape(block);
            // Not a struct, but bytes.
            if shape == 0 {
                continue;
            }
            let pointers = self.shape(shape)?;
            self.block(owner, block, &pointers, &mut arrays, &mut found)?;
        }
        found.remove(&owner);
        Some(found)
    }

    /// Adds what one block points to; `None` if there is too much of it.
    fn block(
        &self,
        owner: u32,
        block: u32,
        pointers: &[Pointer],
        arrays: &mut HashSet<u32>,
        found: &mut BTreeSet<u32>,
    ) -> Option<()> {
        let is_kept = self.blend.is_kept(block);
        let is_wanted = |pointer: &&Pointer| is_kept || pointer.may_be_id;
        // A large array, as of vertices, whose pointers lead to nothing but its own data, stays in the file.
        if !pointers.iter().any(|pointer| is_wanted(&pointer)) {
            return Some(());
        }
        let len = self.blend.dna().len(self.blend.shape(block));
        let data = self.blend.data(block).unwrap_or_default();
        for data in data.chunks_exact(len.max(1)) {
            self.blend.spend(1 + pointers.len()).then_some(())?;
            for pointer in pointers.iter().filter(is_wanted) {
                let Some(address) = self.blend.address_at(data, pointer.offset) else {
                    continue;
                };
                if !pointer.is_double {
                    found.extend(self.blend.id_at(address));
                } else if let Some(array) = self.blend.target(owner, address)
                    && arrays.insert(array)
                {
                    let array = self.blend.data(array).unwrap_or_default();
                    let step = self.blend.header().form.pointer_len();
                    let places = (0..array.len()).step_by(step);
                    let addresses = places.filter_map(|at| self.blend.address_at(array, at));
                    found.extend(addresses.filter_map(|address| self.blend.id_at(address)));
                }
            }
        }
        Some(())
    }

    fn shape(&mut self, shape: u32) -> Option<Rc<[Pointer]>> {
        let blend = self.blend;
        let known = self.shapes.entry(shape).or_insert_with(|| {
            let mut pointers = Vec::new();
            let pointer_len = blend.header().form.pointer_len();
            collect(blend, shape, 0, pointer_len, DEPTH_MAX, &mut pointers)?;
            Some(pointers.into())
        });
        known.clone()
    }
}

impl std::fmt::Debug for Links<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("blend", self.blend).finish_non_exhaustive()
    }
}

/// Collects the pointers of a struct and of those nested in it; `None` if there is no end.
fn collect(
    blend: &Blend,
    shape: u32,
    base: usize,
    pointer_len: usize,
    depth: usize,
    into: &mut Vec<Pointer>,
) -> Option<()> {
    let dna = blend.dna();
    let name = dna.name(shape);
    for (field, spot) in dna.fields(shape) {
        // Nested without pointers, a few structs can be as many as there are grains of sand.
        blend.spend(FIELD_STEPS).then_some(())?;
        let offset = base + spot.offset;
        if spot.is_pointer {
            if IDLE.contains(&(name, field)) {
                continue;
            }
            let may_be_id = dna.may_be_id(spot);
            for at in (0..spot.len).step_by(pointer_len) {
                let is_double = spot.is_double;
                into.push(Pointer { offset: offset + at, is_double, may_be_id });
                if into.len() > POINTERS_MAX {
                    return None;
                }
            }
        } else if let Some(nested) = dna.shape_of(spot) {
            let unit = dna.unit(spot);
            let depth = depth.checked_sub(1)?;
            for at in (0..spot.len).step_by(unit.max(1)) {
                let before = into.len();
                collect(blend, nested, offset + at, pointer_len, depth, into)?;
                // Without pointers in the first there are none in the others.
                if into.len() == before {
                    break;
                }
            }
        }
    }
    Some(())
}
