//! `Route`: a line of the table of routes, and the door before its handler.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::Shared;
use super::bounds::Work;
use super::guard::{Guard, enforce};
use crate::access::Access;

/// One method of one path: whom it lets in, and what answers.
#[derive(Debug)]
pub struct Route {
    /// The method; `GET` answers `HEAD` too.
    pub method: Method,
    /// The path below the prefix, with `{…}` for what varies.
    pub path: &'static str,
    /// Whom it lets in.
    pub access: Access,
    /// What it has the server do, as far as that is limited.
    pub work: Work,
    /// What the audit log calls it, if it is told there.
    pub audited: Option<&'static str>,
    answer: MethodRouter<Shared>,
}

impl Route {
    fn new<H: Handler<T, Shared>, T: 'static>(
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        let (work, audited) = (Work::Little, None);
        Self { method, path, access, work, audited, answer: on(filter, handler) }
    }

    /// It takes blobs.
    pub(super) fn uploads(self) -> Self {
        Self { work: Work::Upload, audited: Some("upload"), ..self }
    }

    /// It makes a checkout.
    pub(super) fn creates(self) -> Self {
        Self { work: Work::Create, audited: Some("check out"), ..self }
    }

    /// It is told in the audit log under this name.
    pub(super) fn audited(self, what: &'static str) -> Self {
        Self { audited: Some(what), ..self }
    }
}

/// Declares the words of the table: one function a method.
macro_rules! methods {
    ($($name:ident $method:ident),*) => {
        $(
            /// A line of the table, for the method of this name.
            pub(super) fn $name<H: Handler<T, Shared>, T: 'static>(
                path: &'static str,
                access: Access,
                handler: H,
            ) -> Route {
                Route::new(Method::$method, MethodFilter::$method, path, access, handler)
            }
        )*
    };
}

methods!(get GET, head HEAD, post POST, put PUT, patch PATCH, delete DELETE);

/// A router of these, each behind the door.
pub(super) fn into_router(routes: Vec<Route>, shared: &Shared) -> Router<Shared> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let guard = Guard::new(shared, &route);
        let answer = route.answer.route_layer(from_fn_with_state(guard, enforce));
        router.route(route.path, answer)
    })
}
