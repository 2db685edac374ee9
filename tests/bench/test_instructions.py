#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What instructions.py accepts and what it refuses: a table."""

import sys

from instructions import CONDITIONS, HEAD, WHAT, judge, parse

KEPT = {"compiler": "cc 12", "flags": "-O2", "bearssl": "0.6", "libc": "2.36",
        "valgrind": "3.19", "machine": "x86_64 aes", "warm": 1000,
        "pipelined": 500, "cold": 1000000}
CASES = (
    # what differs from the kept figures, whether it passes, what is printed
    ({}, True, "+0.00 %"),
    ({"warm": 1030}, True, "+3.00 %"),
    ({"warm": 1031}, False, "warm: 1031 instructions, +3.10 % of 1000: more"),
    ({"pipelined": 516}, False, "pipelined: 516 instructions, +3.20 %"),
    ({"cold": 1030001}, False, "cold: 1030001 instructions, +3.00 %"),
    ({"cold": 900000}, True, "-10.00 % of 1000000: fewer"),
    ({"compiler": "cc 13"}, True, "not compared: another compiler (cc 13;"),
    ({"compiler": "cc 13", "warm": 5000}, True, "not compared"),
    ({"flags": "-O0", "warm": 5000}, True, "another flags (-O0;"),
    ({"bearssl": "0.7", "cold": 5000000}, True, "another bearssl"),
    ({"libc": "2.41", "warm": 5000}, True, "another libc"),
    ({"valgrind": "3.24", "warm": 5000}, True, "another valgrind"),
    ({"machine": "aarch64", "warm": 5000}, True, "another machine"),
)


def text(kept):
    return HEAD + "".join(f"{w} {kept[w]}\n" for w in CONDITIONS + WHAT)


def refused(what):
    try:
        parse(what)
    except (SystemExit, ValueError):
        return True
    return False


def main():
    bad = []
    for change, passes, words in CASES:
        good, lines = judge(parse(text(KEPT)), {**KEPT, **change})
        if good != passes or words not in "\n".join(lines):
            bad.append((change, good, lines))
        if "not compared" in words and any("%" in x for x in lines):
            bad.append((change, "compared", lines))
    whole = text(KEPT)
    for what in ("", whole.replace("cold 1000000\n", ""), whole + "warm 7\n",
                 whole + "other 7\n", whole.replace("warm 1000", "warm x")):
        if not refused(what):
            bad.append(what)
    for b in bad:
        print("instructions:", b)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
