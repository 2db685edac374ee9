#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""requirements.md compared with the tests. The last column of a row names the
tests that cite its R number, or explains why no test does. Prints what is
wrong: a row with neither, a column that is out of date, an R number without a
row. With --write the column is first brought up to date."""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROW = re.compile(r"^(\| R(\d+) \|.*\| )([^|]*)( \|)$")
TESTS = ["unit/*.c", "scenario/*.scn", "fuzz/*.c", "sim/*.c"]


def citations():
    """Each R number with the tests that cite it, in order of name."""
    names = subprocess.run(["git", "ls-files", *TESTS], cwd=HERE, capture_output=True, text=True, check=True).stdout.split()
    found = {}
    for name in sorted(names):
        for number in set(re.findall(r"\bR([0-9]{1,2})\b", (HERE / name).read_text(errors="replace"))):
            found.setdefault(int(number), []).append(name)
    return found


def column(number, now, found):
    """What the last column must be: the tests, or the words that are there."""
    if number in found:
        return ", ".join(f"`{name}`" for name in found[number])
    return "–" if now.startswith(("`unit", "`scenario", "`fuzz", "`sim")) else now


def main():
    page, found, wrong, rows, lines = HERE / "requirements.md", citations(), [], set(), []
    for line in page.read_text().splitlines():
        row = ROW.match(line)
        if row:
            number = int(row[2])
            rows.add(number)
            must = column(number, row[3], found)
            if must == "–":
                wrong.append(f"requirements.md: no test cites R{number}, and no word says why")
            elif must != row[3] and "--write" not in sys.argv:
                wrong.append(f"requirements.md: R{number} is cited by {must}")
            line = row[1] + must + row[4]
        lines.append(line)
    if "--write" in sys.argv:
        page.write_text("\n".join(lines) + "\n")
    wrong += [f"{', '.join(found[number])}: R{number} is not in requirements.md" for number in sorted(set(found) - rows)]
    print("\n".join(wrong) if wrong else f"{len(rows)} requirements")
    return 1 if wrong else 0


sys.exit(main())
