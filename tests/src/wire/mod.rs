//! HTTP/1.1 from hand: heads with their raw bytes, bodies in every framing, a client's connection,
//! and small codecs.

mod base64;
mod body;
mod connection;
mod digest;
mod head;
mod sha1;

pub use base64::base64;
pub use body::{Body, Framing};
pub use connection::{Answer, Connection, ask};
pub use digest::{Sum, sha256_hex};
pub use head::{Field, Head};
pub use sha1::sha1;
