#!/bin/sh
# Has real Blenders save a scene again and again, for `cargo run --bin shaman-benches -- delta OUT`.
#
#   scripts/make_saves.sh OUT [VERSION...]        3.4.1, 4.5.15 and 5.2.3 unless told; 900 MB each

set -eu

here=$(dirname "$0")
out=${1:?"say where to: scripts/make_saves.sh OUT [VERSION...]"}
shift
[ $# -gt 0 ] || set -- 3.4.1 4.5.15 5.2.3
for version in "$@"; do
    python=$("$here/get-blender.sh" "$version")
    saves() { "$python" "$here/make_saves.py" "$@"; }
    rm -rf "${out:?}/$version"
    mkdir -p "$out/$version"
    saves build "$out/$version"
    saves change "$out/$version" base day1
    saves change "$out/$version" day1 day2-again
    saves change "$out/$version" day1 day2-moved moved
    saves change "$out/$version" day1 day2-material material
done
