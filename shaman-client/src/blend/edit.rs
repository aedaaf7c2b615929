//! From new values of fields to bytes for places.

use super::splice::Splice;
use super::stored::{Heads, Stored};

/// A new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Of a text; its place has room for it.
    Text {
        /// Where.
        at: Stored,
        /// What must be there now.
        old: Vec<u8>,
        /// What comes there.
        new: Vec<u8>,
    },
    /// Of an `int` that says how long a text is with its zero.
    Len {
        /// Where.
        at: Stored,
        /// What must be there now.
        old: u64,
        /// What comes there.
        new: u64,
    },
    /// Of a whole block and of the number that says how long it is: a packed file.
    Packed {
        /// The block.
        data: Stored,
        /// The number, an `int`.
        size: Stored,
        /// How long it is now.
        old_size: u64,
        /// What comes there.
        new: Vec<u8>,
    },
}

/// A value that does not fit, or two for one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a path in it cannot be changed, since there is no room for another one")]
pub struct NoRoom;

/// Longest block in files whose headers have four bytes for it.
const SMALL_BLOCK_MAX: u64 = i32::MAX as u64;

/// Gives the changes of bytes, sorted and apart from each other.
pub fn splices(heads: Heads, edits: &[Edit]) -> Result<Vec<Splice>, NoRoom> {
    let mut all = Vec::new();
    for edit in edits {
        match edit {
            Edit::Text { at, old, new } => text(heads, at, old, new, &mut all)?,
            Edit::Len { at, old, new } => all.push(len(heads, at, *old, *new)),
            Edit::Packed { data, size, old_size, new } => {
                all.push(len(heads, size, *old_size, new.len() as u64));
                block(heads, data, Vec::new(), new.clone(), &mut all)?;
            }
        }
    }
    all.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.new.cmp(&b.new)));
    // Several references may share one place, as the frames of a strip share its directory.
    all.dedup();
    let is_apart = all.windows(2).all(|pair| match pair {
        [one, next] => one.at + one.removed <= next.at,
        _ => true,
    });
    if is_apart { Ok(all) } else { Err(NoRoom) }
}

fn len(heads: Heads, at: &Stored, old: u64, new: u64) -> Splice {
    Splice::new(data_start(heads, at), heads.spell(old, 4), 4, heads.spell(new, 4))
}

fn text(
    heads: Heads,
    at: &Stored,
    old: &[u8],
    new: &[u8],
    all: &mut Vec<Splice>,
) -> Result<(), NoRoom> {
    if !at.has_room(new.len()) {
        return Err(NoRoom);
    }
    let mut bytes = new.to_vec();
    if let Some(room) = at.room {
        bytes.resize(room, 0);
        all.push(Splice::new(data_start(heads, at), old.to_vec(), room as u64, bytes));
        return Ok(());
    }
    // Blocks are multiples of four bytes, and this one does not become smaller.
    let len = usize::try_from(at.block_len).map_err(|_| NoRoom)?;
    bytes.resize((new.len() + 1).next_multiple_of(4).max(len), 0);
    block(heads, at, old.to_vec(), bytes, all)
}

/// Changes all the data of a block, and its length.
fn block(
    heads: Heads,
    at: &Stored,
    old: Vec<u8>,
    new: Vec<u8>,
    all: &mut Vec<Splice>,
) -> Result<(), NoRoom> {
    let (spot, width) = heads.len_spot();
    let new_len = new.len() as u64;
    if at.room.is_some() || width == 4 && new_len > SMALL_BLOCK_MAX {
        return Err(NoRoom);
    }
    if new_len != at.block_len {
        let was = heads.spell(at.block_len, width);
        let number = heads.spell(new_len, width);
        all.push(Splice::new(at.head + spot, was, width as u64, number));
    }
    all.push(Splice::new(data_start(heads, at), old, at.block_len, new));
    Ok(())
}

fn data_start(heads: Heads, at: &Stored) -> u64 {
    at.head + heads.form.len() as u64 + at.offset
}
