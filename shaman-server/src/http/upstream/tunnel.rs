//! Requests that may become something else than HTTP, such as websockets.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, Version, header};
use hyper_util::rt::TokioIo;

use super::forward::{self, outgoing};
use crate::http::arrival::Arrival;
use crate::http::failure::Failure;
use crate::manager::Manager;

/// Passes a request on. When both sides agree to switch protocols, bytes flow both ways until one
/// side ends or the server stops.
pub(super) async fn pass(
    manager: &Manager,
    arrival: &Arrival,
    mut request: Request<Body>,
) -> Result<Response<Body>, Failure> {
    let protocol = request.headers().get(header::UPGRADE).cloned();
    // A connection of HTTP/2 stays one.
    let Some(protocol) = protocol.filter(|_| request.version() < Version::HTTP_2) else {
        return forward::pass(manager, arrival, request).await;
    };
    let from_client = hyper::upgrade::on(&mut request);
    let mut request = outgoing(request, arrival);
    request.headers_mut().insert(header::UPGRADE, protocol);
    let upgrade = axum::http::HeaderValue::from_static("upgrade");
    request.headers_mut().insert(header::CONNECTION, upgrade.clone());
    let mut answer = manager.send(request).await?;
    let from_manager = hyper::upgrade::on(&mut answer);
    let (mut head, body) = answer.into_parts();
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        forward::keep_to_itself(&mut head.headers);
        return Ok(Response::from_parts(head, Body::new(body)));
    }
    arrival.tunnel.open();
    arrival.set_afterwards(async move {
        let (Ok(client), Ok(manager)) = tokio::join!(from_client, from_manager) else { return };
        let (mut client, mut manager) = (TokioIo::new(client), TokioIo::new(manager));
        let ended = tokio::io::copy_bidirectional(&mut client, &mut manager).await;
        tracing::debug!(?ended, "a tunnel to the Manager ended");
    });
    let protocol = head.headers.get(header::UPGRADE).cloned();
    forward::keep_to_itself(&mut head.headers);
    if let Some(protocol) = protocol {
        head.headers.insert(header::UPGRADE, protocol);
    }
    head.headers.insert(header::CONNECTION, upgrade);
    Ok(Response::from_parts(head, Body::empty()))
}
