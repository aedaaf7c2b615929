//! `POST /v1/missing`: which of these must I send?

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use shaman_proto::BlobRef;
use shaman_proto::limits::{ENTRIES_MAX, JSON_BODY_BYTES_MAX};
use shaman_proto::wire::blobs::{
    LIST_TYPE, MissingAnswer, MissingRequest, NAME_BYTES, decode_list, encode_list,
};
use shaman_proto::wire::failure::Failure as FailureBody;

use super::openapi::Binary;
use crate::http::Shared;
use crate::http::body::{drain_beside, essence, json_bytes, whole};
use crate::http::failure::Failure;
use crate::http::flamenco::{json, refuse_too_many};
use crate::ops::Ops;

/// How a list of blobs is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    /// 40 bytes a blob.
    Binary,
}

/// Tells which of these blobs have to be sent.
///
/// In request order, each once. What the server has stays for the grace from now on. Lists of 40 bytes a blob are the digest and the size as 64 bits, little endian; `Accept` asks for the other form.
#[utoipa::path(
    post,
    path = "/v1/missing",
    operation_id = "missing",
    tag = "blobs",
    request_body(
        content((MissingRequest = "application/json"), (Binary = "application/vnd.shaman.blobs")),
    ),
    responses(
        (status = 200, description = "What is missing", content((MissingAnswer = "application/json"), (Binary = "application/vnd.shaman.blobs"))),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn missing(
    State(shared): State<Shared>,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let form = if is_list_type(essence(&headers)) { Form::Binary } else { Form::Json };
    let bytes = match form {
        Form::Binary => whole(&headers, &mut body, ENTRIES_MAX * NAME_BYTES).await,
        Form::Json => json_bytes(&headers, &mut body, JSON_BODY_BYTES_MAX).await,
    };
    // An early answer must reach a client that is still sending.
    drain_beside(body);
    let (bytes, answer_form) = (bytes?, answer_form(&headers, form));
    // Parsing 100,000 names takes a while.
    shared.run(move |ops| answer(ops, &bytes, form, answer_form)).await?
}

/// As `Accept` says, else as the request was written.
fn answer_form(headers: &HeaderMap, request: Form) -> Form {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let accepted = accepted.unwrap_or_default();
    let named = |wanted: fn(&str) -> bool| {
        accepted.split(',').any(|range| wanted(range.split(';').next().unwrap_or_default().trim()))
    };
    if named(is_list_type) {
        Form::Binary
    } else if named(|range| range.eq_ignore_ascii_case("application/json")) {
        Form::Json
    } else {
        request
    }
}

fn is_list_type(essence: &str) -> bool {
    essence.eq_ignore_ascii_case(LIST_TYPE)
}

fn answer(
    ops: &Ops,
    bytes: &Bytes,
    request_form: Form,
    answer_form: Form,
) -> Result<Response, Failure> {
    let blobs = match request_form {
        Form::Binary => decode_list(bytes).map_err(Failure::malformed)?,
        Form::Json => {
            let request: MissingRequest = serde_json::from_slice(bytes).map_err(|error| {
                Failure::malformed(format_args!("the request body has an error: {error}"))
            })?;
            request.blobs.into_iter().map(BlobRef::from).collect()
        }
    };
    refuse_too_many(ops, blobs.len())?;
    let lacking = ops.missing(&blobs)?;
    let lacking = lacking.into_iter().map(|(position, _)| blobs[position]);
    Ok(match answer_form {
        Form::Json => {
            json(StatusCode::OK, &MissingAnswer { missing: lacking.map(Into::into).collect() })
        }
        Form::Binary => {
            let lacking: Vec<BlobRef> = lacking.collect();
            let mut response = Response::new(Body::from(encode_list(&lacking)));
            let list_type = HeaderValue::from_static(LIST_TYPE);
            response.headers_mut().insert(header::CONTENT_TYPE, list_type);
            response
        }
    })
}
