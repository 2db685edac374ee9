#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the certificates of the scenarios anew, in this folder. They are
# committed, so this is run only to add a name or a kind. Keys for tests only.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

names=
for d in example.com example.net example.org; do
	names="$names,DNS:mta-sts.$d"
done
for d in good late slow bank shop; do
	names="$names,DNS:mta-sts.$d.example"
done
i=0
while [ $i -lt 40 ]; do
	names="$names,DNS:mta-sts.d$i.example,DNS:mta-sts.s$i.crowd.example"
	i=$((i + 1))
done
names=${names#,}

openssl ecparam -name prime256v1 -genkey -noout -out leaf.key

# root NAME [CN]: a CA of its own, NAME.pem
root() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"
	openssl req -new -key "$work/$1.key" -subj "/CN=mtasts test ${2-$1}" \
		-out "$work/$1.csr"
	printf '%s\n' 'basicConstraints=critical,CA:TRUE' \
		'keyUsage=critical,keyCertSign,cRLSign' \
		'subjectKeyIdentifier=hash' >"$work/ext"
	openssl x509 -req -in "$work/$1.csr" -signkey "$work/$1.key" \
		-set_serial 1 -sha256 -extfile "$work/ext" -out "$work/$1.pem" \
		-days 1
	: >"$work/index.txt"
	issue "$1" "$1" 20200101000000Z 21200101000000Z "$work/$1.csr"
}

# issue NAME CA FROM TO CSR: sign with $work/ext (openssl x509 of Debian 12
# cannot set dates, ca can)
issue() {
	by="-cert $2.pem"
	[ "$1" = "$2" ] && by=-selfsign
	cat >"$work/ca.cnf" <<CNF
[ca]
default_ca = c
[c]
database = $work/index.txt
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
CNF
	# shellcheck disable=SC2086 # two words
	openssl ca -batch -notext -config "$work/ca.cnf" $by \
		-keyfile "$work/$2.key" -startdate "$3" -enddate "$4" -extfile "$work/ext" \
		-in "$5" -out "$1.pem"
}

# sct DIGIT: an SCT of 49 octets and its length (RFC 6962 3.3), in hexadecimal
sct() {
	id=$(printf '%64s' '' | tr ' ' "$1")
	printf '003100%s00000190000000000000040300023000' "$id"
}

# leaf NAME CA FROM TO CN SAN [EXTENSION]
leaf() {
	openssl req -new -key leaf.key -subj "/CN=$5" -out "$work/$1.csr"
	printf '%s\n' 'basicConstraints=critical,CA:FALSE' \
		'keyUsage=critical,digitalSignature' \
		'extendedKeyUsage=serverAuth' >"$work/ext"
	if [ -n "$6" ]; then
		echo "subjectAltName=$6" >>"$work/ext"
	fi
	echo "${7-}" >>"$work/ext"
	: >"$work/index.txt"
	issue "$1" "$2" "$3" "$4" "$work/$1.csr"
}

root root
root stranger
leaf good root 20200101000000Z 20500101000000Z policy "$names"
leaf expired root 20200101000000Z 20210101000000Z policy "$names"
leaf future root 20500101000000Z 21000101000000Z policy "$names"
leaf name root 20200101000000Z 20500101000000Z policy DNS:www.example.com
leaf cn root 20200101000000Z 20500101000000Z mta-sts.example.com ''
leaf untrusted stranger 20200101000000Z 20500101000000Z policy "$names"
leaf sct root 20200101000000Z 20500101000000Z policy "$names" \
	"1.3.6.1.4.1.11129.2.4.2=DER:04680066$(sct 1)$(sct 2)"
leaf staple root 20200101000000Z 20500101000000Z policy "$names" \
	tlsfeature=status_request

# Twelve issuers of one name, each signed by the next one, in the worst order.
i=0
while [ $i -lt 12 ]; do
	root "loop$i" loop
	i=$((i + 1))
done
leaf complex loop0 20200101000000Z 20500101000000Z policy "$names"
printf '%s\n' 'basicConstraints=critical,CA:TRUE' \
	'keyUsage=critical,keyCertSign,cRLSign' >"$work/ext"
for i in 1 2 3 4 5 6 7 8 9 10 11 0; do
	: >"$work/index.txt"
	issue cross "loop$(((i + 1) % 12))" 20200101000000Z 20500101000000Z \
		"$work/loop$i.csr"
	cat cross.pem >>complex.pem
done
rm -f stranger.pem cross.pem loop*.pem
chmod 644 leaf.key # a published test key
