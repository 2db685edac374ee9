#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""spdx.py FILE: whether this SBOM is valid by SPDX 2.3, and has what readers
expect. A JSON schema of our own covers what we write, and is stricter than
SPDX's; checks for what a schema cannot express follow: references that lead
somewhere, once each."""
import datetime
import json
import sys

import jsonschema

REF = {"type": "string", "pattern": "^SPDXRef-[A-Za-z0-9.-]+$"}  # 7.2
LICENCES = {"enum": ["MIT", "MPL-2.0", "GPL-3.0-or-later WITH GCC-exception-3.1"]}  # Annex A, D
NONE = {"const": "NOASSERTION"}


def closed(required, **optional):
    return {"type": "object", "additionalProperties": False, "required": list(required),
            "properties": {**required, **optional}}


CHECKSUMS = {"type": "array", "minItems": 1, "items": closed({  # 7.10
    "algorithm": {"const": "SHA256"}, "checksumValue": {"type": "string", "pattern": "^[0-9a-f]{64}$"}})}
EXTERNAL = {"type": "array", "minItems": 1, "items": closed({  # 7.21, Annex F
    "referenceCategory": {"const": "PACKAGE-MANAGER"}, "referenceType": {"const": "purl"},
    "referenceLocator": {"type": "string", "pattern": r"^pkg:deb/debian/[a-z0-9.-]+@[A-Za-z0-9.~%-]+(\?arch=source)?$"}})}
PACKAGE = closed({
    "SPDXID": REF, "name": {"type": "string", "minLength": 1}, "versionInfo": {"type": "string", "pattern": "^[0-9]"},
    "downloadLocation": NONE, "filesAnalyzed": {"const": False}, "licenseConcluded": LICENCES,
    "licenseDeclared": LICENCES, "copyrightText": NONE, "supplier": NONE,
    "primaryPackagePurpose": {"enum": ["APPLICATION", "LIBRARY", "CONTAINER", "SOURCE", "INSTALL", "OTHER"]}},  # 7.24
    checksums=CHECKSUMS, externalRefs=EXTERNAL, packageFileName={"type": "string", "minLength": 1})
RELATION = closed({  # 11.1
    "spdxElementId": REF, "relatedSpdxElement": REF,
    "relationshipType": {"enum": ["DESCRIBES", "CONTAINS", "GENERATED_FROM", "STATIC_LINK", "DYNAMIC_LINK", "DEPENDS_ON"]}})
DOCUMENT = closed({
    "spdxVersion": {"const": "SPDX-2.3"}, "dataLicense": {"const": "CC0-1.0"}, "SPDXID": {"const": "SPDXRef-DOCUMENT"},
    "name": {"type": "string", "minLength": 1},
    "documentNamespace": {"type": "string", "pattern": "^urn:uuid:[0-9a-f-]{36}$"},  # 6.5: a URI without "#"
    "creationInfo": closed({"created": {"type": "string"}, "creators": {
        "type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^Tool: "}}}),
    "packages": {"type": "array", "minItems": 1, "items": PACKAGE},
    "relationships": {"type": "array", "minItems": 1, "items": RELATION}})


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        sbom = json.load(f)
    jsonschema.Draft7Validator.check_schema(DOCUMENT)
    jsonschema.validate(sbom, DOCUMENT, cls=jsonschema.Draft7Validator)
    datetime.datetime.strptime(sbom["creationInfo"]["created"], "%Y-%m-%dT%H:%M:%SZ")  # 6.9
    ids = [p["SPDXID"] for p in sbom["packages"]]
    assert len(ids) == len(set(ids)), "an id twice"
    related = {r["relatedSpdxElement"] for r in sbom["relationships"]}
    for r in sbom["relationships"]:
        assert r["spdxElementId"] in ids + ["SPDXRef-DOCUMENT"], r
        assert r["relatedSpdxElement"] in ids, r
    assert related == set(ids), "nothing leads to %s" % (set(ids) - related)


main()
