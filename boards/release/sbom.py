#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sbom.py DIST: what is inside of the artefacts in DIST, as SPDX 2.3 (JSON).

Each artefact is a package with its SHA-256; behind it stands what it was made
from or links: the sources, BearSSL, musl, the compiler's own library and, in the
image, the roots. Versions are those of the sources that were built and of the
packages of this machine, not a list kept by hand. Same artefacts, same bytes.
"""
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import uuid

NO = "NOASSERTION"


def run(*words):
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def version():
    with open("core/base/version.h", encoding="ascii") as f:
        return re.search(r'STS_VERSION "(.*)"', f.read())[1]


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def package(ref, name, release, licence, purpose, sums=(), file=None, purl=None):
    out = {"SPDXID": f"SPDXRef-{ref}", "name": name, "versionInfo": release, "downloadLocation": NO,
           "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence,
           "copyrightText": NO, "supplier": NO, "primaryPackagePurpose": purpose}
    if sums:
        out["checksums"] = [{"algorithm": "SHA256", "checksumValue": s} for s in sums]
    if file:
        out["packageFileName"] = file
    if purl:
        out["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                "referenceLocator": purl.replace("+", "%2B")}]
    return out


def source(name, licence):
    """A Debian source package that boards/source.sh fetched."""
    dsc = os.path.basename(glob.glob(f"build/source/{name}/{name}_*.dsc")[0])
    tarball = [p for p in glob.glob(f"build/source/{name}/{name}_*.orig.tar.*") if not p.endswith(".asc")][0]
    debian = dsc[len(name) + 1:-len(".dsc")]
    return package(name, name, debian, licence, "LIBRARY", [sha256(tarball)], os.path.basename(tarball),
                   f"pkg:deb/debian/{name}@{debian}?arch=source")


def installed(ref, name, licence, purpose):
    release = run("dpkg-query", "-W", "-f", "${Version}", name)
    return package(ref, name, release, licence, purpose, purl=f"pkg:deb/debian/{name}@{release}")


def kind(name):
    """(purpose, relations to what is inside) of an artefact."""
    made = [("GENERATED_FROM", "mtasts")]
    static = [("STATIC_LINK", "bearssl"), ("STATIC_LINK", "musl"), ("STATIC_LINK", "libgcc")]
    if name.endswith(".tar.gz"):
        return "SOURCE", [("CONTAINS", "mtasts")]
    if name.endswith("-oci.tar"):
        return "CONTAINER", made + static + [("CONTAINS", "roots")]
    if name.startswith("libmtasts-dev"):
        return "LIBRARY", made + [("DEPENDS_ON", "libbearssl")]
    if name.endswith(".deb"):
        return "INSTALL", made + [("DYNAMIC_LINK", "libbearssl")]
    return "APPLICATION", made + static


def document(dist):
    names = sorted(n for n in os.listdir(dist) if n != "RELEASE_NOTES.md")
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct"))
    parts = [
        package("mtasts", "mtasts", version(), "MIT", "SOURCE"), source("bearssl", "MIT"), source("musl", "MIT"),
        package("libgcc", "libgcc", run("gcc", "-dumpfullversion"), "GPL-3.0-or-later WITH GCC-exception-3.1", "LIBRARY"),
        installed("libbearssl", "libbearssl0", "MIT", "LIBRARY"),
        installed("roots", "ca-certificates", "MPL-2.0", "OTHER")]
    relations = []
    for name in names:
        ref = "artefact-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)
        purpose, inside = kind(name)
        parts.append(package(ref, name, version(), "MIT", purpose, [sha256(os.path.join(dist, name))], name))
        relations.append(("SPDXRef-DOCUMENT", "DESCRIBES", f"SPDXRef-{ref}"))
        relations += [(f"SPDXRef-{ref}", how, f"SPDXRef-{what}") for how, what in inside]
    used = {what for row in relations for what in row}
    parts = [p for p in parts if p["SPDXID"] in used]
    unique = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(parts, sort_keys=True))
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"mtasts-{version()}", "documentNamespace": f"urn:uuid:{unique}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
                         "creators": [f"Tool: mtasts-sbom-{version()}"]},
        "packages": parts,
        "relationships": [{"spdxElementId": a, "relationshipType": how, "relatedSpdxElement": b}
                          for a, how, b in relations]}


json.dump(document(sys.argv[1]), sys.stdout, indent=1, sort_keys=True)
print()
