#!/bin/sh
# SPDX-License-Identifier: MIT
# mtas.sh FOLDER: Exim and OpenSMTPD unpacked there, from this machine's Debian.
# As packages they would take Postfix's place; unpacked they disturb nobody.
set -eu
folder=$1
packages='exim4-daemon-light libidn12 opensmtpd libevent-2.1-7 libdb5.3'

[ -e "$folder/done" ] && exit 0
mkdir -p "$folder/packages"
(
	cd "$folder/packages"
	# Words.
	# shellcheck disable=SC2086
	apt-get -qq download $packages
	for package in *.deb; do
		dpkg -x "$package" ..
	done
)
: >"$folder/done"
