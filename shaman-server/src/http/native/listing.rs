//! `GET /v1/checkouts`: checkouts by path, page by page, and which of them.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::wire::native::{CheckoutSummary, CheckoutsAnswer};
use shaman_proto::{CheckoutPath, parse_duration};

use super::checkouts::space;
use super::pins::pin_on_wire;
use super::time_on_wire;
use crate::access::Principal;
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::index::CheckoutRow;
use crate::ops::{LookupError, Ops};

/// Checkouts in one answer: about 200 KB.
const PAGE: usize = 1_000;

/// Checkouts in one answer that says what each of them costs: every manifest has to be read.
const PAGE_WITH_SPACE: usize = 100;

/// Rows looked at for one answer, a tenth of a second. When fewer match, the answer is short, and
/// `next` says where to go on.
const ROWS_MAX: usize = 100_000;

/// Rows looked up at once.
const ROWS: usize = 1_000;

/// What may be asked of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Only those behind this path.
    after: String,
    /// At most so many.
    limit: Option<usize>,
    /// Only those whose path begins so.
    prefix: String,
    /// Only those whose path has this in it.
    contains: String,
    /// Only those that are younger (`7d`, `12h`).
    newer_than: Option<String>,
    /// Only those that are older (`7d`, `12h`).
    older_than: Option<String>,
    /// Also what each of them shares with others.
    space: bool,
}

/// The same, checked.
#[derive(Debug)]
struct Filter {
    prefix: String,
    contains: String,
    /// Seconds since 1970.
    made_after: u64,
    made_before: u64,
    page: usize,
    with_space: bool,
    /// Who asks: it is shown what it may see.
    principal: Principal,
}

impl Filter {
    fn takes(&self, checkout: &CheckoutPath, row: &CheckoutRow) -> bool {
        self.principal.may_see(row.owner.as_deref())
            && checkout.as_str().contains(&self.contains)
            && row.created >= self.made_after
            && row.created <= self.made_before
    }
}

/// Lists checkouts by path, page by page.
#[utoipa::path(
    get,
    path = "/v1/checkouts",
    operation_id = "list_checkouts",
    tag = "checkouts",
    params(Listing),
    responses(
        (status = 200, description = "A page", body = CheckoutsAnswer),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn list(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(listing) = query.map_err(Failure::malformed)?;
    let answer = shared
        .run(move |ops| {
            let after = listing.after.clone();
            let filter = read(ops, listing, principal)?;
            page(ops, &after, &filter).map_err(Failure::from)
        })
        .await??;
    Ok(json(StatusCode::OK, &answer))
}

fn read(ops: &Ops, listing: Listing, principal: Principal) -> Result<Filter, Failure> {
    let now = ops.now_secs();
    let ago = |text: &Option<String>| {
        let age = text.as_deref().map(parse_duration).transpose().map_err(Failure::malformed)?;
        Ok::<_, Failure>(age.map(|age| now.saturating_sub(age.as_secs())))
    };
    let most = if listing.space { PAGE_WITH_SPACE } else { PAGE };
    if listing.limit == Some(0) {
        return Err(Failure::malformed("`limit=0` asks for nothing; ask for one at least"));
    }
    Ok(Filter {
        made_after: ago(&listing.newer_than)?.unwrap_or(0),
        made_before: ago(&listing.older_than)?.unwrap_or(u64::MAX),
        page: listing.limit.unwrap_or(most).min(most),
        with_space: listing.space,
        prefix: listing.prefix,
        contains: listing.contains,
        principal,
    })
}

fn page(ops: &Ops, after: &str, filter: &Filter) -> Result<CheckoutsAnswer, LookupError> {
    let mut answer = CheckoutsAnswer::default();
    let mut looked = 0;
    let mut from = next_to(after);
    if from < filter.prefix {
        from.clone_from(&filter.prefix);
    }
    loop {
        let rows = ops.checkouts_from(&from, ROWS)?;
        for (checkout, row) in &rows {
            if !checkout.as_str().starts_with(&filter.prefix) {
                return Ok(answer);
            }
            if !filter.takes(checkout, row) || !ops.has_checkout(checkout)? {
                continue;
            }
            if answer.checkouts.len() == filter.page {
                // There is more.
                answer.next = answer.checkouts.last().map(|last| last.checkout.clone());
                return Ok(answer);
            }
            answer.checkouts.push(summary(ops, checkout, row, filter)?);
        }
        looked += rows.len();
        let Some((last, _)) = rows.last().filter(|_| rows.len() == ROWS) else {
            return Ok(answer);
        };
        if looked >= ROWS_MAX {
            answer.next = Some(last.as_str().to_owned());
            return Ok(answer);
        }
        from = next_to(last.as_str());
    }
}

/// What comes right behind a path.
fn next_to(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}\0") }
}

fn summary(
    ops: &Ops,
    checkout: &CheckoutPath,
    row: &CheckoutRow,
    filter: &Filter,
) -> Result<CheckoutSummary, LookupError> {
    let manifest = if filter.with_space { ops.manifest(checkout)? } else { None };
    Ok(CheckoutSummary {
        checkout: checkout.as_str().to_owned(),
        created: time_on_wire(row.created),
        files: row.files,
        bytes: row.bytes,
        pin: ops.pin_of(checkout)?.map(|pin| pin_on_wire(&pin)),
        space: manifest.map(|manifest| space(ops, &manifest)).transpose()?,
    })
}
