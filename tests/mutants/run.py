#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Breaks the code on purpose, one way at a time, and counts which breaks are
noticed.

    run.py FOLDER [-n] [NAME...]

The table is mutants.txt. Each mutant is applied to a copy of the tree in
FOLDER, the changed files are built, and tests run until one fails: those that
its lines "!" name, or the simulator's seeds, then the scenarios, then the unit
tests. A mutant that does not compile, or whose old lines are not there exactly
once, is an error: the table is out of date. So is one whose tests do not exist
or cannot run here. -n only checks the table. Exit 0: every mutant was caught.
"""
import glob
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SEEDS = os.environ.get("MUTANT_SEEDS", "1..12")
DAYS = "4"
TLS_SEEDS = "1..2"
LIMIT_S = 240  # for one command; a mutant that hangs is caught
NOT_RUN = 77  # the exit status of a test that cannot run here
# They take long, or test no rule.
UNITS_LEFT_OUT = ("test_daemon", "test_cache_model")


class Drift(Exception):
    pass


def read_table(path):
    """Blocks of "= name", ": meaning", "@ file", "- old" and "+ new" lines,
    and "! suite test...": what to run, in this order, and nothing else; "unit"
    may be left out."""
    mutants = []
    with open(path, encoding="ascii") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            kind, rest = line[:1], line[1:].removeprefix(" ")
            if kind == "=":
                mutants.append({"name": rest, "why": "", "file": None,
                                "old": [], "new": [], "tries": []})
            elif kind == ":":
                mutants[-1]["why"] = rest
            elif kind == "@":
                mutants[-1]["file"] = rest
            elif kind == "!":
                words = rest.split()
                if words[0].startswith("test_"):
                    words.insert(0, "unit")
                mutants[-1]["tries"].append(words)
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
    """Runs a command. Returns whether it ended well, and its output."""
    run = subprocess.Popen(words, cwd=tree, text=True, errors="replace",
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        output = run.communicate(timeout=LIMIT_S)[0]
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)  # its children, too
        run.communicate()
        return False, "it hangs"
    if run.returncode == NOT_RUN:
        raise Drift(f"{' '.join(words)} cannot run here:\n{output}")
    return run.returncode == 0, output


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


def files(tree, folder, pattern, names):
    """Paths below the tree of all files that fit, or of the named ones."""
    paths = [os.path.join(folder, pattern.replace("*", n))
             for n in names or ["*"]]
    found = [sorted(glob.glob(os.path.join(tree, p))) for p in paths]
    if not all(found):
        raise Drift(f"there is no {' or no '.join(paths)}")
    return [os.path.relpath(p, tree) for some in found for p in some]


def try_unit(tree, names):
    for path in files(tree, "tests/unit", "*.c", names or ["test_*"]):
        name = os.path.basename(path)[:-2]
        if not names and name in UNITS_LEFT_OUT:
            continue
        build(tree, "build/unit/" + name)
        good, output = command(tree, "build/unit/" + name)
        if not good:
            return f"{name}: " + reason(output, [":E:", ":F:"])
    return None


def try_scenario(tree, names):
    build(tree, "build/scenario")
    good, output = command(tree, "build/scenario", "-1",
                           *files(tree, "tests/scenario", "*.scn", names))
    return None if good else "scenario: " + reason(output, [".scn:"])


def try_sim(tree, names):
    """Runs seeds, which the names are."""
    build(tree, "build/sim")
    good, output = command(tree, "build/sim", "-q", "-x", "-j", "2", "-d", DAYS,
                           *(names or [SEEDS]))
    return None if good else "sim: " + reason(output, ["FAILED", "assert"])


def try_sim_tls(tree, names):
    build(tree, "build/sim-tls")
    good, output = command(tree, "build/sim-tls", "-q", "-x", "-d", "1",
                           *(names or [TLS_SEEDS]))
    return None if good else "sim-tls: " + reason(output, ["FAILED", "assert"])


def try_replay(tree, names):
    """Replays the corpora of the fuzzers."""
    for path in files(tree, "tests/fuzz/corpus", "*", names):
        name = os.path.basename(path)
        build(tree, "build/replay/" + name)
        good, output = command(tree, "build/replay/" + name,
                               *files(tree, path, "*", []))
        if not good:
            return f"replay {name}: " + reason(output, ["assert", "failed"])
    return None


def try_service(tree, names):
    """Tests the daemon as a service; most of these tests need root."""
    build(tree, "build/mtasts", "build/bench/restart")
    for path in files(tree, "tests/service", "*", names):
        shell = "sh" if path.endswith(".sh") else "python3"
        good, output = command(tree, shell, path, "build/mtasts")
        if not good:
            return f"{path}: " + reason(output, ["FAILED"])
    return None


TRIES = {"unit": try_unit, "scenario": try_scenario, "sim": try_sim,
         "sim-tls": try_sim_tls, "replay": try_replay, "service": try_service}
DEFAULT = [["sim"], ["scenario"], ["sim-tls"], ["unit"]]


def hunt(tree, m):
    """Runs the tests of the mutant. Returns what noticed it, or None."""
    for suite, *names in m["tries"] or DEFAULT:
        noticed = TRIES[suite](tree, names)
        if noticed:
            return noticed
    return None


def check_tries(m):
    """Checks that a mutant's tests exist."""
    where = {"unit": ("tests/unit", "*.c"), "scenario":
             ("tests/scenario", "*.scn"), "replay": ("tests/fuzz/corpus", "*"),
             "service": ("tests/service", "*")}
    for suite, *names in m["tries"]:
        if suite not in TRIES:
            raise Drift(f"{m['name']}: there is no suite {suite}")
        if suite == "service" and not names:
            raise Drift(f"{m['name']}: service without a test")
        if suite in where and names:
            files(TOP, *where[suite], names)


def drift_of(m):
    """The reason why the mutant cannot be tried, or None."""
    try:
        mutate(TOP, m)
        check_tries(m)
    except Drift as drift:
        return str(drift)
    return None


def copy_tree(tree):
    """Copies only the files that differ, so that only those are built."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"],
                           cwd=TOP, check=True, stdout=subprocess.PIPE,
                           text=True).stdout.split("\n")
    for name in listed:
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
    drifts = [d for d in map(drift_of, mutants) if d]
    if drifts:
        raise Drift("\n".join(drifts))
    if only_check:
        print(f"mutants: {len(mutants)}, all apply")
        return 0
    copy_tree(tree)
    for suite, *names in sorted({tuple(t) for m in mutants
                                 for t in m["tries"] or DEFAULT[:2]}):
        noticed = TRIES[suite](tree, names)
        if noticed:
            raise Drift("it fails without any mutation: " + noticed)
    missed = 0
    for m in mutants:
        began = time.time()
        path, original, mutated = mutate(tree, m)
        write(path, mutated)
        try:
            caught = hunt(tree, m)
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
