//! `GET /v1/openapi.json` and `GET /v1/docs`: what this API is, made from its handlers.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{OpenApi, PartialSchema, ToSchema};

use super::{
    blob, checkouts, chunks, damage, events, frames, gather, listing, making, missing, pins, put,
    recipe, reindex, running, scrub, status, sweep, uploads,
};
use crate::http::flamenco::json;

/// A page that shows the document; it needs nothing from elsewhere.
const PAGE: &str = include_str!("docs.html");

/// It has its script and style in itself, and asks for the document.
const PAGE_POLICY: &str = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// Bytes, in the document.
pub(super) enum Binary {}

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).into()
    }
}

impl ToSchema for Binary {}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Shaman",
        description = "The native API of shaman-server. A blob is named by SHA-256 and size; a checkout is a directory of hard links to blobs. A failed request answers with one sentence that says what was wrong and what to do.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "blobs", description = "Bytes, in and out"),
        (name = "checkouts", description = "Directories of them"),
        (name = "care", description = "Looking after the store"),
    ),
    paths(
        missing::missing,
        frames::receive,
        gather::gather,
        blob::send,
        put::put,
        uploads::show,
        put::append,
        uploads::forget,
        chunks::missing,
        recipe::put,
        making::check_out,
        listing::list,
        checkouts::show,
        checkouts::erase,
        checkouts::compared,
        pins::pin,
        pins::unpin,
        status::show,
        events::listen,
        running::uploads,
        running::servers,
        running::history,
        sweep::sweep,
        scrub::ask,
        scrub::show,
        reindex::ask,
        damage::show,
    )
)]
struct Document;

pub(super) async fn document() -> Response {
    json(StatusCode::OK, &Document::openapi())
}

pub(super) async fn page() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, PAGE_POLICY)], Html(PAGE))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_in_the_document_and_nothing_else() {
        // The document itself, and the page that shows it, are not in it.
        let about = ["/v1/openapi.json", "/v1/docs"];
        let served: BTreeSet<String> = crate::http::native::routes()
            .iter()
            .filter(|route| !about.contains(&route.path))
            .map(|route| {
                let method = route.method.as_str().to_ascii_lowercase();
                format!("{method} {}", route.path.replace("{*", "{"))
            })
            .collect();
        let document = serde_json::to_value(Document::openapi()).unwrap();
        let mut told = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                told.insert(format!("{method} {path}"));
                assert!(ids.insert(operation["operationId"].to_string()), "{path}");
                assert!(operation["summary"].is_string(), "{method} {path} says what it does");
            }
        }
        // It is answered where a checkout is: paths have slashes in them.
        assert!(told.remove("get /v1/checkouts/{a}/diff/{b}"));
        assert_eq!(told, served);
    }
}
