#!/bin/sh
# Fetch the source of BearSSL through the machine's own apt sources, check it
# and unpack it: bearssl.sh DIRECTORY, where DIRECTORY/src will hold it.
# Nothing outside of DIRECTORY is touched and no root is needed: apt gets a
# list of its own, made from the machine's by turning deb into deb-src.
set -eu

sha256=102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004
dir=$1

if [ -d "$dir/src/inc" ]; then
	exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
	echo "bearssl: no apt here; give a source tree: BEARSSL=DIR" >&2
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
apt source --download-only bearssl >/dev/null || {
	echo "bearssl: apt cannot fetch it; give a source tree: BEARSSL=DIR" >&2
	exit 1
}
tarball=$(ls bearssl_*.orig.tar.* | head -n 1)
echo "$sha256  $tarball" | sha256sum -c --quiet - || {
	echo "bearssl: $tarball is not what was pinned" >&2
	exit 1
}
rm -rf unpacked
mkdir unpacked
tar -xf "$tarball" -C unpacked
mv unpacked/*/ src
rmdir unpacked
