#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh install DESTDIR INSTALL, install.sh uninstall DESTDIR: the files
# named on standard input, "KIND SOURCE TARGET" a line. KIND is bin or lib
# (taken as they are), or the mode of a text, whose paths are made those of
# this installation by $INSTALL_PATHS, a script of sed.
set -eu
what=$1
dest=$2
install=${3-}

text() { # text MODE SOURCE TARGET
	version=$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h)
	sed -e "$INSTALL_PATHS" -e "s|@VERSION@|$version|" "$2" >"$3"
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
