//! `Route`: a line of the table of routes, and the door before its handler.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::Shared;
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
        Self { method, path, access, answer: on(filter, handler) }
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
        let guard = Guard::new(shared, route.access);
        let answer = route.answer.route_layer(from_fn_with_state(guard, enforce));
        router.route(route.path, answer)
    })
}
