//! Builds .blend files byte by byte: every form of header, pointer and byte order, also those that
//! no Blender of today writes, and files that no Blender would.

mod dna;
mod packing;

pub(crate) use packing::{gzip, zstd_frames};

/// How block headers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// 4-byte pointers.
    Small4,
    /// 8-byte pointers, until 4.5.
    Small8,
    /// Since 5.0.
    Large8,
}

/// A file that grows block by block.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    form: Form,
    is_big: bool,
    version: u32,
    shapes: Vec<Shape>,
    body: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Shape {
    name: String,
    len: usize,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    kind: String,
    /// As declared: `*next`, `name[66]`.
    declared: String,
    offset: usize,
    len: usize,
}

/// The structs that the rules read, cut down to the fields they read.
const STUDIO: &[(&str, &str)] = &[
    ("raw_data", "char bytes[4]"),
    ("ListBase", "void *first; void *last"),
    ("ID", "void *next; void *prev; Library *lib; char name[66]; short flag"),
    (
        "Library",
        "ID id; char name[1024]; int flag; PackedFile *packedfile; \
         Library *archive_parent_library",
    ),
    ("PackedFile", "int size; void *data"),
    (
        "Image",
        "ID id; char name[1024]; short source; int flag; PackedFile *packedfile; \
         ListBase packedfiles; ListBase tiles; char views_format; ListBase views",
    ),
    ("ImagePackedFile", "ImagePackedFile *next; ImagePackedFile *prev; PackedFile *packedfile"),
    ("ImageTile", "ImageTile *next; ImageTile *prev; int tile_number"),
    ("ImageView", "ImageView *next; ImageView *prev; char name[64]; char filepath[1024]"),
    (
        "SceneRenderView",
        "SceneRenderView *next; SceneRenderView *prev; char suffix[64]; int viewflag",
    ),
    ("RenderData", "ListBase views"),
    ("Scene", "ID id; Editing *ed; RenderData r"),
    ("Editing", "ListBase *seqbasep; ListBase seqbase"),
    (
        "Sequence",
        "Sequence *next; Sequence *prev; int flag; int type; Strip *strip; ListBase seqbase; \
         bSound *sound; char views_format",
    ),
    ("Strip", "StripElem *stripdata; char dir[768]"),
    ("StripElem", "char name[256]; int orig_width; int orig_height"),
];

impl Build {
    /// Starts a file with the structs that the rules read.
    pub(crate) fn new(form: Form, version: u32) -> Self {
        Self::empty(form, version, false)
    }

    /// Starts the same with the highest byte first.
    pub(crate) fn big(form: Form, version: u32) -> Self {
        Self::empty(form, version, true)
    }

    /// Starts a file of Blender 2.5, in which one of the structs is another one.
    pub(crate) fn with_shape(name: &str, fields: &str) -> Self {
        let mut build = Self::new(Form::Small8, 250);
        let place = Self::index_of(name);
        build.shape(name, fields);
        let other = build.shapes.pop().unwrap();
        build.shapes[place] = other;
        build
    }

    fn empty(form: Form, version: u32, is_big: bool) -> Self {
        let (shapes, body) = (Vec::new(), Vec::new());
        let mut build = Self { form, is_big, version, shapes, body };
        for (name, fields) in STUDIO {
            build.shape(name, fields);
        }
        build
    }

    /// Adds a struct, its fields declared as in C.
    pub(crate) fn shape(&mut self, name: &str, fields: &str) {
        let mut shape = Shape { name: name.to_owned(), len: 0, fields: Vec::new() };
        for field in fields.split("; ") {
            let (kind, declared) = field.split_once(' ').unwrap();
            let count = declared
                .split_once('[')
                .map_or(1, |(_, count)| count.trim_end_matches(']').parse().unwrap());
            let unit = if declared.starts_with('*') { self.pointer_len() } else { self.len(kind) };
            let (kind, declared) = (kind.to_owned(), declared.to_owned());
            let len = unit * count;
            shape.fields.push(Field { kind, declared, offset: shape.len, len });
            shape.len += len;
        }
        self.shapes.push(shape);
    }

    /// Adds a block with one struct.
    pub(crate) fn block(
        &mut self,
        code: &[u8],
        shape: &str,
        old: u64,
        fill: impl for<'f, 'b> FnOnce(&'f mut Fill<'b>) -> &'f mut Fill<'b>,
    ) {
        let index = self.shapes.iter().position(|known| known.name == shape).unwrap();
        let bytes = vec![0; self.shapes[index].len];
        let mut filled = Fill { build: self, shape: index, bytes };
        fill(&mut filled);
        let bytes = filled.bytes;
        self.raw(code, index, old, &bytes);
    }

    /// Adds a block with any bytes in it.
    pub(crate) fn raw(&mut self, code: &[u8], shape: usize, old: u64, bytes: &[u8]) {
        self.head(code, shape, old, bytes.len().try_into().unwrap());
        self.body.extend_from_slice(bytes);
    }

    /// Adds a block header that promises `len` bytes.
    pub(crate) fn head(&mut self, code: &[u8], shape: usize, old: u64, len: i64) {
        let mut padded = [0; 4];
        padded[..code.len()].copy_from_slice(code);
        self.body.extend_from_slice(&padded);
        let shape = shape as u64;
        let fields = match self.form {
            Form::Small4 => [(len.cast_unsigned(), 4), (old, 4), (shape, 4), (1, 4)],
            Form::Small8 => [(len.cast_unsigned(), 4), (old, 8), (shape, 4), (1, 4)],
            Form::Large8 => [(shape, 4), (old, 8), (len.cast_unsigned(), 8), (1, 8)],
        };
        for (number, len) in fields {
            self.body.extend(number_bytes(number, len, self.is_big));
        }
    }

    /// Gives the place of a struct that was added.
    pub(crate) fn place(&self, shape: &str) -> usize {
        self.shapes.iter().position(|known| known.name == shape).unwrap()
    }

    /// Gives the place of a struct that every file has.
    pub(crate) fn index_of(shape: &str) -> usize {
        STUDIO.iter().position(|(name, _)| *name == shape).unwrap()
    }

    /// Adds an image of one file.
    pub(crate) fn image(&mut self, name: &str, old: u64, path: &[u8]) {
        self.image_of(name, old, path, 1);
    }

    /// Adds an image of another `source`: 2 frames, 3 movie, 4 generated, 6 tiles.
    pub(crate) fn image_of(&mut self, name: &str, old: u64, path: &[u8], source: u64) {
        self.block(b"IM", "Image", old, |image| {
            image.text("id.name", format!("IM{name}").as_bytes());
            image.text("name", path).int("source", source)
        });
    }

    /// Adds a library, and one thing that is linked from it.
    pub(crate) fn library(&mut self, old: u64, path: &[u8]) {
        self.block(b"LI", "Library", old, |library| {
            library.text("id.name", format!("LIlib{old}").as_bytes()).text("name", path)
        });
        self.block(b"ID", "ID", old + 1, |id| id.text("name", b"MAlinked").int("lib", old));
    }

    /// Gives an array of pointers.
    pub(crate) fn pointers(&self, pointers: &[u64]) -> Vec<u8> {
        let len = self.pointer_len();
        pointers.iter().flat_map(|old| number_bytes(*old, len, self.is_big)).collect()
    }

    /// Gives the header and the blocks so far: a file without its end.
    pub(crate) fn unfinished(&self) -> Vec<u8> {
        let mut file = match self.form {
            Form::Large8 => format!("BLENDER17-01v{:04}", self.version),
            form => {
                let pointer = if form == Form::Small4 { '_' } else { '-' };
                let order = if self.is_big { 'V' } else { 'v' };
                format!("BLENDER{pointer}{order}{:03}", self.version)
            }
        }
        .into_bytes();
        file.extend_from_slice(&self.body);
        file
    }

    /// Gives the whole file.
    pub(crate) fn finish(&self) -> Vec<u8> {
        let mut whole = self.clone();
        let dna = whole.dna();
        whole.raw(b"DNA1", 0, 0x7777, &dna);
        whole.head(b"ENDB", 0, 0, 0);
        whole.unfinished()
    }

    fn len(&self, kind: &str) -> usize {
        let basic = [("char", 1), ("short", 2), ("int", 4)];
        let basic = basic.iter().find(|(name, _)| *name == kind).map(|(_, len)| *len);
        let shape = || self.shapes.iter().find(|shape| shape.name == kind).unwrap().len;
        basic.unwrap_or_else(shape)
    }

    fn pointer_len(&self) -> usize {
        if self.form == Form::Small4 { 4 } else { 8 }
    }
}

/// A struct that is being filled in; what is not said is zero.
pub(crate) struct Fill<'a> {
    build: &'a Build,
    shape: usize,
    bytes: Vec<u8>,
}

impl Fill<'_> {
    /// Sets a number or a pointer; `path` as `id.name`.
    pub(crate) fn int(&mut self, path: &str, number: u64) -> &mut Self {
        let (offset, len) = self.spot(path);
        let bytes: Vec<_> = number_bytes(number, len, self.build.is_big).collect();
        self.bytes[offset..offset + len].copy_from_slice(&bytes);
        self
    }

    /// Sets a text.
    pub(crate) fn text(&mut self, path: &str, text: &[u8]) -> &mut Self {
        let (offset, len) = self.spot(path);
        assert!(text.len() < len, "no room in `{path}`");
        self.bytes[offset..offset + text.len()].copy_from_slice(text);
        self
    }

    fn spot(&self, path: &str) -> (usize, usize) {
        let mut shape = &self.build.shapes[self.shape];
        let (mut offset, mut len) = (0, 0);
        for part in path.split('.') {
            let bare = |field: &&Field| {
                let name = field.declared.trim_start_matches('*');
                name.split('[').next() == Some(part)
            };
            let field = shape.fields.iter().find(bare).unwrap();
            offset += field.offset;
            len = field.len;
            let inner = self.build.shapes.iter().find(|shape| shape.name == field.kind);
            shape = inner.unwrap_or(shape);
        }
        (offset, len)
    }
}

fn number_bytes(number: u64, len: usize, is_big: bool) -> impl Iterator<Item = u8> {
    let shift = move |place: usize| number.checked_shr(8 * u32::try_from(place).unwrap());
    let byte = move |place: usize| u8::try_from(shift(place).unwrap_or(0) & 0xff).unwrap();
    (0..len).map(move |at| byte(if is_big { len - 1 - at } else { at }))
}
