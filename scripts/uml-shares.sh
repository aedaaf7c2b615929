#!/usr/bin/env bash
# Runs a command where an NFS or SMB share is mounted twice, by the clients of a real kernel: under
# user-mode-linux, whose root is this machine's, against a server of this machine. Everything lies in
# one folder and is gone afterwards.
#
#   scripts/uml-shares.sh nfs|smb COMMAND …     with SHAMAN_SHARED_STORAGES=/one/mount/shaman:/another/mount/shaman
#
# SHAMAN_MOUNT_OPTIONS says with which options besides those that are needed. As root on Debian or
# Ubuntu, whose packages are installed when they are missing.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    case "${1:-}" in
        nfs) wanted="ganesha.nfsd:nfs-ganesha ganesha.nfsd:nfs-ganesha-vfs" ;;
        smb) wanted="smbd:samba" ;;
        *) echo "usage: $0 nfs|smb COMMAND …" >&2; exit 2 ;;
    esac
    needed=
    for one in linux.uml:user-mode-linux modprobe:kmod $wanted; do
        command -v "${one%%:*}" >/dev/null || needed="$needed ${one##*:}"
    done
    # shellcheck disable=SC2086 # a list of packages
    [ -z "$needed" ] || { apt-get update -qq && apt-get install -y -qq --no-install-recommends $needed; } >&2
    exec unshare --net --mount --pid --fork --kill-child --mount-proc -- "$0" --inside "$@"
fi
kind=$2
shift 2

# Everything below ends with this shell: it is the first process of its process namespace.
folder=$(mktemp -d)
trap 'umount -l "$folder/export" 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir -p "$folder"/{export,samba,lib/modules,run}
truncate -s 4G "$folder/image"
mkfs.ext4 -q "$folder/image"
mount -o loop "$folder/image" "$folder/export"

# The network between the kernels.
ip link set lo up
ip tuntap add dev tap0 mode tap
ip addr add 10.99.0.1/24 dev tap0
ip link set tap0 up

case $kind in
    nfs)
        cat > "$folder/ganesha.conf" <<CONF
NFS_CORE_PARAM { Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false; NFS_Port = 2049; }
NFSV4 { Graceless = true; Minor_Versions = 0,1,2; RecoveryRoot = $folder/run; }
NFS_KRB5 { Active_krb5 = false; }
EXPORT_DEFAULTS { Squash = No_Root_Squash; SecType = sys; Access_Type = RW; }
EXPORT { Export_Id = 1; Path = $folder/export; Pseudo = /data; Protocols = 4; Transports = TCP; FSAL { Name = VFS; } }
LOG { Default_Log_Level = EVENT; }
CONF
        mkdir -p /run/ganesha /var/lib/nfs/ganesha
        ganesha.nfsd -f "$folder/ganesha.conf" -L "$folder/ganesha.log" -p "$folder/run/ganesha.pid"
        modules="nfsv4"
        mount="mount -i -t nfs4 -o vers=4.2,addr=10.99.0.1,clientaddr=10.99.0.2,nosharecache,${SHAMAN_MOUNT_OPTIONS-} 10.99.0.1:/data"
        ;;
    smb)
        cat > "$folder/smb.conf" <<CONF
[global]
  server role = standalone server
  interfaces = lo tap0
  bind interfaces only = yes
  disable netbios = yes
  smb ports = 445
  server min protocol = SMB3_11
  passdb backend = tdbsam:$folder/samba/passdb.tdb
  private dir = $folder/samba
  state directory = $folder/samba
  lock directory = $folder/samba
  cache directory = $folder/samba
  pid directory = $folder/run
  ncalrpc dir = $folder/samba/ncalrpc
  log file = $folder/samba.log
  load printers = no
  printcap name = /dev/null
[data]
  path = $folder/export
  read only = no
CONF
        (echo pw; echo pw) | smbpasswd -s -c "$folder/smb.conf" -a root > /dev/null
        smbd -D -s "$folder/smb.conf"
        modules="cifs"
        mount="mount -i -t cifs -o vers=3.1.1,ip=10.99.0.1,username=root,password=pw,nosharesock,${SHAMAN_MOUNT_OPTIONS-} //10.99.0.1/data"
        ;;
esac

version=$(basename /usr/lib/uml/modules/*)
ln -s "/usr/lib/uml/modules/$version" "$folder/lib/modules/$version"
printf '#!/bin/sh\nexec /sbin/modprobe -d %s "$@"\n' "$folder" > "$folder/modprobe"
printf '%q ' "$@" > "$folder/command"
declare -px | grep -E ' (SHAMAN|RUST)_' > "$folder/environment" || true
cat > "$folder/init" <<INIT
#!/bin/bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /run
echo $folder/modprobe > /proc/sys/kernel/modprobe
ip link set lo up; ip addr add 10.99.0.2/24 dev vec0; ip link set vec0 up
for module in $modules; do $folder/modprobe \$module; done
mkdir /run/one /run/two /run/tmp
for machine in one two; do
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        $mount /run/\$machine && break
        sleep 1
    done
done
. $folder/environment
export TMPDIR=/run/tmp SHAMAN_SHARED_STORAGES=/run/one/shaman:/run/two/shaman
grep ' /run/\(one\|two\) ' /proc/mounts
cd /
bash $folder/command
echo \$? > $folder/status
umount /run/one /run/two
poweroff -f
INIT
chmod +x "$folder/init" "$folder/modprobe"
linux.uml mem=1536M root=/dev/root rootfstype=hostfs rootflags=/ rw "init=$folder/init" con=null con0=null,fd:1 quiet \
    vec0:transport=tap,ifname=tap0,depth=128,gro=1 < /dev/null
status=$(cat "$folder/status" 2>/dev/null || echo 1)
exit "$status"
