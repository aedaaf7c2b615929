//! `PUT /v1/recipes/{blob}`: a blob, made of chunks that are here and of chunks that are sent.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use shaman_proto::wire::chunks::{CHUNK_NAME_BYTES, Origin, RECIPE_TYPE, decode_step};
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::{BlobRef, Chunk};

use super::blob::{BlobInUrl, parse};
use super::openapi::Binary;
use super::unpack::Unpacking;
use crate::access::Principal;
use crate::http::Shared;
use crate::http::body::{Piece, drain_beside, essence, next_piece};
use crate::http::failure::Failure;
use crate::ops::{AssembleError, Assembly, Ops, Uploaded};

/// Chunks that are looked up together.
const KNOWN_MAX: usize = 256;

/// Stores a blob of which the server has most.
///
/// The body is a recipe: the chunks of the blob in order, 36 bytes each. When the highest bit of a chunk's length is set, its bytes follow; else the server reads it from a blob that it has, as `POST /v1/chunks/missing` told. All of it is verified as in any upload. Nothing is kept of one that ends early.
#[utoipa::path(
    put,
    path = "/v1/recipes/{blob}",
    operation_id = "put_recipe",
    tag = "blobs",
    params(
        ("blob" = String, Path, description = "`<64 hex>-<size>`"),
        ("Content-Encoding" = Option<String>, Header, description = "`zstd`, with a window of 8 MiB at most"),
    ),
    request_body(content = Binary, content_type = "application/vnd.shaman.recipe"),
    responses(
        (status = 201, description = "Stored"),
        (status = 204, description = "It was there"),
        (status = 409, description = "A chunk that was not sent is not here any more", body = FailureBody),
        (status = 422, description = "The bytes are not what the name of a chunk or the blob says", body = FailureBody),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn put(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: BlobInUrl,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let ended = match parse(url) {
        Ok(blob) => receive(&shared, &principal, blob, &headers, &mut body).await,
        Err(failure) => Err(failure),
    };
    // An early answer must reach a client that is still sending.
    drain_beside(body);
    let status = match ended? {
        Uploaded::Stored => StatusCode::CREATED,
        Uploaded::AlreadyStored => StatusCode::NO_CONTENT,
    };
    Ok(status.into_response())
}

async fn receive(
    shared: &Shared,
    principal: &Principal,
    blob: BlobRef,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Uploaded, Failure> {
    if !essence(headers).eq_ignore_ascii_case(RECIPE_TYPE) {
        let message = format!("send a recipe, with the header `Content-Type: {RECIPE_TYPE}`");
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let unpacking = Unpacking::of(headers, blob.size)?;
    let begun = shared.run(move |ops| ops.begin_assembly(blob)).await??;
    let Some(mut assembly) = begun else { return Ok(Uploaded::AlreadyStored) };
    assembly.belongs_to(principal.owner().as_deref());
    let mut cooking = Cooking { unpacking, steps: Steps::new(assembly) };
    let most = shared.ops.piece_bytes();
    let mut piece = next_piece(body, most).await?;
    while !piece.is_last {
        // The disk has one piece while the next one comes in. A failure of either ends both.
        let write = async { shared.run(move |ops| cooking.take(ops, &piece)).await? };
        (cooking, piece) = tokio::try_join!(write, next_piece(body, most))?;
    }
    shared.run(move |ops| cooking.take(ops, &piece)?.end(ops)).await?
}

/// A recipe that comes.
struct Cooking {
    unpacking: Unpacking,
    steps: Steps,
}

impl Cooking {
    fn take(mut self, ops: &Ops, piece: &Piece) -> Result<Self, Failure> {
        for frame in &piece.frames {
            let steps = &mut self.steps;
            self.unpacking.push(frame, |bytes| steps.take(ops, bytes))?;
        }
        self.steps.append_known(ops)?;
        Ok(self)
    }

    fn end(self, ops: &Ops) -> Result<Uploaded, Failure> {
        if !self.unpacking.is_whole() {
            return Err(Failure::malformed("the body ends inside a frame of zstd; send it again"));
        }
        if !self.steps.is_between() {
            return Err(Failure::malformed("the recipe ends inside a chunk; send it again"));
        }
        Ok(ops.finish_assembly(self.steps.assembly)?)
    }
}

/// Takes a recipe apart, and does what it says.
struct Steps {
    assembly: Assembly,
    /// Bytes of the head of the next chunk.
    head: Vec<u8>,
    /// Chunks from the store that were not appended yet.
    known: Vec<Chunk>,
}

impl Steps {
    fn new(assembly: Assembly) -> Self {
        Self { assembly, head: Vec::with_capacity(CHUNK_NAME_BYTES), known: Vec::new() }
    }

    fn take(&mut self, ops: &Ops, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let wanting = self.assembly.wanting();
            if wanting > 0 {
                let (sent, rest) = bytes.split_at(wanting.min(bytes.len()));
                self.assembly.append_sent(sent)?;
                bytes = rest;
                continue;
            }
            let wanting = CHUNK_NAME_BYTES - self.head.len();
            let (head, rest) = bytes.split_at(wanting.min(bytes.len()));
            self.head.extend_from_slice(head);
            bytes = rest;
            let Ok(head) = <&[u8; CHUNK_NAME_BYTES]>::try_from(self.head.as_slice()) else { break };
            let (chunk, origin) = decode_step(head).map_err(Failure::malformed)?;
            self.head.clear();
            match origin {
                Origin::Store => self.known.push(chunk),
                Origin::Body => {
                    self.append_known(ops)?;
                    self.assembly.begin_sent(chunk);
                }
            }
            if self.known.len() >= KNOWN_MAX {
                self.append_known(ops)?;
            }
        }
        Ok(())
    }

    fn append_known(&mut self, ops: &Ops) -> Result<(), AssembleError> {
        let known = std::mem::take(&mut self.known);
        ops.append_known(&mut self.assembly, &known)
    }

    /// Says whether a chunk ends here.
    fn is_between(&self) -> bool {
        self.head.is_empty() && self.assembly.wanting() == 0
    }
}
