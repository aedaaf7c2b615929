#!/bin/bash
# A machine for one page: this one's files, with everything that is written kept in memory, nothing but
# itself on its network, and nothing of it left when COMMAND has ended. As root, by
#
#   unshare --mount --net --pid --fork --kill-child bash machine.sh SECONDS ROOT SOURCE PROGRAMS COMMAND …
#
# Exit status 77: this machine cannot make one.
set -euo pipefail
seconds=$1 root=$2 source=$3 programs=$4
shift 4

command -v ip >/dev/null || { echo "there is no ip (Debian: iproute2)" >&2; exit 77; }
mount --make-rprivate /
mount -t tmpfs machine "$root"
mkdir "$root"/{upper,work,machine}
mount -t overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" overlay "$root/machine" || exit 77
machine=$root/machine
mount --rbind /dev "$machine/dev"
mount -t proc proc "$machine/proc"
# Storages and states want a file system of their own kind, and nobody's files.
for place in mnt tmp run var/lib/shaman etc/shaman; do
    mkdir -p "$machine/$place"
    mount -t tmpfs tmpfs "$machine/$place"
done
# They may lie on other file systems, which the overlay does not show.
for seen in "$source" "$programs"; do
    mkdir -p "$machine/$seen"
    mount --bind "$seen" "$machine/$seen"
    mount -o remount,bind,ro "$machine/$seen"
done
# Also for users who may not look into the folder where they are.
for program in shaman shaman-server; do
    touch "$machine/usr/local/bin/$program"
    mount --bind "$programs/$program" "$machine/usr/local/bin/$program"
done
ip link set lo up
exec timeout --kill-after 1 "$seconds" chroot "$machine" "$@"
