//! The bytes of a sheet, and nothing about files.
//!
//! ```text
//! sheet     u8 vague   maybe u8 heads   strings warnings   u32 n, n × library   u32 n, n × item
//! library   string name   string path   maybe stored   maybe also
//!           u8 what (0 file, 1 archive, 2 packed: string place, stored data, stored size, sheet)
//! item      string name   u8 home, u32 library   u32 n, n × u32 use   u32 n, n × ask
//! ask       u8 kind   u8 how (tiles: u32 n, n × u16)   u8 absence   u8 base   string path
//!           maybe stored   maybe also   maybe string within
//! also      stored   u8 0, string copy   or   u8 1, u64 length
//! stored    5 × u64
//! maybe     u8 0   or   u8 1 and it
//! string    u32 length, bytes
//! ```
//!
//! Numbers are little-endian. Promise: what `decode` takes is what one `encode` gave.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::ask::{About, Absence, Also, Ask, Base, How};
use super::super::kind::Kind;
use super::super::paths;
use super::super::sheet::{Home, Item, Library, Packed, Sheet, What};
use crate::blend::{Heads, Stored};

/// How deep packed libraries are nested; no sheet has more than five.
const DEPTH_MAX: usize = 8;

const HOWS: [How; 7] =
    [How::File, How::Nothing, How::Frames, How::Folder, How::Fluid, How::Simulated, How::Perhaps];

/// In place of `How::Tiles`, behind the others.
const TILES: u8 = 7;

const ABSENCES: [Absence; 3] = [Absence::Missing, Absence::Spare, Absence::Fine];

const BASES: [Base; 2] = [Base::Own, Base::CachesOfMain];

/// Gives the bytes of a sheet; `None` for one with more of something than can be counted.
pub(super) fn encode(sheet: &Sheet) -> Option<Vec<u8>> {
    let mut out = Out(Vec::new());
    out.sheet(sheet)?;
    Some(out.0)
}

/// Reads the bytes of a sheet; `None` if they are not what `encode` gives.
pub(super) fn decode(bytes: &[u8]) -> Option<Sheet> {
    let mut input = In(bytes);
    let sheet = input.sheet(DEPTH_MAX)?;
    input.0.is_empty().then_some(sheet)
}

struct Out(Vec<u8>);

impl Out {
    fn sheet(&mut self, sheet: &Sheet) -> Option<()> {
        self.0.push(u8::from(sheet.is_vague));
        self.0.push(u8::from(sheet.heads.is_some()));
        self.0.extend(sheet.heads.map(Heads::number));
        self.count(sheet.warnings.len())?;
        for warning in &sheet.warnings {
            self.string(warning.as_bytes())?;
        }
        self.count(sheet.libraries.len())?;
        for library in &sheet.libraries {
            self.string(&library.name)?;
            self.string(&library.path)?;
            self.maybe_stored(library.stored.as_ref());
            self.maybe(library.also.as_ref(), Self::also)?;
            match &library.what {
                What::File => self.0.push(0),
                What::Archive => self.0.push(1),
                What::Packed(packed) => {
                    self.0.push(2);
                    self.string(paths::bytes(packed.place.as_os_str()))?;
                    self.stored(&packed.data);
                    self.stored(&packed.size);
                    self.sheet(&packed.sheet)?;
                }
            }
        }
        self.count(sheet.items.len())?;
        for item in &sheet.items {
            self.item(item)?;
        }
        Some(())
    }

    fn item(&mut self, item: &Item) -> Option<()> {
        self.string(&item.name)?;
        let (home, library) = match item.home {
            Home::Here => (0, 0),
            Home::Lost => (1, 0),
            Home::PackedFrom(library) => (2, library),
            Home::Linked(library) => (3, library),
        };
        self.0.push(home);
        self.0.extend(library.to_le_bytes());
        self.count(item.uses.len())?;
        self.0.extend(item.uses.iter().flat_map(|place| place.to_le_bytes()));
        self.count(item.asks.len())?;
        for ask in &item.asks {
            self.place(&Kind::ALL, &ask.kind)?;
            if let How::Tiles(tiles) = &ask.how {
                self.0.push(TILES);
                self.count(tiles.len())?;
                self.0.extend(tiles.iter().flat_map(|tile| tile.to_le_bytes()));
            } else {
                self.place(&HOWS, &ask.how)?;
            }
            let About { absence, base, stored, also, within } = &ask.about;
            self.place(&ABSENCES, absence)?;
            self.place(&BASES, base)?;
            self.string(&ask.path)?;
            self.maybe_stored(stored.as_ref());
            self.maybe(also.as_ref(), Self::also)?;
            self.maybe(within.as_ref(), |out, within| out.string(within))?;
        }
        Some(())
    }

    fn also(&mut self, also: &Also) -> Option<()> {
        match also {
            Also::Copy(stored, text) => {
                self.stored(stored);
                self.0.push(0);
                self.string(text)
            }
            Also::Len(stored, len) => {
                self.stored(stored);
                self.0.push(1);
                self.0.extend(len.to_le_bytes());
                Some(())
            }
        }
    }

    fn stored(&mut self, stored: &Stored) {
        self.0.extend(stored.numbers().iter().flat_map(|number| number.to_le_bytes()));
    }

    fn maybe_stored(&mut self, stored: Option<&Stored>) {
        self.0.push(u8::from(stored.is_some()));
        if let Some(stored) = stored {
            self.stored(stored);
        }
    }

    fn maybe<T>(&mut self, it: Option<T>, write: fn(&mut Self, T) -> Option<()>) -> Option<()> {
        self.0.push(u8::from(it.is_some()));
        it.map_or(Some(()), |it| write(self, it))
    }

    fn count(&mut self, count: usize) -> Option<()> {
        self.0.extend(u32::try_from(count).ok()?.to_le_bytes());
        Some(())
    }

    fn string(&mut self, bytes: &[u8]) -> Option<()> {
        self.count(bytes.len())?;
        self.0.extend_from_slice(bytes);
        Some(())
    }

    fn place<T: PartialEq>(&mut self, all: &[T], one: &T) -> Option<()> {
        let place = all.iter().position(|known| known == one)?;
        self.0.push(u8::try_from(place).ok()?);
        Some(())
    }
}

struct In<'a>(&'a [u8]);

impl<'a> In<'a> {
    fn sheet(&mut self, depth: usize) -> Option<Sheet> {
        let depth = depth.checked_sub(1)?;
        let is_vague = self.byte()? != 0;
        let heads = self.maybe(|input| Heads::from_number(input.byte()?))?;
        let warnings = self.many(|input| String::from_utf8(input.string()?.to_vec()).ok())?;
        let libraries = self.many(|input| {
            let (name, path) = (input.string()?.into(), input.string()?.to_vec());
            let (stored, also) = (input.maybe(Self::stored)?, input.maybe(Self::also)?);
            let what = match input.byte()? {
                0 => What::File,
                1 => What::Archive,
                2 => {
                    let place = PathBuf::from(paths::os_string(input.string()?.to_vec()));
                    let (data, size) = (input.stored()?, input.stored()?);
                    let sheet = Arc::new(input.sheet(depth)?);
                    What::Packed(Packed { place, sheet, data, size })
                }
                _ => return None,
            };
            Some(Library { name, path, stored, also, what })
        })?;
        let items = self.many(Self::item)?;
        Some(Sheet { items, libraries, warnings, is_vague, heads })
    }

    fn item(&mut self) -> Option<Item> {
        let name = self.string()?.into();
        let (home, library) = (self.byte()?, u32::from_le_bytes(self.take()?));
        let home = match home {
            0 => Home::Here,
            1 => Home::Lost,
            2 => Home::PackedFrom(library),
            3 => Home::Linked(library),
            _ => return None,
        };
        let uses = self.many(|input| Some(u32::from_le_bytes(input.take()?)))?;
        let asks = self.many(Self::ask)?;
        Some(Item { name, home, uses, asks })
    }

    fn ask(&mut self) -> Option<Ask> {
        let kind = self.one_of(&Kind::ALL)?;
        let how = match self.byte()? {
            TILES => {
                let tiles = self.many(|input| Some(u16::from_le_bytes(input.take()?)))?;
                How::Tiles(BTreeSet::from_iter(tiles))
            }
            place => HOWS.get(usize::from(place))?.clone(),
        };
        let (absence, base) = (self.one_of(&ABSENCES)?, self.one_of(&BASES)?);
        let path = self.string()?.to_vec();
        let (stored, also) = (self.maybe(Self::stored)?, self.maybe(Self::also)?);
        let within = self.maybe(|input| Some(input.string()?.to_vec()))?;
        Some(Ask { kind, path, how, about: About { absence, base, stored, also, within } })
    }

    fn also(&mut self) -> Option<Also> {
        let stored = self.stored()?;
        match self.byte()? {
            0 => Some(Also::Copy(stored, self.string()?.to_vec())),
            1 => Some(Also::Len(stored, u64::from_le_bytes(self.take()?))),
            _ => None,
        }
    }

    fn stored(&mut self) -> Option<Stored> {
        let mut numbers = [0; 5];
        for number in &mut numbers {
            *number = u64::from_le_bytes(self.take()?);
        }
        Stored::from_numbers(numbers)
    }

    /// Reads what may be there; `None` if it cannot be read, `Some(None)` if there is nothing.
    #[expect(clippy::option_option, reason = "`?` takes the one, its caller has use for the other")]
    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(u32::from_le_bytes(self.take()?)).ok()?;
        let (string, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(string)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(usize::from(self.byte()?)).copied()
    }

    /// Reads a count and that many; memory grows with what is there, not with what is promised.
    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = u32::from_le_bytes(self.take()?);
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let hows = HOWS.into_iter().chain([How::Tiles(BTreeSet::from([1001, 1012]))]);
        let stored = |head| Stored::from_numbers([head, 2, 3, u64::MAX, 5]).unwrap();
        let alsos = [
            None,
            Some(Also::Copy(stored(7), b"/a".to_vec())),
            Some(Also::Len(stored(8), 1 << 40)),
        ];
        let about = |place: usize| About {
            absence: ABSENCES[place % 3],
            base: BASES[place % 2],
            stored: Some(stored(place as u64)).filter(|_| place.is_multiple_of(2)),
            also: alsos[place % 3].clone(),
            within: Some(b"//x".to_vec()).filter(|_| !place.is_multiple_of(2)),
        };
        let ask = |(place, how)| Ask {
            kind: Kind::ALL[place],
            path: b"//caf\xe9.png".to_vec(),
            how,
            about: about(place),
        };
        let asks = hows.enumerate().map(ask).collect();
        let homes = [Home::Here, Home::Lost, Home::PackedFrom(7), Home::Linked(8)];
        let item =
            |home| Item { name: b"OBx".as_slice().into(), home, uses: vec![1, 2], asks: vec![] };
        let mut items: Vec<_> = homes.map(item).into();
        items[0].asks = asks;
        let inside = Sheet { warnings: vec!["a".into()], is_vague: true, ..Sheet::default() };
        let (place, sheet) = (PathBuf::from("/p/a.blend"), Arc::new(inside));
        let packed = What::Packed(Packed { place, sheet, data: stored(1), size: stored(2) });
        let library = |what| Library {
            name: b"LIx".as_slice().into(),
            path: b"//x".to_vec(),
            stored: Some(stored(4)),
            also: alsos[1].clone(),
            what,
        };
        let libraries = [What::File, What::Archive, packed].map(library).into();
        let warnings = vec!["one".into(), "two".into()];
        Sheet { items, libraries, warnings, is_vague: false, heads: Heads::from_number(3) }
    }

    #[test]
    fn what_was_written_is_read_back() {
        let bytes = encode(&sheet()).unwrap();
        assert_eq!(decode(&bytes), Some(sheet()));
    }

    #[test]
    fn a_torn_sheet_is_no_sheet() {
        let bytes = encode(&sheet()).unwrap();
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(decode(&[&bytes, b"x".as_slice()].concat()), None);
    }
}
