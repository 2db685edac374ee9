#!/bin/sh
# SPDX-License-Identifier: MIT
# packages.sh MTASTS: the init scripts of the packages, by what stands in for
# procd's functions and for start-stop-daemon: which configuration comes of
# OpenWrt's, which commands run, and what a broken one does. Then the recipes of
# Alpine and Yocto, by what stands in for abuild and BitBake: what they install.
set -eu
export LC_ALL=C
mtasts=$(cd "$(dirname "$1")" && pwd)/${1##*/}
openwrt=boards/openwrt/mtasts
sysv=boards/buildroot/package/mtasts/S75mtasts
if ! command -v shellcheck >/dev/null; then
	echo "packages: NOT RUN: shellcheck is not installed" >&2
	exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
user=$(id -un)

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# What procd's rc.common reads of the script (2034), and ash's local (3043).
shellcheck -s dash -e SC2034,SC3043 $openwrt/files/mtasts.init
shellcheck -s sh $sysv

# The version is that of the sources; every key belongs to some script.
version=$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h)
mkdir "$dir/wrt"
: >"$dir/wrt/rules.mk"
: >"$dir/wrt/package.mk"
have=$(make -s -C $openwrt TOPDIR="$dir/wrt" INCLUDE_DIR="$dir/wrt" -f - print <<'END'
include Makefile
print:
	@echo $(PKG_VERSION)
END
)
[ "$have" = "$version" ] || fail "openwrt: version '$have', not $version"
sed -n '/keys\[\] = {/,/^};/s/.*{ "\([a-z0-9_]*\)",.*/\1/p' \
	boards/posix/conf_keys.c | sort >"$dir/want"
{
	printf '%s\n' log user chroot
	sed -n "/^ONCE='/,/'$/p; /^MANY='/p" $openwrt/files/mtasts.init |
		sed "s/.*='//; s/'//" | tr -s '[:space:]' '\n'
} | grep . | sort >"$dir/have"
diff "$dir/want" "$dir/have" || fail 'openwrt: other keys'

# OpenWrt: a stand-in for rc.common, over a file of UCI; procd's words, one a
# line.
cat >"$dir/rc.common" <<'END'
words() {
	sed -n "s/^[[:space:]]*$1 '*$2'*[[:space:]]\{1,\}'\(.*\)'\$/\1/p" "$uci"
}
config_load() {
	[ "$1" = mtasts ] && grep -x "config mtasts 'agent'" "$uci" >/dev/null
}
config_get() {
	eval "$1=\$(words option $3)"
}
config_get_bool() {
	eval "$1=\$(words option $3); $1=\${$1:-$4}"
}
config_list_foreach() {
	words list "$2" >"$uci.list"
	call=$3 key=$4
	while IFS= read -r value; do
		$call "$value" "$key"
	done <"$uci.list"
}
chown() {
	[ "$1" = mtasts:mtasts ]
}
logger() {
	cat >>"$uci.log"
}
procd_open_instance() { echo open >>"$uci.procd"; }
procd_set_param() { echo "$*" >>"$uci.procd"; }
procd_close_instance() { echo close >>"$uci.procd"; }
procd_add_reload_trigger() { echo "trigger $*" >>"$uci.procd"; }
uci=$1
: >"$uci.procd"
: >"$uci.log"
. "$2"
[ "$USE_PROCD" = 1 ] && start_service && service_triggers
END
sed -e "s|^PROG=.*|PROG=$mtasts|" -e "s|^CONF=.*|CONF=$dir/etc/mtasts.conf|" \
	-e "s|^STATE=.*|STATE=$dir/state|" -e "s|^RUN=.*|RUN=$dir/run|" \
	-e "s|print_key mtasts user|print_key $user user|" \
	$openwrt/files/mtasts.init >"$dir/init"

openwrt() { # openwrt: start or reload, which are the same to procd
	(umask 077 && sh "$dir/rc.common" "$dir/uci" "$dir/init")
}

started() { # started WHAT: an instance was handed to procd
	diff - "$dir/uci.procd" <<END || fail "openwrt: $1: other words"
open
command $mtasts serve -c $dir/etc/mtasts.conf
file $dir/etc/mtasts.conf
reload_signal HUP
respawn 3600 1 0
term_timeout 30
no_new_privs 1
stderr 1
close
trigger mtasts
END
}

conf() { # conf WHAT: the configuration is standard input
	diff - "$dir/etc/mtasts.conf" || fail "openwrt: $1: other configuration"
}

sed "s|/etc/mtasts/journal|$dir/state/journal|" $openwrt/files/mtasts.config \
	>"$dir/uci"
openwrt
started 'as installed'
conf 'as installed' <<END
log syslog
user $user
memory 1M
journal $dir/state/journal size=1536K
clients 64
lookups 64
fetch_slots 4
END
[ "$(stat -c %a "$dir/state" "$dir/run" "$dir/etc/mtasts.conf" | tr '\n' ' ')" \
	= '700 755 644 ' ] || fail 'openwrt: modes'

cat >"$dir/uci" <<'END'
config mtasts 'agent'
	option enabled '1'
	option log_level 'debug'
	list listen 'inet:127.0.0.1:8461'
	list listen 'unix:/var/run/mtasts/text mode=0660 protocol=text'
	list override 'partner.example postfix secure match=*.example'
END
openwrt
started 'with lists'
conf 'with lists' <<END
log syslog
user $user
log_level debug
listen inet:127.0.0.1:8461
listen unix:/var/run/mtasts/text mode=0660 protocol=text
override partner.example postfix secure match=*.example
END

# A broken configuration is logged and changes nothing; at the first start, none
# runs.
cp "$dir/etc/mtasts.conf" "$dir/before"
echo "	option memory 'much'" >>"$dir/uci"
openwrt
started broken
conf broken <"$dir/before"
grep 'memory' "$dir/uci.log" >/dev/null || fail 'openwrt: nothing was told'
rm "$dir/etc/mtasts.conf"
if openwrt; then
	fail 'openwrt: started without a configuration'
fi
[ ! -s "$dir/uci.procd" ] || fail "openwrt: $(cat "$dir/uci.procd")"
[ -z "$(ls "$dir/etc")" ] || fail "openwrt: left behind: $(ls "$dir/etc")"

# On a full disk the configuration would end early: what was right before stays.
cp "$dir/before" "$dir/etc/mtasts.conf"
sed -i "/memory 'much'/d; s/debug/info/" "$dir/uci"
for lost in override log_level; do
	cat >"$dir/full" <<END
printf() {
	case "\$*" in *' $lost '*) return 1 ;; esac
	command printf "\$@"
}
. "$dir/init"
END
	mv "$dir/init" "$dir/init.kept"
	sed "s|^\. \"$dir/init\"|. \"$dir/init.kept\"|" "$dir/full" >"$dir/init"
	openwrt
	mv "$dir/init.kept" "$dir/init"
	conf "without $lost" <"$dir/before"
	grep 'cannot be written' "$dir/uci.log" >/dev/null || fail 'openwrt: a full disk is not told of'
done

sed "s/enabled '1'/enabled '0'/" $openwrt/files/mtasts.config >"$dir/uci"
openwrt
[ "$(cat "$dir/uci.procd")" = 'trigger mtasts' ] ||
	fail 'openwrt: started though disabled'

# Buildroot: a stand-in for start-stop-daemon prints how it was called, and what
# it would run.
mkdir -p "$dir/bin"
cat >"$dir/bin/start-stop-daemon" <<'END'
#!/bin/sh
case " $* " in
*' --test '*) exit 1 ;;
esac
grep -sxF -e "$*" "$words" >/dev/null && exit 1
echo "$*" >>"$words"
END
cat >"$dir/bin/install" <<'END'
#!/bin/sh
echo "install $*" >>"$words"
END
chmod 755 "$dir/bin/start-stop-daemon" "$dir/bin/install"
sed -e "s|/usr/bin/\$DAEMON|$mtasts|; s|'user mtasts'|'user $user'|" \
	-e "s|/etc/default|$dir/default|g; s|/var/run/\$DAEMON|$dir/\$DAEMON|" \
	$sysv >"$dir/sysv"

sysv() { # sysv COMMAND
	words=$dir/words PATH=$dir/bin:$PATH sh "$dir/sysv" "$1" \
		>"$dir/out" 2>&1
}

called() { # called COMMAND: the commands are standard input
	diff - "$dir/words" || fail "buildroot: $1: other commands"
	rm "$dir/words"
}

mkdir "$dir/default"
echo 'MTASTS_ARGS="-c /dev/null"' >"$dir/default/mtasts"
daemon="--pidfile $dir/mtasts.pid --exec $mtasts"
sysv start || fail "buildroot: start: $(cat "$dir/out")"
called start <<END
install -d -m 0700 -o mtasts -g mtasts /var/lib/mtasts
install -d -m 0755 -o mtasts -g mtasts /var/run/mtasts
--start --background --make-pidfile $daemon -- serve -o log syslog -o user $user -c /dev/null
END
sysv reload || fail "buildroot: reload: $(cat "$dir/out")"
called reload <<END
--stop --signal HUP $daemon
END
: >"$dir/mtasts.pid"
sysv stop || fail "buildroot: stop: $(cat "$dir/out")"
called stop <<END
--stop $daemon
END
[ ! -e "$dir/mtasts.pid" ] || fail 'buildroot: a pid file is left'

echo "MTASTS_ARGS='-c $dir/bad'" >"$dir/default/mtasts"
echo 'memory much' >"$dir/bad"
for command in start reload; do
	if sysv $command; then
		fail "buildroot: $command in spite of the configuration"
	fi
	grep 'bad:1: memory' "$dir/out" >/dev/null ||
		fail "buildroot: $command: $(cat "$dir/out")"
	! grep -e --exec "$dir/words" 2>/dev/null ||
		fail "buildroot: $command: it was called"
	rm -f "$dir/words"
done
# Debian: a folder that cannot be removed, being a disk of its own, is no reason
# for a purge to fail.
shellcheck -s sh boards/debian/mtasts.postrm
echo 'echo "$*" >>"$words"; exit 1' >"$dir/bin/rm"
chmod 755 "$dir/bin/rm"
words=$dir/removed PATH=$dir/bin:$PATH sh boards/debian/mtasts.postrm purge ||
	fail 'debian: a purge fails'
[ "$(cat "$dir/removed")" = '-rf /var/lib/mtasts /run/mtasts' ] ||
	fail "debian: purged: $(cat "$dir/removed")"
command rm "$dir/bin/rm"

# Alpine: abuild's order, with the variables that it sets. A stand-in for `make`
# prints how it was called, and installs what this tree has built.
build=$(dirname "$mtasts")
alpine=boards/alpine
shellcheck -s dash -e SC2034,SC2154 $alpine/APKBUILD
shellcheck -s sh $alpine/mtasts.pre-install
mkdir -p "$dir/alpine/bin" "$dir/alpine/src" "$dir/alpine/pkg"
cat >"$dir/alpine/bin/make" <<END
#!/bin/sh
echo "\$*" >>"$dir/alpine/words"
case " \$* " in
*' install '*) exec $(command -v make) -s --no-print-directory -o all BUILD="$build" "\$@" ;;
esac
END
chmod 755 "$dir/alpine/bin/make"
cat >"$dir/alpine/abuild" <<'END'
set -e
default_prepare() { cd "$builddir"; }
startdir=$PWD
srcdir=$1/src pkgdir=$1/pkg
. ./APKBUILD
builddir=$srcdir/$pkgname-$pkgver
echo "$pkgver" >"$1/version"
prepare
cd "$builddir"
(build)
ln -s "$2" build
(check)
(package)
END
(cd $alpine && PATH=$dir/alpine/bin:$PATH sh "$dir/alpine/abuild" "$dir/alpine" "$build" >"$dir/out" 2>&1) ||
	fail "alpine: $(cat "$dir/out")"
[ "$(cat "$dir/alpine/version")" = "$version" ] || fail 'alpine: another version'
options="INIT=openrc PREFIX=/usr BEARSSL=$dir/alpine/src/bearssl-0.6"
diff - "$dir/alpine/words" <<END || fail 'alpine: other commands'
$options -j1 build/bearssl/libbearssl.a
$options all
$options install DESTDIR=$dir/alpine/pkg
END
common='/etc/mtasts.conf
/usr/bin/mtasts
/usr/share/doc/mtasts/alerts.yml
/usr/share/doc/mtasts/grafana.json
/usr/share/doc/mtasts/mtasts.conf
/usr/share/man/man1/mtasts.1
/usr/share/man/man5/mtasts.conf.5
/usr/share/man/man8/mtasts.8'
{
	printf '%s\n' "$common" /etc/init.d/mtasts /usr/share/licenses/mtasts/LICENSE
} | sort >"$dir/want"
(cd "$dir/alpine/pkg" && find . -type f | sed 's/^\.//' | sort) | diff "$dir/want" - ||
	fail 'alpine: other files'
# A stand-in for the script that makes the user; the second time the user
# exists, which is right.
cat >"$dir/alpine/bin/adduser" <<END
#!/bin/sh
echo "\${0##*/} \$*" >>"$dir/alpine/users"
exit 1
END
chmod 755 "$dir/alpine/bin/adduser"
cp "$dir/alpine/bin/adduser" "$dir/alpine/bin/addgroup"
PATH=$dir/alpine/bin:$PATH sh $alpine/mtasts.pre-install || fail 'alpine: pre-install'
grep -x 'addgroup -S mtasts' "$dir/alpine/users" >/dev/null || fail 'alpine: no group'
grep 'adduser -S .* -G mtasts .* mtasts$' "$dir/alpine/users" >/dev/null || fail 'alpine: no user'

# Yocto.
python3 tests/service/yocto.py "$build" "$version"
echo 'packages: openwrt, buildroot, alpine, yocto: configuration, commands and files are right'
