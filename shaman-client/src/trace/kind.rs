//! The kinds of dependencies.

use serde::Serialize;

/// What a file is needed for; the word in `deps --json`.
///
/// A file that is needed for several things has the first of them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// The .blend itself or a library.
    Blend,
    /// A still image, a movie used as one, one frame of a sequence, or a tile.
    Image,
    /// A movie clip, or one of its frames.
    MovieClip,
    /// A sound.
    Sound,
    /// A font.
    Font,
    /// An OpenVDB file.
    Volume,
    /// An Alembic or USD file, or a layer of one.
    CacheFile,
    /// A movie, an image or a sound of the video sequencer.
    Strip,
    /// Vertex positions or displacements beside a mesh.
    MeshCache,
    /// A file of a baked simulation.
    Simulation,
    /// How a lamp spreads its light (IES).
    LightProfile,
    /// A shader in the Open Shading Language.
    Script,
    /// A mesh, point cloud or table that a geometry node reads.
    Import,
    /// A text that is edited outside of Blender. Renders use the copy in the .blend.
    Text,
    /// A smaller copy of footage, for display. Only with `--with-proxies`.
    Proxy,
}

impl Kind {
    /// All kinds, in their order.
    pub const ALL: [Self; 15] = [
        Self::Blend,
        Self::Image,
        Self::MovieClip,
        Self::Sound,
        Self::Font,
        Self::Volume,
        Self::CacheFile,
        Self::Strip,
        Self::MeshCache,
        Self::Simulation,
        Self::LightProfile,
        Self::Script,
        Self::Import,
        Self::Text,
        Self::Proxy,
    ];

    /// Gives the word that stands for it in `deps --json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blend => "blend",
            Self::Image => "image",
            Self::MovieClip => "movie-clip",
            Self::Sound => "sound",
            Self::Font => "font",
            Self::Volume => "volume",
            Self::CacheFile => "cache-file",
            Self::Strip => "strip",
            Self::MeshCache => "mesh-cache",
            Self::Simulation => "simulation",
            Self::LightProfile => "light-profile",
            Self::Script => "script",
            Self::Import => "import",
            Self::Text => "text",
            Self::Proxy => "proxy",
        }
    }
}
