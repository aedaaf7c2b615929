//! Every key that a configuration may have: what it means, what holds when nobody says it, and
//! whether a server that runs takes another value.
//!
//! The reference page is made from this table, and defaults are read by the same code as what
//! people write.

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// One value.
    One,
    /// A list of values.
    Many,
    /// Something of its own, in the file only.
    Tree,
}

/// When another value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// From SIGHUP on.
    AtReload,
    /// From the next start on.
    AtStart,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written, with dots between levels.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What holds when nobody says anything; empty for nothing.
    pub default: &'static str,
    /// The option of the command line.
    pub flag: Option<&'static str>,
    /// When another value counts.
    pub counts: Counts,
    /// What it means.
    pub says: &'static str,
}

impl Key {
    /// The environment variable for it.
    pub fn variable(&self) -> Option<String> {
        match (self.takes, self.name) {
            (Takes::Tree, _) => None,
            // Flags had their names before every key had a variable.
            (_, "shared_storage_path") => Some("SHAMAN_STORAGE".to_owned()),
            (_, name) => {
                let mut variable = "SHAMAN_".to_owned();
                for c in name.strip_prefix("shaman.").unwrap_or(name).chars() {
                    match c {
                        '.' => variable.push('_'),
                        c if c.is_ascii_uppercase() => variable.extend(['_', c]),
                        c => variable.push(c.to_ascii_uppercase()),
                    }
                }
                Some(variable)
            }
        }
    }
}

const fn key(name: &'static str, default: &'static str, says: &'static str) -> Key {
    Key { name, takes: Takes::One, default, flag: None, counts: Counts::AtReload, says }
}

impl Key {
    const fn at_start(self) -> Self {
        Self { counts: Counts::AtStart, ..self }
    }

    const fn flag(self, flag: &'static str) -> Self {
        Self { flag: Some(flag), ..self }
    }

    const fn many(self) -> Self {
        Self { takes: Takes::Many, ..self }
    }

    const fn tree(self) -> Self {
        Self { takes: Takes::Tree, ..self }
    }
}

/// All of them, in the order of the reference.
pub const KEYS: &[Key] = &[
    key("shared_storage_path", "./shaman-storage", "Shared storage: blobs and checkouts. UNC paths are refused; mount the share and name the directory, on Windows by its drive letter.")
        .flag("--storage").at_start(),
    key("state", "./shaman-state", "Local state: the index and the tokens.").flag("--state").at_start(),
    key("listen", "127.0.0.1:8080", "Address and port, `:8080` for all addresses; port 0 picks a free one. An address beyond this machine takes one of: `trusted_networks`, a token, a secret `path_prefix`, `open`. See [access](../guides/access.md).")
        .flag("--listen").at_start(),
    key("tls.certificate", "", "PEM file with the certificate of this server, and behind it those of whoever signed it, but for the last one. With it and `tls.key` connections speak TLS, and nothing else. SIGHUP reads both files again, also under the same names: new connections get the new certificate, others go on. TLS itself is turned on and off at the start only. See [there](../ops/tls.md)."),
    key("tls.key", "", "PEM file with the private key of `tls.certificate`, without a passphrase; only the server's user should be able to read it."),
    key("log", "info", "`error`, `warn`, `info`, `debug`, `trace`, also by part (`info,shaman_server=debug`).").flag("--log"),
    key("path_prefix", "", "Comes before every path, `/farm` or `/some-secret`: clients name `http://HOST:PORT/farm` as the server, everything else answers 404. With 16 characters or more between two slashes it is a secret: whoever knows it is let in.")
        .at_start(),
    key("trusted_networks", "", "Networks (`10.0.0.0/8`) and addresses from which everybody is let in without a token.").many(),
    key("guests", "submit", "What may be done without a token where there are tokens: `submit`, `read`, `ops`. Where there are none, guests may do everything.").many(),
    key("open", "false", "`true`: whoever reaches the server may do everything (with tokens: what `guests` says)."),
    key("trusted_proxies", "", "Networks and addresses of proxies before the server. What they say in `X-Forwarded-For` is believed: the last address in it that is none of theirs is the client's.").many(),
    key("upstream", "", "The Flamenco Manager, `http://HOST:PORT` with a path if need be; without it the server stands alone.").flag("--upstream").at_start(),
    key("follow_period", "1m", "Between two looks at the Manager's list of jobs; 1s to 24h.").at_start(),
    key("upload_wait", "1m", "How long a create waits at most for files that are being sent, up to 24h; it stops waiting when none of them gets a byte for 10 seconds."),
    key("defer", "false", "Answers 425 to a client that may come back, when somebody else is sending the same file. Released add-ons lose the file then."),
    key("shaman.enabled", "true", "Flamenco's key, read so that its file can be used. A Shaman server that runs is enabled."),
    key("shaman.garbageCollect.period", "24h", "Between two sweeps, the first 30 seconds after the start; `0` for none."),
    key("shaman.garbageCollect.maxAge", "744h", "Blobs that nothing names and nobody used for longer are swept; an hour at least.").at_start(),
    key("trash_grace", "3d", "How long a swept blob stays in the trash, from where any use brings it back."),
    key("max_sweep_share", "90%", "A sweep that would take more of the store's bytes takes nothing, unless it is forced."),
    key("reserve", "5%", "Room on the storage that is never given to blobs, a share or `20GB`: uploads beyond it are refused (507), and a sweep takes what was not used for longest.").at_start(),
    key("durability", "checkout", "`blob`: each upload is flushed before its answer. `checkout`: a checkout flushes all that it names, at once, before its answer. On NFS, SMB, CephFS and behind FUSE it is always `blob`, since nobody else could flush them.").at_start(),
    key("checkouts.link_policy", "hardlink", "What the files of checkouts are: `hardlink`, names of the blobs; `clone`, files that share bytes with them where the file system can, else copies; `symlink`, relative ones, as Flamenco makes; `copy`, bytes of their own; `auto`, hard links, and clones or copies where links are refused. The storage itself needs hard links in any case. Copies take room that no figure of a checkout counts, and the scrub does not read them.")
        .at_start(),
    key("checkouts.copy_globs", "", "Patterns of names (`*.blend1`) or of paths in the checkout (`caches/*`) of files that tools modify: each checkout gets clones or copies of them, which may be written to.").many().at_start(),
    key("checkouts.expire_after", "0", "Checkouts that were made longer ago are erased; an hour at least, `0` for never. What is pinned stays, and so does what a job in the Manager's list has or names in its settings; with `upstream` nothing expires before that list was read.").at_start(),
    key("delta.known", "256GiB", "Of how many bytes of blobs (1 MiB and more each) the server remembers the chunks, so that of a file that resembles them only [what is new travels](../internals/delta.md). What was neither sent nor used for longest is forgotten first. 1 GiB takes 2.5 MB of disk in `state`, and no memory of its own; to cut it costs about two seconds of a processor, once. `0`: nothing is cut, and files travel whole. With less than before what is too much goes at the start; with more the store is looked through once more, at 50 MB/s.")
        .at_start(),
    key("scrub.rate", "20MB/s", "How fast blobs are read again to find damage, see [scrubbing](../internals/scrub.md); `0` for passes on request only."),
    key("scrub.period", "30d", "From the start of one pass to the next; `0` for passes on request only."),
    key("audit_log", "", "A file, on a local disk, to which a JSON object is appended for each upload, checkout, erase, sweep and the like: who, from where, when, what. Rename it and send SIGHUP to begin another one.").at_start(),
    key("limits.connections", "1500", "Connections at once. At one open file each (and one more for an upload) the default stays below the common limit of 4,096 open files together with the index. One more waits for 5 seconds, then it is answered with 503 and `Retry-After`."),
    key("limits.connections_per_address", "500", "Connections of one address (of IPv6, one network of 64 bits) at once: one machine cannot take all. One more is answered with 429 and `Retry-After`. Addresses in `trusted_proxies` may have all."),
    key("limits.head_time", "30s", "How long the head of a request, or a TLS handshake, may take. Flamenco's own server gives a second, which a busy workstation can miss."),
    key("limits.idle_time", "75s", "How long a connection is kept without a request: longer than clients keep theirs, so that they close it and not we, while they send."),
    key("limits.pause", "2m", "How long nothing may move in the middle of a body, in either direction, up to 2m: long enough for a workstation that swaps, short enough that a machine that was switched off does not hold its place for ever."),
    key("limits.body_rate", "1KB/s", "Least bytes a second of a body that is sent to us, over 30 seconds of waiting for it; `0` for any. What trickles in holds a place for days. A body that is slower ends with 408."),
    key("limits.list_bytes", "256MiB", "Most bytes of a list of files, and of other bodies that are no blobs: it is held in memory. Beyond it 413."),
    key("limits.entries", "400000", "Most files in one list; a heavy shot has 40,000.").at_start(),
    key("limits.blob_bytes", "0", "Most bytes of a blob, `0` for any that the storage has room for. Beyond it 413."),
    key("limits.creates", "16", "Checkouts that are made at once: each makes thousands of links. Further ones wait for their turn, client by client, and after 30 seconds get 503 and `Retry-After`; one client may have half of them."),
    key("limits.uploads_per_client", "32", "Uploads of one client (a token, or an address) at once, so that one that sends 1,000 files at once leaves room for others. Further ones wait for their turn; when 500 wait, or one for 30 seconds, it gets 429 and `Retry-After`."),
    key("otlp.endpoint", "", "An OpenTelemetry collector, `http://HOST:PORT`, that gets a span of each request and the figures of `/metrics`, see [watching](../ops/watching.md#opentelemetry). Plain HTTP: an agent on the same machine.").at_start(),
    key("otlp.interval", "60s", "Between two times that it gets figures; 1s to 24h.").at_start(),
    key("variables", "", "Flamenco's two-way variables; used without `upstream` to tell each machine where the storage is.").tree(),
];

/// Keys that a `flamenco-manager.yaml` is read for; it has others, which are the Manager's.
pub const OF_FLAMENCO: &[&str] = &[
    "shared_storage_path",
    "listen",
    "shaman.enabled",
    "shaman.garbageCollect.period",
    "shaman.garbageCollect.maxAge",
    "variables",
];

/// Variables that begin as ours do and are others': of `shaman`, and of flags that have no key.
pub(super) const OTHER_VARIABLES: &[&str] = &[
    "SHAMAN_CA",
    "SHAMAN_CACHE",
    "SHAMAN_CONFIG",
    "SHAMAN_LOG_FORMAT",
    "SHAMAN_SHARED_STORAGES",
    "SHAMAN_TOKEN",
    "SHAMAN_TOKEN_FILE",
    "SHAMAN_URL",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let named = |name| KEYS.iter().find(|key| key.name == name).and_then(Key::variable);
        assert_eq!(named("listen").unwrap(), "SHAMAN_LISTEN");
        assert_eq!(named("shared_storage_path").unwrap(), "SHAMAN_STORAGE");
        assert_eq!(
            named("shaman.garbageCollect.maxAge").unwrap(),
            "SHAMAN_GARBAGE_COLLECT_MAX_AGE"
        );
        assert_eq!(named("checkouts.link_policy").unwrap(), "SHAMAN_CHECKOUTS_LINK_POLICY");
        let mut all: Vec<String> = KEYS.iter().filter_map(Key::variable).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), KEYS.len() - 1, "one has a tree");
        assert!(OF_FLAMENCO.iter().all(|name| KEYS.iter().any(|key| key.name == *name)));
    }
}
