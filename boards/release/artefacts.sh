#!/bin/sh
# SPDX-License-Identifier: MIT
# artefacts.sh DIST TARGETS MACHINES: what a release hands out, once, from the
# clone that it is run in: sources, static daemons, image, Debian packages of
# this machine, what is inside of them (SPDX), notes and sums. release.sh calls
# it twice.
set -eu
dist=$1
targets=$2
machines=$3
version=$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h)
name=mtasts-$version

rm -rf "$dist"
mkdir -p "$dist"

# gzip -n: neither name nor time of today.
git -c tar.umask=022 archive --format=tar --prefix="$name/" HEAD |
	gzip -9n >"$dist/$name.tar.gz"

# No test is linked from these objects: without code for that they take half the time.
for target in $targets; do
	make -s -j2 TARGET="$target" LTO='-flto -flto-partition=one' "build/$target/mtasts"
	triplet=$(sed -n "s/^TRIPLET_$target = //p" boards/targets.mk)
	"$triplet-strip" -o "$dist/$name-linux-$target" "build/$target/mtasts"
done

if [ -n "$machines" ]; then
	make -s oci OCI_MACHINES="$machines"
	cp build/mtasts-oci.tar "$dist/$name-oci.tar"
fi

make -s deb
cp build/deb/*.deb "$dist/"

# The section of this version, and none where there is no such section.
awk -v head="## $version" '/^## / { on = $0 == head } on' \
	boards/release/NOTES.md >"$dist/RELEASE_NOTES.md"
grep -qx "## $version" "$dist/RELEASE_NOTES.md" || {
	echo "release: boards/release/NOTES.md has nothing about $version" >&2
	exit 1
}

python3 boards/release/sbom.py "$dist" >"$dist/../$name.spdx.json"
mv "$dist/../$name.spdx.json" "$dist/$name.spdx.json"

chmod 644 "$dist"/*
chmod 755 "$dist/$name"-linux-* 2>/dev/null || true
(cd "$dist" && LC_ALL=C sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .)
chmod 644 "$dist/SHA256SUMS"
