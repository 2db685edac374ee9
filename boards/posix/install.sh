#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh install DESTDIR INSTALL, install.sh uninstall DESTDIR: the files
# named on standard input, "KIND SOURCE TARGET" a line. KIND is bin or lib
# (taken as they are), or the mode of a text, whose paths are made those of
# this installation: $PLACES is PREFIX|SYSCONFDIR|STATEDIR|RUNDIR|LIBDIR.
set -eu
what=$1
dest=$2
install=${3-}

place() { # place N: the Nth of $PLACES, as sed wants a replacement
	printf '%s\n' "$PLACES" | cut -d '|' -f "$1" | sed 's/[&\\]/\\&/g'
}

# Names of the places first: what has been put in is not looked at again.
text() { # text MODE SOURCE TARGET
	version=$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h)
	sed -e 's|/usr/local/bin|@PREFIX@/bin|g' \
		-e 's|/etc/mtasts\.conf|@SYSCONFDIR@/mtasts.conf|g' \
		-e 's|/var/lib/mtasts|@STATEDIR@|g' -e 's|/run/mtasts|@RUNDIR@|g' \
		-e "s|@VERSION@|$version|g" -e "s|@PREFIX@|$(place 1)|g" \
		-e "s|@SYSCONFDIR@|$(place 2)|g" -e "s|@STATEDIR@|$(place 3)|g" \
		-e "s|@RUNDIR@|$(place 4)|g" -e "s|@LIBDIR@|$(place 5)|g" "$2" >"$3"
	chmod "$1" "$3"
}

leave() { # leave DIR: remove folders of ours that are empty now
	dir=$1
	while [ "${dir#*/mtasts}" != "$dir" ]; do
		rmdir "$dir" 2>/dev/null || break
		dir=${dir%/*}
	done
}

while read -r kind source target; do
	target=$dest$target
	dir=${target%/*}
	if [ "$what" = uninstall ]; then
		rm -f "$target"
		leave "$dir"
		continue
	fi
	$install -d "$dir"
	case $kind in
	bin) $install -m 755 "$source" "$target" ;;
	lib) $install -m 644 "$source" "$target" ;;
	*) text "$kind" "$source" "$target" ;;
	esac
	echo "$target"
done
