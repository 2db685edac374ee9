#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""When boards/size.py calls a written size wrong."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "boards"))
import size  # noqa: E402


def table(*rows):
    return "| | octets |\n| --- | --: |\n" + "".join(f"| {r} | {n} |\n" for r, n in rows)


A, B = ("a", "10,000"), ("b", "500")
CASES = (
    ("the same", (A, B), (A, B), 0),
    ("within 2 %", (A,), (("a", "10,200"),), 0),
    ("over 2 %", (A,), (("a", "10,300"),), 1),
    ("smaller", (A,), (("a", "9,799"),), 1),
    ("no longer linked", (A, B), (A, ("b", "-")), 1),
    ("linked again", (A, ("b", "-")), (A, B), 1),
    ("not linked", (("b", "-"),), (("b", "-"),), 0),
    ("a new row", (A,), (A, B), 1),
    ("a row of what is gone", (A, B), (A,), 1),
    ("words", (("c", "some"),), (("c", "some"),), 0),
    ("roots change", ((size.ROOTS, "10"),), ((size.ROOTS, "20,000"),), 0),
)

for name, old, made, want in CASES:
    size.errors.clear()
    size.compare("test", table(*old), table(*made))
    if len(size.errors) != want:
        sys.exit(f"size: {name}: got {size.errors}, want {want} errors")
print(f"size: {len(CASES)} cases")
