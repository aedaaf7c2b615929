//! What can be wrong with the bytes of a .blend.

use std::io;

/// Why a .blend could not be read, or not to its end.
///
/// Each message is the second half of a sentence that begins with the path of the file.
#[derive(Debug, thiserror::Error)]
pub enum BlendError {
    /// The disk refused.
    #[error("it cannot be opened; check that it is there and may be read")]
    Open(#[source] io::Error),
    /// The disk failed in the middle.
    #[error("it cannot be read to its end")]
    Read(#[source] io::Error),
    /// Neither `BLENDER` nor a compressed file.
    #[error("it is not a .blend file; name a file that Blender has saved")]
    NotBlend,
    /// gzip or zstd data that is something else inside.
    #[error(
        "it is compressed, but what is inside is not a .blend file; name a file that Blender has saved"
    )]
    NotBlendInside,
    /// `BLENDER`, then something unknown.
    #[error(
        "its header is of a format that is not known here (`{0}`); update shaman, or save it with an older Blender"
    )]
    UnknownFormat(String),
    /// The compressed stream is broken.
    #[error("its compressed data is damaged; save or copy it again")]
    Damaged(#[source] io::Error),
    /// The bytes end too early.
    #[error(
        "it ends in the middle; it was not saved or copied completely, so save or copy it again"
    )]
    CutShort,
    /// A block says that it has less than no data.
    #[error("it has a block of impossible length; it is damaged, so save or copy it again")]
    BlockLength,
    /// There is no `DNA1` block.
    #[error(
        "it has no description of its structures (block `DNA1`); it is damaged, so save or copy it again"
    )]
    NoDna,
    /// There is a `DNA1` block, and it is nonsense.
    #[error(
        "the description of its structures (block `DNA1`) is damaged at `{0}`; save or copy it again"
    )]
    BadDna(&'static str),
    /// More blocks than `limits` allows.
    #[error("it has more than {0} blocks, more than any scene has; it is damaged or hostile")]
    TooManyBlocks(usize),
    /// More plain bytes than `limits` allows.
    #[error("it unpacks to more than {0} bytes, more than any scene has; it is damaged or hostile")]
    TooLarge(u64),
}
