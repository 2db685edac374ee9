#!/bin/sh
# SPDX-License-Identifier: MIT
# trixie.sh DIR PACKAGE...: a Debian 13 in a folder, with these packages; or
# another Debian, $SUITE.
#
# The first run makes it with debootstrap; later ones add what is missing, or do
# nothing. A package written +NAME is only unpacked: mail servers exclude each
# other, so the second and third are put there beside the first, and what they
# need is named too. Nothing is started; the mirror is this machine's own.
# Exit code 77: not run.
set -eu
dir=$1
shift
export DEBIAN_FRONTEND=noninteractive

inside() {
	chroot "$dir" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

installed() {
	for list in "$dir/var/lib/dpkg/info/$1.list" \
		"$dir/var/lib/dpkg/info/$1:"*.list; do
		[ ! -e "$list" ] || return 0
	done
	return 1
}

missing=
unpacked=
for package in "$@"; do
	case $package in
	+*)
		[ -e "$dir/unpacked/${package#+}" ] ||
			unpacked="$unpacked ${package#+}"
		;;
	*) installed "$package" || missing="$missing $package" ;;
	esac
done
[ -e "$dir/made" ] && [ -z "$missing$unpacked" ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "lab: NOT RUN: needs root, for debootstrap" >&2
	exit 77
fi

# apt itself reads its sources, in either of their formats.
# shellcheck disable=SC2016 # apt's words, not the shell's
mirror() {
	apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' \
		'Created-By: Packages' | awk '
		$2 == "main" && $1 !~ /security|backports/ { print $1; exit }'
}

if [ ! -e "$dir/made" ]; then
	uri=$(mirror)
	[ -n "$uri" ] || { apt-get update -qq; uri=$(mirror); }
	if [ -z "$uri" ]; then
		echo "lab: NOT RUN: no Debian mirror in apt's sources" >&2
		exit 77
	fi
	rm -rf "$dir"
	mkdir -p "$dir"
	debootstrap --variant=minbase "${SUITE:-trixie}" "$dir" "$uri" >"$dir.log" 2>&1 ||
		{ tail -n 20 "$dir.log" >&2; exit 1; }
	printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d"
	chmod 755 "$dir/usr/sbin/policy-rc.d"
	mkdir "$dir/unpacked"
	: >"$dir/made"
fi

# Package lists that are days old may name files that are gone.
apt() {
	inside sh -c "cd /tmp && apt-get -qq -y -o APT::Sandbox::User=root $*" \
		>>"$dir.log" 2>&1
}
get() {
	apt "$@" || { apt update && apt "$@"; } ||
		{ tail -n 20 "$dir.log" >&2; exit 1; }
}
[ -z "$missing" ] || get install --no-install-recommends "$missing"
for package in $unpacked; do
	get download "$package"
	# Installed files stay as they are.
	inside sh -c "dpkg-deb --fsys-tarfile /tmp/${package}_*.deb |
		tar -x --skip-old-files -C / && rm /tmp/${package}_*.deb"
	: >"$dir/unpacked/$package"
done
inside apt-get clean
