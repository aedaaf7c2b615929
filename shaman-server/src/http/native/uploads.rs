//! `HEAD` and `DELETE /v1/uploads/{blob}`: how far an upload is; throw it away.

use axum::extract::{Extension, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use shaman_proto::headers;
use shaman_proto::wire::failure::Failure as FailureBody;

use super::blob::{BlobInUrl, parse, set};
use super::put::{part_of, tell_progress};
use crate::access::Principal;
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::ops::LookupError;

/// Tells how far an upload of one's own is: `Upload-Offset`, `Upload-Complete`, `Upload-Length`.
#[utoipa::path(
    head,
    path = "/v1/uploads/{blob}",
    operation_id = "get_upload",
    tag = "blobs",
    params(("blob" = String, Path, description = "`<64 hex>-<size>`")),
    responses(
        (status = 204, description = "So far, or complete"),
        (status = 404, description = "Nothing is kept"),
    ),
)]
pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: BlobInUrl,
) -> Result<Response, Failure> {
    let blob = parse(url)?;
    let part = part_of(&principal, blob);
    let found = shared.run(move |ops| {
        let is_there = ops.has_blob(&blob)?;
        Ok::<_, LookupError>((is_there, ops.part_bytes(&part)?))
    });
    let kept_bytes = match found.await?? {
        (true, _) => None,
        (false, Some(bytes)) => Some(bytes),
        (false, None) => {
            return Err(Failure::new(
                StatusCode::NOT_FOUND,
                format!("nothing of {blob} is kept; send it from its beginning"),
            ));
        }
    };
    let mut response = StatusCode::NO_CONTENT.into_response();
    tell_progress(&mut response, kept_bytes);
    set(&mut response, HeaderName::from_static(headers::UPLOAD_LENGTH), &blob.size.to_string());
    set(&mut response, header::CACHE_CONTROL, "no-store");
    Ok(response)
}

/// Throws away what is kept of an upload of one's own.
#[utoipa::path(
    delete,
    path = "/v1/uploads/{blob}",
    operation_id = "forget_upload",
    tag = "blobs",
    params(("blob" = String, Path, description = "`<64 hex>-<size>`")),
    responses(
        (status = 204, description = "Gone"),
        (status = 404, description = "Nothing was kept"),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn forget(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: BlobInUrl,
) -> Result<Response, Failure> {
    let part = part_of(&principal, parse(url)?);
    let was_kept = shared.run(move |ops| ops.forget_part(&part)).await??;
    Ok(if was_kept { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }.into_response())
}
