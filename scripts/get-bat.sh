#!/bin/sh
# Prints the path of Blender Asset Tracer 1.23 (`bat`), to be measured against. It is never a part of us.
#
# It lies in a virtual environment in ${XDG_CACHE_HOME:-~/.cache}/shaman/venvs/bat-1.23, made on first
# use and kept. Everything but that one path goes to stderr. Exit status 3: it can't be had.

set -eu

version=1.23
venv=${XDG_CACHE_HOME:-$HOME/.cache}/shaman/venvs/bat-$version

if ! [ -x "$venv/bin/bat" ]; then
    mkdir -p "$(dirname "$venv")"
    rm -rf "$venv"
    { python3 -m venv "$venv" && "$venv/bin/python" -m pip install -q --disable-pip-version-check --no-input \
        "blender-asset-tracer==$version" zstandard; } >&2 || {
        rm -rf "$venv"
        echo "get-bat: NO BAT $version: pip could not install it." >&2
        exit 3
    }
fi
echo "$venv/bin/bat"
