#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes all chains of tests/x509 anew: python3 make.py
or those of functions with their own anchors: python3 make.py edges

Needs openssl(1), for keys and signatures. Certificates are built here, octet
by octet, so that every kind of fault can be made. Keys are new each time: the
result is committed, and `make test` runs none of this. A case can also be
written by hand: see README.md.
"""
import base64
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TMP = tempfile.mkdtemp()
HOST = "mta-sts.example.com"
NOW = "20260601000000Z"


def run(*args, data=None):
    return subprocess.run(args, input=data, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


# --- DER ---------------------------------------------------------------

def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        head = bytes([n])
    else:
        octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + head + body


def seq(*parts):
    return tlv(0x30, *parts)


def oid(dotted):
    arcs = [int(a) for a in dotted.split(".")]
    out = [arcs[0] * 40 + arcs[1]]
    for a in arcs[2:]:
        chunk = [a & 0x7F]
        a >>= 7
        while a:
            chunk.insert(0, 0x80 | (a & 0x7F))
            a >>= 7
        out += chunk
    return tlv(6, bytes(out))


def integer(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def bits(data, unused=0):
    return tlv(3, bytes([unused]), data)


def octets(data):
    return tlv(4, data)


def boolean(v):
    return tlv(1, b"\xff" if v else b"\x00")


NULL = b"\x05\x00"


# --- keys --------------------------------------------------------------

class Key:
    """A key pair: file name of the private key, SubjectPublicKeyInfo."""
    made = {}

    def __init__(self, kind, label):
        self.kind = kind
        self.path = os.path.join(TMP, "%s-%s.pem" % (kind, label))
        if kind.startswith("rsa"):
            size = kind[3:]
            args = ["genpkey", "-algorithm", "RSA", "-pkeyopt",
                    "rsa_keygen_bits:" + size]
        elif kind == "pss":
            args = ["genpkey", "-algorithm", "RSA-PSS", "-pkeyopt",
                    "rsa_keygen_bits:2048"]
        elif kind == "ed25519":
            args = ["genpkey", "-algorithm", "ED25519"]
        else:
            curve, enc = kind, "named_curve"
            if kind.startswith("explicit-"):
                curve, enc = kind[9:], "explicit"
            args = ["genpkey", "-algorithm", "EC", "-pkeyopt",
                    "ec_paramgen_curve:" + curve, "-pkeyopt", "ec_param_enc:" + enc]
        run("openssl", *args, "-out", self.path)
        self.spki = run("openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER")


def key(kind="P-256", label="x"):
    if (kind, label) not in Key.made:
        Key.made[kind, label] = Key(kind, label)
    return Key.made[kind, label]


PKCS1 = "1.2.840.113549.1.1."
ECDSA = "1.2.840.10045.4."
# algorithm: AlgorithmIdentifier, digest
ALGS = {
    "rsa-md5": (seq(oid(PKCS1 + "4"), NULL), "md5"),
    "rsa-sha1": (seq(oid(PKCS1 + "5"), NULL), "sha1"),
    "rsa-sha224": (seq(oid(PKCS1 + "14"), NULL), "sha224"),
    "rsa-sha256": (seq(oid(PKCS1 + "11"), NULL), "sha256"),
    "rsa-sha384": (seq(oid(PKCS1 + "12"), NULL), "sha384"),
    "rsa-sha512": (seq(oid(PKCS1 + "13"), NULL), "sha512"),
    "rsa-sha256-bare": (seq(oid(PKCS1 + "11")), "sha256"),
    "ecdsa-sha1": (seq(oid(ECDSA + "1")), "sha1"),
    "ecdsa-sha224": (seq(oid(ECDSA + "3.1")), "sha224"),
    "ecdsa-sha256": (seq(oid(ECDSA + "3.2")), "sha256"),
    "ecdsa-sha384": (seq(oid(ECDSA + "3.3")), "sha384"),
    "ecdsa-sha512": (seq(oid(ECDSA + "3.4")), "sha512"),
    "ed25519": (seq(oid("1.3.101.112")), None),
}
SHA256_ID = seq(oid("2.16.840.1.101.3.4.2.1"), NULL)
ALGS["pss"] = (seq(oid(PKCS1 + "10"), seq(
    tlv(0xA0, SHA256_ID), tlv(0xA1, seq(oid(PKCS1 + "8"), SHA256_ID)),
    tlv(0xA2, integer(32)))), "sha256")


def sign(k, alg, tbs):
    digest = ALGS[alg][1]
    if digest is None:
        path = os.path.join(TMP, "tbs")
        with open(path, "wb") as f:
            f.write(tbs)
        return run("openssl", "pkeyutl", "-sign", "-inkey", k.path, "-rawin", "-in", path)
    args = ["dgst", "-" + digest, "-sign", k.path]
    if alg == "pss":
        args += ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]
    return run("openssl", *args, data=tbs)


# --- certificates ------------------------------------------------------

def name(text):
    """"C=DE/O=Example/CN=x" as a Name; "" is the empty one."""
    types = {"C": "2.5.4.6", "O": "2.5.4.10", "OU": "2.5.4.11", "CN": "2.5.4.3",
             "E": "1.2.840.113549.1.9.1"}
    rdns = []
    for part in filter(None, text.split("/")):
        t, v = part.split("=", 1)
        tag = 0x16 if t == "E" else 0x0C
        rdns.append(tlv(0x31, seq(oid(types[t]), tlv(tag, v.encode()))))
    return seq(*rdns)


def time(text):
    """YYYYMMDDhhmmssZ, encoded as RFC 5280 4.1.2.5 requires."""
    if text < "2050":
        return tlv(0x17, text[2:].encode())
    return tlv(0x18, text.encode())


def ext(dotted, value, critical=False, explicit_false=False):
    crit = boolean(True) if critical else boolean(False) if explicit_false else b""
    return seq(oid(dotted), crit, octets(value))


def gn(form, value):
    if form == 2 or form == 1 or form == 6 or form == 7:
        return tlv(0x80 | form, value if isinstance(value, bytes) else value.encode())
    return tlv(0xA0 | form, value)


def san(*names, critical=False, other=()):
    return ext("2.5.29.17", seq(*[gn(2, n) for n in names], *other), critical)


def bc(ca=True, path_len=None, critical=True):
    return ext("2.5.29.19", seq(boolean(True) if ca else b"",
                                integer(path_len) if path_len is not None else b""), critical)


KU_BITS = {"digitalSignature": 0, "keyEncipherment": 2, "keyAgreement": 4,
           "keyCertSign": 5, "cRLSign": 6}


def ku(*usages):
    v = 0
    for u in usages:
        v |= 0x80 >> KU_BITS[u]
    unused = 0
    while unused < 7 and not v >> unused & 1:
        unused += 1
    return ext("2.5.29.15", bits(bytes([v]), unused), True)


EKU = {"serverAuth": "1.3.6.1.5.5.7.3.1", "clientAuth": "1.3.6.1.5.5.7.3.2",
       "emailProtection": "1.3.6.1.5.5.7.3.4", "any": "2.5.29.37.0"}


def eku(*purposes, critical=False):
    return ext("2.5.29.37", seq(*[oid(EKU[p]) for p in purposes]), critical)


def nc(permitted=(), excluded=(), critical=True, tail=b""):
    trees = [tlv(0xA0 + i, *[seq(b, tail) for b in t])
             for i, t in enumerate((permitted, excluded)) if t]
    return ext("2.5.29.30", seq(*trees), critical)


def dirname(text):
    return gn(4, name(text))


def unknown(critical, arc=1):
    return ext("1.3.6.1.4.1.99999.%d" % arc, octets(b"x"), critical)


SERIAL = [0x1000]


class Cert:
    pass


def cert(subject, k, issuer=None, ik=None, exts=(), alg=None, outer_alg=None, nb="20260101000000Z",
         na="20270101000000Z", version=3, serial=None, spki=None, mangle=None, times=None,
         break_sig=False, sig=None, mangle_sig=None, tail=b""):
    """A certificate for `subject` with key k, signed by ik as `issuer`."""
    issuer = subject if issuer is None else issuer
    ik = ik or k
    if alg is None:
        alg = "rsa-sha256" if ik.kind.startswith("rsa") else "ecdsa-sha256"
    if serial is None:
        SERIAL[0] += 1
        serial = SERIAL[0]
    parts = [tlv(0xA0, integer(version - 1)) if version > 1 else b"", integer(serial),
             ALGS[alg][0], name(issuer), seq(times or time(nb) + time(na)), name(subject),
             spki or k.spki]
    if exts:
        parts.append(tlv(0xA3, seq(*exts)))
    tbs = seq(*parts)
    if mangle:
        tbs = mangle(tbs)
    if sig is None:
        sig = sign(ik, alg, tbs)
    if mangle_sig:
        sig = mangle_sig(sig)
    if break_sig:
        sig = sig[:-1] + bytes([sig[-1] ^ 1])
    c = Cert()
    c.subject, c.key = subject, k
    c.der = seq(tbs, ALGS[outer_alg or alg][0], bits(sig)) + tail
    return c


CA_EXTS = (bc(), ku("keyCertSign", "cRLSign"))
LEAF_EXTS = (ku("digitalSignature"), eku("serverAuth"))


def root(subject="O=Test/CN=Root", k=None, exts=CA_EXTS, **kw):
    kw.setdefault("na", "20360101000000Z")
    return cert(subject, k or key(label="root"), exts=exts, **kw)


def sub(issuer, subject="O=Test/CN=Intermediate", k=None, exts=CA_EXTS, **kw):
    return cert(subject, k or key(label="int"), issuer.subject, issuer.key, exts=exts, **kw)


def leaf(issuer, k=None, names=(HOST,), subject="CN=leaf", exts=LEAF_EXTS, **kw):
    sans = (san(*names),) if names else ()
    return cert(subject, k or key(label="leaf"), issuer.subject, issuer.key,
                exts=tuple(exts) + sans, **kw)


# --- cases -------------------------------------------------------------

CASES = []
ANCHORS = {}


def pem(der):
    b = base64.b64encode(der).decode()
    lines = [b[i:i + 64] for i in range(0, len(b), 64)]
    return "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % "\n".join(lines)


def case(case_name, intent, made, chain, want="ok", anchors="root", host=HOST, date=NOW, both=None):
    CASES.append((case_name, intent, made, chain, want, anchors, host, date, both))


def anchors(file_name, *certs):
    ANCHORS[file_name] = certs


R = root()
RR = root("O=Test/CN=RSA Root", key("rsa2048", "root"))
anchors("root", R, RR)
I = sub(R)
RI = sub(RR, "O=Test/CN=RSA Intermediate", key("rsa2048", "int"))
L = leaf(I)
UNRELATED = sub(root("O=Other/CN=Other Root", key(label="other")), "O=Other/CN=Other")


def accepted():
    case("good-ec", "the usual chain", "P-256 all through", [L, I])
    case("good-rsa-2048", "the usual chain", "RSA-2048 all through",
         [leaf(RI, key("rsa2048", "leaf")), RI])
    case("rsa-leaf-ec-ca", "kinds of key may mix", "RSA leaf under a P-256 CA",
         [leaf(I, key("rsa2048", "leaf")), I])
    case("leaf-under-root", "no intermediate is needed", "", [leaf(R)])
    case("root-sent", "the root may be sent too", "", [L, I, R])
    case("not-after-9999", "RFC 5280 4.1.2.5: no expiry", "GeneralizedTime of the last second",
         [leaf(I, na="99991231235959Z"), I])
    case("not-after-now", "the last second counts", "notAfter is the date",
         [leaf(I, na=NOW), I])
    case("not-before-now", "the first second counts", "notBefore is the date",
         [leaf(I, nb=NOW), I])
    case("wildcard", "R21 the first label may be *", "", [leaf(I, names=["*.example.com"]), I])
    case("wildcard-upper", "R21 case does not count", "", [leaf(I, names=["*.EXAMPLE.com"]), I])
    case("san-upper", "R21 case does not count", "", [leaf(I, names=["MTA-STS.Example.COM"]), I])
    case("san-second", "any dNSName will do", "", [leaf(I, names=["a.example", HOST]), I])
    case("san-among-forms", "names of other forms are passed over", "e-mail, URI, IP, directory name first",
         [leaf(I, names=(), exts=LEAF_EXTS + (san(other=(
             gn(1, "a@example.com"), gn(6, "https://example.com/"), gn(7, b"\xc0\x00\x02\x01"),
             dirname("O=x"), gn(2, HOST))),)), I])
    case("empty-subject", "RFC 5280 4.1.2.6", "empty subject, critical SAN",
         [leaf(I, subject="", names=(), exts=LEAF_EXTS + (san(HOST, critical=True),)), I])
    case("san-121", "large certificates fit", "121 names, 5 KB",
         [leaf(I, names=["n%03d.a-rather-long-name.example.com" % i for i in range(120)] + [HOST]), I])
    case("san-601", "very large certificates fit", "601 names, 23 KB",
         [leaf(I, names=["n%03d.a-rather-long-name.example.com" % i for i in range(600)] + [HOST]), I])
    case("san-long-name", "a name longer than any host's is passed over", "a dNSName of 1200 octets first",
         [leaf(I, names=["a" * 1200, HOST]), I])
    i2 = sub(I, "O=Test/CN=Second", key(label="int2"))
    l2 = leaf(i2)
    case("two-intermediates", "a longer chain", "", [l2, i2, I])
    case("two-intermediates-swapped", "order does not count (OpenSSL takes it)", "", [l2, I, i2])
    case("leaf-root-intermediate", "order does not count", "", [L, R, I])
    case("stranger-last", "an unrelated certificate is passed over", "", [L, I, UNRELATED])
    case("stranger-middle", "an unrelated certificate is passed over", "", [L, UNRELATED, I])
    case("leaf-twice", "duplicates are passed over", "", [L, L, I])
    case("intermediate-14-times", "duplicates take no room", "", [L] + [I] * 14)
    other = root("O=Test/CN=Old Root", key(label="old"))
    anchors("old-root", other)
    cross = cert(R.subject, R.key, other.subject, other.key, exts=CA_EXTS)
    case("cross-signed-old", "the path ends at either root", "only the old root is trusted",
         [L, I, cross], anchors="old-root")
    case("cross-signed-new", "the path ends at either root", "only the new root is trusted", [L, I, cross])
    case("cross-signed-expired", "another issuer is tried when one has expired",
         "the first intermediate of that name has expired",
         [L, sub(R, nb="20200101000000Z", na="20210101000000Z"), I])
    case("same-name-other-keys", "all issuers of a name are tried",
         "two intermediates of the same name with other keys first",
         [L, sub(R, k=key(label="a")), sub(R, k=key(label="b")), I])
    gone = root("O=Test/CN=Gone Root", key(label="gone"), nb="20200101000000Z", na="20210101000000Z")
    anchors("gone-and-root", gone, R)
    case("cross-signed-gone", "an expired anchor is no obstacle", "the intermediate is signed by an expired anchor and a good one",
         [L, sub(gone, "O=Test/CN=Intermediate", key(label="int")), I], anchors="gone-and-root")
    dead = sub(other, "O=Test/CN=Intermediate", key(label="int"))
    case("backtrack", "a path that leads nowhere is given up for another",
         "an intermediate with the right key but under an unknown root first", [L, dead, I])
    i0 = sub(R, exts=(bc(path_len=0), CA_EXTS[1]))
    case("path-length-0", "kept", "intermediate with pathLenConstraint 0", [leaf(i0), i0])
    self_issued = cert(i0.subject, key(label="roll"), i0.subject, i0.key, exts=CA_EXTS)
    case("path-length-self-issued", "RFC 5280 4.2.1.9: self-issued ones do not count",
         "pathLenConstraint 0, then a self-issued one (key roll-over)", [leaf(self_issued), self_issued, i0])
    case("ku-eku-none", "both may be missing", "", [leaf(I, exts=()), I])
    case("eku-critical", "extKeyUsage is understood", "serverAuth, critical",
         [leaf(I, exts=(eku("serverAuth", critical=True),)), I])
    case("eku-two", "one purpose of several", "", [leaf(I, exts=(eku("clientAuth", "serverAuth"),)), I])
    i = sub(R, exts=CA_EXTS + (eku("any"),))
    case("eku-any-issuer", "issuers may allow any purpose", "", [leaf(i), i])
    i = sub(R, exts=CA_EXTS + (eku("serverAuth", "clientAuth"),))
    case("eku-server-issuer", "purposes of issuers are looked at", "", [leaf(i), i])
    policies = ext("2.5.29.32", seq(seq(oid("2.5.29.32.0"))), True)
    case("policies-critical", "certificatePolicies is understood", "", [leaf(I, exts=LEAF_EXTS + (policies,)), I])
    i = sub(R, exts=CA_EXTS + (ext("2.5.29.54", integer(0), True),))
    case("inhibit-any-policy-critical", "harmless without policyConstraints", "", [leaf(i), i])
    case("unknown-non-critical", "unknown extensions are passed over", "", [leaf(I, exts=LEAF_EXTS + (unknown(False),)), I])
    case("must-staple", "RFC 7633, logged", "",
         [leaf(I, exts=LEAF_EXTS + (ext("1.3.6.1.5.5.7.1.24", seq(integer(5))),)), I])
    case("critical-false", "DEFAULT written out is taken", "critical FALSE and cA FALSE in full",
         [leaf(I, exts=LEAF_EXTS + (ext("2.5.29.19", seq(boolean(False)), explicit_false=True),)), I])
    case("leaf-is-ca", "judged by its usages like any leaf", "CA:TRUE with digitalSignature",
         [leaf(I, exts=(bc(), ku("digitalSignature", "keyCertSign"))), I])
    for size in ("3072", "4096"):
        k = key("rsa" + size, "x")
        case("rsa-%s-leaf" % size, "supported key", "", [leaf(I, k), I])
        i = sub(R, "O=Test/CN=RSA " + size, k)
        case("rsa-%s-intermediate" % size, "supported key", "", [leaf(i), i])
    case("intermediate-14-times-large", "duplicates take no room", "RSA-4096", [leaf(i)] + [i] * 14)
    for curve in ("P-384", "P-521"):
        k = key(curve, "x")
        case(curve.lower() + "-leaf", "supported key", "", [leaf(I, k), I])
        i = sub(R, "O=Test/CN=" + curve, k)
        case(curve.lower() + "-intermediate", "supported key", "", [leaf(i), i])
    for h in ("sha384", "sha512"):
        case("ecdsa-" + h, "supported hash", "", [leaf(I, alg="ecdsa-" + h), I])
        case("rsa-" + h, "supported hash", "", [leaf(RI, alg="rsa-" + h), RI])
    chain, top = [], R
    for n in range(12):
        top = sub(top, "O=Test/CN=Chain %d" % n, key(label="chain%d" % n))
        chain.insert(0, top)
    case("chain-12", "as many intermediates as the limit", "", [leaf(top)] + chain)
    case("serial-40", "long serial numbers are common enough", "serial number of 40 octets",
         [leaf(I, serial=0x7F << 312), I])
    own = cert("CN=appliance", key(label="own"), exts=(san(HOST),))
    anchors("self-signed", own)
    case("leaf-is-anchor", "a certificate that is trusted itself", "self-signed, no CA", [own], anchors="self-signed")
    ownca = cert("CN=appliance CA", key(label="own"), exts=(bc(), san(HOST)))
    anchors("self-signed-ca", ownca)
    case("leaf-is-ca-anchor", "a CA certificate that is trusted itself", "self-signed, CA:TRUE", [ownca],
         anchors="self-signed-ca")
    anchors("intermediate", I)
    case("anchor-is-intermediate", "an anchor need not sign itself", "the intermediate is trusted", [L], anchors="intermediate")
    v1 = root("O=Test/CN=V1 Root", key(label="v1"), exts=(), version=1)
    anchors("v1", v1)
    case("anchor-v1", "old roots have no extensions", "version 1 root", [leaf(v1)], anchors="v1")
    sha1 = root("O=Test/CN=SHA-1 Root", key("rsa2048", "sha1"), alg="rsa-sha1")
    anchors("sha1", sha1)
    case("anchor-sha1", "an anchor's own signature does not count", "root signed with SHA-1, sent too",
         [leaf(sha1), sha1], anchors="sha1")
    case("stranger-unsupported", "what is not on the path may be anything", "an Ed25519 root last",
         [L, I, root("CN=Ed", key("ed25519"), alg="ed25519")])
    faulty = root("CN=Bad", key("rsa1024"), alg="rsa-sha1", exts=(unknown(True),), na="20200101000000Z")
    case("stranger-faulty", "what is not on the path may be anything",
         "an expired SHA-1 RSA-1024 certificate with an unknown critical extension last", [L, I, faulty])
    anchors("unusable", faulty)


def constrained():
    def under(constraints, **kw):
        i = sub(R, exts=CA_EXTS + (constraints,))
        return [leaf(i, **kw), i]
    dns = gn(2, "example.com")
    case("nc-satisfied", "name constraints are understood", "permitted example.com, critical", under(nc([dns])))
    case("nc-satisfied-equal", "the base itself is within", "permitted mta-sts.example.com", under(nc([gn(2, HOST)])))
    case("nc-satisfied-dot", "bases with a dot are common", "permitted .example.com", under(nc([gn(2, ".example.com")])))
    case("nc-satisfied-second", "one permitted tree of several is enough", "", under(nc([gn(2, "example.org"), dns])))
    case("nc-satisfied-all", "the empty base holds all names", "", under(nc([gn(2, "")])))
    case("nc-excluded-other", "exclusion of others", "excluded example.org", under(nc((), [gn(2, "example.org")])))
    case("nc-violated", "RFC 5280 4.2.1.10", "permitted example.org, critical", under(nc([gn(2, "example.org")])), "x509-constraint")
    case("nc-violated-non-critical", "constraints count when not critical too", "", under(nc([gn(2, "example.org")], critical=False)), "x509-constraint")
    case("nc-violated-label", "labels are whole", "permitted s.example.com", under(nc([gn(2, "s.example.com")])), "x509-constraint")
    case("nc-violated-dot", "a dot wants one label more", "permitted .mta-sts.example.com", under(nc([gn(2, "." + HOST)])), "x509-constraint")
    case("nc-excluded", "exclusion wins", "permitted and excluded example.com", under(nc([dns], [dns])), "x509-constraint")
    case("nc-excluded-wildcard", "the name relied on counts, not the pattern", "excluded mta-sts.example.com, leaf has *.example.com",
         under(nc((), [gn(2, HOST)]), names=["*.example.com"]), "x509-constraint")
    ip = [gn(7, b"\0" * 8), gn(7, b"\0" * 32)]
    usual = nc([dns, dirname("C=DE/O=Example")], ip)
    case("nc-sub-ca", "the usual form of a constrained CA", "dNSName and directoryName permitted, all addresses excluded",
         under(usual, subject="C=DE/O=Example/CN=x"))
    case("nc-sub-ca-subject", "subjects are constrained", "another organisation", under(usual, subject="C=DE/O=Other/CN=x"), "x509-constraint")
    case("nc-sub-ca-no-subject", "an empty subject is no name", "", under(usual, subject=""))
    case("nc-sub-ca-ip", "a constrained form occurs", "iPAddress in the SAN",
         under(usual, subject="C=DE/O=Example/CN=x", names=(), exts=LEAF_EXTS + (san(HOST, other=(gn(7, b"\xc0\0\2\1"),)),)), "x509-constraint")
    case("nc-dir-excluded", "excluded subjects", "", under(nc((), [dirname("C=DE")]), subject="C=DE/CN=x"), "x509-constraint")
    case("nc-dir-excluded-other", "excluded subjects", "", under(nc((), [dirname("C=FR")]), subject="C=DE/CN=x"))
    case("nc-dir-empty", "the empty base holds all names", "permitted the empty name", under(nc([dirname("")]), subject="C=DE/CN=x"))
    case("nc-dir-deep", "more RDNs than are kept", "excluded subject of ten RDNs, subject of nine",
         under(nc((), [dirname("/".join("OU=%d" % n for n in range(10)))]),
               subject="/".join("OU=%d" % n for n in range(9))), "x509-constraint")
    case("nc-dir-deep-permitted", "more RDNs than are kept", "permitted the first two of nine",
         under(nc([dirname("OU=0/OU=1")]), subject="/".join("OU=%d" % n for n in range(9))))
    case("nc-email-subject", "an address in the subject is a name", "permitted e-mail example.org",
         under(nc([gn(1, "example.org")]), subject="CN=x/E=a@example.com"), "x509-constraint")
    case("nc-email-absent", "a form that does not occur", "permitted e-mail example.org", under(nc([gn(1, "example.org")])))
    case("nc-minimum", "RFC 5280 4.2.1.10: distances are not used", "minimum 1", under(nc([dns], tail=tlv(0x80, b"\1"))), "x509-constraint")
    case("nc-long", "no name is that long", "permitted dNSName of 300 octets", under(nc([gn(2, "a" * 300)])), "x509-over-limit")
    i = sub(R, exts=CA_EXTS + (nc([dirname("O=Elsewhere")]),))
    i2 = sub(i, "O=Test/CN=Below", key(label="below"))
    case("nc-intermediate-subject", "subjects of intermediates are constrained", "",
         [leaf(i2, subject=""), i2, i], "x509-constraint")
    si = cert(i.subject, key(label="roll"), i.subject, i.key, exts=CA_EXTS)
    case("nc-self-issued", "self-issued intermediates are exempt", "", [leaf(si, subject=""), si, i])
    rn = root("O=Test/CN=Constrained Root", key(label="ncroot"), exts=CA_EXTS + (nc([gn(2, "example.org")]),))
    rs = root("O=Test/CN=Constrained Root 2", key(label="ncroot2"), exts=CA_EXTS + (nc([dns]),))
    anchors("constrained", rn, rs)
    case("nc-anchor-violated", "constraints of the anchor count", "", [leaf(rn)], "x509-constraint", "constrained")
    case("nc-anchor-satisfied", "constraints of the anchor count", "", [leaf(rs)], anchors="constrained")


def refused():
    old = dict(nb="20200101000000Z", na="20210101000000Z")
    new = dict(nb="20270101000000Z", na="20280101000000Z")
    case("expired-leaf", "R19", "", [leaf(I, **old), I], "x509-expired")
    case("expired-by-a-second", "R19", "", [leaf(I, na="20260531235959Z"), I], "x509-expired")
    case("not-yet-leaf", "R19", "", [leaf(I, **new), I], "x509-not-yet-valid")
    i = sub(R, **old)
    case("expired-intermediate", "R19", "", [leaf(i), i], "x509-expired")
    i = sub(R, **new)
    case("not-yet-intermediate", "R19", "", [leaf(i), i], "x509-not-yet-valid")
    ro = root("O=Test/CN=Expired Root", key(label="expired"), **old)
    anchors("expired", ro)
    case("expired-anchor", "as OpenSSL does", "", [leaf(ro)], "x509-expired", "expired")
    case("wrong-host", "R20", "", [leaf(I, names=["mta-sts.example.org"]), I], "x509-name-mismatch")
    case("cn-matches", "R20 the common name never counts", "SAN differs", [leaf(I, subject="CN=" + HOST, names=["a.example"]), I], "x509-name-mismatch")
    case("no-san", "R20 the common name never counts", "CN is the host", [leaf(I, subject="CN=" + HOST, names=()), I], "x509-no-dns-id")
    case("no-san-wildcard", "R20 the common name never counts", "CN is *.example.com", [leaf(I, subject="CN=*.example.com", names=()), I], "x509-no-dns-id")
    case("san-ip-only", "R21 an address is no name", "CN is the host",
         [leaf(I, subject="CN=" + HOST, names=(), exts=LEAF_EXTS + (san(other=(gn(7, b"\xc0\0\2\1"),)),)), I], "x509-no-dns-id")
    case("san-email-only", "R20", "CN is the host",
         [leaf(I, subject="CN=" + HOST, names=(), exts=LEAF_EXTS + (san(other=(gn(1, HOST),)),)), I], "x509-no-dns-id")
    wild = [leaf(I, names=["*.example.com"]), I]
    case("wildcard-two-labels", "R21 one label", "for a.mta-sts.example.com", wild, "x509-name-mismatch", host="a." + HOST)
    case("wildcard-no-label", "R21 one label", "for example.com", wild, "x509-name-mismatch", host="example.com")
    case("wildcard-partial", "R21 a whole label", "mta*.example.com", [leaf(I, names=["mta*.example.com"]), I], "x509-name-mismatch")
    case("wildcard-inner", "R21 the first label", "mta-sts.*.com", [leaf(I, names=["mta-sts.*.com"]), I], "x509-name-mismatch")
    case("wildcard-tld", "nobody owns *.com", "for example.com", [leaf(I, names=["*.com"]), I], "x509-name-mismatch", host="example.com")
    case("wildcard-alone", "R21", "*", [leaf(I, names=["*"]), I], "x509-name-mismatch", host="localhost")
    case("san-nul", "no C strings", "the host, NUL, .evil.example", [leaf(I, names=(HOST + "\0.evil.example",)), I], "x509-name-mismatch")
    case("san-nul-last", "no C strings", "the host and a NUL", [leaf(I, names=(HOST + "\0",)), I], "x509-name-mismatch")
    case("san-dot", "not a host name", "the host with a dot at its end", [leaf(I, names=(HOST + ".",)), I], "x509-name-mismatch")
    case("san-ip-text", "an address is no name", "192.0.2.1 as iPAddress and dNSName",
         [leaf(I, names=(), exts=LEAF_EXTS + (san("192.0.2.1", other=(gn(7, b"\xc0\0\2\1"),)),)), I], "x509-name-mismatch")
    case("self-signed", "nobody vouches for it", "", [cert("CN=leaf", key(label="leaf"), exts=LEAF_EXTS + (san(HOST),))], "x509-unknown-issuer")
    case("missing-intermediate", "no path", "", [L], "x509-unknown-issuer")
    ur = root("O=Untrusted/CN=Root", key(label="untrusted"))
    case("untrusted-root", "no path", "the root is sent", [leaf(ur), ur], "x509-unknown-issuer")
    fr = root(k=key(label="fake"))
    case("fake-root", "a name proves nothing", "another key under the root's name", [leaf(fr), fr], "x509-bad-signature")
    case("broken-signature", "one bit is enough", "last bit of the leaf's signature", [leaf(I, break_sig=True), I], "x509-bad-signature")
    case("reason-of-best", "a wrong signature says least: it may be just another key of the name",
         "another key of the name first, then the right one, expired",
         [L, sub(R, k=key(label="a")), sub(R, **old)], "x509-expired")
    bi = sub(R, break_sig=True)
    case("broken-signature-intermediate", "one bit is enough", "", [leaf(bi), bi], "x509-bad-signature")
    own = Cert()
    own.subject, own.key = "CN=appliance", key(label="own")
    case("leaf-has-anchors-key", "a trusted leaf vouches for no other certificate of its key",
         "other names under the key and subject of a trusted leaf", [cert(own.subject, own.key, exts=(san(HOST, "x.example"),))],
         "x509-not-a-ca", "self-signed")
    for n, exts, why in (("ca-false", (bc(False), CA_EXTS[1]), "x509-not-a-ca"), ("no-basic-constraints", (CA_EXTS[1],), "x509-not-a-ca"),
                         ("no-key-cert-sign", (bc(), ku("digitalSignature")), "x509-wrong-usage")):
        i = sub(R, exts=exts)
        case("issuer-" + n, "not every certificate may sign others", "", [leaf(i), i], why)
    i = cert("O=Test/CN=Intermediate", key(label="int"), R.subject, R.key, version=1)
    case("issuer-v1", "without extensions it is no CA", "version 1 intermediate", [leaf(i), i], "x509-not-a-ca")
    case("leaf-as-issuer", "a server certificate may not sign", "",
         [leaf(L, subject="CN=forged"), L, I], "x509-not-a-ca")
    i0 = sub(R, exts=(bc(path_len=0), CA_EXTS[1]))
    i1 = sub(i0, "O=Test/CN=Second", key(label="int2"))
    case("path-length-violated", "RFC 5280 4.2.1.9", "pathLenConstraint 0, two intermediates", [leaf(i1), i1, i0], "x509-path-length")
    r0 = root("O=Test/CN=Short Root", key(label="short"), exts=(bc(path_len=0), CA_EXTS[1]))
    anchors("path-length", r0)
    i = sub(r0)
    case("path-length-anchor", "the anchor's limit counts", "", [leaf(i), i], "x509-path-length", "path-length")
    case("path-length-anchor-kept", "the anchor's limit counts", "", [leaf(r0)], anchors="path-length")
    case("eku-client", "R20", "clientAuth only", [leaf(I, exts=(eku("clientAuth"),)), I], "x509-wrong-usage")
    case("eku-any-leaf", "as OpenSSL does", "anyExtendedKeyUsage only", [leaf(I, exts=(eku("any"),)), I], "x509-wrong-usage")
    i = sub(R, exts=CA_EXTS + (eku("emailProtection"),))
    case("eku-email-issuer", "purposes of issuers are looked at", "", [leaf(i), i], "x509-wrong-usage")
    re = root("O=Test/CN=Mail Root", key(label="mail"), exts=CA_EXTS + (eku("emailProtection"),))
    anchors("mail", re)
    case("eku-email-anchor", "purposes of anchors are looked at", "", [leaf(re)], "x509-wrong-usage", "mail")
    for u in ("keyAgreement", "cRLSign"):
        case("ku-" + u.lower(), "ECDHE is signed", "EC leaf", [leaf(I, exts=(ku(u),)), I], "x509-wrong-usage")
    case("ku-keyencipherment", "ECDHE is signed", "RSA leaf", [leaf(I, key("rsa2048", "leaf"), exts=(ku("keyEncipherment"),)), I], "x509-wrong-usage")
    case("ku-leaf-ca", "a CA is judged like any leaf", "keyCertSign only", [leaf(I, exts=CA_EXTS), I], "x509-wrong-usage")
    pc = ext("2.5.29.36", seq(tlv(0x80, b"\0")), True)
    case("policy-constraints-critical", "policies are not processed", "", [leaf(I, exts=LEAF_EXTS + (pc,)), I], "x509-critical")
    case("unknown-critical", "RFC 5280 4.2", "", [leaf(I, exts=LEAF_EXTS + (unknown(True),)), I], "x509-critical")
    i = sub(R, exts=CA_EXTS + (unknown(True),))
    case("unknown-critical-intermediate", "RFC 5280 4.2", "", [leaf(i), i], "x509-critical")
    case("precertificate", "RFC 6962 3.1: a poisoned certificate is none", "",
         [leaf(I, exts=LEAF_EXTS + (ext("1.3.6.1.4.1.11129.2.4.3", NULL, True),)), I], "x509-critical")
    for size in ("1016", "1024", "2040"):
        case("rsa-" + size, "weak key", "", [leaf(I, key("rsa" + size)), I], "x509-weak-key")
    i = sub(R, "O=Test/CN=Weak", key("rsa1024"))
    case("rsa-1024-intermediate", "weak key", "", [leaf(i), i], "x509-weak-key")
    for size in ("4104", "8192"):
        case("rsa-" + size, "over the limit", "", [leaf(I, key("rsa" + size)), I], "x509-over-limit")
    n = (1 << 2047) + 0x123456789ABCDEF
    for e, why in ((1, "x509-weak-key"), (2, "x509-weak-key"), (65536, "x509-weak-key"), (1 << 32 | 1, "x509-over-limit")):
        spki = seq(seq(oid(PKCS1 + "1"), NULL), bits(seq(integer(n), integer(e))))
        case("rsa-exponent-%d" % e, "exponents that prove nothing, or cost too much", "", [leaf(I, spki=spki), I], why)
    for n, k in (("secp256k1", key("secp256k1")), ("ed25519", key("ed25519")), ("rsa-pss", key("pss")), ("explicit-curve", key("explicit-P-256"))):
        case("key-" + n, "unsupported key", "", [leaf(I, k), I], "x509-algorithm")
    case("key-p224", "weak key", "", [leaf(I, key("P-224")), I], "x509-weak-key")
    p = key(label="leaf").spki
    comp = seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), bits(bytes([2 + p[-1] % 2]) + p[-64:-32]))
    case("key-compressed", "unsupported form of a point", "", [leaf(I, spki=comp), I], "x509-algorithm")
    hybrid = seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), bits(bytes([6 + p[-1] % 2]) + p[-64:]))
    case("key-hybrid", "unsupported form of a point", "", [leaf(I, spki=hybrid), I], "x509-algorithm")
    longer = seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), bits(p[-65:] + b"\0"))
    case("key-longer", "no point of this curve", "one octet more", [leaf(I, spki=longer), I], "x509-algorithm")
    ie = sub(R, "O=Test/CN=Ed", key("ed25519"))
    case("signature-ed25519", "unsupported signature", "Ed25519 intermediate", [leaf(ie, alg="ed25519"), ie], "x509-algorithm")
    case("signature-rsa-pss", "unsupported signature", "", [leaf(RI, alg="pss"), RI], "x509-algorithm")
    for a in ("rsa-md5", "rsa-sha1", "rsa-sha224"):
        case("signature-" + a, "weak hash", "", [leaf(RI, alg=a), RI], "x509-weak-hash")
    for a in ("ecdsa-sha1", "ecdsa-sha224"):
        case("signature-" + a, "weak hash", "", [leaf(I, alg=a), I], "x509-weak-hash")
    i = sub(RR, "O=Test/CN=RSA Intermediate", key("rsa2048", "int"), alg="rsa-sha1")
    case("signature-sha1-intermediate", "weak hash", "", [leaf(i), i], "x509-weak-hash")
    chain, top = [], R
    for n in range(13):
        top = sub(top, "O=Test/CN=Chain %d" % n, key(label="chain%d" % n))
        chain.insert(0, top)
    case("chain-13", "one more than the limit", "", [leaf(top)] + chain, "x509-chain-too-long")
    loop, k0 = [], key(label="chain0")
    top = cert("O=Loop/CN=Loop", k0, exts=CA_EXTS)
    for n in range(12):
        loop.append(top)
        top = cert("O=Loop/CN=Loop", key(label="chain%d" % ((n + 1) % 12)), top.subject, top.key, exts=CA_EXTS)
    case("complex", "the work for a stranger is bounded", "twelve issuers of one name in the worst order", [leaf(top)] + loop, "x509-chain-too-complex")
    big, top, chain = key("rsa4096", "x"), R, []
    for n in range(12):
        top = sub(top, "O=Test/CN=Big %d" % n, big)
        chain.insert(0, top)
    case("arena-kept", "the longest chain of the largest keys fits", "twelve RSA-4096 intermediates", [leaf(top, big)] + chain)
    trees = [gn(2, "example.com")] + [gn(2, "n%d.example.org" % n) for n in range(90)]
    top, chain = R, []
    for n in range(12):
        top = sub(top, "O=Test/CN=Big %d" % n, big, exts=CA_EXTS + ((nc(trees),) if n == 11 else ()))
        chain.insert(0, top)
    case("arena-full", "memory is bounded", "the same with 1.5 KB of name constraints", [leaf(top, big)] + chain, "x509-over-limit")
    case("serial-90", "memory is bounded", "serial number of 90 octets", [leaf(I, serial=0x7F << 712), I], "x509-over-limit")
    case("key-of-other-kind", "the algorithm must fit the key", "ecdsa-with-SHA256 named over a signature by RSA",
         [leaf(sub(RR, "O=Test/CN=RSA Intermediate", key("rsa2048", "int")), alg="ecdsa-sha256"), RI], "x509-bad-signature")
    a, b = key(label="chain1"), key(label="chain2")
    ca = cert("O=A/CN=A", a, "O=B/CN=B", b, exts=CA_EXTS)
    cb = cert("O=B/CN=B", b, "O=A/CN=A", a, exts=CA_EXTS)
    case("circle", "a circle ends", "two CAs that sign each other", [leaf(ca), ca, cb], "x509-unknown-issuer")


def malformed():
    def bad(n, intent, made, c, why="x509-malformed"):
        case(n, intent, made, [c, I], why)
    bad("algorithm-mismatch", "RFC 5280 4.1.1.2", "ecdsa-with-SHA384 outside, SHA256 inside", leaf(I, outer_alg="ecdsa-sha384"))
    case("algorithm-bare-rsa", "RFC 4055 5: parameters are NULL", "RSA without parameters",
         [leaf(RI, alg="rsa-sha256-bare"), RI], "x509-algorithm")
    bad("extension-twice", "RFC 5280 4.2", "keyUsage twice", leaf(I, exts=LEAF_EXTS + (ku("digitalSignature"),)))
    bad("extension-twice-unknown", "RFC 5280 4.2", "an unknown one twice", leaf(I, exts=LEAF_EXTS + (unknown(False), unknown(False, 2), unknown(False))))
    bad("san-twice", "RFC 5280 4.2", "two SANs", leaf(I, exts=LEAF_EXTS + (san("a.example"),)))
    bad("version-1-extensions", "RFC 5280 4.1.2.1", "", leaf(I, version=1))
    bad("version-4", "unknown version", "", leaf(I, version=4))
    bad("trailing", "nothing may follow", "one octet after the certificate", leaf(I, tail=b"\0"))
    der = L.der
    c = Cert()
    c.der = b"\x30\x80" + der[4:] + b"\0\0"
    bad("ber-indefinite", "BER", "indefinite length outside", c)
    c = Cert()
    c.der = b"\x30\x83\x00" + der[2:]
    bad("ber-long-length", "BER", "length with a leading zero", c)
    bad("ber-inner-length", "BER", "serialNumber with a long form of a short length, signed",
        leaf(I, serial=5, mangle=lambda t: t[:1] + bytes([0x82]) + (len(t) - 3).to_bytes(2, "big") + t[4:].replace(b"\x02\x01\x05", b"\x02\x81\x01\x05", 1)))
    bad("boolean-1", "DER knows two booleans", "critical as 0x01",
        leaf(I, exts=LEAF_EXTS + (seq(oid("1.3.6.1.4.1.99999.9"), tlv(1, b"\1"), octets(b"")),)))
    bad("time-offset", "RFC 5280 4.1.2.5: Z only", "+0100", leaf(I, times=tlv(0x17, b"260101000000+0100") + time("20270101000000Z")))
    bad("time-day-30-february", "no such day", "", leaf(I, times=time("20260230000000Z") + time("20270101000000Z")))
    bad("time-no-seconds", "seconds are not optional", "", leaf(I, times=tlv(0x17, b"2601010000Z") + time("20270101000000Z")))
    bad("modulus-negative", "an INTEGER with its sign bit", "", leaf(I, spki=seq(seq(oid(PKCS1 + "1"), NULL), bits(seq(tlv(2, b"\xff" * 256), integer(3))))))
    n = (1 << 2047) + 0x123456789ABCDEF
    bad("exponent-not-minimal", "DER", "an INTEGER with a zero too many",
        leaf(I, spki=seq(seq(oid(PKCS1 + "1"), NULL), bits(seq(integer(n), tlv(2, b"\0\1\0\1"))))))
    bad("general-name-universal", "no GeneralName", "the host as an INTEGER, whose tag number is dNSName's",
        leaf(I, names=(), exts=LEAF_EXTS + (san(other=(tlv(0x02, HOST.encode()),)),)))
    bad("general-name-class", "no GeneralName", "IA5String in the SAN", leaf(I, names=(), exts=LEAF_EXTS + (san(HOST, other=(tlv(0x16, b"x"),)),)))
    bad("extension-garbage", "extensions are parsed whole", "octets after basicConstraints",
        leaf(I, exts=LEAF_EXTS + (ext("2.5.29.19", seq() + b"\0"),)))
    bad("extension-empty", "extensions are parsed whole", "basicConstraints without contents",
        leaf(I, exts=LEAF_EXTS + (ext("2.5.29.19", b""),)))
    bad("eku-empty", "no purpose is no serverAuth", "", leaf(I, exts=(eku(),)), "x509-wrong-usage")
    bad("key-unused-bits", "a key has whole octets", "BIT STRING with 1 unused bit",
        leaf(I, spki=key(label="leaf").spki.replace(b"\x03\x42\x00\x04", b"\x03\x42\x01\x04")))
    c = Cert()
    c.der = b""
    bad("empty", "no certificate", "zero octets", c)
    c = Cert()
    c.der = der[:100]
    bad("truncated", "ends in the middle", "", c)
    case("malformed-stranger", "what cannot be parsed is not passed over", "garbage last", [L, I, c], "x509-malformed")
    c = Cert()
    c.der = der[:4] + seq(b"\x1f\x81\x01\x00") + der[8:]
    bad("high-tag", "no such tag in a certificate", "", c)


def servers():
    """Chains whose leaf's key is kept, for the tests of sessions."""
    for label, k, i in (("ec", key(label="server"), I), ("rsa", key("rsa2048", "server"), RI)):
        case("server-" + label, "the server of test_tls_session.c", "its key is in keys/", [leaf(i, k), i])
        with open(k.path) as f, open(os.path.join(HERE, "keys", label + ".pem"), "w") as out:
            out.write(f.read())


def transparency():
    """SCTs, under their own anchor; test_x509.c has what counts."""
    def sct(log, version=0, extensions=b"", signature=b"\x30\0"):
        return (bytes([version, *[log] * 32]) + bytes(8) + len(extensions).to_bytes(2, "big") + extensions
                + b"\4\3" + len(signature).to_bytes(2, "big") + signature)

    def scts(*each, critical=False):
        body = b"".join(len(e).to_bytes(2, "big") + e for e in each)
        return ext("1.3.6.1.4.1.11129.2.4.2", octets(len(body).to_bytes(2, "big") + body), critical)
    r = root("O=Test/CN=Transparent Root", key(label="transparent"))
    anchors("transparent", r)

    def one(n, intent, made, e, want="ok"):
        case(n, intent, made, [leaf(r, exts=LEAF_EXTS + (e,))], want, "transparent")
    one("sct-two", "RFC 6962 3.3", "SCTs of two logs", scts(sct(1), sct(2)))
    one("sct-three", "RFC 6962 3.3", "SCTs of three logs, with extensions and signatures",
        scts(sct(1, signature=bytes(71)), sct(2, extensions=b"abc"), sct(3)))
    one("sct-one-log-twice", "one log is one log", "two SCTs of one log", scts(sct(1), sct(1, signature=bytes(71))))
    one("sct-version-2", "RFC 6962 3.3: unknown versions are passed over", "v1 and v2", scts(sct(1), sct(2, version=1)))
    one("sct-malformed", "presence and structure", "the second SCT ends early", scts(sct(1), sct(2)[:-1]))
    one("sct-critical", "it is not understood, only counted", "", scts(sct(1), sct(2), critical=True), "x509-critical")
    one("sct-no-octets", "extensions are parsed whole", "a SEQUENCE in place of the OCTET STRING",
        ext("1.3.6.1.4.1.11129.2.4.2", seq()), "x509-malformed")


def edges():
    """What strangers can publish and hardly anybody does, under its own
    anchor."""
    r = root("O=Test/CN=Edges Root", key(label="edges"))
    i = sub(r)
    v1 = sub(r, "O=Test/CN=V1", key(label="v1"), exts=(), version=1)
    anchors("edges", r)
    anchors("v1-issued", v1)

    def under(n, intent, made, constraints, want="ok", **kw):
        ca = sub(r, exts=CA_EXTS + (constraints,))
        case(n, intent, made, [leaf(ca, **kw), ca], want, "edges")
    both = [gn(2, "example.com"), gn(2, HOST)]
    uri = gn(6, "." + "a" * 299)
    under("nc-permitted-twice", "one permitted tree is enough, two are no more", "permitted example.com and the host", nc(both))
    under("nc-excluded-twice", "RFC 5280 4.2.1.10", "excluded example.com and the host", nc((), both), "x509-constraint")
    under("nc-long-uri", "a form that does not occur", "permitted URI of 300 octets", nc([uri]))
    under("nc-long-uri-occurs", "a constrained form occurs", "permitted URI of 300 octets, URI in the SAN", nc([uri]), "x509-constraint",
          names=(), exts=LEAF_EXTS + (san(HOST, other=(gn(6, "https://example.com/"),)),))
    spki = seq(seq(oid(PKCS1 + "1"), NULL), bits(seq(integer((1 << 2047) + 1), integer((1 << 2400) + 1))))
    case("rsa-exponent-long", "memory is bounded", "exponent of 301 octets", [leaf(i, spki=spki), i], "x509-malformed", "edges")
    case("signature-long", "over the limit", "signature of 513 octets", [leaf(i, sig=b"\1" * 513), i], "x509-over-limit", "edges")
    case("signature-long-weak", "the first fault is told", "the same, with SHA-1", [leaf(i, alg="ecdsa-sha1", sig=b"\1" * 513), i],
         "x509-weak-hash", "edges")
    case("signature-empty", "a signature has octets", "BIT STRING of no bits", [leaf(i, sig=b""), i], "x509-malformed", "edges")
    for n, key_parts in (("modulus", (tlv(2), integer(65537))), ("exponent", (integer((1 << 2047) + 1), tlv(2)))):
        spki = seq(seq(oid(PKCS1 + "1"), NULL), bits(seq(*key_parts)))
        case("rsa-%s-empty" % n, "an INTEGER has octets", "", [leaf(i, spki=spki), i], "x509-malformed", "edges")
    empty = sub(r, exts=(ext("2.5.29.19", seq(boolean(True), tlv(2)), True), CA_EXTS[1]))
    case("path-length-empty", "an INTEGER has octets", "", [leaf(empty), empty], "x509-malformed", "edges")
    for n in (0, 255, 256, 257):
        strange = seq(tlv(6, b"\x2b" * n), octets(b""))
        case("extension-name-%d" % n, "the name of an extension has 1 to 255 octets", "", [leaf(i, exts=LEAF_EXTS + (strange,)), i],
             "ok" if n == 255 else "x509-malformed", "edges")
    many = tuple(seq(tlv(6, bytes([1 + n]) * 250), octets(b"")) for n in range(100))
    case("extension-many", "memory is bounded", "100 extensions with names of 250 octets", [leaf(i, exts=LEAF_EXTS + many), i],
         "x509-over-limit", "edges")
    case("anchor-v1-issued", "version 1 knows no CA, but for a root", "a version 1 certificate that another issued is trusted",
         [leaf(v1)], "x509-not-a-ca", "v1-issued")


def strict():
    """A value that is not encoded by DER does not count, under its own
    anchor."""
    r = root("O=Test/CN=Strict Root", key(label="strict"))
    anchors("strict", r)
    i = sub(r)

    def bad(n, intent, made, chain, want="x509-malformed", both="OpenSSL refuses it, too"):
        case(n, intent, made, chain, want, "strict", both=both)

    def ca(basic=None, usage=None, **kw):
        return sub(r, exts=(basic or bc(), usage or ku("keyCertSign", "cRLSign")), **kw)

    def under(n, intent, made, issuer, *more, **kw):
        bad(n, intent, made, [leaf(issuer), issuer], *more, **kw)

    def limit(*octets_):
        return ext("2.5.29.19", seq(boolean(True), tlv(2, bytes(octets_))), True)
    feature = ext("1.3.6.1.5.5.7.1.24", seq(integer(5)), True)
    bad("tls-feature-critical", "critical, and not processed", "critical tlsfeature in the leaf",
        [leaf(i, exts=LEAF_EXTS + (feature,)), i], "x509-critical")
    under("tls-feature-critical-intermediate", "critical, and not processed", "critical tlsfeature in the intermediate",
          sub(r, exts=CA_EXTS + (feature,)), "x509-critical")
    for n, value in (("0", (0, 0)), ("127", (0, 127)), ("0-thrice", (0, 0, 0)), ("minus-1", (255, 255))):
        under("path-length-not-minimal-" + n, "X.690 8.3.2: one encoding for each number",
              "pathLen 02 0%d %s" % (len(value), " ".join("%02x" % v for v in value)), ca(limit(*value)))
    under("path-length-negative", "no length is negative", "pathLen 02 01 ff", ca(limit(255)))
    for n, value in (("127", (127,)), ("128", (0, 128)), ("256", (1, 0))):
        case("path-length-" + n, "limits that no path reaches", "", [leaf(ca(limit(*value))), ca(limit(*value))], anchors="strict")
    under("ku-unused-bit", "X.690 11.2.1: bits declared unused are zero", "keyCertSign in an unused bit",
          ca(usage=ext("2.5.29.15", bits(b"\x06", 3), True)))
    bad("ku-unused-bit-leaf", "X.690 11.2.1", "digitalSignature in an unused bit of nine",
        [leaf(i, exts=(ext("2.5.29.15", bits(b"\x00\x80", 8), True), eku("serverAuth"))), i])
    under("ku-unused-8", "X.690 8.6.2.2: 0 to 7 unused bits", "keyCertSign, 8 unused bits", ca(usage=ext("2.5.29.15", bits(b"\x04", 8), True)))
    bad("ku-no-octet", "X.690 8.6.2.2", "keyUsage as 03 00", [leaf(i, exts=(ext("2.5.29.15", tlv(3), True), eku("serverAuth"))), i])
    bad("boolean-two-octets", "X.690 8.2.1", "cA as 01 02 ff ff",
        [leaf(ca(ext("2.5.29.19", seq(tlv(1, b"\xff\xff")), True))), ca(ext("2.5.29.19", seq(tlv(1, b"\xff\xff")), True))])
    under("boolean-ca-1", "X.690 11.1: TRUE is ff", "cA as 01 01 01", ca(ext("2.5.29.19", seq(tlv(1, b"\1")), True)), both=None)
    bad("serial-not-minimal", "X.690 8.3.2", "serialNumber 02 02 00 05",
        [leaf(i, serial=5, mangle=lambda t: t[:1] + bytes([0x82]) + (len(t) - 2).to_bytes(2, "big") + t[4:].replace(b"\x02\x01\x05", b"\x02\x02\x00\x05", 1)), i])
    bad("version-not-minimal", "X.690 8.3.2", "version 02 02 00 02",
        [leaf(i, mangle=lambda t: t[:1] + bytes([0x82]) + (len(t) - 3).to_bytes(2, "big") +
              t[4:].replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x04\x02\x02\x00\x02", 1)), i])
    bad("oid-padded", "X.690 8.19.2", "an extension named 06 03 55 80 13",
        [leaf(i, exts=LEAF_EXTS + (seq(tlv(6, b"\x55\x80\x13"), octets(b"")),)), i])
    bad("oid-cut", "X.690 8.19.2", "an extension named 06 03 55 1d 93",
        [leaf(i, exts=LEAF_EXTS + (seq(tlv(6, b"\x55\x1d\x93"), octets(b"")),)), i])

    def wider(sig):
        n = sig[3]
        return tlv(0x30, tlv(2, b"\0" + sig[4:4 + n]), sig[4 + n:])
    bad("ecdsa-not-minimal", "RFC 3279 2.2.3: r and s in DER", "a zero too many in front of r",
        [leaf(i, mangle_sig=wider), i], "x509-bad-signature")
    bad("ecdsa-trailing", "RFC 3279 2.2.3", "an octet behind r and s",
        [leaf(i, mangle_sig=lambda s: s + b"\0"), i], "x509-bad-signature")
    bad("ecdsa-third", "RFC 3279 2.2.3", "a third INTEGER",
        [leaf(i, mangle_sig=lambda s: tlv(0x30, s[2:], integer(1))), i], "x509-bad-signature")


def long():
    """Values that are longer than those looked at: nothing is read of them,
    however they come in pieces. Under its own anchor."""
    r = root("O=Test/CN=Long Root", key(label="long"))
    anchors("long", r)

    def under(n, intent, made, issuer, want, both="OpenSSL refuses it, too"):
        case(n, intent, made, [leaf(issuer), issuer], want, "long", both=both)

    def limit(value):
        return sub(r, exts=(ext("2.5.29.19", seq(boolean(True), tlv(2, value)), True), CA_EXTS[1]))
    usage = ext("2.5.29.15", bits(b"\x02" + b"\xff" * 299), True)
    under("ku-long", "memory is bounded", "cRLSign alone in a keyUsage of 300 octets", sub(r, exts=(CA_EXTS[0], usage)), "x509-wrong-usage")
    under("path-length-long", "memory is bounded", "pathLen of 300 octets", limit(b"\x01" * 300), "x509-malformed", None)
    under("path-length-long-negative", "memory is bounded", "the same, negative", limit(b"\x80" * 300), "x509-malformed")


def extensions():
    """As many as are read, and one more. Under its own anchor."""
    r = root("O=Test/CN=Extended Root", key(label="extensions"))
    anchors("extensions", r)

    def one(n, want):
        others = n - len(LEAF_EXTS) - 1  # and the SAN
        case("extensions-%d" % n, "work is bounded", "%d extensions" % n,
             [leaf(r, exts=LEAF_EXTS + tuple(unknown(False, 1 + i) for i in range(others)))], want, "extensions")
    one(64, "ok")
    one(65, "x509-over-limit")


def usual():
    """A chain like those of most policy hosts today, under its own anchor."""
    r = root("O=Test/CN=Large Root", key("rsa4096", "usual"))
    anchors("usual", r)
    i = sub(r, "O=Test/CN=U1", key("P-384", "usual"), exts=(bc(path_len=0), ku("digitalSignature", "keyCertSign", "cRLSign"),
                                                       eku("serverAuth", "clientAuth")))
    case("usual", "as Let's Encrypt issues", "P-256 leaf under a P-384 intermediate under an RSA-4096 root",
         [leaf(i, key(label="usual"), alg="ecdsa-sha384"), i], anchors="usual")
    mx = leaf(i, key(label="mx"), names=["mx1.example.com"], alg="ecdsa-sha384")
    case("mx", "the same engine judges mail servers", "as usual", [mx, i], anchors="usual", host="mx1.example.com")
    for n, c in (("leaf", mx), ("intermediate", i)):
        with open(os.path.join(HERE, "..", "examples", "mx-%s.der" % n), "wb") as f:
            f.write(c.der)


def write():
    for file_name, certs in ANCHORS.items():
        with open(os.path.join(HERE, "anchors", file_name + ".pem"), "w") as f:
            f.write("".join(pem(c.der) for c in certs))
    for n, intent, made, chain, want, anchor, host, date, both in CASES:
        with open(os.path.join(HERE, "cases", n + ".txt"), "w") as f:
            f.write("intent %s\n" % intent)
            if made:
                f.write("made %s\n" % made)
            if both:
                f.write("both %s\n" % both)
            f.write("anchors %s.pem\nhost %s\ndate %s\nwant %s\n\n" % (anchor, host, date, want))
            f.write("\n".join(pem(c.der) for c in chain))
    names = [c[0] for c in CASES]
    assert len(names) == len(set(names)), "a name is used twice"
    print("%d cases" % len(CASES))


if __name__ == "__main__":
    picked = sys.argv[1:]
    if picked:
        ANCHORS.clear()
    for make in (accepted, constrained, refused, malformed, servers, transparency, edges, strict, long, extensions, usual):
        if not picked or make.__name__ in picked:
            make()
    write()
