#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Breaks the code on purpose, one way at a time, and counts what notices.

    run.py FOLDER [-n] [NAME...]

The table is mutants.txt. Each mutant is applied to a copy of the tree in
FOLDER, what changed is built, and the tests run until one fails: first the
simulator's seeds, then the scenarios, then the unit tests. A mutant that does
not compile, or whose old lines are not there exactly once, is an error: the
table has drifted. -n only checks that. Exit 0: every mutant was caught.
"""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SEEDS = os.environ.get("MUTANT_SEEDS", "1..12")
DAYS = "4"
TLS_SEEDS = "1..2"
LIMIT_S = 240  # for one command; a mutant that hangs is caught


class Drift(Exception):
    pass


def read_table(path):
    """Blocks of "= name", ": meaning", "@ file", "- old" and "+ new" lines,
    "! test": only this unit test is run, first."""
    mutants = []
    with open(path, encoding="ascii") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            kind, rest = line[:1], line[1:].removeprefix(" ")
            if kind == "=":
                mutants.append({"name": rest, "why": "", "file": None,
                                "old": [], "new": [], "unit": None})
            elif kind == ":":
                mutants[-1]["why"] = rest
            elif kind == "@":
                mutants[-1]["file"] = rest
            elif kind == "!":
                mutants[-1]["unit"] = rest
            elif kind == "-":
                mutants[-1]["old"].append(line[1:])
            elif kind == "+":
                mutants[-1]["new"].append(line[1:])
            elif line and kind != "#":
                raise Drift(f"mutants.txt:{number}: not understood")
    names = [m["name"] for m in mutants]
    if len(set(names)) != len(names):
        raise Drift("mutants.txt: a name twice")
    return mutants


def mutate(tree, m):
    """The file with the mutation, and without."""
    path = os.path.join(tree, m["file"])
    with open(path, encoding="utf-8") as f:
        text = f.read()
    old = "\n" + "\n".join(m["old"]) + "\n"
    found = ("\n" + text).count(old) if m["old"] else 0
    if found != 1:
        raise Drift(f"{m['name']}: its old lines are {found} times in "
                    f"{m['file']}, not once")
    new = "\n" + "".join(line + "\n" for line in m["new"])
    return path, text, ("\n" + text).replace(old, new)[1:]


def command(tree, *words):
    """Whether it ended well, and its output."""
    try:
        done = subprocess.run(words, cwd=tree, timeout=LIMIT_S, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, errors="replace")
    except subprocess.TimeoutExpired:
        return False, "it hangs"
    return done.returncode == 0, done.stdout


def build(tree, *targets):
    good, output = command(tree, "make", "-s", *targets)
    if not good:
        raise Drift("it does not build:\n" + output[-2000:])


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def reason(output, words):
    for line in output.splitlines():
        if any(w in line for w in words):
            return line.strip()[:100]
    return output.strip().splitlines()[-1][:100] if output.strip() else "?"


def scenarios(tree):
    return sorted(f"tests/scenario/{n}" for n in
                  os.listdir(os.path.join(tree, "tests/scenario"))
                  if n.endswith(".scn"))


def hunt(tree, m, units):
    """What noticed the mutation, or None."""
    if m["unit"]:
        build(tree, "build/unit/" + m["unit"])
        good, output = command(tree, "build/unit/" + m["unit"])
        return None if good else f"{m['unit']}: " + reason(output, [":E:", ":F:"])
    build(tree, "build/sim")
    good, output = command(tree, "build/sim", "-q", "-x", "-j", "2", "-d", DAYS,
                           SEEDS)
    if not good:
        return "sim: " + reason(output, ["FAILED", "assert"])
    build(tree, "build/scenario")
    good, output = command(tree, "build/scenario", "-1", *scenarios(tree))
    if not good:
        return "scenario: " + reason(output, [".scn:"])
    build(tree, "build/sim-tls")
    good, output = command(tree, "build/sim-tls", "-q", "-x", "-d", "1", TLS_SEEDS)
    if not good:
        return "sim-tls: " + reason(output, ["FAILED", "assert"])
    for unit in units:
        build(tree, "build/unit/" + unit)
        good, output = command(tree, "build/unit/" + unit)
        if not good:
            return f"{unit}: " + reason(output, [":E:", ":F:"])
    return None


def copy_tree(tree):
    """Only what differs is written, so that only that is built."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"],
                           cwd=TOP, check=True, stdout=subprocess.PIPE,
                           text=True).stdout.split("\n")
    for name in files:
        source, target = os.path.join(TOP, name), os.path.join(tree, name)
        if not os.path.isfile(source):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(source, "rb") as f:
            content = f.read()
        if os.path.exists(target):
            with open(target, "rb") as f:
                if f.read() == content:
                    continue
        with open(target, "wb") as f:
            f.write(content)


def main(words):
    only_check = "-n" in words
    words = [w for w in words if w != "-n"]
    tree, names = os.path.abspath(words[0]), words[1:]
    mutants = read_table(os.path.join(HERE, "mutants.txt"))
    if names:
        mutants = [m for m in mutants if m["name"] in names]
    for m in mutants:
        mutate(TOP, m)
    if only_check:
        print(f"mutants: {len(mutants)}, all apply")
        return 0
    copy_tree(tree)
    units = sorted(n[:-2] for n in os.listdir(os.path.join(tree, "tests/unit"))
                   if n.startswith("test_") and n.endswith(".c") and
                   n not in ("test_daemon.c", "test_cache_model.c"))
    build(tree, "build/sim", "build/scenario", "build/sim-tls")
    good, output = command(tree, "build/sim", "-q", "-x", "-j", "2", "-d", DAYS,
                           SEEDS)
    if good:
        good, output = command(tree, "build/scenario", "-1", *scenarios(tree))
    if not good:
        raise Drift("it fails without any mutation:\n" + output[-2000:])
    missed = 0
    for m in mutants:
        began = time.time()
        path, original, mutated = mutate(tree, m)
        write(path, mutated)
        try:
            caught = hunt(tree, m, units)
        finally:
            write(path, original)
        missed += caught is None
        print(f"{'caught' if caught else 'MISSED':7} {m['name']:28} "
              f"{time.time() - began:4.0f} s  {caught or m['why']}", flush=True)
    print(f"mutants: {len(mutants)}, caught {len(mutants) - missed}, "
          f"missed {missed}")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Drift as drift:
        print(f"mutants: {drift}")
        sys.exit(2)
