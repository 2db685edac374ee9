#!/bin/sh
# SPDX-License-Identifier: MIT
# Install the servers of the lab without letting any of them start: a
# policy-rc.d that forbids it stands while the packages are configured.
set -eu

missing=
for package in "$@"; do
	status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
	[ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "lab: missing:$missing (as root: apt-get install$missing)" >&2
	exit 77
fi

rc=/usr/sbin/policy-rc.d
if [ ! -e "$rc" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$rc"
	chmod 755 "$rc"
	trap 'rm -f "$rc"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # words
apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 || {
	apt-get update -qq
	apt-get install -qq -y --no-install-recommends $missing >/dev/null
}
