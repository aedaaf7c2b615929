#!/bin/sh
# Makes shaman-client/tests/fixtures/VERSION anew: a small project and corner cases, saved by real Blenders.
#
#   scripts/make_fixtures.sh [VERSION...]       all of 3.4.1 4.5.15 5.0.1 5.1.2 5.2.3 unless told
#
# The Blenders come from get-blender.sh. Files are made below /tmp/shaman-fixtures, with that as the home
# folder too, because Blender writes where it was into what it saves. Assets come out the same each
# time; .blend files have the same content but not the same bytes.

set -eu

scripts=$(cd "$(dirname "$0")" && pwd)
fixtures=$(cd "$scripts/.." && pwd)/shaman-client/tests/fixtures
work=/tmp/shaman-fixtures
export PYTHONDONTWRITEBYTECODE=1

# Runs one of our Python scripts in the Blender of this version.
in_blender() {
    script=$1
    shift
    HOME=$work "$python" "$scripts/$script" "$@"
}

[ $# -gt 0 ] || set -- 3.4.1 4.5.15 5.0.1 5.1.2 5.2.3
mkdir -p "$fixtures"
for version; do
    echo "== Blender $version"
    python=$("$scripts/get-blender.sh" "$version")
    rm -rf "${work:?}"
    mkdir "$work"
    in_blender make_project.py "$work/$version" \
        --libraries 2 --textures 6 --sequence 3 --udims 2 --vdb-frames 2 --strip-images 2 --fluid-frames 2 \
        --outside 1 --absolute 0 --objects 2 --mesh-side 5
    in_blender make_corner_cases.py "$work/$version"
    rm -rf "${fixtures:?}/$version"
    cp -R "$work/$version" "$fixtures/"
done
rm -rf "${work:?}"
