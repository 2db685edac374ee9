#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the tables of uts46.c from Unicode's published data.

    uts46_table.py [FOLDER] > core/grammar/uts46_table.c

FOLDER holds UnicodeData.txt and DerivedNormalizationProps.txt: by default
/usr/share/unicode, where Debian's package unicode-data (15.0.0) puts them. What
each table means is explained in uts46_table.h. `make uts46-table` writes the file
anew; `make check` compares it with what the script writes.

The package does not have IdnaMappingTable.txt, so the mapping is derived from
NFKC_Casefold in the way that UTS #46 section 6 describes; tests/icu compares
the result with ICU for every code point.
"""
import sys

VERSION = "15.0.0"
CODES = 0x110000
FOLDER = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode"

DOTS = (0x3002, 0xFF0E, 0xFF61)  # separators: sts_idna_dot knows them
KEPT = (0x00DF, 0x03C2, 0x200C, 0x200D)  # deviations, non-transitional
IGNORED_FORMATS = {0x00AD, 0x200B, 0x2060, 0x2064, 0xFEFF, *range(0x1BCA0, 0x1BCA4)}
REFUSED = {
    # Disallowed since IDNA2003, whatever NFKC_Casefold says (UTS #46 section 6).
    0x04C0, *range(0x10A0, 0x10C6), 0x2132, 0x2183,  # had no small letter then
    0x115F, 0x1160, 0x3164, 0xFFA0,  # Hangul fillers
    0x17B4, 0x17B5, 0x1806,  # Khmer inherent vowels, Mongolian soft hyphen
    *range(0x2FF0, 0x2FFC), 0xFFFC, 0xFFFD,
    0x2F868, 0x2F874, 0x2F91F, 0x2F95F, 0x2F9BF,  # corrected since (corrigendum 4)
    # Capital sharp s: "ss" up to Unicode 15.0, U+00DF since 15.1. The mail
    # server's ICU may be of either kind, so nobody can tell.
    0x1E9E,
}

VALID, IGNORE, REFUSE, PAIRS = 0, 1, 2, 3  # as in uts46_table.h
FIRST_SHIFT = 4
NO_MARK = 255
HANGUL = range(0xAC00, 0xAC00 + 11172)  # decomposed by arithmetic


def lines(name):
    """The fields of each line of a file of the Unicode character database."""
    with open(f"{FOLDER}/{name}", encoding="utf-8") as f:
        for line in f:
            fields = [x.strip() for x in line.split("#")[0].split(";")]
            if len(fields) > 1:
                yield fields


def span(text):
    ends = [int(x, 16) for x in text.split("..")]
    return range(ends[0], ends[-1] + 1)


def points(text):
    return tuple(int(x, 16) for x in text.split())


class Unicode:
    """What the published files say."""

    def __init__(self):
        self.category = ["Cn"] * CODES
        self.ccc, self.canonical, self.fold = {}, {}, {}
        self.excluded = set()
        start = None
        for f in lines("UnicodeData.txt"):
            code = int(f[0], 16)
            if f[1].endswith("First>"):
                start = code
                continue
            for c in range(start if f[1].endswith("Last>") else code, code + 1):
                self.category[c] = f[2]
            if f[3] != "0":
                self.ccc[code] = int(f[3])
            if f[5] and not f[5].startswith("<"):
                self.canonical[code] = points(f[5])
        for f in lines("DerivedNormalizationProps.txt"):
            if f[1] == "NFKC_CF":
                self.fold.update((c, points(f[2])) for c in span(f[0]))
            elif f[1] == "Full_Composition_Exclusion":
                self.excluded.update(span(f[0]))

    def nfd(self, text):
        """Canonical decomposition, all of it but Hangul's."""
        out = ()
        for c in text:
            out += self.nfd(self.canonical[c]) if c in self.canonical else (c,)
        return out


class Mapping:
    """UTS #46 without STD3 rules, non-transitional: what each code point
    becomes, decomposed; or VALID, IGNORE, REFUSE."""

    def __init__(self, u):
        self.u = u
        self.to = [self.target(c) for c in range(CODES)]

    def is_valid(self, c):
        if c in KEPT or c < 0x80:
            return not ord("A") <= c <= ord("Z")
        return (c not in self.u.fold and c not in REFUSED and
                c not in DOTS and self.u.category[c][0] not in "CZ")

    def target(self, c):
        u, to = self.u, self.u.fold.get(c, (c,))
        if c in DOTS:
            return REFUSE  # a separator is never inside a label
        if self.is_valid(c):
            whole = u.nfd((c,))
            return VALID if whole == (c,) else whole
        if u.category[c] == "Cn" or c in REFUSED:
            return REFUSE
        if to == ():
            known = u.category[c] != "Cf" or c in IGNORED_FORMATS
            return IGNORE if known else REFUSE
        if to == (c,) or not all(map(self.is_valid, to)) or 0x2E in to:
            return REFUSE
        return u.nfd(to)


def units(text):
    """UTF-16."""
    data = "".join(map(chr, text)).encode("utf-16-be")
    return tuple(int.from_bytes(data[i:i + 2], "big")
                 for i in range(0, len(data), 2))


class Runs:
    """The mapping of a plane, cut into runs that cost least: dynamic
    programming from the end. A run costs 4 octets, a unit 2."""

    LONGEST = 400  # code points of a run of sequences

    def __init__(self, to, first):
        self.to, self.first = to[first:first + 0x10000], first
        self.seq = [None if isinstance(t, int) else units(t) for t in self.to]
        self.shift = [t[0] - (first + i)
                      if not isinstance(t, int) and len(t) == 1 else None
                      for i, t in enumerate(self.to)]

    def ends(self, i):
        """(end, kind, cost) of each run that may begin at i."""
        to, n = self.to, len(self.to)
        if isinstance(to[i], int):
            yield self.same[i], to[i], 4
            return
        if self.shift[i] is not None:
            j = i
            while j < n and self.shift[j] == self.shift[i]:
                j += 1
            yield j, ("shift", self.shift[i]), 8
        if self.shift[i] == 1:
            j = i
            while (j < n and (self.shift[j] == 1 if (j - i) % 2 == 0
                              else to[j] == VALID)):
                j += 1
            yield j, PAIRS, 4
        width, j = len(self.seq[i]), i
        while (j < n and j - i < self.LONGEST and self.seq[j] is not None and
               len(self.seq[j]) == width):
            j += 1
            yield j, ("units", j - i), 6 + 2 * width * (j - i)

    def cut(self):
        n = len(self.to)
        self.same = [n] * n  # where a run of one answer ends
        best = [(0, n, None)] * (n + 1)
        for i in range(n - 1, -1, -1):
            alike = i + 1 < n and self.to[i] == self.to[i + 1]
            self.same[i] = self.same[i + 1] if alike else i + 1
            best[i] = min(((cost + best[end][0], end, kind)
                           for end, kind, cost in self.ends(i)),
                          key=lambda x: x[0])
        at, out = 0, []
        while at < n:
            _, end, kind = best[at]
            if isinstance(kind, tuple) and kind[0] == "units":
                data = sum(self.seq[at:end], ())
                kind = ("units", (len(self.seq[at]),) + data)
            out.append((at, kind))
            at = end
        return out


def is_output(u, to, c):
    """Whether c can be in a label: what has a decomposition is not VALID
    itself, but made of what is."""
    return to[c] == VALID or (c in u.canonical and to[c] == u.nfd((c,)))


class Table:
    def __init__(self, u, to):
        planes = [Runs(to, p << 16).cut() for p in range(17)]
        self.shifts = sorted({k[1] for p in planes for _, k in p
                              if isinstance(k, tuple) and k[0] == "shift"})
        self.first_unit = FIRST_SHIFT + len(self.shifts)
        self.units = self.share({k[1] for p in planes for _, k in p
                                 if isinstance(k, tuple) and k[0] == "units"})
        self.planes, self.runs = [0], []
        for p in planes:
            self.runs += [(at, self.what(kind)) for at, kind in p]
            self.planes.append(len(self.runs))
        self.marks = self.find_marks(u, to)
        self.pairs = self.find_pairs(u, to)

    @staticmethod
    def share(blocks):
        """One text that holds every block, found in it where it can be."""
        text = ""
        for b in sorted(blocks, key=lambda b: (-len(b), b)):
            s = "".join(map(chr, b))
            if s not in text:
                lap = next(k for k in range(min(len(s), len(text)), -1, -1)
                           if text.endswith(s[:k]))
                text += s[lap:]
        return text

    def what(self, kind):
        if isinstance(kind, int):
            return kind
        if kind[0] == "shift":
            return FIRST_SHIFT + self.shifts.index(kind[1])
        at = self.units.index("".join(map(chr, kind[1])))
        assert self.first_unit + at <= 0xFFFF
        return self.first_unit + at

    @staticmethod
    def find_marks(u, to):
        """Combining marks and their classes, as runs."""
        out, last = [], NO_MARK
        for c in range(CODES):
            mark = u.category[c][0] == "M" and is_output(u, to, c)
            now = u.ccc.get(c, 0) if mark else NO_MARK
            assert mark or to[c] != VALID or c not in u.ccc
            if now != last:
                out.append(c << 8 | now)
            last = now
        return out

    @staticmethod
    def find_pairs(u, to):
        """Canonical compositions that a mapped text can need."""
        out = []
        for c, parts in u.canonical.items():
            if len(parts) == 2 and c not in u.excluded and \
                    all(is_output(u, to, p) for p in parts):
                plane = c >> 16
                assert plane < 2 and all(p >> 16 == plane for p in parts)
                out.append((plane, *(x & 0xFFFF for x in parts), c & 0xFFFF))
        return sorted(out)


def rows(values, width=78):
    line = ""
    for v in values:
        if len(line) + len(v) + 1 > width:
            yield line
            line = ""
        line += v + ","
    yield line


def array(kind, name, values, size=""):
    print(f"\nconst {kind} {name}[{size}] = {{")
    for line in rows(values):
        print(line)
    print("};")


def version():
    """Of the data: "# DerivedNormalizationProps-15.0.0.txt" is a first line."""
    with open(f"{FOLDER}/DerivedNormalizationProps.txt", encoding="utf-8") as f:
        return f.readline().rsplit("-", 1)[-1].strip().removesuffix(".txt")


def main():
    if version() != VERSION:
        sys.exit(f"{FOLDER} is of Unicode {version()}, not {VERSION}: what "
                 "changed in between must be looked at (uts46.h)")
    u = Unicode()
    to = Mapping(u).to
    t = Table(u, to)
    low = sum(p[0] == 0 for p in t.pairs)
    octets = (2 * len(t.planes) + 4 * len(t.runs) + 4 * len(t.shifts) +
              2 * len(t.units) + 4 * len(t.marks) + 6 * len(t.pairs) + 4)
    print("/* SPDX-License-Identifier: MIT */")
    print(f"/* Written by uts46_table.py from Unicode {VERSION}: {octets} octets."
          " */")
    print('#include "uts46_table.h"\n')
    print("/* clang-format off */")
    array("uint16_t", "sts_uts46_planes", map(str, t.planes))
    array("struct sts_uts46_run", "sts_uts46_runs",
          (f"{{{a},{b}}}" for a, b in t.runs))
    array("int32_t", "sts_uts46_shifts", map(str, t.shifts))
    print(f"\nconst uint16_t sts_uts46_first_unit = {t.first_unit};")
    array("uint16_t", "sts_uts46_units", (str(ord(x)) for x in t.units))
    print(f"\nconst uint16_t sts_uts46_marks_count = {len(t.marks)};")
    array("uint32_t", "sts_uts46_marks", map(str, t.marks))
    array("uint16_t", "sts_uts46_pairs_planes", map(str, (0, low, len(t.pairs))))
    array("struct sts_uts46_pair", "sts_uts46_pairs",
          (f"{{{a},{b},{c}}}" for _, a, b, c in t.pairs))
    print("/* clang-format on */")


main()
