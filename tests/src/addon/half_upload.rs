//! An upload that stands still: another artist's, on a slow line.

use std::io;

use super::project::Spec;
use super::{Addon, ApiError};
use crate::wire::{Answer, Connection};

/// An upload of which not everything was sent. Dropping it cuts its connection.
#[derive(Debug)]
pub struct HalfUpload {
    connection: Connection,
    rest: Vec<u8>,
}

impl Addon {
    /// Sends the head and so many bytes of the file, over a connection of its own.
    pub fn begin_upload(
        &self,
        file: &Spec,
        can_defer: bool,
        sent_bytes: usize,
    ) -> Result<HalfUpload, ApiError> {
        let sending = self.sending(file, can_defer)?;
        let connection = self.client.begin(&sending, sent_bytes).map_err(ApiError::Connection)?;
        Ok(HalfUpload {
            connection,
            rest: file.bytes.get(sent_bytes..).unwrap_or_default().to_vec(),
        })
    }
}

impl HalfUpload {
    /// Sends the rest, and gives the answer.
    pub fn finish(mut self) -> io::Result<Answer> {
        self.connection.send(&[], &self.rest)?;
        self.connection.receive("POST").map(|(answer, _)| answer)
    }
}
