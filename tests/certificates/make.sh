#!/bin/sh
# Makes the certificates of the tests anew, good from 2020 to 2120. Their keys are in the repository:
# nobody may trust this authority anywhere else. Its own key is thrown away.
#
#   ca.pem                  the authority
#   first.pem, second.pem   two certificates for 127.0.0.1 and localhost, with their keys
#   old.pem                 one that was good in the year 2000, for the key of `first`
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/index"
cat >"$work/config" <<CONFIG
[ca]
default_ca = ours
[ours]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[server]
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
CONFIG

new_key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

# NAME KEY FROM UNTIL, then who signs it and what it may do
sign() {
    name=$1 key=$2 from=$3 until=$4
    shift 4
    openssl req -new -key "$key" -subj "/CN=shaman test, $name" -out "$work/request"
    openssl ca -batch -notext -config "$work/config" -in "$work/request" -out "$name.pem" \
        -startdate "${from}0101000000Z" -enddate "${until}0101000000Z" "$@"
}

new_key "$work/ca.key"
sign ca "$work/ca.key" 2020 2120 -selfsign -keyfile "$work/ca.key" -extensions authority
for name in first second; do
    new_key "$name.key"
    sign "$name" "$name.key" 2020 2120 -cert ca.pem -keyfile "$work/ca.key" -extensions server
done
sign old first.key 2000 2001 -cert ca.pem -keyfile "$work/ca.key" -extensions server
