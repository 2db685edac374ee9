# SPDX-License-Identifier: MIT
"""Certificates for check.py, by openssl: one of every kind of fault, each for
the names of all rows."""
import hashlib
import os
import subprocess
import datetime

LEAF = ["basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature"]
SERVER = LEAF + ["extendedKeyUsage=serverAuth"]
SUB = ["basicConstraints=critical,CA:TRUE,pathlen:0",
       "keyUsage=critical,keyCertSign"]


def run(*argv):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       check=False)
    if p.returncode != 0:
        raise SystemExit("%s: %s" % (" ".join(argv), p.stdout.decode()))
    return p.stdout


def when(days):
    t = datetime.datetime.utcnow() + datetime.timedelta(days=days)
    return t.strftime("%Y%m%d%H%M%SZ")


class Certificates:
    def __init__(self, folder, names):
        self.folder = folder
        self.names = ",".join("DNS:" + n for n in names)
        self.make_key("ec", "prime256v1")
        self.make_rsa("rsa", 2048)
        self.make_rsa("small", 1024)
        for key in ("root", "ca", "other", "other2"):
            self.make_key(key, "prime256v1")
        for authority in ("root", "other"):
            run("openssl", "req", "-x509", "-new", "-key",
                self.path(authority + ".key"), "-days", "30", "-subj",
                "/CN=check " + authority, "-out",
                self.path(authority + ".pem"),
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.issue("ca", "ca", None, SUB, cn="check ca")
        wrong = "DNS:www.elsewhere.example,DNS:alias.elsewhere.example"
        self.issue("good", "ec", self.names, SERVER)
        self.issue("rsagood", "rsa", self.names, SERVER)
        self.issue("expired", "ec", self.names, SERVER, (-60, -1))
        self.issue("rsaexpired", "rsa", self.names, SERVER, (-60, -1))
        self.issue("future", "ec", self.names, SERVER, (1, 60))
        self.issue("soon", "ec", self.names, SERVER, (-60, 5))
        self.issue("wrong", "ec", wrong, SERVER)
        self.issue("cn", "ec", None, SERVER)
        self.issue("evil", "ec", "DNS:\x1b[31m.example,DNS:a\x07b.example",
                   SERVER, cn="\x1b]0;owned\x07")
        self.issue("untrusted", "ec", self.names, SERVER, by="other")
        self.issue("usage", "ec", self.names,
                   LEAF + ["extendedKeyUsage=clientAuth"])
        self.issue("weak", "small", self.names, SERVER)
        self.issue("leafonly", "ec", self.names, SERVER, by="ca")
        self.issue("chain", "ec", self.names, SERVER, by="ca", above="ca")
        # More certificates than are kept, from an authority that needs none of
        # them.
        self.issue("manychain", "ec", self.names, SERVER, above="ca", copies=20)
        # More octets than check keeps: of the certificate itself, and before
        # the authority that signed it.
        many = ",".join("DNS:%s.example" % (("%03d" % i) * 20)
                        for i in range(200))
        self.issue("fat", "ec", self.names + "," + many, SERVER)
        self.issue("fatchain", "ec", self.names, SERVER, by="ca", above="fat")
        with open(self.path("fatchain.pem"), "ab") as f, \
                open(self.path("ca.pem"), "rb") as g:
            f.write(g.read())
        self.issue("wrongchain", "ec", wrong, SERVER, by="ca", above="ca")

    def path(self, name):
        return os.path.join(self.folder, name)

    def make_key(self, name, curve):
        run("openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out",
            self.path(name + ".key"))

    def make_rsa(self, name, bits):
        run("openssl", "genrsa", "-out", self.path(name + ".key"), str(bits))

    def issue(self, name, key, san, ext, days=(-1, 90), by="root",
              above=None, cn="check", copies=1):
        base = self.path(name)
        lines = list(ext)
        if san:
            lines.append("subjectAltName=" + san)
        with open(base + ".ext", "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        run("openssl", "req", "-new", "-key", self.path(key + ".key"),
            "-subj", "/CN=" + cn, "-out", base + ".csr")
        with open(base + ".db", "w", encoding="ascii"):
            pass
        with open(base + ".cnf", "w", encoding="ascii") as f:
            f.write("[ca]\ndefault_ca=c\n[c]\ndatabase=%s.db\n"
                    "new_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\n"
                    "policy=p\nunique_subject=no\n[p]\ncommonName=supplied\n"
                    % (base, self.folder))
        run("openssl", "ca", "-batch", "-notext", "-config", base + ".cnf",
            "-keyfile", self.path(by + ".key"), "-cert",
            self.path(by + ".pem"), "-in", base + ".csr", "-extfile",
            base + ".ext", "-out", base + ".pem", "-startdate",
            when(days[0]), "-enddate", when(days[1]))
        if above:
            with open(base + ".pem", "ab") as f, \
                    open(self.path(above + ".pem"), "rb") as g:
                f.write(g.read() * copies)

    def key_of(self, name):
        if name in ("weak",):
            return self.path("small.key")
        return self.path("rsa.key" if name.startswith("rsa") else "ec.key")

    def der(self, name):
        return run("openssl", "x509", "-in", self.path(name + ".pem"),
                   "-outform", "DER")

    def spki(self, key):
        return run("openssl", "pkey", "-in", self.path(key + ".key"),
                   "-pubout", "-outform", "DER")

    def tlsa(self, text):
        """"3 1 1 ec" with the name of the key replaced by the record's
        data."""
        u, s, m, what = text.split()
        if len(what) > 8:
            return text
        if s == "1":
            data = self.spki(what)
        else:
            data = self.der({"ec": "good", "rsa": "rsagood"}.get(what, what))
        digest = {"0": lambda d: d.hex(),
                  "1": lambda d: hashlib.sha256(d).hexdigest(),
                  "2": lambda d: hashlib.sha512(d).hexdigest()}
        return "%s %s %s %s" % (u, s, m, digest.get(m, digest["1"])(data))
