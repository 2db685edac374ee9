#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""requirements.md against the tests: each R number that a test cites has a
row, and each test that a row names cites it. Prints what is wrong."""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROW = re.compile(r"^\| R(\d+) \|.*\| ([^|]*) \|$")


def cited(path):
    return {int(n) for n in re.findall(r"\bR([0-9]{1,2})\b", path.read_text(errors="replace"))}


def main():
    wrong, rows = [], {}
    for line in (HERE / "requirements.md").read_text().splitlines():
        row = ROW.match(line)
        if row:
            rows[int(row[1])] = re.findall(r"`([^`]+)`", row[2])
    for number, names in rows.items():
        for name in names:
            if not (HERE / name).is_file() or number not in cited(HERE / name):
                wrong.append(f"requirements.md: {name} does not cite R{number}")
    listed = subprocess.run(["git", "ls-files", "unit/*.c", "scenario/*.scn", "fuzz/*.c"], cwd=HERE, capture_output=True, text=True,
                            check=True).stdout.split()
    for name in listed:
        for number in sorted(cited(HERE / name) - set(rows)):
            wrong.append(f"{name}: R{number} is not in requirements.md")
    print("\n".join(wrong) if wrong else f"{len(rows)} requirements")
    return 1 if wrong else 0


sys.exit(main())
