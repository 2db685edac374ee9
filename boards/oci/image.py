#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""image.py OUT ROOTS EPOCH MACHINE=DAEMON...: an OCI image of static daemons.

OUT is a tar archive in the OCI image layout (image-spec 1.0): one image for
each MACHINE (amd64, arm64, arm/v7, riscv64) behind one index. The image has
the daemon, the trust anchors in ROOTS (a PEM bundle), a configuration and two
folders for the daemon's user, nothing else: no shell. The same input gives the
same bytes, for every time in it is EPOCH and every name is sorted. zopfli
writes the gzip format, 5 % smaller than gzip does.
"""
import base64
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time

BASIC = b"\x55\x1d\x13"
# Extensions by which the daemon judges a root: basicConstraints, keyUsage,
# nameConstraints, extendedKeyUsage (RFC 5280 4.2.1).
JUDGED = (BASIC, b"\x55\x1d\x0f", b"\x55\x1d\x1e", b"\x55\x1d\x25")
# ecdsa-with-SHA256 (RFC 5758 3.2).
ALGORITHM = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
LINE = 252
USER = 65532  # the number that images without a password file use
CONF = b"""\
# The container's network is its own: whoever reaches it may ask.
listen inet:0.0.0.0:8461
listen inet:[::]:8461
journal /var/lib/mtasts/journal
control unix:/run/mtasts/control
# So many fit into the 1,024 open files that some runtimes allow.
clients 256
"""


def version():
    text = open("core/base/version.h", encoding="ascii").read()
    return re.search(r'STS_VERSION "(.*)"', text)[1]


def der_read(der, at):
    """Where the content of the element at `at` begins and ends (X.690 8.1)."""
    size, begin = der[at + 1], at + 2
    if size & 0x80:
        begin += size & 0x7f
        size = int.from_bytes(der[at + 2:begin], "big")
    if begin + size > len(der):
        sys.exit("image: a certificate of the roots is not whole")
    return begin, begin + size


def der_write(tag, content):
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    head = bytes([size]) if size < 128 else bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + head + content


def elements(content):
    """[(tag, content, whole)] of a constructed element's content."""
    out, at = [], 0
    while at < len(content):
        begin, end = der_read(content, at)
        out.append((content[at], content[begin:end], content[at:end]))
        at = end
    return out


def extension(whole, content):
    """The extension, if it can matter: it is critical, or of JUDGED."""
    parts = elements(content)
    critical = len(parts) == 3 and parts[1][1] != b"\0"
    return whole if critical or parts[0][1] in JUDGED else b""


def is_ca(extensions):
    """By basicConstraints (RFC 5280 4.2.1.9)."""
    for _, content, _ in extensions:
        parts = elements(content)
        if parts[0][1] == BASIC:
            first = elements(elements(parts[-1][1])[0][1])[:1]
            return bool(first) and first[0][0] == 1 and first[0][1] != b"\0"
    return False


def validity(content, name):
    """From 1970 until the same moment. A time of UTCTime is the same as
    GeneralizedTime, two octets longer: so many of them that the name behind it
    begins a multiple of three octets behind the same name before it. In base64
    both are then the same characters, which are compressed to nothing."""
    tag, text, whole = elements(content)[1]
    ends = [whole]
    if tag == 0x17 and re.fullmatch(rb"\d{12}Z", text):
        ends.append(der_write(0x18, (b"20" if text < b"50" else b"19") + text))
    begins = [der_write(0x17, b"700101000000Z"), der_write(0x18, b"19700101000000Z")]
    forms = [der_write(0x30, begin + end) for end in ends for begin in begins]
    return min(forms, key=lambda form: (len(name) + len(form)) % 3 != 0)


def bare(der):
    """A root without what nobody judges it by (RFC 5280 4.1): its signature of
    itself is one octet of zeros, by the same algorithm for all, its serial number
    1, it begins in 1970, and extensions are those that can matter. Any other
    certificate as it is."""
    body = elements(elements(der)[0][1])[0]
    fields = elements(body[1])
    first = 1 if fields[0][0] == 0xa0 else 0  # a version
    extensions = elements(elements(fields[-1][1])[0][1]) if fields[-1][0] == 0xa3 else []
    if fields[first + 2][2] != fields[first + 4][2] or (first and not is_ca(extensions)):
        return der
    out = [whole for _, _, whole in fields]
    out[first:first + 2] = b"\x02\x01\x01", ALGORITHM
    out[first + 3] = validity(fields[first + 3][1], out[first + 2])
    if extensions:
        kept = b"".join(extension(whole, content) for _, content, whole in extensions)
        out[-1] = der_write(0xa3, der_write(0x30, kept)) if kept else b""
    return der_write(0x30, der_write(0x30, b"".join(out)) + ALGORITHM + b"\x03\x02\x00\x00")


def slim(pem):
    """The roots without the comments of the bundle and without what is not
    judged, a third of the file. A root is trusted for being in this file
    (RFC 5280 6.1.1 (d) takes name and key of it). Lines are as long as OpenSSL
    reads them: with 64 characters they are 3 KB more when compressed."""
    out = []
    for text in re.findall(b"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem, re.S):
        try:
            body = base64.b64encode(bare(base64.b64decode(text)))
        except (ValueError, IndexError):
            sys.exit("image: a certificate of the roots cannot be read")
        lines = [body[i:i + LINE] for i in range(0, len(body), LINE)]
        out += [b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----"]
    if not out:
        sys.exit("image: no certificate in the roots")
    return b"\n".join(out) + b"\n"


def squeeze(data):
    # zopfli asks how large its input is, so that a pipe is none for it.
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        return subprocess.run(["zopfli", "-c", f.name], check=True, stdout=subprocess.PIPE).stdout


def layer(daemon, roots, epoch):
    """The one layer, uncompressed. (name, mode, owner, content or None)"""
    out = io.BytesIO()
    rows = [("etc", 0o755, 0, None), ("etc/mtasts.conf", 0o644, 0, CONF),
            ("etc/ssl", 0o755, 0, None), ("etc/ssl/certs", 0o755, 0, None),
            ("etc/ssl/certs/ca-certificates.crt", 0o644, 0, roots),
            ("mtasts", 0o755, 0, daemon), ("run", 0o755, 0, None),
            ("run/mtasts", 0o755, USER, None), ("var", 0o755, 0, None), ("var/lib", 0o755, 0, None),
            ("var/lib/mtasts", 0o700, USER, None)]
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, mode, owner, content in rows:
            info = tarfile.TarInfo(name)
            info.mode, info.uid, info.gid, info.mtime = mode, owner, owner, epoch
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Layout:
    """Blobs by their digests, and the archive of them."""

    def __init__(self):
        self.blobs = {}

    def add(self, kind, data):
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    def add_json(self, kind, value):
        return self.add(kind, json.dumps(value, sort_keys=True, separators=(",", ":")).encode())

    def write(self, path, index, epoch):
        files = {f"blobs/sha256/{digest}": data for digest, data in self.blobs.items()}
        files["index.json"] = json.dumps(index, sort_keys=True).encode()
        files["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
        with tarfile.open(path + ".new", "w", format=tarfile.USTAR_FORMAT) as tar:
            for name in ("blobs", "blobs/sha256"):
                info = tarfile.TarInfo(name)
                info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, epoch
                tar.addfile(info)
            for name in sorted(files):
                info = tarfile.TarInfo(name)
                info.size, info.mode, info.mtime = len(files[name]), 0o644, epoch
                tar.addfile(info, io.BytesIO(files[name]))
        os.replace(path + ".new", path)


def image(layout, machine, daemon, roots, epoch):
    """One machine's image; its descriptor, with the platform."""
    tar = layer(daemon, roots, epoch)
    arch, _, variant = machine.partition("/")
    platform = {"architecture": arch, "os": "linux", **({"variant": variant} if variant else {})}
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    config = {
        "created": created, **platform,
        "config": {
            "User": f"{USER}:{USER}", "ExposedPorts": {"8461/tcp": {}},
            "Entrypoint": ["/mtasts"], "Cmd": ["serve"], "WorkingDir": "/",
            "Volumes": {"/var/lib/mtasts": {}}, "StopSignal": "SIGTERM",
            # Docker's own field: OCI has none for it.
            "Healthcheck": {"Test": ["CMD", "/mtasts", "status", "--quiet"],
                            "Interval": 30 * 10**9, "Timeout": 5 * 10**9, "Retries": 3},
            "Labels": {"org.opencontainers.image.title": "mtasts", "org.opencontainers.image.version": version(),
                       "org.opencontainers.image.licenses": "MIT",
                       "org.opencontainers.image.description": "MTA-STS and DANE policies for mail servers"}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]},
        "history": [{"created": created, "created_by": "mtasts boards/oci/image.py"}]}
    manifest = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": layout.add_json("config.v1+json", config),
        "layers": [layout.add("layer.v1.tar+gzip", squeeze(tar))]}
    return {**layout.add_json("manifest.v1+json", manifest), "platform": platform}


def main():
    out, roots_path, epoch, *machines = sys.argv[1:]
    layout, manifests = Layout(), []
    with open(roots_path, "rb") as f:
        roots = slim(f.read())
    for row in machines:
        machine, _, path = row.partition("=")
        with open(path, "rb") as f:
            manifests.append(image(layout, machine, f.read(), roots, int(epoch)))
    # What podman load names it.
    index = layout.add_json("index.v1+json", {"schemaVersion": 2, "manifests": manifests,
                                              "mediaType": "application/vnd.oci.image.index.v1+json"})
    index["annotations"] = {"org.opencontainers.image.ref.name": f"mtasts:{version()}"}
    layout.write(out, {"schemaVersion": 2, "manifests": [index]}, int(epoch))
    pulled = {m["platform"]["architecture"]: json.loads(layout.blobs[m["digest"][7:]])["layers"][0]["size"] for m in manifests}
    print(f"{out}: " + ", ".join(f"{arch} {size} bytes" for arch, size in pulled.items()))


main()
