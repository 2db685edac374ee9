#!/bin/sh
# SPDX-License-Identifier: MIT
# build.sh DIR: build the Debian packages from what git has of this tree, into
# DIR. DEB_VERSION: another version than that of version.h. The same tree gives the same bytes: every time in it is the commit's.
set -eu
dir=$1
version=${DEB_VERSION:-$(sed -n 's|.*STS_VERSION "\(.*\)"|\1|p' core/base/version.h)}
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
tree=$dir/mtasts-$version

rm -rf "$dir"
mkdir -p "$tree"
git ls-files -z | xargs -0 cp --parents -t "$tree"
cp -R "$tree/boards/debian" "$tree/debian"
sed -e "s/@VERSION@/$version/" -e "s/@DATE@/$(date -u -R -d "@$epoch")/" \
	boards/debian/changelog >"$tree/debian/changelog"
rm "$tree/debian/build.sh"
export SOURCE_DATE_EPOCH="$epoch"
(cd "$tree" && dpkg-buildpackage -us -uc -b) >"$dir/log" 2>&1 || {
	tail -n 30 "$dir/log" >&2
	exit 1
}
rm -rf "$tree"
ls "$dir"/*.deb
