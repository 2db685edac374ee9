#!/bin/sh
# lwIP's port to POSIX threads, which Debian adds to lwIP's source by a patch:
# lwip_port.sh SOURCE FOLDER. boards/source.sh has fetched SOURCE; FOLDER will
# hold sys_arch.c and arch/sys_arch.h. Debian's other patches are left out, and
# so are the port's other files.
set -eu

source=$1
folder=$2
sha256=c5a48413d362cc757032cdd58f528f75eb64ee781ca46ca24f010b49b0e62a90

patches=$(find "$source" -maxdepth 1 -name 'lwip_*.debian.tar.xz')
echo "$sha256  $patches" | sha256sum -c --quiet - || {
	echo "lwip_port: $patches is not what was pinned" >&2
	exit 1
}

# The patch creates these files: all their lines begin with +.
take() {
	tar -xJOf "$patches" debian/patches/port |
		awk -v file="+++ b/port/$1" '
			/^--- / { inside = 0 }
			inside && /^\+/ { print substr($0, 2) }
			$0 == file { inside = 1 }' >"$2"
	[ -s "$2" ] || {
		echo "lwip_port: no $1 in $patches" >&2
		exit 1
	}
}

mkdir -p "$folder/arch"
take include/arch/sys_arch.h "$folder/arch/sys_arch.h"
take sys_arch.c "$folder/sys_arch.c"
