#!/bin/sh
# SPDX-License-Identifier: MIT
# release.sh DIR: what `make release` left in DIR: the sums hold and name every
# file; every file, and what is inside of it, is of the version in version.h; the
# SBOM has each artefact with its sum and passes the schema of spdx.py; the
# sources are those of the commit.
set -eu
export LC_ALL=C

fail() {
	echo "FAILED: release: $*" >&2
	exit 1
}

version=$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h)
name=mtasts-$version
release=$1/$name
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
[ -d "$release" ] || fail "no $release"

# The checksums cover all files, and are right.
(cd "$release" && sha256sum --quiet --strict -c SHA256SUMS) || fail sums
find "$release" -mindepth 1 ! -name SHA256SUMS -printf '%P\n' | sort >"$temp/files"
awk '{ print $2 }' "$release/SHA256SUMS" | diff "$temp/files" - || fail 'files without a sum'

# Every name has the version, except the notes, which have it inside.
grep -v -e "^${name}[-.]" -e "^mtasts_${version}_[a-z0-9]*\.deb\$" -e "^mtasts-dbgsym_${version}_" \
	-e "^libmtasts-dev_${version}_[a-z0-9]*\.deb\$" "$temp/files" | grep -vx RELEASE_NOTES.md && fail 'a name of another version'
[ "$(grep -c '^## ' "$release/RELEASE_NOTES.md")" = 1 ] || fail 'notes of another version'
for head in "## $version" '### New' '### Incompatible'; do
	grep -qx "$head" "$release/RELEASE_NOTES.md" || fail "the notes have no '$head'"
done

# The version inside: daemon, packages, image, sources.
[ "$("$release/$name-linux-x86_64" --version)" = "mtasts $version" ] || fail "the daemon is $("$release/$name-linux-x86_64" --version)"
file "$release/$name-linux-x86_64" | grep -q 'statically linked, stripped' || fail 'the daemon is not static, or not stripped'
for deb in "$release"/*.deb; do
	[ "$(dpkg-deb -f "$deb" Version)" = "$version" ] || fail "$deb"
done
mkdir "$temp/deb" "$temp/oci" "$temp/tree"
dpkg-deb -x "$release"/libmtasts-dev_*.deb "$temp/deb"
grep -qx "Version: $version" "$(find "$temp/deb" -name libmtasts.pc)" || fail 'libmtasts.pc'
tar -C "$temp/oci" -xf "$release/$name-oci.tar"
python3 - "$temp/oci" "$version" <<'END' || fail 'the image'
import json, pathlib, sys
root, version = pathlib.Path(sys.argv[1]), sys.argv[2]
def blob(d): return json.loads((root / "blobs/sha256" / d["digest"][7:]).read_text())
index = json.loads((root / "index.json").read_text())["manifests"][0]
assert index["annotations"]["org.opencontainers.image.ref.name"] == "mtasts:" + version
for m in blob(index)["manifests"]:
    labels = blob(blob(m)["config"])["config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == version
END
git archive --format=tar --prefix="$name/" HEAD | tar -C "$temp/tree" -xf -
mkdir "$temp/tree/out"
tar -C "$temp/tree/out" -xzf "$release/$name.tar.gz"
diff -r "$temp/tree/$name" "$temp/tree/out/$name" || fail 'the sources are not the commit'

# The SBOM is valid, and describes these files. Debian's python has the modules
# of python3-jsonschema.
/usr/bin/python3 tests/packages/spdx.py "$release/$name.spdx.json" || fail SBOM
python3 - "$release" "$version" <<'END' || fail 'SBOM'
import json, pathlib, sys
release, version = pathlib.Path(sys.argv[1]), sys.argv[2]
sbom = json.loads((release / f"mtasts-{version}.spdx.json").read_text())
sums = dict(reversed(row.split()) for row in (release / "SHA256SUMS").read_text().splitlines())
packages = {p["SPDXID"]: p for p in sbom["packages"]}
described = [packages[r["relatedSpdxElement"]] for r in sbom["relationships"] if r["relationshipType"] == "DESCRIBES"]
for p in described:
    assert p["versionInfo"] == version, p
    assert p["checksums"][0]["checksumValue"] == sums[p["packageFileName"]], p
have = {p["packageFileName"] for p in described} | {"RELEASE_NOTES.md", f"mtasts-{version}.spdx.json"}
assert have == set(sums), have ^ set(sums)
inside = {}
for r in sbom["relationships"]:
    inside.setdefault(r["spdxElementId"], set()).add(packages[r["relatedSpdxElement"]]["name"])
for p in described:
    if "-linux-" in p["name"]:
        assert {"bearssl", "musl"} <= inside[p["SPDXID"]], p
END
echo "release: $(wc -l <"$release/SHA256SUMS") files of version $version, with sums and SBOM"
