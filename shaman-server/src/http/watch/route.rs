//! Which route a request takes, and what its path names: words with few values for figures, and
//! the blob or checkout for the log.

use axum::extract::{MatchedPath, Request};

/// Requests that are passed on to the Manager.
const UPSTREAM: &str = "upstream";

/// Requests for what is not there.
const NOTHING: &str = "none";

/// Routes of which thousands a second are usual: they are not told of in the log unless they fail.
const BUSY: &[&str] = &[
    "/api/v3/shaman/checkout/requirements",
    "/api/v3/shaman/files/{checksum}/{filesize}",
    "/v1/missing",
    "/v1/chunks/missing",
    "/v1/blobs",
    "/v1/blobs/read",
    "/v1/blobs/{blob}",
    "/v1/recipes/{blob}",
    "/v1/uploads/{blob}",
];

/// A request's route, without the path prefix.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// As it stands in the table of routes.
    pub(super) template: String,
    /// The path that was asked for.
    pub(super) path: String,
}

/// What a path names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub(super) digest: Option<&'a str>,
    pub(super) checkout: Option<&'a str>,
}

impl Route {
    pub(super) fn of(request: &Request, prefix: &str, is_gateway: bool) -> Self {
        let asked = request.uri().path();
        let template = match request.extensions().get::<MatchedPath>() {
            // Its page, which below a prefix is a line of the table. The prefix alone is ours: it
            // leads there.
            Some(template) if is_gateway && is_root(template.as_str(), prefix) => UPSTREAM,
            Some(template) => below(template.as_str(), prefix),
            None if is_gateway && is_below(asked, prefix) => UPSTREAM,
            None => NOTHING,
        };
        Self { template: template.to_owned(), path: below(asked, prefix).to_owned() }
    }

    /// Says whether so many of these come that each one is no news.
    pub(super) fn is_busy(&self) -> bool {
        self.template == UPSTREAM || BUSY.contains(&&*self.template)
    }

    /// Says whether its answers go on for as long as somebody listens.
    pub(super) fn is_endless(&self) -> bool {
        self.template == "/v1/events"
    }

    /// The blob or checkout that the path names.
    pub(super) fn named(&self) -> Named<'_> {
        let mut named = Named::default();
        if let Some((before, _)) = self.template.split_once("{*checkout}") {
            named.checkout = self.path.strip_prefix(before);
        } else if let Some((before, _)) = self.template.split_once("{blob}") {
            let blob = self.path.strip_prefix(before);
            named.digest = blob.and_then(|blob| blob.split('-').next());
        } else if let Some((before, _)) = self.template.split_once("{checksum}") {
            let blob = self.path.strip_prefix(before);
            named.digest = blob.and_then(|blob| blob.split('/').next());
        }
        named
    }
}

/// Says whether a path is the root of what is below the prefix.
fn is_root(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix) == Some("/")
}

/// Says whether a path is below the prefix: `/farmer` is not below `/farm`.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}

/// What comes behind the prefix, which may be a secret.
fn below<'a>(path: &'a str, prefix: &str) -> &'a str {
    match path.strip_prefix(prefix) {
        Some("") => "/",
        Some(below) if below.starts_with('/') => below,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_what_it_names() {
        let route = |template: &str, path: &str| Route {
            template: template.to_owned(),
            path: path.to_owned(),
        };
        let blob = route("/v1/blobs/{blob}", "/v1/blobs/abcd-12");
        assert_eq!(blob.named().digest, Some("abcd"));
        let file = route("/api/v3/shaman/files/{checksum}/{filesize}", "/api/v3/shaman/files/ab/1");
        assert_eq!(file.named().digest, Some("ab"));
        let checkout = route("/v1/checkouts/{*checkout}", "/v1/checkouts/a/b");
        assert_eq!(checkout.named().checkout, Some("a/b"));
        assert_eq!(route("/v1/status", "/v1/status").named(), Named::default());
    }

    #[test]
    fn what_comes_in_masses_is_a_route_of_the_table_and_no_news() {
        use crate::http::{Standing, routes};

        for template in BUSY {
            let is_there = routes(Standing::Alone).iter().any(|route| route.path == *template);
            assert!(is_there, "{template}");
        }
        for (template, is_busy) in [
            ("/v1/chunks/missing", true),
            ("/v1/recipes/{blob}", true),
            ("/v1/checkouts", false),
            (UPSTREAM, true),
        ] {
            let route = Route { template: template.to_owned(), path: String::new() };
            assert_eq!(route.is_busy(), is_busy, "{template}");
        }
    }

    #[test]
    fn only_what_is_below_the_prefix_goes_to_the_manager() {
        let template = |path: &str, prefix: &str, is_gateway: bool| {
            let request = Request::builder().uri(path).body(axum::body::Body::empty()).unwrap();
            Route::of(&request, prefix, is_gateway).template
        };
        for (path, prefix, route) in [
            ("/farm/api/v3/jobs", "/farm", UPSTREAM),
            ("/farmer", "/farm", NOTHING),
            ("/farmer/api", "/farm", NOTHING),
            ("/other", "/farm", NOTHING),
            ("/api/v3/jobs", "", UPSTREAM),
        ] {
            assert_eq!(template(path, prefix, true), route, "{path} below {prefix}");
            assert_eq!(template(path, prefix, false), NOTHING, "{path}: there is no Manager");
        }
    }

    #[test]
    fn a_secret_prefix_stays_one() {
        assert_eq!(below("/secret/v1/status", "/secret"), "/v1/status");
        assert_eq!(below("/secret", "/secret"), "/");
        assert_eq!(below("/v1/status", ""), "/v1/status");
        assert_eq!(below("/other", "/secret"), "/other");
        assert_eq!(below("/secretary", "/secret"), "/secretary");
    }
}
