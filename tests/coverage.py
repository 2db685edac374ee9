#!/usr/bin/env python3
"""Lines and branches of core, dns and tls that no test reaches.

    coverage.py BUILD LIST

BUILD holds objects compiled with --coverage and the counts of the runs. LIST
(tests/coverage.txt) has what is known to stay unreached, and why: a reason, a
paragraph from the first column on; below it, indented, each line or branch
that it explains. They are named by function and by the text of the line, so
that a change elsewhere in the file does not matter.

Fails when something unreached is not in LIST, when something in LIST is
reached or gone, and below the bars of branches. The branches of an assertion
do not count, since no input may take them, nor those of a switch, whose cases
are lines of their own; nor does a line that asserts false, or the case of a
switch that leads to nothing else.
"""

import json
import os
import re
import subprocess
import sys

ROOMS = ("core", "dns", "tls")
# percent of each room; lines: all that are not in LIST
BRANCHES_MIN = {"core": 95.5, "dns": 97.5, "tls": 97.0}
ITEM = re.compile(r"\s+(\S+) (\S+) (line|branch [\d ,]+ of \d+): (.*)$")


class Line:
    def __init__(self, function):
        self.function = function
        self.count = 0
        self.branches = []

    def add(self, count, branches):
        """Adds the counts of one object. A condition that is constant in an
        object has no branch there: the object with the most branches
        decides."""
        self.count += count
        if len(self.branches) < len(branches):
            self.branches = [0] * len(branches)
        if len(self.branches) == len(branches):
            self.branches = [a + b for a, b in zip(self.branches, branches)]


def objects(build):
    """The library's objects, those of its tls with a small record buffer, and
    tests that compile a file of the library with a small limit."""
    for room in ["unit"] + [f"{kind}/{room}" for kind in ("obj", "small")
                            for room in ROOMS]:
        for folder, _, names in sorted(os.walk(f"{build}/{room}")):
            for name in sorted(names):
                if name.endswith(".gcno"):
                    yield f"{folder}/{name}"


def counts(build):
    """{file: {(number, function): Line}}, of the union of all objects."""
    files = {}
    notes = list(objects(build))
    if not notes:
        sys.exit(f"coverage: {build} has no objects compiled with --coverage")
    out = subprocess.run(["gcov", "--json-format", "--stdout", "-b"] + notes,
                         check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL).stdout
    for report in out.decode().splitlines():
        for file in json.loads(report)["files"]:
            if file["file"].split("/")[0] not in ROOMS:
                continue
            lines = files.setdefault(file["file"], {})
            for output in file["lines"]:
                function = output.get("function_name", "-")
                key = (output["line_number"], function)
                line = lines.setdefault(key, Line(function))
                line.add(output["count"],
                         [b["count"] for b in output["branches"]])
    return files


class Tally:
    def __init__(self):
        self.lines = self.reached = self.branches = self.taken = 0

    def add(self, line, branches):
        self.lines += 1
        self.reached += line.count > 0
        if branches:
            self.branches += len(line.branches)
            self.taken += sum(1 for b in line.branches if b)

    def lines_percent(self):
        return 100 * self.reached / max(self.lines, 1)

    def branches_percent(self):
        return 100 * self.taken / max(self.branches, 1)

    def __str__(self):
        return (f"lines {self.lines_percent():6.2f} % of {self.lines:5}   "
                f"branches {self.branches_percent():6.2f} % of "
                f"{self.branches:5}")


def never(source, number):
    """Whether the text of a line shows that it is not to be reached."""
    text = source[number - 1].strip()
    if text.endswith(":") and number < len(source):
        text = source[number].strip()
    return text.startswith("STS_ASSERT(false)")


def has_branches(text):
    """Whether the branches of a line count."""
    return "STS_ASSERT(" not in text and not text.startswith("switch (")


def unreached(file, text, line):
    """The entry that LIST must have for this line, or None."""
    if line.count == 0:
        return f"{file} {line.function} line: {text}"
    not_taken = [str(i + 1) for i, b in enumerate(line.branches) if not b]
    if not_taken and has_branches(text):
        return (f"{file} {line.function} branch {', '.join(not_taken)} of "
                f"{len(line.branches)}: {text}")
    return None


def judge(files):
    """Tallies by room and file; what was not reached: {item: [places]}."""
    tallies = {}
    missed = {}
    for file, lines in sorted(files.items()):
        source = open(file, encoding="utf-8").read().splitlines()
        room = file.split("/")[0]
        for (number, _), line in sorted(lines.items()):
            text = " ".join(source[number - 1].split())
            if never(source, number):
                continue
            for name in (room, file):
                tally = tallies.setdefault(name, Tally())
                tally.add(line, has_branches(text))
            item = unreached(file, text, line)
            if item:
                missed.setdefault(item, []).append(f"{file}:{number}")
    return tallies, missed


def listed(path):
    """{item: how often it stands in LIST}; each must stand below a reason."""
    items = {}
    reason = False
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip()
        if not line or line.startswith("#"):
            reason = False
        elif not line[0].isspace():
            reason = True
        elif not ITEM.match(line):
            sys.exit(f"{path}:{number}: not FILE FUNCTION line|branch: TEXT")
        elif not reason:
            sys.exit(f"{path}:{number}: no reason above it")
        else:
            item = " ".join(line.split())
            items[item] = items.get(item, 0) + 1
    return items


def main():
    build, path = sys.argv[1:]
    tallies, missed = judge(counts(build))
    known = listed(path)
    failed = False
    for name, tally in sorted(tallies.items()):
        if name in ROOMS or tally.reached < tally.lines or \
                tally.taken < tally.branches:
            print(f"{name:24} {tally}")
    for item, places in sorted(missed.items(), key=lambda m: m[1]):
        for place in places[known.get(item, 0):]:
            print(f"{place}: not reached and not in {path}:\n\t{item}")
            failed = True
    for item, n in known.items():
        if n > len(missed.get(item, [])):
            print(f"{path}: reached, or gone:\n\t{item}")
            failed = True
    for room in ROOMS:
        if tallies[room].branches_percent() < BRANCHES_MIN[room]:
            print(f"{room}: under {BRANCHES_MIN[room]} % of its branches")
            failed = True
    sys.exit(failed)


main()
