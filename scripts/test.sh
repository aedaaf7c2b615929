#!/usr/bin/env bash
# All tests: format, lints, tests of every crate, documentation. The first run compiles RocksDB
# (10 to 15 minutes); later ones take a few minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

# What tests need besides: file systems, one that folds case and those whose power is cut; Prometheus;
# a browser. Without them these tests say that they were skipped.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    wanted=
    command -v lowntfs-3g >/dev/null || wanted="$wanted ntfs-3g"
    command -v xfs_io >/dev/null || wanted="$wanted xfsprogs"
    command -v mkfs.ext4 >/dev/null || wanted="$wanted e2fsprogs"
    # What pages for people tell them to use.
    command -v curl >/dev/null || wanted="$wanted curl"
    command -v openssl >/dev/null || wanted="$wanted openssl"
    # What reads our figures, and a browser for the dashboard.
    command -v promtool >/dev/null || wanted="$wanted prometheus"
    command -v chromedriver >/dev/null || wanted="$wanted chromium chromium-driver"
    if [ -n "$wanted" ]; then
        # shellcheck disable=SC2086 # a list of packages
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted; } >&2 || true
    fi
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
