#!/usr/bin/env bash
# The image in its life: built, refused, started, used, watched, stopped in the middle of an upload,
# started again, made anew, removed. Takes root, and Debian or Ubuntu. The first time takes half an
# hour, since RocksDB is compiled; later ones a few minutes. PROGRAMS=FOLDER takes the programs in it
# in place of compiling any, to try this script.
#
# Podman does it, in a store of its own. Where the registry does not answer, both images that ours is
# made of are made here: Debian with debootstrap, Rust from this machine's.
set -Eeuo pipefail
cd "$(dirname "$0")/.."

# The second half: alone with its network and its mounts, so that the commands of the page can be run
# as they stand there.
if [ "${1:-}" = inside ]; then
    folder=$2
    trap 'echo "FAILED in line $LINENO: $BASH_COMMAND"; echo "${said:-}"; docker logs shaman 2>&1 | tail -n 20; cat "$folder/blocks"' ERR
    says() { echo "* $*"; }
    # `!` alone does not end a script that is wrong.
    not() { if "$@"; then return 1; fi; }
    wait_for() {
        for _ in $(seq 100); do "$@" && return; sleep 0.2; done
        return 1
    }
    # The n-th block of shell in the page.
    block() { awk -v n="$1" '/^```sh$/ { k++; inside = 1; next } /^```$/ { inside = 0 } inside && k == n' docs/ops/install.md; }
    run() { bash -euo pipefail -c "$(block "$1")" >>"$folder/blocks" 2>&1; }
    address=10.0.3.4
    export SHAMAN_URL=http://$address:8080 SHAMAN_CACHE=$folder/client-cache
    shaman() { "$folder/shaman" "$@"; }
    answers() { shaman ping >/dev/null 2>&1; }
    everything() { (cd /mnt/farm && find . -type f -path '*stored*' -o -type f -path './jobs/*' | sort | xargs -d '\n' sha256sum); }
    seconds() { local began=$SECONDS; "$@" >/dev/null; echo $((SECONDS - began)); }
    state() { docker inspect --format "{{.State.$1}}" shaman; }
    healthy() { docker healthcheck run shaman >/dev/null 2>&1; }

    ip link set lo up
    ip address add $address/8 dev lo
    mount -t tmpfs none /mnt
    mkdir /mnt/farm "$folder/farm"
    mount --bind "$folder/farm" /mnt/farm
    # A mount that crun does not understand; here nobody else sees that it is gone.
    umount /sys/fs/cgroup/unified 2>/dev/null || true

    said=$(docker run --rm --network host shaman-server 2>&1) && false
    grep -q 'say who may come with `trusted_networks`' <<<"$said"
    said=$(docker run --rm --network host shaman-server check-config 2>&1) && false
    grep -q 'say who may come with `trusted_networks`' <<<"$said"
    docker run --rm -e SHAMAN_OPEN=true --network host shaman-server check-config | grep good >/dev/null
    docker run --rm --network host --entrypoint /usr/bin/shaman shaman-server --version >/dev/null
    says "refused: an image that was told nothing lets in nobody, and says what to do"

    run 6
    docker cp -q shaman:/usr/bin/shaman "$folder/shaman" 2>/dev/null || docker cp shaman:/usr/bin/shaman "$folder/shaman"
    wait_for answers
    shaman ping | grep -x 'checkouts: /mnt/farm/jobs' >/dev/null
    not shaman ping --server http://127.0.0.1:8080 2>/dev/null
    grep -q $'^Uid:\t10001' "/proc/$(state Pid)/status"
    grep -q '^CapEff:	0*$' "/proc/$(state Pid)/status"
    says "started by the line of the page: it lets in its network and not its own machine, as user 10001"

    shaman submit examples/studio/shots/shot_010.blend --name shot_010 >/dev/null
    shaman verify /mnt/farm/jobs/shot_010 >/dev/null
    shaman fetch shot_010 --into "$folder/fetched" >/dev/null
    shaman verify "$folder/fetched" >/dev/null
    scene=$(find /mnt/farm/jobs/shot_010 -name '*.blend' | head -n 1)
    [ "$(stat -c %u:%a "$scene")" = 10001:444 ]
    nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
    nobody head -c 1 "$scene" >/dev/null
    not nobody sh -c "echo x >>'$scene'" 2>/dev/null
    says "used: submitted, verified on the storage, fetched; a worker's user reads it, and can change nothing"

    healthy
    kill -STOP "$(state Pid)"
    not healthy
    kill -CONT "$(state Pid)"
    wait_for healthy
    says "watched: healthy while it answers"

    before=$(everything)
    [ "$(seconds docker stop shaman)" -lt 8 ]
    [ "$(state ExitCode)" = 0 ]
    docker start shaman >/dev/null
    wait_for answers
    shaman checkouts list | grep shot_010 >/dev/null
    [ "$(everything)" = "$before" ]
    says "stopped at once when nothing runs, and started again"

    head -c 50M /dev/urandom >"$folder/large"
    sum=$(sha256sum <"$folder/large" | cut -d' ' -f1)
    curl -s --limit-rate 1M -H 'Content-Type: application/octet-stream' --data-binary "@$folder/large" \
        -o /dev/null "$SHAMAN_URL/api/v3/shaman/files/$sum/$((50 << 20))" &
    sleep 3
    took=$(seconds docker stop shaman)
    wait $! || true
    [ "$took" -ge 15 ] && [ "$took" -lt 30 ]
    [ "$(state ExitCode)" = 0 ]
    [ "$(everything)" = "$before" ]
    says "stopped in the middle of an upload after $took seconds, by itself"

    docker rm shaman >/dev/null
    offline() {
        docker run --rm --network host -v /mnt/farm:/mnt/farm -e SHAMAN_STORAGE=/mnt/farm -v shaman-state:/state \
            -e SHAMAN_TRUSTED_NETWORKS=10.0.0.0/8 shaman-server "$@"
    }
    offline check --read-data 100% >"$folder/checked"
    offline gc --dry-run >/dev/null
    offline reindex >/dev/null
    run 6
    wait_for answers
    shaman submit examples/studio/shots/shot_010.blend --name again --json | tail -n 1 | grep '"uploaded_files": 0' >/dev/null
    shaman checkouts list | grep again >/dev/null
    says "made anew on the same volumes, which were checked in between: nothing was sent twice"

    run 7
    grep -q '^alive at 127.0.0.1:8080' "$folder/blocks"
    token=$(grep -o '^shaman_[0-9a-f]*' "$folder/blocks" | tail -n 1)
    wait_for eval '! SHAMAN_TOKEN=shaman_0 answers'
    SHAMAN_TOKEN=$token shaman ping >/dev/null
    healthy
    docker kill -s HUP shaman >/dev/null
    wait_for eval 'docker logs shaman 2>&1 | grep "read the configuration again" >/dev/null'
    says "health, doctor, tokens and log from inside; with tokens it is healthy, too, and SIGHUP is heard"

    mkdir "$folder/etc"
    cat >"$folder/etc/shaman.yaml" <<YAML
shared_storage_path: /mnt/farm
listen: $address:8081
state: /nowhere
path_prefix: /0123456789abcdefghij
YAML
    docker rm -f shaman >/dev/null
    docker run -d --name shaman --network host -v "$folder/etc:/etc/shaman:ro" -v /mnt/farm:/mnt/farm \
        -v shaman-state:/state shaman-server >/dev/null
    wait_for shaman ping --server "http://$address:8081/0123456789abcdefghij" >/dev/null 2>&1
    healthy
    says "configured by a file, whose folder is mounted"

    docker rm -f shaman >/dev/null
    docker volume rm shaman-state >/dev/null
    not docker volume inspect shaman-state >/dev/null 2>&1
    umount /mnt/farm
    echo "all passed"
    exit
fi

. scripts/setup.sh
[ "$(id -u)" = 0 ] || give_up "this takes root: containers are run with a network of their own."
missing=
command -v podman >/dev/null || missing="$missing podman crun"
command -v debootstrap >/dev/null || missing="$missing debootstrap"
command -v ip >/dev/null || missing="$missing iproute2"
command -v curl >/dev/null || missing="$missing curl"
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || give_up "this needs$missing; install them and run this again."
    echo "installing$missing" >&2
    # shellcheck disable=SC2086 # a list of packages
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >&2
fi

cache=$(dirname "$CARGO_TARGET_DIR")/container
folder=$(mktemp -d "${TMPDIR:-/tmp}/shaman-container.XXXXXX")
mkdir -p "$cache/store" "$cache/tmp" "$folder/bin"
# Less than this machine has: raising a limit may be forbidden even to root.
files=$(ulimit -Hn)
case $files in unlimited) files=16384 ;; *) files=$((files / 2)) ;; esac
cat >"$folder/bin/docker" <<SHIM
#!/bin/bash
podman=(podman --root '$cache/store' --runroot /run/shaman-container --cgroup-manager cgroupfs --log-level fatal)
if [ "\$1" = run ]; then
    exec "\${podman[@]}" run --ulimit nofile=$files:$files --ulimit nproc=16384:16384 "\${@:2}"
fi
exec "\${podman[@]}" "\$@"
SHIM
chmod +x "$folder/bin/docker"
export PATH=$folder/bin:$PATH
finish() {
    docker rm -f -t 0 shaman >/dev/null 2>&1 || true
    docker volume rm -f shaman-state >/dev/null 2>&1 || true
    docker rmi -f localhost/shaman-server >/dev/null 2>&1 || true
    # What the image was built in; what was compiled lies beside it, and stays.
    docker image prune -f >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap finish EXIT

# debian_root: a small Debian in a folder, once.
debian_root() {
    [ ! -d "$folder/debian" ] || return 0
    debootstrap --variant=minbase bookworm "$folder/debian" >"$cache/debootstrap.log" 2>&1 ||
        give_up "debootstrap failed; see $cache/debootstrap.log"
    rm -rf "$folder"/debian/var/cache/apt/archives/*.deb
}
# from_here NAME [CHANGE]: that folder as the image of this name.
from_here() { tar -C "$folder/debian" -c . | docker import ${2:+--change "$2"} - "$1" >/dev/null 2>&1; }
# have NAME: whether it is here, or the registry has it.
have() { docker image exists "$1" || timeout 900 docker pull -q "$1" >/dev/null 2>&1; }

debian=docker.io/library/debian:bookworm-slim
rust=docker.io/library/rust:1.95-bookworm
for base in "$debian" "$rust AS build"; do
    grep -qx "FROM $base" packaging/Containerfile || give_up "packaging/Containerfile does not build on $base any more."
done
have "$debian" || {
    echo "the registry does not answer: making a small Debian" >&2
    debian_root
    from_here "$debian"
}
containerfile=packaging/Containerfile more=()
if [ -n "${PROGRAMS:-}" ]; then
    # Its last part only.
    containerfile=$folder/Containerfile
    sed -n "\|^FROM $debian|,\$p" packaging/Containerfile >"$containerfile"
    mkdir -p "$folder/build/out" "$folder/build/empty"
    cp "$PROGRAMS/shaman-server" "$PROGRAMS/shaman" "$folder/build/out"
    more=(--build-context "build=$folder/build")
else
    have "$rust" || {
        echo "the registry does not answer: putting this machine's Rust into a small Debian" >&2
        debian_root
        chroot "$folder/debian" sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev ca-certificates' \
            >"$cache/rust.log" 2>&1 || give_up "there is no C compiler to be had; see $cache/rust.log"
        cp -a "$(rustc --print sysroot)"/{bin,lib} "$folder/debian/usr/local/"
        from_here "$rust" "ENV CARGO_HOME=/usr/local/cargo"
    }
    # Whom this machine trusts: what it gets may come through a proxy of its own.
    trusted=/etc/ssl/certs/ca-certificates.crt
    [ ! -e "$trusted" ] || more=(-v "$trusted:$trusted:ro")
fi
rm -rf "$folder/debian"

echo "building the image" >&2
# A chroot in place of a container, which takes less of the machine. What is compiled is kept here.
TMPDIR=$cache/tmp docker build --isolation chroot --format docker --pull=never "${more[@]}" \
    -f "$containerfile" -t shaman-server . >"$cache/build.log" 2>&1 || {
    tail -n 20 "$cache/build.log" >&2
    give_up "the image cannot be built; see $cache/build.log"
}
echo "* built: $(($(docker image inspect --format '{{.Size}}' shaman-server) >> 20)) MiB, of which Debian has $(($(docker image inspect --format '{{.Size}}' "$debian") >> 20))"
unshare --net --mount "$BASH" scripts/test-container.sh inside "$folder"
