#!/bin/sh
# SPDX-License-Identifier: MIT
# BoringSSL's runner against our client: run.sh FOLDER SHIM. The runner comes
# from Debian's source package and is built in FOLDER once. Exit 77: not run.
set -eu
folder=$1
shim=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
package=android-platform-external-boringssl
path=boringssl.googlesource.com/boringssl

not_run() {
	echo "bogo: NOT RUN: $1" >&2
	exit 77
}
command -v go >/dev/null 2>&1 || not_run "no go (golang-go)"
[ -d /usr/share/gocode/src/golang.org/x/crypto ] ||
	not_run "no golang-golang-x-crypto-dev"
mkdir -p "$folder"
folder=$(realpath "$folder")

if [ ! -x "$folder/runner" ]; then
	sh "$here/../../boards/source.sh" "$package" "$folder/source" ||
		not_run "no source package $package"
	mkdir -p "$folder/go/src/$path/ssl/test" "$folder/go/src/$path/util"
	cp -r "$folder/source/src/src/ssl/test/runner" "$folder/go/src/$path/ssl/test/"
	cp -r "$folder/source/src/src/util/testresult" "$folder/go/src/$path/util/"
	(cd "$folder/go/src/$path/ssl/test/runner" &&
		GO111MODULE=off GOPATH="$folder/go:/usr/share/gocode" GOCACHE="$folder/gocache" \
			go test -c -o "$folder/runner" .)
fi
cd "$folder/go/src/$path/ssl/test/runner"
status=0
"$folder/runner" -shim-path "$shim" -shim-config "$here/disabled.json" \
	-allow-unimplemented -loose-errors -pipe >"$folder/log" 2>&1 || status=$?
grep -A 8 '^FAILED' "$folder/log" || true
for what in PASSED FAILED UNIMPLEMENTED DISABLED; do
	printf '%s %s\n' "$(grep -c "^$what" "$folder/log" || true)" "$what"
done
# A shim that does not even start fails no test, but passes none either.
[ "$(grep -c '^PASSED' "$folder/log" || true)" -ge 200 ] && exit "$status"
exit 1
