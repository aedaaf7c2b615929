#!/bin/sh
# Makes shaman-client/tests/fixtures/VERSION anew: a small project and corner cases, saved by real Blenders.
#
#   scripts/make_fixtures.sh [VERSION...]       all of 3.4.1 4.5.15 5.0.1 5.2.3 unless told
#
# 3.4.1 is the `blender` of Debian 12: found on PATH, or installed by apt-get when run as root. The
# others come from get-blender.sh. Files are made below /tmp/shaman-fixtures, with that as the home
# folder too, because Blender writes where it was into what it saves. Assets come out the same each
# time; .blend files have the same content but not the same bytes.

set -eu

scripts=$(cd "$(dirname "$0")" && pwd)
fixtures=$(cd "$scripts/.." && pwd)/shaman-client/tests/fixtures
work=/tmp/shaman-fixtures
export PYTHONDONTWRITEBYTECODE=1

debian_blender() {
    if ! command -v blender >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        { apt-get update -q && apt-get install -qy --no-install-recommends blender; } >&2
    fi
    blender -v 2>/dev/null | grep -qx "Blender $1" || {
        echo "make_fixtures: NO BLENDER $1: \`blender\` on PATH is another version or not there." >&2
        exit 3
    }
}

# Runs one of our Python scripts in the Blender of this version.
in_blender() {
    version=$1 script=$2
    shift 2
    if [ "$version" = 3.4.1 ]; then
        HOME=$work blender -b --factory-startup --python-exit-code 1 --python "$scripts/$script" -- "$@"
    else
        HOME=$work "$python" "$scripts/$script" "$@"
    fi
}

[ $# -gt 0 ] || set -- 3.4.1 4.5.15 5.0.1 5.2.3
mkdir -p "$fixtures"
for version; do
    echo "== Blender $version"
    if [ "$version" = 3.4.1 ]; then
        debian_blender "$version"
    else
        python=$("$scripts/get-blender.sh" "$version")
    fi
    rm -rf "${work:?}"
    mkdir "$work"
    in_blender "$version" make_project.py "$work/$version" \
        --libraries 2 --textures 6 --sequence 3 --udims 2 --vdb-frames 2 --strip-images 2 --fluid-frames 2 \
        --outside 1 --absolute 0 --objects 2 --mesh-side 5
    in_blender "$version" make_corner_cases.py "$work/$version"
    rm -rf "${fixtures:?}/$version"
    cp -R "$work/$version" "$fixtures/"
done
rm -rf "${work:?}"
