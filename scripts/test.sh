#!/usr/bin/env bash
# All tests: format, lints, tests of every crate, documentation. The first run compiles RocksDB
# (10 to 15 minutes); later ones take a few minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

# A file system that folds case, for one test; without it that test says that it was skipped.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v lowntfs-3g >/dev/null; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends ntfs-3g; } >&2 || true
fi

echo "== format"
cargo fmt --check
echo "== lints"
cargo clippy --workspace --all-targets --quiet -- -D warnings
echo "== tests"
# The binaries first: tests of the whole farm run them.
cargo build --workspace --quiet
cargo test --workspace --quiet
echo "== documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
echo "all passed"
