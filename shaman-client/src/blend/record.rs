//! A struct in a file, its fields asked for by their DNA names.

use std::collections::HashSet;
use std::fmt;

use super::dna::Spot;
use super::file::Blend;
use super::stored::Stored;

/// One struct of one data-block.
///
/// A field that the file's version does not have, that is damaged, or that is of another type than
/// asked for, reads as absent. Names are those of the DNA; `id.name` leads into a nested struct.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    blend: &'a Blend,
    /// The data-block that this belongs to; its pointers are resolved there first.
    owner: u32,
    /// The block that it lies in, and where in its data.
    spot: (u32, usize),
    shape: u32,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    pub(super) fn new(
        blend: &'a Blend,
        owner: u32,
        spot: (u32, usize),
        shape: u32,
        data: &'a [u8],
    ) -> Self {
        Self { blend, owner, spot, shape, data }
    }

    /// Gives the name of the struct, as `Image`.
    pub fn kind(&self) -> &'a [u8] {
        self.blend.dna().name(self.shape)
    }

    /// Gives the two letters of the data-block that this belongs to, as `IM`.
    pub fn code(&self) -> [u8; 2] {
        let [first, second, ..] = self.blend.code(self.owner);
        [first, second]
    }

    /// Gives the name of this data-block, with its two letters: `IMwood`.
    pub fn id_name(&self) -> &'a [u8] {
        self.text("id.name").or_else(|| self.text("name")).unwrap_or_default()
    }

    /// Gives the number that pointers to this data-block hold.
    pub fn address(&self) -> u64 {
        self.blend.old(self.owner)
    }

    /// Gives the number of this data-block in its file.
    pub fn number(&self) -> u32 {
        self.owner
    }

    /// Gives a number that no other record of this file has, to know it again.
    pub fn identity(&self) -> usize {
        self.data.as_ptr().addr()
    }

    /// Reads a whole number of any size.
    pub fn int(&self, path: &str) -> Option<i64> {
        let spot = self.find(path).filter(|spot| !spot.is_pointer)?;
        let dna = self.blend.dna();
        let bytes = self.bytes(spot)?.get(..dna.unit(spot))?;
        let endian = self.blend.header().endian;
        if dna.is_unsigned(spot) {
            return i64::try_from(endian.unsigned(bytes)).ok();
        }
        Some(endian.signed(bytes))
    }

    /// Reads an array of characters up to its first zero.
    pub fn text(&self, path: &str) -> Option<&'a [u8]> {
        let spot = self.find(path).filter(|spot| !spot.is_pointer)?;
        self.bytes(spot)?.split(|byte| *byte == 0).next()
    }

    /// Reads the string that a `char *` points to, up to its first zero.
    pub fn string(&self, path: &str) -> Option<&'a [u8]> {
        self.bytes_behind(path)?.split(|byte| *byte == 0).next()
    }

    /// Reads the whole block that a pointer points to, without a struct.
    pub fn bytes_behind(&self, path: &str) -> Option<&'a [u8]> {
        self.blend.data(self.blend.target(self.owner, self.pointer(path)?)?)
    }

    /// Tells where the field that [`Record::text`] or [`Record::int`] reads is stored.
    pub fn stored(&self, path: &str) -> Option<Stored> {
        let spot = self.find(path).filter(|spot| !spot.is_pointer)?;
        let text_len = self.text(path)?.len();
        let (block, at) = self.spot;
        let block = self.blend.block(block)?;
        Some(Stored::field(block, at + spot.offset, spot.len, text_len))
    }

    /// Tells where the string that [`Record::string`] reads is stored.
    pub fn stored_string(&self, path: &str) -> Option<Stored> {
        let text_len = self.string(path)?.len();
        Some(self.stored_behind(path)?.of_text(text_len))
    }

    /// Tells where the block that [`Record::bytes_behind`] reads is stored.
    pub fn stored_behind(&self, path: &str) -> Option<Stored> {
        let target = self.blend.target(self.owner, self.pointer(path)?)?;
        Some(Stored::block(self.blend.block(target)?))
    }

    /// Reads a pointer; `None` if it is null.
    pub fn pointer(&self, path: &str) -> Option<u64> {
        let spot = self.find(path).filter(|spot| spot.is_pointer)?;
        self.pointer_at(spot.offset)
    }

    /// Tells whether a pointer is there and not null.
    pub fn has(&self, path: &str) -> bool {
        self.pointer(path).is_some()
    }

    /// Gives the nested struct of that name.
    pub fn part(&self, path: &str) -> Option<Self> {
        let spot = self.find(path).filter(|spot| !spot.is_pointer)?;
        let shape = self.blend.dna().shape_of(spot)?;
        let (block, at) = self.spot;
        Some(Self { shape, spot: (block, at + spot.offset), data: self.bytes(spot)?, ..*self })
    }

    /// Gives the struct that a pointer points to, which may be another data-block.
    pub fn follow(&self, path: &str) -> Option<Self> {
        self.at_pointer(self.pointer(path)?)
    }

    /// Gives all structs of the block that a pointer points to.
    pub fn array(&self, path: &str) -> impl Iterator<Item = Self> + use<'a> {
        let pointer = self.pointer(path).unwrap_or(0);
        let target = self.blend.target(self.owner, pointer);
        let (blend, owner) = (self.blend, self.owner);
        target.into_iter().flat_map(move |target| blend.records(target, owner))
    }

    /// Gives the structs of a linked list (`ListBase`), in order, each once even if the list runs
    /// in a circle.
    pub fn list(&self, path: &str) -> impl Iterator<Item = Self> + use<'a> {
        let first = self.part(path).and_then(|base| base.pointer("first"));
        let mut seen = HashSet::new();
        let mut next = first.and_then(|first| self.at_pointer(first));
        std::iter::from_fn(move || {
            let item = next.take().filter(|item: &Self| seen.insert(item.identity()))?;
            // `next` is the first field of everything that can be in a list.
            next = item.pointer_at(0).and_then(|pointer| item.at_pointer(pointer));
            Some(item)
        })
    }

    /// Gives all structs of that kind that belong to this data-block, wherever they hang in it.
    pub fn all_of(&self, kind: &'static [u8]) -> impl Iterator<Item = Self> + use<'a> {
        let (blend, owner) = (self.blend, self.owner);
        blend.all_of(owner, kind).flat_map(move |index| blend.records(index, owner))
    }

    fn at_pointer(&self, pointer: u64) -> Option<Self> {
        let target = self.blend.target(self.owner, pointer)?;
        let owner = if self.blend.is_data(target) { self.owner } else { target };
        self.blend.record(target, owner)
    }

    fn pointer_at(&self, offset: usize) -> Option<u64> {
        self.blend.address_at(self.data, offset)
    }

    fn find(&self, path: &str) -> Option<Spot> {
        self.blend.spot(self.shape, path)
    }

    fn bytes(&self, spot: Spot) -> Option<&'a [u8]> {
        self.data.get(spot.offset..spot.offset.checked_add(spot.len)?)
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind().escape_ascii(), self.id_name().escape_ascii())
    }
}
