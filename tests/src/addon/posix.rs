//! Paths as Python's `PurePosixPath` reads and joins them.

/// `//` collapsed, `.` and slashes at the end gone, `..` kept; nothing becomes `.`.
pub fn posix_path(text: &str) -> String {
    let slashes = text.len() - text.trim_start_matches('/').len();
    // POSIX lets exactly two slashes mean something else, so Python keeps them.
    let root = match slashes {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let parts: Vec<_> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = format!("{root}{}", parts.join("/"));
    if path.is_empty() { ".".to_owned() } else { path }
}

/// Joins; an absolute part drops all that came before it.
pub fn join(parts: &[&str]) -> String {
    let mut joined = String::new();
    for part in parts {
        if part.starts_with('/') {
            joined.clear();
        }
        joined = posix_path(&if joined.is_empty() {
            (*part).to_owned()
        } else {
            format!("{joined}/{part}")
        });
    }
    joined
}
