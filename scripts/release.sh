#!/usr/bin/env bash
# An archive of both programs that runs on any Linux of this machine's age or younger, in the folder
# that is named (the cache folder's `packages` else); with `--programs FOLDER` the programs alone.
# Compiles RocksDB anew (15 minutes and more); PROFILE=dev makes one of what the tests use, to try
# this script.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
. scripts/release-flags.sh

build_release
case ${PROFILE:-release} in dev) built=$CARGO_TARGET_DIR/debug ;; *) built=$CARGO_TARGET_DIR/release ;; esac
# Without what only a debugger reads.
programs_into() {
    for program in shaman-server shaman; do
        strip -o "$1/$program" "$built/$program"
        needs_only_c "$1/$program"
    done
}
if [ "${1:-}" = --programs ]; then
    mkdir -p "$2"
    programs_into "$2"
    exit
fi

version=$("$built/shaman-server" --version | cut -d' ' -f2)
name=shaman-$version-$(uname -m)-linux
out=$(realpath -m "${1:-$(dirname "$CARGO_TARGET_DIR")/packages}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/shaman-release.XXXXXX")
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/$name" "$out"
programs_into "$folder/$name"
for program in shaman-server shaman; do
    "$folder/$name/$program" man --into "$folder/$name/man"
done
cp packaging/shaman-server.service packaging/shaman-server.socket packaging/shaman.yaml README.md CHANGELOG.md \
    LICENSE-MIT LICENSE-APACHE "$folder/$name"
# The same programs make the same archive.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$folder" -c "$name" | gzip -9n >"$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
