//! Server, client and Blender together (see `farm/`), and models of what Shaman meets in a studio.
//!
//! * [`addon`]: Flamenco's Blender add-on, byte for byte on the wire, with its habits when
//!   something goes wrong.
//! * [`between`]: something between client and server that notes requests, refuses and cuts.
//! * [`blender`]: a real one, for those who render.
//! * [`disk`]: a file system whose power can be cut.
//! * [`load`]: clients that do everything at once and note what they were promised.
//! * [`manager`]: a Flamenco Manager to stand a proxy in front of, with its own stock Shaman.
//! * [`server`]: the real one, on a free port.
//! * [`stock_store`]: a storage as stock Flamenco leaves it, and read by stock's rules.
//! * [`wire`]: HTTP/1.1 from hand, so that odd bytes can be sent and seen.
//!
//! They are written from observations of the programs, not from their source. The models are not
//! polite: they copy the faults of the originals, because a server has to live with these.

pub mod addon;
pub mod between;
pub mod blender;
pub mod disk;
pub mod load;
pub mod manager;
pub mod server;
pub mod stock_store;
pub mod wire;
