#!/bin/sh
# Prints the path of a Python that has Blender (`bpy`) of the wanted version.
#
#   scripts/get-blender.sh [VERSION]        5.0.1 unless told; 3.4.1, 4.5.15, 5.1.2, 5.2.3 are tried as well
#
# For 3.4.1, the `blender` of Debian 12, it is a script that runs a Python script in that; it prints
# lines of Blender's own, and the script finds its arguments behind `--`.
# Else the Python is a virtual environment in ${XDG_CACHE_HOME:-~/.cache}/shaman/venvs/bpy-VERSION, made on
# first use (about 1 GB) and kept. Half-made ones are replaced. Everything but that one path goes to
# stderr. Exit status 3 means: it can't be had on this machine, and the last line says why.

set -eu

version=${1:-5.0.1}
venvs=${XDG_CACHE_HOME:-$HOME/.cache}/shaman/venvs
venv=$venvs/bpy-$version
libs="libx11-6 libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libice6 libgl1 libegl1"

give_up() {
    echo "get-blender: NO BLENDER $version: $*" >&2
    exit 3
}

case $version in
    3.4.1) minor= ;;
    4.[2-9].* | 5.0.*) minor=3.11 ;;
    5.*.*) minor=3.13 ;;
    *) give_up "only releases that are packaged for Python, such as 4.5.15 and 5.0.1, can be fetched." ;;
esac

# Whether the Python given is there and has the right Blender in it.
works() {
    [ -x "$1/bin/python" ] && "$1/bin/python" - "$version" >/dev/null 2>&1 <<'PY'
import sys
import bpy
sys.exit(".".join(map(str, bpy.app.version)) != sys.argv[1])
PY
}

# Prints a Python 3.11 or 3.13 that can make virtual environments. A name on PATH may be a pyenv shim
# for a version that isn't selected, so each one is tried.
base_python() {
    for python in "$(command -v "python$minor" || true)" \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$minor".*/bin/"python$minor"; do
        if [ -x "$python" ] && "$python" -c "import ensurepip, sys, venv
sys.exit('%d.%d' % sys.version_info[:2] != '$minor')" 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    return 1
}

# Blender's module is linked with window system libraries even when it draws nothing.
system_libraries() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
    missing=
    for lib in $libs; do
        case $(dpkg-query -W -f '${Status}' "$lib" 2>/dev/null || true) in
            *" installed") ;;
            *) missing="$missing $lib" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "get-blender: not root, so these are not installed:$missing" >&2
        return 0
    fi
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # a list of packages
    { apt-get update -q && apt-get install -qy --no-install-recommends $missing; } >&2 ||
        echo "get-blender: apt-get could not install:$missing" >&2
}

debian_blender() {
    blender -v 2>/dev/null | grep -qx "Blender $version"
}

# Debian's, under the same name as the others.
if [ -z "$minor" ]; then
    if ! command -v blender >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update -q && apt-get install -qy --no-install-recommends blender; } >&2 ||
            give_up "apt-get could not install it."
    fi
    debian_blender || give_up "\`blender\` on PATH is another version or not there."
    mkdir -p "$venv/bin" || give_up "$venv can't be made."
    making=$(mktemp "$venv/bin/.python.XXXXXX")
    cat >"$making" <<'SH'
#!/bin/sh
script=$1
shift
exec blender -b --factory-startup --python-exit-code 1 --python "$script" -- "$@"
SH
    chmod 755 "$making"
    mv "$making" "$venv/bin/python"
    echo "$venv/bin/python"
    exit
fi

if works "$venv"; then
    echo "$venv/bin/python"
    exit
fi

mkdir -p "$venvs" || give_up "$venvs can't be made."
if command -v flock >/dev/null; then
    exec 9>"$venvs/.bpy-$version.lock"
    flock 9
fi
system_libraries

# Another run may have made it while this one waited for the lock, or only a library was missing.
if ! works "$venv"; then
    python=$(base_python) || give_up "it needs a Python $minor with venv, on PATH or under ~/.pyenv/versions."
    rm -rf "$venvs/.making-bpy-$version".*
    making=$(mktemp -d "$venvs/.making-bpy-$version.XXXXXX")
    trap 'rm -rf "$making"' EXIT
    trap 'exit 130' INT TERM HUP
    chmod 755 "$making"
    echo "get-blender: installing bpy $version below $venvs" >&2
    "$python" -m venv --prompt "bpy-$version" "$making" >&2 || give_up "$python can't make a virtual environment."
    "$making/bin/python" -m pip install -q --disable-pip-version-check --no-input "bpy==$version" >&2 ||
        give_up "pip could not install bpy==$version."
    works "$making" || {
        "$making/bin/python" -c 'import bpy' >&2 || true
        give_up "bpy==$version is installed but does not start (it needs $libs)."
    }
    # Scripts in bin/ name their own folder.
    grep -lIrF "$making" "$making/bin" "$making/pyvenv.cfg" | xargs sed -i "s|$making|$venv|g"
    rm -rf "$venv"
    mv "$making" "$venv"
    trap - EXIT
fi
echo "$venv/bin/python"
