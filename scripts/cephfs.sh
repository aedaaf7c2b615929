#!/usr/bin/env bash
# Runs a command with a CephFS that two machines have mounted: everything on this machine, through
# ceph-fuse, in one folder, and gone afterwards.
#
#   scripts/cephfs.sh COMMAND …     with SHAMAN_SHARED_STORAGES=/one/mount/shaman:/another/mount/shaman
#                                   and SHAMAN_SERVERS_LOSE=a program that takes a machine away and
#                                   brings it back, given its storage
#
# As root on Debian or Ubuntu, whose packages are installed when they are missing. It makes a network
# namespace of its own, so the command runs in that, too.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    [ $# -gt 0 ] || { echo "usage: $0 COMMAND …" >&2; exit 2; }
    if ! command -v ceph-fuse >/dev/null || ! command -v ceph-mon >/dev/null; then
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
            ceph-mon ceph-mgr ceph-osd ceph-mds ceph-fuse ceph-common; } >&2
    fi
    exec unshare --net --mount --pid --fork --kill-child --mount-proc -- "$0" --inside "$@"
fi
shift

# Everything below ends with this shell: it is the first process of its process namespace.
ip link set lo up
folder=$(mktemp -d)
trap 'umount -l "$folder"/one "$folder"/two 2>/dev/null || true; rm -rf "$folder"' EXIT
export CEPH_CONF=$folder/ceph.conf
id=$(cat /proc/sys/kernel/random/uuid)
mkdir "$folder"/{mon,mgr,mds,osd,run,one,two}
cat > "$CEPH_CONF" <<CONF
[global]
fsid = $id
mon initial members = a
mon host = 127.0.0.1
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd pool default pg num = 8
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail crit = 1
mon data = $folder/mon
mgr data = $folder/mgr
mds data = $folder/mds
osd data = $folder/osd
osd objectstore = bluestore
bluestore block size = 4294967296
bluestore block create = true
osd memory target = 939524096
log file = $folder/\$name.log
run dir = $folder/run
admin socket = $folder/run/\$name.\$pid.asok
CONF

# What it asks may not be up yet.
again() {
    for _ in $(seq 1 20); do
        timeout 20 "$@" >> "$folder/start.log" 2>&1 && return
        sleep 1
    done
    echo "$0: \`$*\` goes on failing:" >&2
    tail -5 "$folder/start.log" >&2
    exit 1
}

monmaptool --create --add a 127.0.0.1 --fsid "$id" "$folder/monmap" >> "$folder/start.log"
touch "$folder/keyring"
ceph-mon --mkfs -i a --monmap "$folder/monmap" --keyring "$folder/keyring"
ceph-mon -i a
again ceph config set mon auth_allow_insecure_global_id_reclaim false
ceph-mgr -i x
osd=$(cat /proc/sys/kernel/random/uuid)
again ceph osd new "$osd"
ceph-osd -i 0 --mkfs --osd-uuid "$osd" >> "$folder/start.log" 2>&1
again ceph-osd -i 0
again ceph osd pool create metadata 8
again ceph osd pool create data 8
again ceph fs new files metadata data
ceph-mds -i a >> "$folder/start.log" 2>&1
again sh -c 'ceph mds stat | grep -q up:active'
for machine in one two; do
    again ceph-fuse "$folder/$machine" -n client.admin
done
# A machine that is lost takes with it what its ceph-fuse has not sent. Its session would hold up the
# others for a minute.
cat > "$folder/lose" <<'LOSE'
#!/usr/bin/env bash
set -euo pipefail
mount=${1%/*}
session=$(ceph tell mds.a session ls 2>/dev/null | python3 -c '
import json, sys
print(*[s["id"] for s in json.load(sys.stdin) if s["client_metadata"].get("mount_point") == sys.argv[1]])' "$mount")
kill -9 $(pgrep -f "^ceph-fuse $mount ")
umount -l "$mount"
for one in $session; do ceph tell mds.a session evict "id=$one" > /dev/null 2>&1; done
ceph-fuse "$mount" -n client.admin > /dev/null 2>&1
LOSE
chmod +x "$folder/lose"
echo "CephFS is mounted twice" >&2
export SHAMAN_SHARED_STORAGES=$folder/one/shaman:$folder/two/shaman SHAMAN_SERVERS_LOSE=$folder/lose
"$@"
