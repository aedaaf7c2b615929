#!/bin/bash
# What scripts/test-package.sh does inside its container. Each line that is printed was true.
set -Eeuo pipefail
trap 'echo "FAILED in line $LINENO: $BASH_COMMAND"; journalctl --no-pager -u shaman-server | tail -n 30; systemctl status --no-pager shaman-server || true' ERR

says() { echo "* $*"; }
# `!` alone does not end a script that is wrong.
not() { if "$@"; then return 1; fi; }
property() { systemctl show -P "$1" shaman-server; }
everything() { (cd /mnt/farm && find . -type f -path '*stored*' -o -type f -path './jobs/*' | sort | xargs -d '\n' sha256sum); }
wait_for() {
    for _ in $(seq 100); do "$@" && return; sleep 0.2; done
    return 1
}
answers() { shaman ping >/dev/null 2>&1; }
# The n-th block of shell in a page for ops, as it stands there.
block() { awk -v n="$2" '/^```sh$/ { k++; inside = 1; next } /^```$/ { inside = 0 } inside && k == n' "/docs/$1.md"; }
run() { (cd "${3:-/}" && bash -euo pipefail -c "$(block "$1" "$2")") >>/var/log/blocks 2>&1; }
ip link set lo up 2>/dev/null || true
export HOME=/root SHAMAN_CACHE=/root/cache

run install 1 /packages/0.1.0-1
not systemctl --quiet is-active shaman-server 2>/dev/null
not systemctl --quiet is-enabled shaman-server 2>/dev/null
getent passwd shaman >/dev/null
says "installed: the user is there, and nothing runs before somebody said where the storage is"

man -P cat shaman-submit | grep "shared storage" >/dev/null
man -P cat shaman-server | grep "EXIT STATUS" >/dev/null
bash -c '. /usr/share/bash-completion/completions/shaman && complete -p shaman' >/dev/null
systemd-analyze verify /usr/lib/systemd/system/shaman-server.{service,socket}
says "manual pages, completions and units can be read"

sed -i 's/^#reserve: .*/reserve: 1%/' /etc/shaman/shaman.yaml
install -d -o shaman /opt/own
run install 2
run install 3
[ "$(property StatusText)" = "listening on 127.0.0.1:8080" ]
[ "$(stat -c %U "/proc/$(property MainPID)")" = shaman ]
[ "$(stat -c %U:%a /var/lib/shaman)" = shaman:750 ]
says "started: systemd was told when it was ready, and it runs as its own user"

shaman ping >/dev/null
shaman submit /studio/shots/shot_010.blend --name shot_010 >/dev/null
shaman verify /mnt/farm/jobs/shot_010 >/dev/null
scene=$(find /mnt/farm/jobs/shot_010 -name '*.blend' | head -n 1)
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
nobody head -c 1 "$scene" >/dev/null
not nobody sh -c "echo x >>'$scene'" 2>/dev/null
not nobody touch /mnt/farm/jobs/x 2>/dev/null
not nobody ls /var/lib/shaman 2>/dev/null
says "used: a worker's user reads the checkout, and can change nothing"

run install 4
shaman doctor /mnt/farm/jobs/shot_010 >/dev/null
says "the doctors find nothing bad, as root, as the server, and on a worker"

# What the unit forbids is forbidden.
pid=$(property MainPID)
setpriv --reuid shaman --regid shaman --clear-groups touch /opt/own/x
rm /opt/own/x
grep -q '^CapEff:	0*$' "/proc/$pid/status"
grep -q '^NoNewPrivs:	1' "/proc/$pid/status"
forbidden() { not nsenter -m -t "$pid" setpriv --reuid shaman --regid shaman --clear-groups touch "$1" 2>/dev/null; }
forbidden /usr/x
forbidden /opt/own/x
says "hardened: no capabilities, and nothing to write but storage and state"

printf '[Service]\nWatchdogSec=3\nRestartSec=1\n' >/etc/systemd/system/shaman-server.service.d/try.conf
systemctl daemon-reload
systemctl restart shaman-server
sleep 5
[ "$(property NRestarts)" = 0 ]
kill -STOP "$(property MainPID)"
wait_for eval '[ "$(property NRestarts)" = 1 ]'
wait_for answers
rm /etc/systemd/system/shaman-server.service.d/try.conf
systemctl daemon-reload
systemctl restart shaman-server
says "watched: a server that works stays, one that hangs is started again"

old=$(property MainPID)
systemctl reload shaman-server
wait_for eval 'journalctl --no-pager -u shaman-server | grep >/dev/null "read the configuration again"'
[ "$(property MainPID)" = "$old" ]
answers
says "reloaded: the configuration was read again by the process that runs"

# As certbot leaves its files, and calls what is to be done then.
renewed() {
    install -D -m 600 "/certificates/$1.pem" /etc/letsencrypt/live/farm/fullchain.pem
    install -D -m 600 "/certificates/$1.key" /etc/letsencrypt/live/farm/privkey.pem
    RENEWED_LINEAGE=/etc/letsencrypt/live/farm /etc/letsencrypt/renewal-hooks/deploy/shaman
}
cp /etc/shaman/shaman.yaml /root/plain.yaml
sed -i '/^#tls:/,/^#  key:/s/^#//' /etc/shaman/shaman.yaml
mkdir -p /etc/letsencrypt/renewal-hooks/deploy
run tls 5
renewed first
runuser -u shaman -- shaman-server check-config --config /etc/shaman/shaman.yaml >/dev/null
systemctl restart shaman-server
shaman ping --server https://127.0.0.1:8080 --ca /certificates/ca.pem >/dev/null
not answers
old=$(property MainPID)
shown() { timeout 5 openssl s_client -connect 127.0.0.1:8080 </dev/null 2>/dev/null | openssl x509 -noout -subject; }
shown | grep >/dev/null first
renewed second
wait_for eval 'shown | grep >/dev/null second'
[ "$(property MainPID)" = "$old" ]
shaman ping --server https://127.0.0.1:8080 --ca /certificates/ca.pem >/dev/null
cp /root/plain.yaml /etc/shaman/shaman.yaml
rm -r /etc/shaman/tls
systemctl restart shaman-server
answers
says "renewed: the server shows the new certificate that certbot brought, without a restart"

before=$(everything)
old=$(property MainPID)
run upgrade 1 /packages/0.1.0-2
[ "$(property MainPID)" != "$old" ]
wait_for answers
grep -q '^reserve: 1%' /etc/shaman/shaman.yaml
[ "$(everything)" = "$before" ]
shaman submit /studio/shots/shot_010.blend --name again --json | tail -n 1 | grep >/dev/null '"uploaded_files": 0'
before=$(everything)
says "upgraded: restarted, the configuration as it was edited, every file as it was"

run backup-and-restore 1
rm -rf /mnt/farm/file-store /mnt/farm/jobs
run backup-and-restore 2
[ "$(everything)" = "$before" ]
shaman checkouts list | grep shot_010 >/dev/null
says "restored from a backup, without the state: nothing is lost with that"

systemctl stop shaman-server
systemctl enable --quiet --now shaman-server.socket
[ "$(property ActiveState)" = inactive ]
shaman ping >/dev/null
[ "$(property ActiveState)" = active ]
(for _ in $(seq 40); do shaman ping >/dev/null || echo refused; done) >/root/refused 2>&1 &
systemctl restart shaman-server
wait $!
[ ! -s /root/refused ]
says "activated by its socket, which refuses nobody during a restart"

before=$(everything)
dpkg -r shaman-server >>/var/log/install
[ ! -e /usr/bin/shaman-server ]
not shaman ping 2>/dev/null
[ -e /etc/shaman/shaman.yaml ]
[ -d /var/lib/shaman/index ]
[ "$(everything)" = "$before" ]
says "removed: it stopped; configuration, state and storage stay"

dpkg -P shaman-server >>/var/log/install
[ ! -e /etc/shaman ]
[ ! -e /var/lib/shaman ]
[ "$(everything)" = "$before" ]
says "purged: configuration and state are gone, the storage is not"
echo "all passed"
