//! Places on the shared storage, as text of whichever system they are of, and names as text.
//!
//! A server may run on Windows and the artist on Linux, so a location is not always a path of this
//! machine: `F:\farm` is compared and joined as Windows would, also elsewhere.

mod below;
mod synced;
mod text;
mod unc;

pub use below::{below, join};
pub use synced::sync_client;
pub use text::text;
pub use unc::{UncError, refuse_unc, refuse_unc_location};
