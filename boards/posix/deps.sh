#!/bin/sh
# Install the Debian packages that are missing: deps.sh PACKAGE...
# Says what to do where it cannot: without root, or on another system.
set -eu

if ! command -v dpkg-query >/dev/null 2>&1; then
	echo "deps: this is no Debian; going on as if these were installed: $*" >&2
	echo "deps: BEARSSL=DIR builds with a BearSSL source tree" >&2
	exit 0
fi

missing=
for package in "$@"; do
	status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
	[ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "deps: missing:$missing" >&2
	echo "deps: as root: apt-get install$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
install() { # another that installs is waited for
	# shellcheck disable=SC2086 # words
	apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 $missing >/dev/null
}
# The lists may be absent or old; try without fetching them first.
install 2>/dev/null || {
	apt-get update -qq
	install
}
echo "deps: installed$missing"
