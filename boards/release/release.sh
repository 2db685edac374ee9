#!/bin/sh
# SPDX-License-Identifier: MIT
# release.sh OUT TARGETS MACHINES: everything that a release of HEAD hands out,
# in OUT/mtasts-VERSION. It is made twice, from two clones at other places, in
# other time zones, with other rights of new files, and compared: what a
# stranger builds from this commit is then the same, byte for byte. TARGETS are
# names of boards/targets.mk, MACHINES rows of OCI_MACHINES (packages.mk).
set -eu
# Nor does it depend on what is set here: CFLAGS, CDPATH, a language.
if [ -z "${RELEASE_ALONE:-}" ]; then
	exec env -i RELEASE_ALONE=1 PATH="$PATH" HOME="${HOME:-/}" LC_ALL=C \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} sh "$0" "$@"
fi
out=$1
targets=$2
machines=$3
here=$(pwd)
commit=$(git rev-parse HEAD)

version=$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h)
[ -z "$(git status --porcelain --untracked-files=no)" ] ||
	echo 'release: what is not committed is not in it' >&2
for source in bearssl musl; do
	sh boards/source.sh $source "build/source/$source"
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -rf "$out/first" "$out/the-second" "$out/mtasts-$version"

once() { # once PLACE ZONE UMASK
	rm -rf "${out:?}/$1"
	(
		umask "$3"
		export TZ="$2" SOURCE_DATE_EPOCH
		SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
		git clone -q "$here" "$out/$1"
		cd "$out/$1"
		git -c advice.detachedHead=false checkout -q "$commit"
		# Pinned, and checked when they were fetched.
		mkdir -p build
		cp -R "$here/build/source" build/
		sh boards/release/artefacts.sh dist "$targets" "$machines"
	) || {
		echo "release: $1 failed" >&2
		exit 1
	}
}

# Both at once: much of either is a link, or an image squeezed, by one processor.
# What runs beside a shell ignores the interrupt that ends the shell.
trap 'trap "" TERM; kill 0; exit 130' INT
once first UTC 022 &
first=$!
once the-second Asia/Tokyo 077 &
second=$!
failed=
wait "$first" || failed=1
wait "$second" || failed=1
[ -z "$failed" ] || exit 1
for f in "$out"/first/dist/*; do
	cmp "$f" "$out/the-second/dist/${f##*/}" || {
		echo "release: ${f##*/} is not the same twice" >&2
		exit 1
	}
done
[ "$(ls "$out/first/dist")" = "$(ls "$out/the-second/dist")" ]
mv "$out/first/dist" "$out/mtasts-$version"
rm -rf "$out/first" "$out/the-second"
echo "release: $out/mtasts-$version, built twice, the same both times:"
cat "$out/mtasts-$version/SHA256SUMS"
