#!/usr/bin/env bash
# Power cuts on a disk that writes in any order between two flushes. A server and clients work in a
# user-mode-linux whose disk keeps a log of its writes (dm-log-writes); then, for POINTS flushes in
# that log, a disk with any of the writes behind the last flush is mounted, served and compared with
# what was promised until then. As root on Debian; a few minutes a file system.
#
#   scripts/reordered-writes.sh [ext4|xfs]...
#
# POINTS (250) disks each, after SECONDS_RECORDED (60) of work. What was recorded stays in
# FOLDER, if you set it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

[ "$(id -u)" = 0 ] || give_up "mounting file systems takes root; run this with sudo."
wanted=
command -v linux.uml >/dev/null || wanted="$wanted user-mode-linux"
command -v modprobe >/dev/null || wanted="$wanted kmod"
command -v dmsetup >/dev/null || wanted="$wanted dmsetup"
command -v ip >/dev/null || wanted="$wanted iproute2"
command -v mkfs.xfs >/dev/null || wanted="$wanted xfsprogs"
if [ -n "$wanted" ]; then
    command -v apt-get >/dev/null || give_up "this needs$wanted; install them and run it again."
    # shellcheck disable=SC2086 # a list of packages
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted; } >&2
fi
cargo build --quiet -p shaman-server -p shaman-tests
programs=$CARGO_TARGET_DIR/debug

folder=${FOLDER:-$(mktemp -d "${TMPDIR:-/tmp}/shaman-reordered.XXXXXX")}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
finish() {
    [ -n "${FOLDER:-}" ] || rm -rf "$folder"
}
trap finish EXIT

# What runs in the machine. It sees the files of the one around it, read-only but for this folder.
cat >"$folder/init.sh" <<'INIT'
#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DM_DISABLE_UDEV=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t devtmpfs dev /dev 2>/dev/null
ip link set lo up
mkdir -p /run/out /run/disk /run/modules/lib/modules
mount -t hostfs out /run/out -o "$OUT"
ln -s "/usr/lib/uml/modules/$(uname -r)" /run/modules/lib/modules/
modprobe -d /run/modules dm-mod
modprobe -d /run/modules dm-log-writes
dmsetup create logged --table "0 $(blockdev --getsz /dev/ubdb) log-writes /dev/ubdb /dev/ubdc" &&
    mount /dev/mapper/logged /run/disk &&
    "$PROGRAMS/reordered-writes" record /run/disk /run/out/promises "$LASTS" 2>&1 &&
    echo done >/run/out/done
umount /run/disk
dmsetup remove logged
sync
poweroff -f
INIT
chmod +x "$folder/init.sh"

[ $# -gt 0 ] || set -- ext4 xfs
for kind in "$@"; do
    echo "== $kind"
    rm -f "$folder"/{disk,empty,log,replayed,replayed.crashed,promises,done}
    truncate -s 512M "$folder/disk"
    truncate -s 8G "$folder/log"
    case $kind in
    ext4) mkfs.ext4 -q -E nodiscard "$folder/disk" ;;
    xfs) mkfs.xfs -q -K "$folder/disk" ;;
    *) give_up "there is no recipe for $kind; say ext4 or xfs." ;;
    esac
    cp --sparse=always "$folder/disk" "$folder/empty"
    timeout 1200 linux.uml mem=1G root=/dev/root rootfstype=hostfs rootflags=/ ro \
        init="$folder/init.sh" con=null con0=null,fd:1 quiet \
        ubdb="$folder/disk" ubdc="$folder/log" \
        OUT="$folder" PROGRAMS="$programs" LASTS="${SECONDS_RECORDED:-60}" </dev/null || true
    [ -e "$folder/done" ] || give_up "nothing was recorded; what the machine said stands above."
    cp --sparse=always "$folder/empty" "$folder/replayed"
    "$programs/reordered-writes" replay \
        "$folder/replayed" "$folder/log" "$folder/promises" "${POINTS:-250}"
done
