#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cases of test_signature: make.py > cases.txt

Signatures that are easily judged wrongly, made from the definitions alone
(FIPS 186-5, RFC 8017) with Python's integers; the same at every run. A valid
signature with given parts is made backwards: R, s and the hash determine a
key, or the key, u1 and u2 a signature. The names state what each is about.
"""
import hashlib

HASHES = {"sha256": 32, "sha384": 48, "sha512": 64}
OIDS = {"sha256": 1, "sha384": 2, "sha512": 3}


class Curve:
    def __init__(self, name, size, p, n, b, gx, gy):
        self.name, self.size, self.p, self.n, self.b = name, size, p, n, b
        self.g = (gx, gy)

    def y_of(self, x):
        """The even y of the points with this x, or None."""
        v = (x**3 - 3 * x + self.b) % self.p
        y = pow(v, (self.p + 1) // 4, self.p)
        if y * y % self.p != v:
            return None
        return y if y % 2 == 0 else self.p - y

    def add(self, a, b):
        if a is None or b is None:
            return b if a is None else a
        if a[0] == b[0]:
            if (a[1] + b[1]) % self.p == 0:
                return None
            m = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, self.p)
        else:
            m = (b[1] - a[1]) * pow(b[0] - a[0], -1, self.p)
        x = (m * m - a[0] - b[0]) % self.p
        return x, (m * (a[0] - x) - a[1]) % self.p

    def mul(self, k, a):
        r = None
        for bit in bin(k % self.n)[2:]:
            r = self.add(r, r)
            if bit == "1":
                r = self.add(r, a)
        return r

    def bytes(self, v):
        return v.to_bytes(self.size, "big")

    def point(self, q):
        return b"\4" + self.bytes(q[0]) + self.bytes(q[1])


P256 = Curve(
    "p256", 32, 2**256 - 2**224 + 2**192 + 2**96 - 1,
    0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
    0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
    0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
    0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)
P384 = Curve(
    "p384", 48, 2**384 - 2**128 - 2**96 + 2**32 - 1,
    int("ffffffffffffffffffffffffffffffffffffffffffffffff"
        "c7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16),
    int("b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
        "c656398d8a2ed19d2a85c8edd3ec2aef", 16),
    int("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
        "5502f25dbf55296c3a545e3872760ab7", 16),
    int("3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
        "0a60b1ce1d7e819d7a431d7c90ea0e5f", 16))


def drawn(label, bound):
    """A number of 1 .. bound - 1 that the label determines."""
    h = hashlib.shake_256(label.encode()).digest(bound.bit_length() // 8 + 9)
    return int.from_bytes(h, "big") % (bound - 1) + 1


def length(n):
    if n < 128:
        return bytes([n])
    return (b"\x81" if n < 256 else b"\x82\1") + bytes([n & 255])


def tlv(tag, content):
    return bytes([tag]) + length(len(content)) + content


def integer(v):
    n = (v.bit_length() if v >= 0 else (-v - 1).bit_length()) // 8 + 1
    return tlv(2, v.to_bytes(n, "big", signed=True))


def der(r, s):
    return tlv(0x30, integer(r) + integer(s))


before = [None] * 3


def out(valid, kind, sha, key, digest, sig, name):
    """One line; a field equal to that of the line before is "="."""
    fields = [key if isinstance(key, str) else key.hex() or "-",
              digest.hex(), sig.hex() or "-"]
    print("valid" if valid else "invalid", kind, sha,
          *("=" if f == b else f for f, b in zip(fields, before)), name)
    before[:] = fields


class Ecdsa:
    """Cases of one curve, with the hash that has its length."""

    def __init__(self, c, sha):
        self.c, self.sha = c, sha

    def digest(self, e):
        """A hash whose leftmost bytes are e."""
        size = HASHES[self.sha]
        b = e.to_bytes(self.c.size, "big")
        return (b + b"\x5a" * size)[:size]

    def out(self, valid, key, e, sig, name):
        out(valid, self.c.name, self.sha,
            key if isinstance(key, bytes) else self.c.point(key),
            self.digest(e), sig, name)

    def signed(self, label, e=None):
        c = self.c
        d = drawn(label + " d", c.n)
        k = drawn(label + " k", c.n)
        e = drawn(label + " e", c.n) if e is None else e
        r = c.mul(k, c.g)[0] % c.n
        s = (e + r * d) * pow(k, -1, c.n) % c.n
        return c.mul(d, c.g), e, r, s

    def for_parts(self, x, s, e, name, r=None):
        """Valid: R has this x, or r if given; the key follows from them."""
        c = self.c
        r = x % c.n if r is None else r
        point = (x, c.y_of(x))
        minus = (-e) % c.n
        q = c.add(c.mul(s, point), c.mul(minus, c.g))
        q = c.mul(pow(r, -1, c.n), q)
        if q is not None:
            self.out(True, q, e, der(r, s), name)

    def for_scalars(self, q, u1, u2, name):
        """With this key and u1, u2; valid unless R is the neutral element."""
        c = self.c
        sum_ = c.add(c.mul(u1, c.g), c.mul(u2, q))
        r = drawn(name, c.n) if sum_ is None else sum_[0] % c.n
        s = r * pow(u2, -1, c.n) % c.n
        self.out(sum_ is not None, q, u1 * s % c.n, der(r, s), name)


def encodings(t):
    q, e, r, s = t.signed("encodings")
    ir, i_s = integer(r), integer(s)
    both = ir + i_s
    good = tlv(0x30, both)
    t.out(True, q, e, good, "valid")
    raw = lambda v: v.to_bytes(t.c.size, "big")
    bad = {
        "length in long form": b"\x30\x81" + bytes([len(both)]) + both,
        "length with zeros in front": b"\x30\x82\0" + bytes([len(both)]) + both,
        "length of four zeros more":
            b"\x30\x85\0\0\0\0" + bytes([len(both)]) + both,
        "length of 2^32 more": b"\x30\x85\1\0\0\0" + bytes([len(both)]) + both,
        "indefinite length": b"\x30\x80" + both + b"\0\0",
        "length 255": b"\x30\xff" + both,
        "r with a length in long form":
            tlv(0x30, b"\2\x81" + ir[1:] + i_s),
        "s with a length in long form":
            tlv(0x30, ir + b"\2\x81" + i_s[1:]),
        "r indefinite": tlv(0x30, b"\2\x80" + ir[2:] + b"\0\0" + i_s),
        "s indefinite": tlv(0x30, ir + b"\2\x80" + i_s[2:] + b"\0\0"),
        "r with a zero more": tlv(0x30, tlv(2, b"\0" + ir[2:]) + i_s),
        "s with a zero more": tlv(0x30, ir + tlv(2, b"\0" + i_s[2:])),
        "r without its zero":
            tlv(0x30, tlv(2, (b"\xff" + raw(r))[1:]) + i_s)
            if r >> 8 * t.c.size - 1 else tlv(0x30, tlv(2, b"\xff" + ir[2:]) + i_s),
        "a byte behind": good + b"\0",
        "a sequence behind": good + b"\5\0",
        "a byte behind s": tlv(0x30, both + b"\0"),
        "a null behind s": tlv(0x30, both + b"\5\0"),
        "a null before r": tlv(0x30, b"\5\0" + both),
        "a third integer": tlv(0x30, both + integer(1)),
        "r alone": tlv(0x30, ir),
        "no integer": b"\x30\0",
        "nothing": b"",
        "a tag alone": b"\x30",
        "integers alone": both,
        "a set": tlv(0x31, both),
        "r an octet string": tlv(0x30, tlv(4, ir[2:]) + i_s),
        "s an enumerated": tlv(0x30, ir + tlv(10, i_s[2:])),
        "r a utf8 string": tlv(0x30, tlv(12, ir[2:]) + i_s),
        "r constructed": tlv(0x30, b"\x22" + ir[1:] + i_s),
        "r empty": tlv(0x30, b"\2\0" + i_s),
        "s empty": tlv(0x30, ir + b"\2\0"),
        "r null": tlv(0x30, b"\5\0" + i_s),
        "r true": tlv(0x30, b"\1\1\xff" + i_s),
        "wrapped twice": tlv(0x30, good),
        "without DER": raw(r) + raw(s),
        "one byte too short a length": bytes([0x30, good[1] - 1]) + good[2:],
        "one byte too long a length": bytes([0x30, good[1] + 1]) + good[2:],
        "high tag": b"\x3f\x10" + good[1:],
        "zeros in front": b"\0\0" + good,
        "r and s exchanged": der(s, r),
    }
    for name, sig in bad.items():
        t.out(False, q, e, sig, name)
    for cut in range(1, len(good), 5):
        t.out(False, q, e, good[:cut], "cut at %d" % cut)


def ranges(t):
    c = t.c
    q, e, r, s = t.signed("ranges")
    full = 1 << 8 * c.size
    edges = {"0": 0, "1": 1, "-1": -1, "n": c.n, "n-1": c.n - 1,
             "n+1": c.n + 1, "p": c.p, "p+1": c.p + 1, "2^k-1": full - 1,
             "2^k": full}
    for a, x in edges.items():
        for b, y in edges.items():
            if x * y == 0 or a == b or a in ("n", "1") or b in ("n", "1"):
                t.out(False, q, e, der(x, y), "r = %s, s = %s" % (a, b))
    for a, x in edges.items():
        t.out(False, q, e, der(x, s), "r = " + a)
        t.out(False, q, e, der(r, x), "s = " + a)
        # With e = 0 and r = 0 a careless check of s * R = r * Q holds.
        t.out(False, q, 0, der(0, x), "hash 0, r = 0, s = " + a)
    changes = {"+n": lambda v: v + c.n, "-n": lambda v: v - c.n,
               "+2^k": lambda v: v + full, "-2^k": lambda v: v - full,
               "negated": lambda v: -v, "+2^64": lambda v: v + 2**64,
               "+2^320": lambda v: v + 2**(8 * c.size + 64),
               "times 2": lambda v: 2 * v, "+1": lambda v: v + 1,
               "-1": lambda v: v - 1}
    for a, f in changes.items():
        t.out(False, q, e, der(f(r), s), "r " + a)
        t.out(False, q, e, der(r, f(s)), "s " + a)
    t.out(False, q, e, der(c.n - r, s), "r from n")
    t.out(True, q, e, der(r, c.n - s), "s from n, as valid as s")
    for i in range(0, 8 * c.size, 17):
        t.out(False, q, e, der(r ^ 1 << i, s), "r with bit %d changed" % i)
        t.out(False, q, e, der(r, s ^ 1 << i), "s with bit %d changed" % i)
        t.out(False, q, e ^ 1 << i, der(r, s), "hash with bit %d changed" % i)


def parts(t):
    """Cases of given r, s and hash."""
    c = t.c
    xs = [x for x in range(1, 40) if c.y_of(x) is not None][:6]
    some = drawn("parts s", c.n)
    for x in xs:
        t.for_parts(x, some, drawn("parts e", c.n), "r = %d" % x)
        t.for_parts(x, x, 1, "r = s = %d" % x)
    for name, s in {
            "1": 1, "2": 2, "3": 3, "n-1": c.n - 1, "n-2": c.n - 2,
            "(n+1)/2": (c.n + 1) // 2, "(n-1)/2": (c.n - 1) // 2,
            "2^62": 2**62, "2^62-1": 2**62 - 1, "2^64": 2**64,
            "2^124": 2**124, "2^(k-1)": 1 << 8 * c.size - 1,
            "2^(k-1)-1": (1 << 8 * c.size - 1) - 1,
            "1/3": pow(3, -1, c.n), "1/2^62": pow(2**62, -1, c.n),
            "1/(2^k-1)": pow((1 << 8 * c.size) - 1, -1, c.n),
            "alternating": int("aa" * c.size, 16) % c.n}.items():
        t.for_parts(xs[0], s, drawn("parts e", c.n), "s = " + name)
    for name, e in {
            "0": 0, "1": 1, "n": c.n, "n-1": c.n - 1, "n+1": c.n + 1,
            "2^k-1": (1 << 8 * c.size) - 1, "p": c.p,
            "high half 0": 2**(4 * c.size) - 1,
            "low half 0": (1 << 8 * c.size) - 2**(4 * c.size),
            "2^(k-1)": 1 << 8 * c.size - 1}.items():
        t.for_parts(xs[1], some, e, "hash = " + name)
    # x is n or more: r is x - n, and the comparison is with r + n.
    above = [x for x in range(c.n, c.n + 40) if x < c.p and c.y_of(x)][:3]
    above += [x for x in range(c.p - 1, c.p - 40, -1) if c.y_of(x)][:3]
    for x in above:
        if x % c.n:
            t.for_parts(x, some, 7, "x of R is r + n, r = x - n, x = p - %d"
                        % (c.p - x))
    # r + n would be the x, except that it is p or more, or another x
    # altogether.
    r = next(x for x in range(c.p - c.n, c.p) if c.y_of(x))
    t.for_parts(r, some, 7, "r + n is p or more")
    q = c.mul(5, c.g)
    t.out(False, q, 1, der(c.p - c.n, some), "r + n = p")
    t.out(False, q, 1, der(c.p - c.n - 1, some), "r + n = p - 1")


def scalars(t):
    """Cases of given keys, u1 and u2: the ladder's special cases."""
    c = t.c
    g, n = c.g, c.n
    neg = (g[0], c.p - g[1])
    for k in (1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 2**64, 2**128, n - 2):
        q = c.mul(k, g)
        for u1, u2 in ((1, 1), (k, 1), (n - k, 1), (2 * k, 2), (3 * k, 5),
                       (0, 1), (0, n - 1), (1, n - 1), (k * 2**70, 2**70),
                       (n - 2 * k, 3), (5 * k, n - 3)):
            t.for_scalars(q, u1 % n, u2, "Q = %s G, u1 = %s, u2 = %s" %
                          tuple(v if v < 2**32 else hex(v)
                                for v in (k, u1 % n, u2)))
    for k in (1, 3, 2**70):
        t.for_scalars(neg, k, k, "Q = -G, u1 = u2 = %d: infinity" % k)
        t.for_scalars(neg, n - k, k, "Q = -G, u1 = -%d, u2 = %d" % (k, k))
        t.for_scalars(neg, k + 1, k, "Q = -G, u1 = %d + 1" % k)
    q = c.mul(drawn("scalars", n), g)
    edges = {"1": 1, "2": 2, "n-1": n - 1, "n-2": n - 2, "(n-1)/2": (n - 1) // 2,
             "2^32": 2**32, "2^64-1": 2**64 - 1,
             "2^(k-1)": 1 << 8 * c.size - 1,
             "2^(k-1)-1": (1 << 8 * c.size - 1) - 1,
             "01..": int("55" * c.size, 16) % n,
             "0f..": int("0f" * c.size, 16), "3f..": int("3f" * c.size, 16)}
    names = list(edges)
    for i, a in enumerate(names):
        b = names[(5 * i + 3) % len(names)]
        t.for_scalars(q, edges[a], edges[b], "u1 = %s, u2 = %s" % (a, b))
        t.for_scalars(q, edges[b], edges[a], "u1 = %s, u2 = %s" % (b, a))
    # Keys with unusual coordinates.
    xs = [x for x in list(range(12)) if c.y_of(x) is not None][:4]
    xs += [x for x in range(c.p - 1, c.p - 20, -1) if c.y_of(x)][:3]
    for at in (52, 56, 64, 104, 112, 128, 208, 224):
        xs.append(next(x for x in range(2**at, 2**at + 99) if c.y_of(x)))
    for x in xs:
        for y in (c.y_of(x), c.p - c.y_of(x)):
            t.for_scalars((x, y), drawn("u1", n), drawn("u2", n),
                          "key with x = %s" % hex(x))


def keys(t):
    c = t.c
    q, e, r, s = t.signed("keys")
    sig = der(r, s)
    point = c.point(q)
    x, y = c.bytes(q[0]), c.bytes(q[1])
    small = next(x for x in range(1, 99) if c.y_of(x))
    for name, key in {
            "compressed": bytes([2 + q[1] % 2]) + x,
            "hybrid": bytes([6 + q[1] % 2]) + x + y,
            "infinity": b"\0", "no key": b"", "no format": x + y,
            "infinity in full": b"\0" + x + y,
            "a byte less": point[:-1], "a byte more": point + b"\0",
            "x and y exchanged": b"\4" + y + x,
            "y + 1": c.point((q[0], q[1] + 1)),
            "x + 1": c.point((q[0] + 1, q[1])),
            "y negated": c.point((q[0], c.p - q[1])),
            "x = y = 0": c.point((0, 0)),
            "x = p": c.point((c.p, c.y_of(0) or 1)),
            "x = p + %d" % small: c.point((c.p + small, c.y_of(small)))
            if c.p + small < 1 << 8 * c.size else b"",
            "y = p": c.point((q[0], c.p)),
            "y = 2^k - 1": c.point((q[0], (1 << 8 * c.size) - 1)),
            "of another curve": (P384 if c is P256 else P256).point(
                (P384 if c is P256 else P256).g)}.items():
        t.out(False, key, e, sig, "key: " + name)
    # Keys that would be valid if nobody checked whether the point is on the
    # curve: the formulas do not use b, and with hash 0 only the key counts.
    for name, (x, y) in {"y + 1": (q[0], (q[1] + 1) % c.p),
                         "x + 1": ((q[0] + 1) % c.p, q[1])}.items():
        for u2 in 1, 2, 5, drawn("keys u2", c.n):
            r = c.mul(u2, (x, y))[0] % c.n
            t.out(False, (x, y), 0, der(r, r * pow(u2, -1, c.n) % c.n),
                  "key on another curve: %s, u2 = %s" % (name, hex(u2)))
    # A key that would be valid if coordinates were reduced modulo p.
    point = (small, c.y_of(small))
    u1, u2 = drawn("u1", c.n), drawn("u2", c.n)
    r = c.add(c.mul(u1, c.g), c.mul(u2, point))[0] % c.n
    s = r * pow(u2, -1, c.n) % c.n
    t.out(True, point, u1 * s % c.n, der(r, s), "key: x small")
    t.out(False, (small + c.p, point[1]), u1 * s % c.n, der(r, s),
          "key: the same x + p")


class Rsa:
    def __init__(self, bits, e, seed):
        def prime(label, size, top):
            v = drawn(label, 1 << size) | top << size - 2 | 1
            while v % 3 == 1 or (v - 1) % e == 0 or not likely_prime(v):
                v += 2
            return v
        self.size = (bits + 7) // 8
        p = prime(seed + " p", bits // 2, 3)
        q = prime(seed + " q", bits - bits // 2, 3)
        self.n, self.e = p * q, e
        assert self.n.bit_length() == bits
        self.d = pow(e, -1, (p - 1) * (q - 1))

    def key(self, e=None, n=None):
        e = self.e if e is None else e
        n = self.n if n is None else n
        h = "%x" % e
        return "%s:%s" % (n.to_bytes(self.size, "big").hex(),
                          "0" * (len(h) % 2) + h)

    def sign(self, em):
        return pow(int.from_bytes(em, "big"), self.d, self.n).to_bytes(
            self.size, "big")


def likely_prime(v):
    if any(v % k == 0 for k in (3, 5, 7, 11, 13, 17, 19, 23, 29)):
        return False
    return all(pow(a, v - 1, v) == 1 for a in (2, 3, 5))


def info(sha, digest):
    return tlv(0x30, tlv(0x30, bytes.fromhex("0609608648016503040200")[:-1] +
                         bytes([OIDS[sha], 5, 0])) + tlv(4, digest))


def encoded(size, t):
    return b"\0\1" + b"\xff" * (size - 3 - len(t)) + b"\0" + t


def rsa_keys():
    for bits, e, sha in ((1024, 65537, "sha256"), (2047, 65537, "sha384"),
                         (2048, 65537, "sha512"), (2049, 65537, "sha256"),
                         (2048, 3, "sha384"), (2056, 17, "sha256"),
                         (2050, 2**32 + 1, "sha256"), (1031, 65539, "sha256"),
                         (2048, 43147, "sha256"), (2048, 2**61 - 1, "sha256"),
                         (3072, 65537, "sha256"), (4096, 65537, "sha512")):
        k = Rsa(bits, e, "rsa %d %d" % (bits, e))
        digest = hashlib.new(sha, b"rsa %d" % bits).digest()
        sig = k.sign(encoded(k.size, info(sha, digest)))
        name = "RSA-%d, exponent %d" % (bits, e)
        out(True, "rsa", sha, k.key(), digest, sig, name)
        bad = bytes(sig[:-1]) + bytes([sig[-1] ^ 1])
        out(False, "rsa", sha, k.key(), digest, bad, name + ", changed")


def rsa_forms():
    sha = "sha256"
    k = Rsa(1024, 65537, "rsa forms")
    digest = hashlib.new(sha, b"forms").digest()
    t = info(sha, digest)
    em = encoded(k.size, t)
    good = k.sign(em)
    out(True, "rsa", sha, k.key(), digest, good, "valid")
    out(True, "rsa", sha, "0000" + k.key(), digest, good, "zeros before n")
    out(True, "rsa", sha, k.key().replace(":", ":0000"), digest, good,
        "zeros before e")
    oid = tlv(6, bytes.fromhex("608648016503040201"))
    digest_of = lambda alg: tlv(0x30, tlv(0x30, alg) + tlv(4, digest))
    ff = lambda n: b"\xff" * n
    size = k.size
    ems = {
        "no null": encoded(size, digest_of(oid)),
        "null with a length in long form": encoded(
            size, digest_of(oid + b"\5\x81\0")),
        "null with content": encoded(size, digest_of(oid + b"\5\1\0")),
        "two nulls": encoded(size, digest_of(oid + b"\5\0\5\0")),
        "parameters 0": encoded(size, digest_of(oid + b"\2\1\0")),
        "length in long form": encoded(size, b"\x30\x81" + t[1:]),
        "indefinite length": encoded(size, b"\x30\x80" + t[2:] + b"\0\0"),
        "a byte behind": encoded(size, t + b"\0"),
        "a null behind the hash": encoded(
            size, tlv(0x30, t[2:] + b"\5\0")),
        "the hash of another length": encoded(size, info(sha, digest[:-1])),
        "a hash of zero bytes": encoded(size, info(sha, b"")),
        "named SHA-384": encoded(size, info("sha384", digest)),
        "named SHA-512": encoded(size, info("sha512", digest)),
        "named SHA-1": encoded(size, tlv(
            0x30, tlv(0x30, bytes.fromhex("06052b0e03021a0500"))
            + tlv(4, digest))),
        "OID with a bit changed": encoded(size, t.replace(
            bytes.fromhex("0304"), bytes.fromhex("0305"), 1)),
        "the hash alone": encoded(size, digest),
        "no DigestInfo": encoded(size, tlv(4, digest)),
        "type 2": b"\0\2" + em[2:], "type 0": b"\0\0" + em[2:],
        "first byte 1": b"\1\1" + em[2:],
        "padding 0": b"\0\1" + b"\0" * (size - 3 - len(t)) + b"\0" + t,
        "a byte of the padding changed": em[:20] + b"\xfe" + em[21:],
        "first byte of the padding changed": em[:2] + b"\xfe" + em[3:],
        "last byte of the padding changed":
            em[:size - len(t) - 2] + b"\xfe" + em[size - len(t) - 1:],
        "no zero before DigestInfo": b"\0\1" + ff(size - 2 - len(t)) + t,
        "a zero early": em[:30] + b"\0" + em[31:],
        "short padding, zeros behind": (b"\0\1" + ff(8) + b"\0" + t).ljust(
            size, b"\0"),
        "short padding, rest behind": (b"\0\1" + ff(8) + b"\0" + t).ljust(
            size, b"\xa5"),
        "short padding, the hash at the end": b"\0\1" + ff(8) + b"\0"
            + t[:-32] + b"\xa5" * (size - 11 - len(t)) + digest,
        "no padding, rest behind": (b"\0\1\0" + t).ljust(size, b"\xa5"),
        "rest in the parameters": encoded(
            size, digest_of(oid + tlv(4, b"\xa5" * 40))),
        "hash changed": em[:-1] + bytes([em[-1] ^ 1]),
        "hash reversed": em[:-32] + em[:-33:-1],
    }
    for name, em_ in ems.items():
        assert len(em_) == size, name
        out(False, "rsa", sha, k.key(), digest, k.sign(em_), name)
    v = int.from_bytes(good, "big")
    wide = lambda x, n: x.to_bytes(n, "big")
    values = {
        "0": wide(0, size), "1": wide(1, size), "n": wide(k.n, size),
        "n-1": wide(k.n - 1, size), "n+1": wide(k.n + 1, size),
        "2^k-1": ff(size), "n minus the signature": wide(k.n - v, size),
        "the signature + n, a byte longer": wide(v + k.n, size + 1),
        "the signature, a zero longer": b"\0" + good,
        "the signature and a zero": good + b"\0",
        "the signature less a byte": good[:-1], "nothing": b"",
        "one zero": b"\0", "the encoded hash itself": em,
        "DER": tlv(2, good), "600 bytes": good * 5,
    }
    for name, sig in values.items():
        out(False, "rsa", sha, k.key(), digest, sig, "signature: " + name)
    for i in range(99999):  # one that begins with 0, and is less than 2^k - n
        digest = hashlib.new(sha, b"zero %d" % i).digest()
        good = k.sign(encoded(size, info(sha, digest)))
        if good[0] == 0:
            break
    out(True, "rsa", sha, k.key(), digest, good, "signature begins with 0")
    out(False, "rsa", sha, k.key(), digest, good[1:],
        "signature without its 0")
    out(False, "rsa", sha, k.key(), digest,
        wide(int.from_bytes(good, "big") + k.n, size), "signature + n")
    for name, key in {
            "e = 0": k.key(0), "e = 1": k.key(1), "e = 2": k.key(2),
            "e even": k.key(65536), "no e": k.key().split(":")[0] + ":",
            "n even": k.key(n=k.n - 1), "n = 0": k.key(n=0),
            "n = 1": k.key(n=1), "no n": ":010001"}.items():
        out(False, "rsa", sha, key, digest, good, name)
    out(False, "rsa", sha, k.key(1), digest,
        encoded(size, info(sha, digest)), "e = 1, its own message")
    for size in (511, 512, 513):
        # A power of 2 and 1: odd, but no product of two primes.
        key = "%x:03" % ((1 << 8 * size - 1) + 1)
        out(False, "rsa", sha, key, digest, b"\x11" * size,
            "modulus of %d bytes" % size)
    # The cube root of a right beginning, for code that does not check the end.
    k = Rsa(2048, 3, "rsa 2048 3")
    begin = b"\0\1" + ff(8) + b"\0" + info(sha, digest)
    v = int.from_bytes(begin.ljust(k.size, b"\xff"), "big")
    root = 1 << 683
    while True:
        nearer = (2 * root + v // root**2) // 3
        if nearer >= root:
            break
        root = nearer
    assert wide(root**3, k.size).startswith(begin)
    out(False, "rsa", sha, k.key(), digest, wide(root, k.size),
        "cube root of a beginning")
    # The shortest padding, and one octet less.
    for bits, valid in ((8 * (3 + 8 + 19 + 64), True),
                        (8 * (3 + 7 + 19 + 64), False)):
        k = Rsa(bits, 65537, "rsa %d" % bits)
        d = hashlib.sha512(b"short").digest()
        out(valid, "rsa", "sha512", k.key(), d,
            k.sign(encoded(k.size, info("sha512", d))),
            "padding of %d" % (k.size - 3 - 19 - 64))


def mgf1(seed, n, sha):
    """RFC 8017 B.2.1."""
    mask = b""
    for i in range(n // HASHES[sha] + 1):
        mask += hashlib.new(sha, seed + i.to_bytes(4, "big")).digest()
    return mask[:n]


def pss(bits, sha, digest, salt, padding=b"", one=1, trailer=0xbc, mask=None):
    """EMSA-PSS-ENCODE of RFC 8017 9.1.1 for a modulus of `bits`; wrong where
    an argument asks for it: octets before the padding, the octet after it, the
    last octet, the mask's hash."""
    size = (bits - 1 + 7) // 8
    h = hashlib.new(sha, b"\0" * 8 + digest + salt).digest()
    zeros = size - len(h) - len(salt) - 2 - len(padding)
    db = padding + b"\0" * zeros + bytes([one]) + salt
    db = bytes(a ^ b for a, b in zip(db, mgf1(h, len(db), mask or sha)))
    db = bytes([db[0] & 0xff >> 8 * size - (bits - 1)]) + db[1:]
    return db + h + bytes([trailer])


def pss_keys():
    for bits, sha in ((1024, "sha256"), (1025, "sha256"), (1031, "sha384"),
                      (2047, "sha512"), (2048, "sha384"), (2049, "sha256"),
                      (529, "sha256"), (530, "sha256")):
        k = Rsa(bits, 65537, "pss %d" % bits)
        digest = hashlib.new(sha, b"pss %d" % bits).digest()
        salt = hashlib.new(sha, b"salt %d" % bits).digest()
        name = "PSS, modulus of %d bits" % bits
        em = pss(bits, sha, digest, salt)
        out(True, "pss", sha, k.key(), digest, k.sign(em), name)
        bad = em[:-2] + bytes([em[-2] ^ 1]) + em[-1:]
        out(False, "pss", sha, k.key(), digest, k.sign(bad),
            name + ", changed")
    # Too short for the hash and a salt of the same length.
    k = Rsa(521, 65537, "pss 521")
    out(False, "pss", "sha256", k.key(), digest, k.sign(em[:64] + b"\xbc"),
        "PSS, modulus of 521 bits")


def pss_forms():
    sha = "sha256"
    salt = hashlib.sha256(b"salt").digest()
    for bits in 1024, 1025:
        k = Rsa(bits, 65537, "pss %d" % bits)
        digest = hashlib.new(sha, b"forms of %d" % bits).digest()
        em = pss(bits, sha, digest, salt)
        good = k.sign(em)
        out(True, "pss", sha, k.key(), digest, good, "PSS: valid")
        out(True, "pss", sha, "0000" + k.key(), digest, good,
            "PSS: zeros before n")
        for name, bad in {
                "no salt": pss(bits, sha, digest, b""),
                "salt an octet shorter": pss(bits, sha, digest, salt[1:]),
                "salt an octet longer": pss(bits, sha, digest, salt + b"x"),
                "padding begins with 1": pss(bits, sha, digest, salt, b"\1"),
                "padding is not zero": pss(bits, sha, digest, salt, b"\0\7"),
                "0 behind the padding": pss(bits, sha, digest, salt, one=0),
                "2 behind the padding": pss(bits, sha, digest, salt, one=2),
                "trailer 0xcc": pss(bits, sha, digest, salt, trailer=0xcc),
                "mask of another hash": pss(bits, sha, digest, salt,
                                            mask="sha512"),
                "salt changed": pss(bits, sha, digest, salt)[:-40]
                + bytes([em[-40] ^ 1]) + em[-39:],
                "the hash alone": digest}.items():
            out(False, "pss", sha, k.key(), digest, k.sign(bad),
                "PSS: " + name)
        for i in range(99999):  # a bit above those that count
            odd = pss(bits, sha, digest, hashlib.sha256(b"%d" % i).digest())
            odd = (int.from_bytes(odd, "big") | 1 << bits - 1).to_bytes(
                k.size, "big")
            if int.from_bytes(odd, "big") < k.n:
                break
        out(False, "pss", sha, k.key(), digest, k.sign(odd),
            "PSS: a bit above the encoded message")
        for name, sig in {
                "a zero longer": b"\0" + good, "an octet less": good[1:],
                "nothing": b"", "600 octets": good * 5,
                "the encoded message itself": em.rjust(k.size, b"\0"),
                "n": k.n.to_bytes(k.size, "big")}.items():
            out(False, "pss", sha, k.key(), digest, sig,
                "PSS: signature: " + name)
        for name, key, sig in (
                ("e = 0", k.key(0), good), ("n even", k.key(n=k.n - 1), good),
                ("n = 0", k.key(n=0), good), ("n = 1", "01:03", b"\0"),
                ("no n", ":010001", b"")):
            out(False, "pss", sha, key, digest, sig, "PSS: " + name)


def main():
    print("# Written by make.py; see there.")
    for c, own in ((P256, "sha256"), (P384, "sha384")):
        t = Ecdsa(c, own)
        for make in encodings, ranges, parts, scalars, keys:
            make(t)
        for sha in HASHES:
            size = HASHES[sha]
            for i in range(3):
                # FIPS 186-5 6.4.1: the leftmost bits of the hash.
                digest = hashlib.new(sha, b"%d" % i).digest()
                e = int.from_bytes(digest[:c.size], "big")
                q, e, r, s = t.signed("hash %d" % i, e)
                out(True, c.name, sha, c.point(q), digest, der(r, s),
                    "pseudorandom")
                if size > c.size:
                    out(True, c.name, sha, c.point(q),
                        digest[:c.size] + b"\0" * (size - c.size), der(r, s),
                        "the end of the hash does not count")
                first = bytes([digest[0] ^ 128]) + digest[1:]
                out(False, c.name, sha, c.point(q), first, der(r, s),
                    "the first bit of the hash changed")
    rsa_keys()
    rsa_forms()
    pss_keys()
    pss_forms()


main()
