# SPDX-License-Identifier: MIT
"""Certificates of the lab, made anew each time by openssl."""

from base import read, run


class Authority:
    """A CA that issues certificates itself, and one below it, by openssl."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.pem = f"{folder}/{name}.pem"
        self.key = f"{folder}/{name}.key"
        make_key(self.key)
        run("openssl", "req", "-x509", "-new", "-key", self.key, "-days", "30",
            "-subj", f"/CN=lab {name}", "-out", self.pem,
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, key, san, ext, dates=None, cn="lab"):
        """Writes a certificate of `name` into folder/name.pem."""
        base = f"{self.folder}/{name}"
        lines = list(ext)
        if san:
            lines.append(f"subjectAltName={san}")
        with open(f"{base}.ext", "w") as f:
            f.write("\n".join(lines) + "\n")
        run("openssl", "req", "-new", "-key", key, "-subj", f"/CN={cn}",
            "-out", f"{base}.csr")
        open(f"{base}.db", "w").close()
        with open(f"{base}.cnf", "w") as f:
            f.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={base}.db\n"
                    f"new_certs_dir={self.folder}\nrand_serial=yes\n"
                    "default_md=sha256\npolicy=p\nunique_subject=no\n"
                    "default_days=20\n[p]\ncommonName=supplied\n")
        extra = ["-startdate", dates[0], "-enddate", dates[1]] if dates else []
        run("openssl", "ca", "-batch", "-notext", "-config", f"{base}.cnf",
            "-keyfile", self.key, "-cert", self.pem, "-in", f"{base}.csr",
            "-extfile", f"{base}.ext", "-out", f"{base}.pem", *extra)
        return f"{base}.pem"


LEAF = ["basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth"]
SUB = ["basicConstraints=critical,CA:TRUE,pathlen:0",
       "keyUsage=critical,keyCertSign"]


def make_key(path, rsa=False):
    if rsa:
        run("openssl", "genrsa", "-out", path, "2048")
    else:
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
            "-out", path)


class Certificates:
    def __init__(self, folder):
        self.folder = folder
        self.root = Authority(folder, "root")
        self.stranger = Authority(folder, "stranger")
        self.key = f"{folder}/leaf.key"
        self.rsa_key = f"{folder}/rsa.key"
        make_key(self.key)
        make_key(self.rsa_key, rsa=True)
        self.sub = Authority(folder, "sub")
        self.sub.pem = self.root.issue("sub", self.sub.key, None, SUB,
                                       cn="lab sub")

    def signed_by_itself(self, host):
        pem = f"{self.folder}/self-{host}.pem"
        run("openssl", "req", "-x509", "-new", "-key", self.key, "-days", "20",
            "-subj", f"/CN={host}", "-out", pem,
            "-addext", f"subjectAltName=DNS:{host}")
        return pem

    def below(self):
        """An authority two below the root, and the one between them."""
        over = Authority(self.folder, "over")
        over.pem = self.root.issue(
            "over", over.key, None,
            ["basicConstraints=critical,CA:TRUE", SUB[1]], cn="lab over")
        under = Authority(self.folder, "under")
        under.pem = over.issue("under", under.key, None, SUB, cn="lab under")
        return under, over

    def of(self, host, kind):
        """(certificate chain, key) for a host, of one of these kinds."""
        san, key, by, dates, cn, ext = f"DNS:{host}", self.key, self.root, \
            None, "lab", LEAF
        if kind == "expired":
            dates = ("20200101000000Z", "20210101000000Z")
        elif kind == "notyet":
            dates = ("20400101000000Z", "20410101000000Z")
        elif kind == "client":
            ext = LEAF[:2] + ["extendedKeyUsage=clientAuth"]
        elif kind == "wrong":
            san = "DNS:www.example.com"
        elif kind == "cn":
            san, cn = None, host
        elif kind == "wildcard":
            san = "DNS:*." + host.split(".", 1)[1]
        elif kind == "untrusted":
            by = self.stranger
        elif kind == "self":
            return self.signed_by_itself(host), key
        elif kind == "rsa":
            key = self.rsa_key
        elif kind in ("chain", "mixed"):
            by = self.sub
        elif kind == "deep":
            by, over = self.below()
        elif kind != "good":
            raise SystemExit(f"{host}: a certificate that is {kind}?")
        pem = by.issue(f"{kind}-{host}", key, san, ext, dates, cn)
        above = {"chain": [self.sub], "mixed": [self.root, self.sub],
                 "deep": [by, over] if kind == "deep" else []}
        with open(pem, "a", encoding="ascii") as f:
            f.writelines(read(a.pem) for a in above.get(kind, []))
        return pem, key
