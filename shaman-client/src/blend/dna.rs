//! SDNA: the names, types and offsets of every struct in a file.
//!
//! ```text
//! SDNA  NAME n "*next\0" "name[1024]\0" …   TYPE n "char\0" …   TLEN n × u16   STRC n structs
//!       each part starts at a multiple of four from the start of the block's data
//! ```
//!
//! Names are those of Blender's files for ever, even where the program has renamed its fields:
//! `Image.name`, `Sequence.strip`. There is no hidden padding; offsets are running sums.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::endian::Endian;
use super::failure::BlendError;

/// That of the file before: all files of one Blender describe the same structs.
static LAST: Mutex<Option<Arc<Dna>>> = Mutex::new(None);

/// The structs of one file.
#[derive(Debug)]
pub(super) struct Dna {
    bytes: Vec<u8>,
    /// How its numbers are written, and how long pointers are.
    form: (Endian, usize),
    types: Vec<Type>,
    shapes: Vec<Shape>,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Type {
    name: Range<u32>,
    len: u16,
    /// The struct of this type, for those that are one.
    shape: Option<u32>,
}

#[derive(Debug)]
struct Shape {
    type_index: u16,
    fields: Range<u32>,
}

#[derive(Debug)]
struct Field {
    /// Without asterisks, brackets and parentheses.
    name: Range<u32>,
    spot: Spot,
}

/// Where a field lies in its struct and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    /// Bytes from the start of the struct.
    pub(super) offset: usize,
    /// Bytes of the whole field, all elements of an array together.
    pub(super) len: usize,
    /// Whether it holds pointers.
    pub(super) is_pointer: bool,
    /// Whether those lead to further pointers, as `**mat`.
    pub(super) is_double: bool,
    type_index: u16,
}

impl Dna {
    /// Reads the data of a `DNA1` block, unless it is the same as in the file before.
    pub(super) fn shared(
        bytes: Vec<u8>,
        endian: Endian,
        pointer_len: usize,
    ) -> Result<Arc<Self>, BlendError> {
        let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let form = (endian, pointer_len);
        if let Some(dna) = last.filter(|dna| dna.form == form && dna.bytes == bytes) {
            return Ok(dna);
        }
        let dna = Arc::new(Self::parse(bytes, endian, pointer_len)?);
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&dna));
        Ok(dna)
    }

    /// Reads the data of a `DNA1` block.
    pub(super) fn parse(
        bytes: Vec<u8>,
        endian: Endian,
        pointer_len: usize,
    ) -> Result<Self, BlendError> {
        let mut cursor = Cursor { bytes: &bytes, at: 0, endian };
        cursor.tag("SDNA")?;
        cursor.tag("NAME")?;
        let names = cursor.strings("NAME")?;
        cursor.tag("TYPE")?;
        let type_names = cursor.strings("TYPE")?;
        cursor.tag("TLEN")?;
        let mut types = Vec::with_capacity(type_names.len());
        for name in type_names {
            types.push(Type { name, len: cursor.u16("TLEN")?, shape: None });
        }
        cursor.tag("STRC")?;
        let count = cursor.u32("STRC")?;
        let mut shapes = Vec::new();
        let mut fields = Vec::new();
        for _ in 0..count {
            let type_index = cursor.u16("STRC")?;
            let shape = u32::try_from(shapes.len()).map_err(|_| BlendError::BadDna("STRC"))?;
            types.get_mut(usize::from(type_index)).ok_or(BlendError::BadDna("STRC"))?.shape =
                Some(shape);
            let first = index(fields.len())?;
            let mut offset = 0;
            for _ in 0..cursor.u16("STRC")? {
                let type_index = cursor.u16("STRC")?;
                let name_index = cursor.u16("STRC")?;
                let (Some(kind), Some(name)) =
                    (types.get(usize::from(type_index)), names.get(usize::from(name_index)))
                else {
                    return Err(BlendError::BadDna("STRC"));
                };
                let declared = declaration(&bytes, name)?;
                let unit = if declared.is_pointer { pointer_len } else { usize::from(kind.len) };
                let len = unit.checked_mul(declared.count).filter(|len| *len < u32::MAX as usize);
                let len = len.ok_or(BlendError::BadDna("NAME"))?;
                let (is_pointer, is_double) = (declared.is_pointer, declared.is_double);
                let spot = Spot { offset, len, is_pointer, is_double, type_index };
                fields.push(Field { name: declared.name, spot });
                offset += len;
            }
            shapes.push(Shape { type_index, fields: first..index(fields.len())? });
        }
        Ok(Self { bytes, form: (endian, pointer_len), types, shapes, fields })
    }

    /// Gives the bytes of one struct; 0 for an index that does not exist.
    pub(super) fn len(&self, shape: u32) -> usize {
        let shape = self.shapes.get(shape as usize);
        let kind = shape.and_then(|shape| self.types.get(usize::from(shape.type_index)));
        kind.map_or(0, |kind| usize::from(kind.len))
    }

    /// Gives the name of a struct.
    pub(super) fn name(&self, shape: u32) -> &[u8] {
        let shape = self.shapes.get(shape as usize);
        shape.map_or(&[], |shape| self.type_name(shape.type_index))
    }

    /// Finds a field; `path` may lead through nested structs, as `id.name`.
    pub(super) fn find(&self, shape: u32, path: &str) -> Option<Spot> {
        let mut shape = shape;
        let mut offset = 0;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            let fields = self.shapes.get(shape as usize)?.fields.clone();
            let fields = self.fields.get(fields.start as usize..fields.end as usize)?;
            let named = |field: &&Field| self.text(&field.name) == part.as_bytes();
            let spot = fields.iter().find(named)?.spot;
            offset += spot.offset;
            if parts.peek().is_none() {
                return Some(Spot { offset, ..spot });
            }
            if spot.is_pointer {
                return None;
            }
            shape = self.shape_of(spot)?;
        }
        None
    }

    /// Gives the struct that a field is, or points to.
    pub(super) fn shape_of(&self, spot: Spot) -> Option<u32> {
        self.types.get(usize::from(spot.type_index))?.shape
    }

    /// Tells whether the field's type has no sign, as `uchar` or `uint64_t`.
    pub(super) fn is_unsigned(&self, spot: Spot) -> bool {
        self.type_name(spot.type_index).starts_with(b"u")
    }

    /// Gives the bytes of one element of the field's type.
    pub(super) fn unit(&self, spot: Spot) -> usize {
        self.types.get(usize::from(spot.type_index)).map_or(0, |kind| usize::from(kind.len))
    }

    /// Gives all fields of a struct with their names.
    pub(super) fn fields(&self, shape: u32) -> impl Iterator<Item = (&[u8], Spot)> {
        let fields = self.shapes.get(shape as usize).map(|shape| shape.fields.clone());
        let fields = fields.unwrap_or_default();
        let fields = self.fields.get(fields.start as usize..fields.end as usize);
        fields.unwrap_or_default().iter().map(|field| (self.text(&field.name), field.spot))
    }

    /// Tells whether a pointer to the field's type may lead to a data-block: to a struct that
    /// begins with an `ID`, or to anything at all.
    pub(super) fn may_be_id(&self, spot: Spot) -> bool {
        match self.shape_of(spot) {
            None => self.type_name(spot.type_index) == b"void",
            Some(shape) => {
                let first = self.fields(shape).next();
                self.name(shape) == b"ID"
                    || first.is_some_and(|(_, first)| {
                        !first.is_pointer && self.type_name(first.type_index) == b"ID"
                    })
            }
        }
    }

    fn type_name(&self, type_index: u16) -> &[u8] {
        self.types.get(usize::from(type_index)).map_or(&[], |kind| self.text(&kind.name))
    }

    fn text(&self, name: &Range<u32>) -> &[u8] {
        self.bytes.get(name.start as usize..name.end as usize).unwrap_or_default()
    }
}

struct Declaration {
    name: Range<u32>,
    is_pointer: bool,
    is_double: bool,
    count: usize,
}

/// Takes `**mat`, `name[1024]`, `matrix[4][4]` or `(*call)()` apart.
fn declaration(bytes: &[u8], name: &Range<u32>) -> Result<Declaration, BlendError> {
    const BAD: BlendError = BlendError::BadDna("NAME");
    let text = bytes.get(name.start as usize..name.end as usize).ok_or(BAD)?;
    let start = text.iter().position(|byte| !matches!(byte, b'*' | b'(')).unwrap_or(text.len());
    let stars = text.iter().take(start).filter(|byte| **byte == b'*').count();
    let (is_pointer, is_double) = (stars > 0, stars > 1);
    let rest = text.get(start..).unwrap_or_default();
    let len = rest.iter().position(|byte| matches!(byte, b'[' | b')')).unwrap_or(rest.len());
    let mut count: usize = 1;
    for part in rest.split(|byte| *byte == b'[').skip(1) {
        let digits = part.iter().take_while(|byte| byte.is_ascii_digit());
        let factor = digits.fold(0_usize, |number, digit| {
            number.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
        });
        count = count.checked_mul(factor).ok_or(BAD)?;
    }
    let start = name.start + index(start)?;
    Ok(Declaration { name: start..start + index(len)?, is_pointer, is_double, count })
}

fn index(number: usize) -> Result<u32, BlendError> {
    u32::try_from(number).map_err(|_| BlendError::BadDna("STRC"))
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    endian: Endian,
}

impl Cursor<'_> {
    fn tag(&mut self, tag: &'static str) -> Result<(), BlendError> {
        self.at = self.at.next_multiple_of(4);
        let found = self.bytes.get(self.at..self.at + 4);
        self.at += 4;
        if found == Some(tag.as_bytes()) {
            return Ok(());
        }
        Err(BlendError::BadDna(tag))
    }

    fn number(&mut self, len: usize, part: &'static str) -> Result<u64, BlendError> {
        let bytes = self.bytes.get(self.at..self.at + len).ok_or(BlendError::BadDna(part))?;
        self.at += len;
        Ok(self.endian.unsigned(bytes))
    }

    fn u16(&mut self, part: &'static str) -> Result<u16, BlendError> {
        u16::try_from(self.number(2, part)?).map_err(|_| BlendError::BadDna(part))
    }

    fn u32(&mut self, part: &'static str) -> Result<u32, BlendError> {
        u32::try_from(self.number(4, part)?).map_err(|_| BlendError::BadDna(part))
    }

    /// A count and that many strings, each ended by a zero.
    fn strings(&mut self, part: &'static str) -> Result<Vec<Range<u32>>, BlendError> {
        let count = self.u32(part)?;
        let mut found = Vec::new();
        for _ in 0..count {
            let rest = self.bytes.get(self.at..).ok_or(BlendError::BadDna(part))?;
            let len = rest.iter().position(|byte| *byte == 0).ok_or(BlendError::BadDna(part))?;
            found.push(index(self.at)?..index(self.at + len)?);
            self.at += len + 1;
        }
        Ok(found)
    }
}
