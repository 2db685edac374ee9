#!/bin/sh
# SPDX-License-Identifier: MIT
# deb.sh DIR SUITE...: the Debian packages in DIR/old and DIR/new, two versions,
# through their whole life in a folder of each SUITE: installed by the README's
# command, used, upgraded with a changed configuration, removed, purged.
set -eu
export LC_ALL=C
packages=$1
shift

fail() {
	echo "FAILED: $suite: $*" >&2
	exit 1
}

inside() {
	chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		DEBIAN_FRONTEND=noninteractive "$@"
}

apt() { # apt COMMAND...: from the folder of the packages
	inside sh -c "cd /packages && apt-get -y -q -o APT::Sandbox::User=root \
		--no-install-recommends $*" >"$root.apt" 2>&1 ||
		fail "apt $*: $(tail -n 20 "$root.apt")"
}

there() {
	for f in "$@"; do [ -e "$root$f" ] || fail "no $f"; done
}

gone() {
	for f in "$@"; do [ ! -e "$root$f" ] || fail "$f is still there"; done
}

version() {
	inside mtasts --version
}

# The agent as the unit starts it, but for the supervisor; one question by the
# protocol of mail servers, which the key alone decides.
serves() {
	chroot "$root" /usr/bin/setpriv --reuid mtasts --regid mtasts --clear-groups \
		/usr/bin/mtasts serve -o 'listen inet:127.0.0.1:18461' \
		-o 'nameserver 127.0.0.1' >"$root.log" 2>&1 &
	pid=$!
	reply=$(python3 - <<-'EOF'
		import socket, time
		for _ in range(100):
		    try:
		        s = socket.create_connection(("127.0.0.1", 18461), 5)
		        break
		    except OSError:
		        time.sleep(0.1)
		s.sendall(b"19:postfix [192.0.2.1],")
		print(s.recv(100).decode())
	EOF
	) || true
	kill "$pid"
	wait "$pid" || fail "it does not end well: $(cat "$root.log")"
	[ "$reply" = "9:NOTFOUND ," ] || fail "it answers '$reply'"
}

for suite in "$@"; do
	root=$packages/$suite
	SUITE=$suite sh tests/lab/trixie.sh "$root" ca-certificates
	rm -rf "$root/packages"
	mkdir "$root/packages"
	inside dpkg --purge mtasts libmtasts-dev >/dev/null 2>&1 || true
	cp "$packages"/old/*.deb "$root/packages/"

	apt install './mtasts_*.deb'
	there /usr/bin/mtasts /etc/mtasts.conf /lib/systemd/system/mtasts.socket \
		/usr/share/man/man8/mtasts.8.gz
	inside getent passwd mtasts >/dev/null || fail "no user"
	[ -z "$(find "$root/etc/mtasts.conf" -perm /022)" ] || fail "mode"
	inside mkdir -p -m 700 /var/lib/mtasts # the unit's StateDirectory
	inside chown mtasts:mtasts /var/lib/mtasts
	serves
	old=$(version)

	echo '#mine' >>"$root/etc/mtasts.conf"
	: >"$root/var/lib/mtasts/kept"
	rm "$root"/packages/*
	cp "$packages"/new/*.deb "$root/packages/"
	apt install './mtasts_*.deb'
	grep -q '^#mine$' "$root/etc/mtasts.conf" || fail "configuration lost"
	there /var/lib/mtasts/kept
	[ "$(inside dpkg-query -W -f '${Version}' mtasts)" = "$(cat "$packages/new/version")" ] ||
		fail "not upgraded"
	[ "$(version)" = "$old" ] || fail "the tree is the same, not so $(version)"
	serves

	# The library, for those who build on it.
	apt install './libmtasts-dev_*.deb' gcc libc6-dev pkg-config
	printf '#include <core/sts.h>\n#include <core/grammar/domain.h>\nint main(void) { return sts_text("", 0).n > 0; }\n' \
		>"$root/tmp/use.c"
	inside sh -c 'cc -o /tmp/use /tmp/use.c $(pkg-config --cflags --libs libmtasts) && /tmp/use' ||
		fail "the library cannot be used"

	apt remove mtasts
	gone /usr/bin/mtasts /lib/systemd/system/mtasts.service
	there /etc/mtasts.conf /var/lib/mtasts/kept
	apt purge mtasts libmtasts-dev
	gone /etc/mtasts.conf /var/lib/mtasts /usr/include/mtasts
	echo "deb: $suite: installed, upgraded, removed and purged"
done
