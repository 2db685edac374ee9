#!/bin/sh
# SPDX-License-Identifier: MIT
# oci.sh IMAGE ROOTS MACHINE=EMULATOR...: the image as tools of others see it, which
# has these machines and no other: skopeo copies it whole, as for a registry, and each
# machine's image out of it; umoci unpacks each, runc and crun run it without root's
# rights (another machine's under its EMULATOR), its health check passes while it
# serves; its roots are those of the bundle that they were made from.
set -eu
# crun refuses a machine with cgroups of both versions: here they are of one.
if [ -z "${OCI_ALONE:-}" ]; then
	OCI_ALONE=1 exec unshare --mount sh "$0" "$@"
fi
umount /sys/fs/cgroup/unified 2>/dev/null || true
image=$(realpath "$1")
dir=$(mktemp -d)
roots=$2
shift 2
# A runtime gives the container's user the rights to its standard input: an
# empty file, and not this machine's /dev/null.
: >"$dir/input"
exec <"$dir/input"
trap 'for r in runc crun; do $r delete -f mtasts-test >/dev/null 2>&1 || true; done; rm -rf "$dir"' EXIT

fail() {
	echo "FAILED: oci: $*" >&2
	exit 1
}

mkdir "$dir/layout"
tar -C "$dir/layout" -xf "$image"
name=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"])' "$dir/layout/index.json")

# The machines, each with everything that is pulled for it: four fifths are the
# daemon, the rest Debian's roots.
python3 - "$dir/layout" "$@" <<'EOF' || fail "the index"
import json, sys, pathlib
blobs = pathlib.Path(sys.argv[1]) / "blobs/sha256"
def blob(d):
    data = (blobs / d["digest"][7:]).read_bytes()
    assert len(data) == d["size"], d
    return json.loads(data)
index = blob(json.loads((pathlib.Path(sys.argv[1]) / "index.json").read_text())["manifests"][0])
found = []
for m in index["manifests"]:
    p, manifest = m["platform"], blob(m)
    config = blob(manifest["config"])
    assert {k: config.get(k) for k in p} == p, (p, config)
    size = m["size"] + manifest["config"]["size"] + sum(l["size"] for l in manifest["layers"])
    assert size <= 400 * 1024, f"{p}: {size} bytes"
    found.append(p["architecture"] + ("/" + p["variant"] if "variant" in p else ""))
assert found == [a.partition("=")[0] for a in sys.argv[2:]], found
EOF

# What a registry gets: all machines' images behind the same index.
skopeo copy -q --all "oci-archive:$image" "dir:$dir/all" || fail "skopeo: all"
index=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["manifests"][0]["digest"][7:])' "$dir/layout/index.json")
cmp "$dir/all/manifest.json" "$dir/layout/blobs/sha256/$index" || fail "skopeo: another index"

platform() { # platform ARCH[/VARIANT]: skopeo's options for it
	echo --override-os linux --override-arch "${1%/*}"
	[ "${1#*/}" = "$1" ] || echo --override-variant "${1#*/}"
}

# The same options as the runtime's: read-only, no rights; no terminal here. Its
# own network, so that no server of this machine is asked.
bundle() { # bundle FOLDER EMULATOR
	python3 - "$1/config.json" "$2" <<'EOF'
import json, sys
path, emulator = sys.argv[1:]
c = json.load(open(path))
assert c["process"]["args"] == ["/mtasts", "serve"], c["process"]["args"]
assert c["process"]["user"]["uid"] == 65532
c["process"]["terminal"] = False
c["process"]["args"] += ["-o", "nameserver 127.0.0.1"]
c["process"]["capabilities"] = {}
c["process"]["noNewPrivileges"] = True
c["root"]["readonly"] = True
c["linux"].pop("resources", None)
c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "cgroup"]
c["mounts"] = [m for m in c["mounts"] if m["type"] != "cgroup"]
for place in "/run/mtasts", "/var/lib/mtasts":
    c["mounts"].append({"destination": place, "type": "tmpfs", "source": "tmpfs", "options": ["uid=65532", "gid=65532", "mode=0700", "nosuid", "nodev"]})
if emulator:
    c["process"]["args"].insert(0, "/emulator")
    c["mounts"].append({"destination": "/emulator", "type": "bind", "source": emulator, "options": ["bind", "ro"]})
json.dump(c, open(path, "w"))
EOF
}

runs() { # runs RUNTIME OPTION...: the bundle of $arch, under $emulator
	(cd "$dir/bundle" && "$@" run -d mtasts-test >"$dir/log" 2>&1) || fail "$arch: $1: $(cat "$dir/log")"
	i=0
	until "$@" exec --user 65532:65532 mtasts-test ${emulator:+/emulator} /mtasts status --quiet >"$dir/status" 2>&1; do
		i=$((i + 1))
		[ $i -lt 100 ] || fail "$arch: $1: no health: $(cat "$dir/status" "$dir/log")"
		sleep 0.1
	done
	"$@" exec --user 65532:65532 mtasts-test ${emulator:+/emulator} /mtasts query '[192.0.2.1]' >"$dir/query" && fail "$arch: $1: an address has a policy"
	grep -q 'key-address' "$dir/query" || fail "$arch: $1: query: $(cat "$dir/query")"
	"$@" kill mtasts-test TERM
	i=0
	until "$@" delete mtasts-test >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 100 ] || fail "$arch: $1: it does not end"
		sleep 0.1
	done
}

# The compose file: everything that it names exists, no client from outside
# reaches the agent, and the health check is the image's. python3-yaml belongs
# to Debian's python.
/usr/bin/python3 - boards/oci/compose.yaml "$dir/layout" <<'EOF' || fail "compose.yaml"
import json, pathlib, sys, yaml
compose = yaml.safe_load(open(sys.argv[1]))
assert set(compose) == {"services", "volumes", "networks"}, set(compose)
service = compose["services"]["mtasts"]
assert service["cap_drop"] == ["ALL"] and service["read_only"] is True, service
assert "ports" not in service and "privileged" not in service, service
assert {v.split(":")[0] for v in service["volumes"]} <= set(compose["volumes"]), service
assert set(service["networks"]) <= set(compose["networks"]), service
blobs = pathlib.Path(sys.argv[2])
def blob(d): return json.loads((blobs / "blobs/sha256" / d["digest"][7:]).read_text())
index = blob(json.loads((blobs / "index.json").read_text())["manifests"][0])
config = blob(blob(index["manifests"][0])["config"])["config"]
assert service["healthcheck"]["test"] == config["Healthcheck"]["Test"], config
assert [v.split(":")[1] for v in service["volumes"]] == list(config["Volumes"]), config
path, options = service["tmpfs"][0].split(":")
assert path == "/run/mtasts" and "uid=" + config["User"].split(":")[0] in options.split(","), service
EOF

# The name and the key of each root are those of the bundle, in its order.
same_roots() {
	${emulator:+"$emulator"} "$dir/bundle/rootfs/mtasts" anchors "$dir/bundle/rootfs/etc/ssl/certs/ca-certificates.crt" >"$dir/anchors"
	${emulator:+"$emulator"} "$dir/bundle/rootfs/mtasts" anchors "$roots" | cmp - "$dir/anchors" || fail "$arch: other roots"
}

for machine in "$@"; do
	arch=${machine%%=*}
	emulator=${machine#*=}
	one=$dir/one:$(echo "$arch" | tr / -)
	# shellcheck disable=SC2046 # words
	skopeo $(platform "$arch") copy -q "oci-archive:$image" "oci:$one" || fail "skopeo: $arch"
	rm -rf "$dir/bundle"
	umoci unpack --image "$one" "$dir/bundle" >/dev/null 2>&1 || fail "umoci: $arch"
	[ ! -e "$dir/bundle/rootfs/bin" ] || fail "$arch: a shell"
	[ "$(stat -c %u "$dir/bundle/rootfs/var/lib/mtasts")" = 65532 ] || fail "$arch: owner"
	[ -z "$emulator" ] || emulator=$(command -v "$emulator") || fail "$arch: no ${machine#*=}"
	same_roots
	bundle "$dir/bundle" "$emulator"
	runs runc
	runs crun --cgroup-manager=disabled
	echo "oci: $name: $arch: read by skopeo and umoci, run by runc and crun${emulator:+ under ${emulator##*/}}"
done
