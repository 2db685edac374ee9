#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Certificates for the boards' tests, by openssl: certs.py FOLDER

FOLDER/roots.pem holds the trusted roots, FOLDER/<name>.pem and .key a chain
and its key. Files of this program that are younger than a week are kept: a
firmware was built with these roots.
"""

import os
import subprocess
import sys
import time

import routes

WEEK_S = 7 * 86400
# Domains below .test whose policy hosts share one good certificate. Each has 15
# octets with .test, like a typical name, so that records have a typical size.
TYPICAL = [f"p{i:02}-domain" for i in range(40)]
GOOD = ["good", "redirect", "truncated"] + TYPICAL
# Those of routes.tsv have their own certificates: this one is long enough.
ROUTES = routes.with_policy()
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

    def issue(self, name, kind, subject, ext, by=None, san=None, over=False):
        """Key and certificate of `name`, signed by `by` or itself; over:
        expired."""
        self.key(name, kind)
        with open(self.at("ext"), "w") as f:
            f.write("\n".join(ext + ([f"subjectAltName=DNS:{san}"] if san
                                     else [])) + "\n")
        run("openssl", "req", "-new", "-key", self.at(name + ".key"), "-subj",
            f"/CN={subject}", "-out", self.at("csr"))
        signer = ["-signkey", self.at(name + ".key")] if by is None else [
            "-CA", self.at(by + ".crt"), "-CAkey", self.at(by + ".key"),
            "-CAcreateserial"]
        if over:
            self.over(name, by)
            return
        run("openssl", "x509", "-req", "-in", self.at("csr"), "-days", "30",
            "-sha256", "-extfile", self.at("ext"), "-out",
            self.at(name + ".crt"), *signer)

    def over(self, name, by):
        open(self.at("db"), "w").close()
        with open(self.at("cnf"), "w") as f:
            f.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={self.at('db')}\n"
                    f"new_certs_dir={self.path}\nrand_serial=yes\n"
                    "default_md=sha256\npolicy=p\nunique_subject=no\n"
                    "[p]\ncommonName=supplied\n")
        run("openssl", "ca", "-batch", "-notext", "-config", self.at("cnf"),
            "-keyfile", self.at(by + ".key"), "-cert", self.at(by + ".crt"),
            "-in", self.at("csr"), "-extfile", self.at("ext"), "-startdate",
            "20200101000000Z", "-enddate", "20210101000000Z", "-out",
            self.at(name + ".crt"))

    def chain(self, name, *certificates):
        with open(self.at(name + ".pem"), "w") as out:
            for c in certificates:
                with open(self.at(c + ".crt")) as f:
                    out.write(f.read())


def leaf(f, name, host, by, *issuers, kind="prime256v1"):
    f.issue(name, kind, "leaf", LEAF, by, host)
    f.chain(name, name, *issuers)


def hostile(f):
    """Issuers of one name with the costliest keys; none of them has signed."""
    f.issue("same", "secp521r1", "same", CA, "root")
    f.issue("hostile", "prime256v1", "leaf", LEAF, "same",
            "mta-sts.hostile.test")
    for i in range(5):
        f.issue(f"same{i}", "secp521r1", "same", CA, "root")
    f.chain("hostile", "hostile", *(f"same{i}" for i in range(5)))


def mail(f):
    """What the mail hosts of routes.tsv present."""
    names = ",DNS:".join(routes.hosts())
    for ca in "mail-ca", "mail-ca2":
        f.issue(ca, "prime256v1", "board mail", CA,
                "root" if ca == "mail-ca" else None)
    for name, by, san in (("right", "mail-ca", names),
                          ("other", "mail-ca", names),
                          ("stranger", "stranger", names),
                          ("name", "mail-ca", "www.example.com"),
                          ("expired", "mail-ca", names)):
        f.issue("mail-" + name, "prime256v1", "leaf", LEAF, by, san,
                name == "expired")


def make(path):
    f = Folder(path)
    f.issue("root", "prime256v1", "board root", CA)
    f.issue("stranger", "prime256v1", "board stranger", CA)
    f.issue("rsa-root", "rsa4096", "board RSA root", CA)
    f.issue("rsa-sub", "secp384r1", "board intermediate", CA, "rsa-root")
    f.issue("p521-sub", "secp521r1", "board costly intermediate", CA, "root")
    leaf(f, "good", ",DNS:".join(f"mta-sts.{d}.test" for d in GOOD), "root")
    leaf(f, "routes", ",DNS:".join(f"mta-sts.{d}.test" for d in ROUTES), "root")
    mail(f)
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
    made_by = max(os.path.getmtime(f) for f in (
        __file__, routes.__file__, os.path.join(routes.HERE, "routes.tsv")))
    if os.path.exists(roots) and \
            0 < os.path.getmtime(roots) - made_by and \
            time.time() - os.path.getmtime(roots) < WEEK_S:
        return
    make(path)


if __name__ == "__main__":
    main()
