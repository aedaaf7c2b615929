#!/usr/bin/env bash
# Debian packages of server and client, with `cargo deb`, into the folder that is named (the cache
# folder's `packages` else). Builds for release, which compiles RocksDB anew (15 minutes and more):
# PROFILE=dev packages what `cargo build --workspace` made. DEB_VERSION says another version.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
. scripts/release-flags.sh

profile=${PROFILE:-release}
case $profile in
release) folder=release ;;
dev) folder=debug ;;
*) give_up "PROFILE is release or dev." ;;
esac
out=$(realpath -m "${1:-$(dirname "$CARGO_TARGET_DIR")/packages}")
built=$CARGO_TARGET_DIR/$folder

# Not among the tools of this machine: nobody asked for it there.
tools=$(dirname "$CARGO_TARGET_DIR")/tools
if [ ! -x "$tools/bin/cargo-deb" ]; then
    echo "installing cargo-deb into $tools" >&2
    # Without its own compressor: xz is there wherever dpkg is.
    CARGO_TARGET_DIR=$CARGO_TARGET_DIR/cargo-deb cargo install --quiet --locked --root "$tools" cargo-deb
    rm -rf "$CARGO_TARGET_DIR/cargo-deb"
fi

[ "$profile" = dev ] || build_release
[ -x "$built/shaman-server" ] && [ -x "$built/shaman" ] ||
    give_up "there are no programs in $built; run cargo build --workspace first."

made=$built/package
rm -rf "$made"
for pair in server:shaman-server client:shaman; do
    program=${pair#*:} into=$made/${pair%%:*}
    mkdir -p "$into"
    "$built/$program" man --into "$into/man"
    gzip -9n "$into"/man/*.1
    for shell in bash zsh fish; do
        "$built/$program" completions "$shell" >"$into/$shell"
    done
done
mkdir -p "$out"
options=()
# To try a package it need not be small.
[ "$profile" = release ] || options+=(--fast)
[ -z "${DEB_VERSION:-}" ] || options+=(--deb-version "$DEB_VERSION")
for crate in shaman-server shaman-client; do
    "$tools/bin/cargo-deb" deb --quiet --no-build --profile "$profile" -p "$crate" --output "$out/" "${options[@]}"
done
ls -l "$out"
