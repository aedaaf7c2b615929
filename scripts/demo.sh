#!/usr/bin/env bash
# The main job, from nothing: builds, starts a server, submits a Blender project three times (as it
# is, with one texture changed, unchanged), and shows what was sent and what it cost on disk. The
# first run compiles RocksDB (10 to 15 minutes). Leaves nothing behind but the build.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

echo "Building (the same profile as the tests, so that RocksDB is compiled once) …" >&2
cargo build --workspace --quiet
bin=$CARGO_TARGET_DIR/debug

folder=$(mktemp -d "${TMPDIR:-/tmp}/shaman-demo.XXXXXX")
server_pid=
finish() {
    if [ -n "$server_pid" ]; then
        kill "$server_pid" 2>/dev/null && wait "$server_pid" || true
    fi
    rm -rf "$folder"
}
trap finish EXIT

cp -r examples/studio "$folder/studio"
"$bin/shaman-server" serve --storage "$folder/storage" --state "$folder/state" \
    --listen 127.0.0.1:0 --log warn >"$folder/address" &
server_pid=$!
for _ in $(seq 200); do
    [ -s "$folder/address" ] && break
    kill -0 "$server_pid" 2>/dev/null || give_up "the server did not start; what it said stands above."
    sleep 0.05
done
url=$(sed -n 's/^shaman-server listening on //p' "$folder/address")
[ -n "$url" ] || give_up "the server did not say where it listens."
export SHAMAN_URL=$url SHAMAN_CACHE=$folder/cache

# The value of a field in the last line of a submit.
field() { tail -n 1 "$1" | sed -E "s/.*\"$2\": *\"?([^,\"}]*)\"?.*/\1/"; }
megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.2f MB", bytes / 1e6 }'; }

count=0
submit() {
    count=$((count + 1))
    local out=$folder/submit-$count begin end
    begin=$(date +%s.%N)
    "$bin/shaman" submit "$folder/studio/shots/shot_010.blend" --name "shot_010/submit_$count" --json >"$out"
    end=$(date +%s.%N)
    printf '%-28s %5s %10s %14s %12s %9s\n' "$1" "$(field "$out" files)" "$(megabytes "$(field "$out" bytes)")" \
        "$(field "$out" uploaded_files) files" "$(megabytes "$(field "$out" uploaded_bytes)")" \
        "$(awk -v a="$begin" -v b="$end" 'BEGIN { printf "%.2f s", b - a }')"
}

echo
printf '%-28s %5s %10s %14s %12s %9s\n' "submit" "files" "size" "uploaded" "" "time"
submit "1  as it is"
printf 'edited' >>"$folder/studio/textures/poster.png"
submit "2  one texture changed"
submit "3  nothing changed"

copies=0
for n in 1 2 3; do copies=$((copies + $(field "$folder/submit-$n" bytes))); done
used=$(du -s --block-size=1 "$folder/storage" | cut -f1)
echo
echo "Three full copies would take  $(megabytes "$copies")"
echo "The storage takes             $(megabytes "$used") on disk, blobs and all three checkouts together"
echo
echo "Two checkouts share inodes (inode, links, file):"
jobs=$folder/storage/jobs
for n in 1 2; do
    (cd "$jobs" && stat -c '  %i  %h  %n' "$(field "$folder/submit-$n" checkout)/textures/wall_bricks.png")
done
echo "but not the texture that was changed:"
for n in 1 2; do
    (cd "$jobs" && stat -c '  %i  %h  %n' "$(field "$folder/submit-$n" checkout)/textures/poster.png")
done
echo

# A Blender of version 5 or newer (the example's own), if there is one: a Python with the bpy module,
# or a command. None is installed here.
scene=$jobs/$(field "$folder/submit-1" checkout)/$(field "$folder/submit-1" blend_in_checkout)
mv "$folder/studio" "$folder/moved-away"
is_new() { "$@" 2>/dev/null | grep -Eq '^(Blender )?([5-9]|[1-9][0-9])\.'; }
try_render() {
    "$@" >"$folder/render.log" 2>&1 && [ -s "$folder/frame.png" ] ||
        { cat "$folder/render.log" >&2; give_up "rendering from the checkout failed."; }
    echo "Rendered frame 1 from the checkout, with the project moved away: $(wc -c <"$folder/frame.png") bytes of PNG."
}
for python in "${XDG_CACHE_HOME:-$HOME/.cache}"/shaman/venvs/bpy-5*/bin/python python3; do
    if is_new "$python" -c 'import bpy; print(bpy.app.version_string)'; then
        try_render "$python" scripts/render.py "$scene" "$folder/frame.png" 1
        exit 0
    fi
done
if command -v blender >/dev/null && is_new blender --version; then
    try_render blender -b "$scene" --python scripts/render.py -- "$folder/frame.png" 1
else
    echo "No Blender 5 here, so nothing was rendered (scripts/get-blender.sh fetches one)."
fi
