#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Certificates for the boards' tests, by openssl: certs.py FOLDER

FOLDER/roots.pem holds the roots to be trusted, FOLDER/<name>.pem and .key a
chain and its key. What is there, younger than a week and of this program is
kept: a firmware was built with its roots.
"""

import os
import subprocess
import sys
import time

WEEK_S = 7 * 86400
# Domains below .test whose policy hosts share one good certificate.
# 15 octets with .test, as a typical name has, so that what is kept has its size.
TYPICAL = [f"p{i:02}-domain" for i in range(40)]
GOOD = ["good", "redirect", "truncated"] + TYPICAL
CA = ["basicConstraints=critical,CA:TRUE",
      "keyUsage=critical,keyCertSign,cRLSign"]
LEAF = ["basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth"]


def run(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Folder:
    def __init__(self, path):
        self.path = path

    def at(self, name):
        return os.path.join(self.path, name)

    def key(self, name, kind):
        if kind.startswith("rsa"):
            run("openssl", "genrsa", "-out", self.at(name + ".key"), kind[3:])
        else:
            run("openssl", "ecparam", "-name", kind, "-genkey", "-noout",
                "-out", self.at(name + ".key"))

    def issue(self, name, kind, subject, ext, by=None, san=None):
        """Key and certificate of `name`, signed by `by` or itself."""
        self.key(name, kind)
        with open(self.at("ext"), "w") as f:
            f.write("\n".join(ext + ([f"subjectAltName=DNS:{san}"] if san
                                     else [])) + "\n")
        run("openssl", "req", "-new", "-key", self.at(name + ".key"), "-subj",
            f"/CN={subject}", "-out", self.at("csr"))
        signer = ["-signkey", self.at(name + ".key")] if by is None else [
            "-CA", self.at(by + ".crt"), "-CAkey", self.at(by + ".key"),
            "-CAcreateserial"]
        run("openssl", "x509", "-req", "-in", self.at("csr"), "-days", "30",
            "-sha256", "-extfile", self.at("ext"), "-out",
            self.at(name + ".crt"), *signer)

    def chain(self, name, *certificates):
        with open(self.at(name + ".pem"), "w") as out:
            for c in certificates:
                with open(self.at(c + ".crt")) as f:
                    out.write(f.read())


def leaf(f, name, host, by, *issuers, kind="prime256v1"):
    f.issue(name, kind, "leaf", LEAF, by, host)
    f.chain(name, name, *issuers)


def hostile(f):
    """Issuers of one name and with keys that cost most; none has signed."""
    f.issue("same", "secp521r1", "same", CA, "root")
    f.issue("hostile", "prime256v1", "leaf", LEAF, "same",
            "mta-sts.hostile.test")
    for i in range(5):
        f.issue(f"same{i}", "secp521r1", "same", CA, "root")
    f.chain("hostile", "hostile", *(f"same{i}" for i in range(5)))


def make(path):
    f = Folder(path)
    f.issue("root", "prime256v1", "board root", CA)
    f.issue("stranger", "prime256v1", "board stranger", CA)
    f.issue("rsa-root", "rsa4096", "board RSA root", CA)
    f.issue("rsa-sub", "secp384r1", "board intermediate", CA, "rsa-root")
    f.issue("p521-sub", "secp521r1", "board costly intermediate", CA, "root")
    leaf(f, "good", ",DNS:".join(f"mta-sts.{d}.test" for d in GOOD), "root")
    leaf(f, "rsa", "mta-sts.rsa.test", "root", kind="rsa2048")
    leaf(f, "rsa4096", "mta-sts.rsa4096.test", "root", kind="rsa4096")
    leaf(f, "p521", "mta-sts.p521.test", "p521-sub", "p521-sub",
         kind="secp521r1")
    leaf(f, "encrypt", "mta-sts.encrypt.test", "rsa-sub", "rsa-sub")
    leaf(f, "wrong", "www.example.com", "root")
    leaf(f, "untrusted", "mta-sts.untrusted.test", "stranger")
    hostile(f)
    with open(f.at("roots.new"), "w") as out:
        for c in ("root", "rsa-root"):
            with open(f.at(c + ".crt")) as r:
                out.write(r.read())
    os.rename(f.at("roots.new"), f.at("roots.pem"))


def main():
    path = sys.argv[1]
    os.makedirs(path, exist_ok=True)
    roots = os.path.join(path, "roots.pem")
    if os.path.exists(roots) and \
            0 < os.path.getmtime(roots) - os.path.getmtime(__file__) and \
            time.time() - os.path.getmtime(roots) < WEEK_S:
        return
    make(path)


if __name__ == "__main__":
    main()
