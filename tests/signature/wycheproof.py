#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Project Wycheproof's vectors as lines for test_signature, or test_x25519.

    wycheproof.py FOLDER > cases.txt
    wycheproof.py FOLDER x25519 > cases.txt

FOLDER holds testvectors_v1/*.json. Those with curves and hashes that the
library supports are written out. RSA signatures that Wycheproof calls
acceptable are valid, except a DigestInfo without its NULL, which the library
refuses.
"""
import glob
import hashlib
import json
import os
import sys

CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}
HASHES = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
LEGACY = {"MissingNull"}


def key_of(group):
    """KIND and KEY of a group; None if the library does not support its
    kind."""
    if group["type"] == "EcdsaVerify":
        k = group["publicKey"]
        if k["curve"] in CURVES:
            return CURVES[k["curve"]], k["uncompressed"]
    elif group["type"] == "RsassaPkcs1Verify":
        k = group["publicKey"]
        if len(k["modulus"].lstrip("0")) <= 1024:
            return "rsa", k["modulus"] + ":" + k["publicExponent"]
    return None


def exchanges(folder):
    """Scalar, point, secret; the caller decides what a secret of zero
    means."""
    with open(os.path.join(folder, "x25519_test.json"), encoding="utf-8") as f:
        groups = json.load(f)["testGroups"]
    for g in groups:
        for t in g["tests"]:
            print(t["private"], t["public"], t["shared"])


def main():
    if sys.argv[2:] == ["x25519"]:
        exchanges(sys.argv[1])
        return
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.json"))):
        name = os.path.basename(path).replace("_test.json", "")
        with open(path, encoding="utf-8") as f:
            groups = json.load(f)["testGroups"]
        for g in groups:
            if g["type"] not in ("EcdsaVerify", "RsassaPkcs1Verify"):
                continue
            kind = key_of(g)
            if kind is None or g.get("sha") not in HASHES:
                continue
            sha = HASHES[g["sha"]]
            for t in g["tests"]:
                want = t["result"]
                if want == "acceptable":
                    want = "invalid" if LEGACY & set(t["flags"]) else "valid"
                digest = hashlib.new(sha, bytes.fromhex(t["msg"])).hexdigest()
                print(want, *kind[:1], sha, kind[1], digest, t["sig"] or "-",
                      f"{name} {t['tcId']} {t['comment']}".strip())


main()
