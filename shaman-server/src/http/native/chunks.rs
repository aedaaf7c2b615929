//! `POST /v1/chunks/missing`: which of these chunks of a large file must I send?

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use shaman_proto::limits::CHUNKS_MAX;
use shaman_proto::wire::chunks::{
    BITS_TYPE, CHUNK_NAME_BYTES, CHUNKS_TYPE, decode_chunks, encode_bits,
};
use shaman_proto::wire::failure::Failure as FailureBody;

use super::openapi::Binary;
use crate::http::Shared;
use crate::http::body::{drain_beside, essence, whole};
use crate::http::failure::Failure;

/// Tells which chunks of a large file have to be sent.
///
/// A chunk is 36 bytes here: the BLAKE3 of its bytes, then their number as 32 bits, little endian. The answer has one bit for each, the lowest first; a bit that is set means that the chunk has to be sent. The others are in blobs that stay for the grace from now on.
#[utoipa::path(
    post,
    path = "/v1/chunks/missing",
    operation_id = "missing_chunks",
    tag = "blobs",
    request_body(content = Binary, content_type = "application/vnd.shaman.chunks"),
    responses(
        (status = 200, description = "One bit a chunk", body = Binary, content_type = "application/vnd.shaman.bits"),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn missing(
    State(shared): State<Shared>,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let bytes = if essence(&headers).eq_ignore_ascii_case(CHUNKS_TYPE) {
        whole(&headers, &mut body, CHUNKS_MAX * CHUNK_NAME_BYTES).await
    } else {
        let message =
            format!("send a list of chunks, with the header `Content-Type: {CHUNKS_TYPE}`");
        Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
    };
    // An early answer must reach a client that is still sending.
    drain_beside(body);
    let bytes = bytes?;
    let bits = shared.run(move |ops| {
        let chunks = decode_chunks(&bytes).map_err(Failure::malformed)?;
        Ok::<_, Failure>(encode_bits(&ops.missing_chunks(&chunks)?))
    });
    let mut response = Response::new(Body::from(bits.await??));
    let bits_type = HeaderValue::from_static(BITS_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, bits_type);
    Ok(response)
}
