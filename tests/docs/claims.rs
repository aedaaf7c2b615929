//! What a page says that a command prints, against what it prints.

/// Whether a line is as claimed; `…` stands for anything.
fn is_as(claim: &str, line: &str) -> bool {
    let mut parts = claim.trim().split('…');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = line.trim().strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// The first claim that none of the lines behind those of the claims before is as.
pub(crate) fn broken<'a>(claims: &[&'a str], printed: &str) -> Option<&'a str> {
    let mut lines = printed.lines();
    claims.iter().find(|claim| !lines.any(|line| is_as(claim, line))).copied()
}

#[test]
fn claims_hold_in_order_and_an_ellipsis_is_anything() {
    let printed = "a note\n{\"sha256\":\"ba7816bf\",\"size\":3}\nthe end \n";
    assert_eq!(broken(&["{\"sha256\":\"ba…\",\"size\":3}", "the end"], printed), None);
    assert_eq!(broken(&["…note", "the…end"], printed), None);
    assert_eq!(broken(&["{\"sha256\":\"bb…\"}"], printed), Some("{\"sha256\":\"bb…\"}"));
    assert_eq!(broken(&["the end", "a note"], printed), Some("a note"));
    assert_eq!(broken(&["the"], printed), Some("the"));
    assert_eq!(broken(&["the…the end"], printed), Some("the…the end"));
}
