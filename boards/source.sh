#!/bin/sh
# Fetch the source of a Debian package through the machine's own apt sources,
# check it against the pin below and unpack it: source.sh PACKAGE DIRECTORY,
# where DIRECTORY/src will hold it as its authors released it, unpatched.
# Nothing outside of DIRECTORY is touched and no root is needed: apt gets a
# list of its own, made from the machine's by turning deb into deb-src.
set -eu
unset CDPATH

package=$1
dir=$2

case $package in
android-platform-external-boringssl) sha256=583b7aeee1fca68b8244d086cea6fca23bd19d517bd63f0b9de714e048f92a7d ;;
bearssl) sha256=102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004 ;;
check) sha256=8451b68ac5d6f3157b24f22eceff575bcf566264f6d78f3852f89d4e08cf42e1 ;;
lwip) sha256=0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24 ;;
musl) sha256=7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4 ;;
*)
	echo "source: $package is not pinned" >&2
	exit 1
	;;
esac

if [ -d "$dir/src" ]; then
	exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
	echo "source: no apt here; $package must be given as a directory" >&2
	exit 1
fi

mkdir -p "$dir/apt/parts" "$dir/apt/lists/partial" "$dir/apt/cache/partial"
dir=$(cd "$dir" && pwd)
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
	case $list in
	*.list)
		[ -f "$list" ] || continue
		sed -n 's/^deb[[:space:]]/deb-src /p' "$list" \
			>"$dir/apt/parts/${list##*/}"
		;;
	*.sources)
		[ -f "$list" ] || continue
		sed 's/^Types:.*/Types: deb-src/' "$list" \
			>"$dir/apt/parts/${list##*/}"
		;;
	esac
done

apt() {
	apt-get -qq \
		-o Dir::Etc::SourceList=/dev/null \
		-o Dir::Etc::SourceParts="$dir/apt/parts" \
		-o Dir::State::Lists="$dir/apt/lists" \
		-o Dir::Cache="$dir/apt/cache" \
		-o Acquire::Languages=none \
		-o APT::Sandbox::User= \
		"$@"
}

# A list of somebody who offers no source may fail; the tarball decides.
apt update >/dev/null 2>&1 || true
cd "$dir"
apt source --download-only "$package" >/dev/null || {
	echo "source: apt cannot fetch $package; it must be given as a directory" >&2
	exit 1
}
tarball=$(find . -maxdepth 1 -name "${package}_*.orig.tar.*" ! -name '*.asc')
echo "$sha256  $tarball" | sha256sum -c --quiet - || {
	echo "source: $tarball is not what was pinned" >&2
	exit 1
}
rm -rf unpacked
mkdir unpacked
tar -xf "$tarball" -C unpacked
mv unpacked/*/ src
rmdir unpacked
