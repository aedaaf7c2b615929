#!/usr/bin/env bash
# The Debian packages in the life of a machine: installed, configured, started, used, watched,
# upgraded, removed and purged, by a real systemd in a container of systemd-nspawn. Takes root, and
# Debian or Ubuntu; two minutes, and five more the first time. PROFILE=dev (the default here) packages
# what `cargo build --workspace` made.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

[ "$(id -u)" = 0 ] || give_up "this takes root: a machine is booted in a container."
missing=
command -v debootstrap >/dev/null || missing="$missing debootstrap"
command -v systemd-nspawn >/dev/null || missing="$missing systemd-container"
[ -z "$missing" ] || give_up "this needs$missing; apt-get install$missing"

cache=$(dirname "$CARGO_TARGET_DIR")
. /etc/os-release
base=$cache/roots/$VERSION_CODENAME
packages=systemd,systemd-sysv,dbus,adduser,man-db,openssl
if [ "$(cat "$base/complete" 2>/dev/null)" != "$packages" ]; then
    echo "making a small $VERSION_CODENAME in $base" >&2
    rm -rf "$base"
    mkdir -p "$base"
    debootstrap --variant=minbase --include="$packages" "$VERSION_CODENAME" "$base" \
        >"$base.log" 2>&1 || give_up "debootstrap failed; see $base.log"
    rm -rf "$base"/var/cache/apt/archives/*.deb
    echo "$packages" >"$base/complete"
fi

folder=$(mktemp -d "$cache/machine.XXXXXX")
machine=
finish() {
    [ -z "$machine" ] || { kill "$machine" 2>/dev/null && wait "$machine"; } || true
    rm -rf "$folder"
}
trap finish EXIT

export PROFILE=${PROFILE:-dev}
for version in 0.1.0-1 0.1.0-2; do
    DEB_VERSION=$version scripts/package.sh "$folder/packages/$version" >/dev/null
done
cp -a --reflink=auto "$base" "$folder/root"
cp -r "$folder/packages" "$folder/root/packages"
cp -r examples/studio "$folder/root/studio"
cp -r docs/ops "$folder/root/docs"
cp -r tests/certificates "$folder/root/certificates"
install -m 755 packaging/in-the-machine.sh "$folder/root/in-the-machine"
# The container has no terminal to show what a unit says: it goes into a file.
cat >"$folder/root/etc/systemd/system/try.service" <<END
[Unit]
After=dbus.service systemd-user-sessions.service
[Service]
Type=oneshot
ExecStart=/in-the-machine
StandardOutput=file:/said
StandardError=inherit
ExecStopPost=systemctl --no-block poweroff
[Install]
WantedBy=multi-user.target
END
mkdir -p "$folder/root/etc/systemd/system/multi-user.target.wants"
ln -s ../try.service "$folder/root/etc/systemd/system/multi-user.target.wants/try.service"
timeout 300 systemd-nspawn --quiet --register=no --keep-unit --private-network --boot -D "$folder/root" \
    </dev/null >"$folder/boot.log" 2>&1 &
machine=$!
wait "$machine" || { tail -n 20 "$folder/boot.log" >&2; echo "the machine ended badly" >&2; }
machine=
cat "$folder/root/said" 2>/dev/null || true
[ "$(tail -n 1 "$folder/root/said" 2>/dev/null)" = "all passed" ] || give_up "it failed where the last line above says."
