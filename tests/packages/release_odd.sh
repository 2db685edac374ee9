#!/bin/sh
# SPDX-License-Identifier: MIT
# release_odd.sh: how release.sh makes a release, whatever is set where it is
# called and where the tree lies: from the commit alone, twice, and only if both
# are the same. What is made is a stand-in here, which shows what it sees.
set -eu
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
tree="$temp/an odd tree"

fail() {
	echo "FAILED: release: $*" >&2
	exit 1
}

git clone -q . "$tree"
cd "$tree"
mkdir -p build/source/bearssl/src build/source/musl/src

stand_in() { # stand_in LINE: a commit in which this line makes the artefacts
	# shellcheck disable=SC2016 # the stand-in's own variables
	printf 'mkdir -p "$1"\n%s\n(cd "$1" && sha256sum -- * >SHA256SUMS)\n' "$1" >boards/release/artefacts.sh
	git -c user.name=test -c user.email=test@localhost commit -qam 'stand-in'
}

release() {
	(
		umask 077
		export CDPATH=. CFLAGS=-DODD MAKEFLAGS=-n LDFLAGS=-odd LC_ALL=tr_TR.UTF-8 SOURCE_DATE_EPOCH=1
		sh boards/release/release.sh build/release 'one two' 'amd64=one'
	) >"$temp/log" 2>&1
}
result=build/release/mtasts-$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h)

# shellcheck disable=SC2016
stand_in 'set | grep -E "^(CDPATH|CFLAGS|MAKEFLAGS|LDFLAGS|LC_ALL|SOURCE_DATE_EPOCH)=" >"$1/seen"; echo "$2, $3" >>"$1/seen"; cp README.md "$1"'
echo 'not committed' >>README.md
release || fail "$(cat "$temp/log")"
grep -q 'not committed' "$temp/log" || fail 'no word about what is not committed'
git show HEAD:README.md | cmp - "$result/README.md" || fail 'not the commit'
printf "LC_ALL='C'\nSOURCE_DATE_EPOCH='%s'\none two, amd64=one\n" "$(git log -1 --format=%ct)" >"$temp/want"
tr -d "'" <"$temp/want" >"$temp/want.bare"
tr -d "'" <"$result/seen" | diff "$temp/want.bare" - || fail 'what is set here is seen'
git checkout -q README.md

# Different results of the two builds are found: the place, the time zone, the
# rights of files. Or one of the two builds, which run at once, fails.
# shellcheck disable=SC2016
for line in 'pwd >"$1/place"' 'date +%Z >"$1/zone"' 'umask >"$1/rights"' 'case $PWD in *first) echo >"$1/one" ;; esac' \
	'case $PWD in *first) exit 1 ;; esac' 'case $PWD in *second) exit 1 ;; esac'; do
	stand_in "$line"
	if release; then
		fail "taken for whole: $line"
	fi
	[ ! -e "$result" ] || fail "handed out: $line"
	rm -rf build/release
done
echo 'release: from the commit alone, whatever is set'
