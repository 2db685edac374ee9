#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the proofs of this folder, two at a time, and ends with a table.

    run.py ROOT FOLDER [NAME...]            ROOT: a Debian 13 that has cbmc
    run.py --bites ROOT FOLDER [NAME...]    break the code: each proof must fail

A proof is a function prove_NAME(void) of a file here; prove.h explains the
marks in the comment before it. CBMC is run with the loader and the libraries
of ROOT, so that nothing has to be mounted and nobody has to be root; it finds
the compiler of this machine for its preprocessor. Exit 0: every one is green.
"""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "mutants"))
import run as mutants  # noqa: E402 it is found there
LIMIT_S = 120  # of the processor, for one step of a proof
JOBS = 2
# Beyond the default ones: bounds, pointers, division, shifts, signed overflow.
CHECKS = ["pointer-overflow", "unsigned-overflow", "conversion"]


class Wrong(Exception):
    pass


class Proof:
    def __init__(self, path, name, marks, links):
        self.path, self.name, self.links = path, name, links
        self.bound, self.loops, self.cuts, self.allowed = "", [], [], []
        for mark, text in marks:
            if mark == "bound":
                self.bound = text
            elif mark == "loop":
                loop = re.match(r"(\S+\.\d+) (\d+): (.+)$", text)
                if not loop:
                    raise Wrong(f"{path}: {name}: @loop {text}")
                self.loops.append(f"{loop[1]}:{loop[2]}")
            elif mark == "cut":
                self.cuts.append(":".join(text.split()))
            elif mark == "allow":
                check, reason = text.split(": ", 1)
                if check not in CHECKS or not reason:
                    raise Wrong(f"{path}: {name}: @allow {text}")
                self.allowed.append(check)
            else:
                raise Wrong(f"{path}: {name}: @{mark}")
        if not self.bound:
            raise Wrong(f"{path}: {name}: no @bound")


def marks_of(comment):
    """The marks of a comment, each with the lines that go on with it."""
    text = re.sub(r"^\s*\*? ?", "", comment, flags=re.M)
    for part in re.split(r"^@", text, flags=re.M)[1:]:
        words = " ".join(part.split())
        mark, _, rest = words.partition(" ")
        yield mark, rest


def read_proofs():
    proofs = []
    for path in sorted(glob.glob(os.path.join(HERE, "*.c"))):
        with open(path, encoding="ascii") as f:
            text = f.read()
        links = [rest for comment in re.findall(r"/\*(.*?)\*/", text, re.S)[:2]
                 for mark, rest in marks_of(comment) if mark == "link"]
        for found in re.finditer(
                r"/\*((?:(?!\*/).)*)\*/\nvoid\nprove_(\w+)\(void\)", text,
                re.S):
            proofs.append(Proof(os.path.relpath(path, TOP), found[2],
                                list(marks_of(found[1])),
                                " ".join(links).split()))
        if len(re.findall(r"^prove_\w+\(void\)$", text, re.M)) != \
                sum(p.path == os.path.relpath(path, TOP) for p in proofs):
            raise Wrong(f"{path}: a proof without marks")
    return proofs


class Tools:
    def __init__(self, root):
        def one(pattern):
            found = glob.glob(os.path.join(root, pattern))
            if not found:
                raise Wrong(f"no {pattern} in {root}")
            return os.path.abspath(found[0])
        loader = one("usr/lib*/ld-linux*.so.*")
        libraries = [os.path.dirname(one("usr/lib/*/libc.so.6")),
                     os.path.dirname(one("usr/lib*/libminisat.so.2"))]
        self.words = [loader, "--library-path", ":".join(libraries)]
        self.bin = os.path.dirname(one("usr/bin/cbmc"))

    def command(self, tool, *words):
        return [*self.words, os.path.join(self.bin, tool), *words]


def run(log, tree, words):
    """Runs words. Returns the exit status and the processor's seconds."""
    log.flush()
    child = subprocess.Popen(["prlimit", f"--cpu={LIMIT_S}", *words], cwd=tree,
                             stdout=log, stderr=subprocess.STDOUT,
                             stdin=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, used.ru_utime + used.ru_stime


def prove(tools, folder, tree, proof):
    """(green, the verdict in words, seconds, properties)"""
    entry = "prove_" + proof.name
    binary = os.path.join(folder, proof.name + ".gb")
    path = os.path.join(folder, proof.name + ".log")
    checks = [f"--{c}-check" for c in CHECKS if c not in proof.allowed]
    steps = [tools.command("goto-cc", "-std=c99", "--function", entry, "-o",
                           binary, proof.path, *proof.links)]
    steps += [tools.command("goto-instrument", "--replace-calls", cut, binary,
                            binary) for cut in proof.cuts]
    steps += [tools.command("goto-instrument", "--drop-unused-functions",
                            binary, binary)]
    steps += [tools.command("cbmc", "--object-bits", "10", *checks,
                            "--no-malloc-may-fail", "--slice-formula",
                            "--unwinding-assertions",
                            *[w for loop in proof.loops
                              for w in ("--unwindset", loop)], binary)]
    seconds = 0.0
    with open(path, "w", encoding="utf-8") as log:
        for step in steps:
            status, used = run(log, tree, step)
            seconds += used
            if status != 0:
                break
    os.path.exists(binary) and os.remove(binary)
    with open(path, encoding="utf-8", errors="replace") as log:
        text = log.read()
    count = re.search(r"^\*\* (\d+) of (\d+) failed", text, re.M)
    if status == 0 and count and count[1] == "0":
        return True, "proved", seconds, int(count[2])
    if count:
        return False, "FAILED", seconds, int(count[2])
    return False, "too long" if status < 0 else "ERROR", seconds, 0


def failures(folder, proof):
    """The lines of a failed proof's log that state what is wrong."""
    path = os.path.join(folder, proof.name + ".log")
    with open(path, encoding="utf-8", errors="replace") as log:
        lines = log.read().splitlines()
    bad = [line for line in lines if line.endswith(": FAILURE")]
    return bad or lines[-5:]


def all_of(tools, folder, proofs):
    green, total = 0, 0.0
    width = max(len(p.name) for p in proofs)
    print(f"{'proof':{width}}  seconds  properties  result    bound")
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        running = {pool.submit(prove, tools, folder, TOP, p): p
                   for p in proofs}
        for done in concurrent.futures.as_completed(running):
            proof, (good, word, seconds, count) = running[done], done.result()
            print(f"{proof.name:{width}}  {seconds:7.1f}  {count:10}  "
                  f"{word:8}  {proof.bound}", flush=True)
            green += good
            total += seconds
            if not good:
                print(*failures(folder, proof), sep="\n", flush=True)
    print(f"{green} of {len(proofs)} proofs are green ({total:.0f} s)")
    return green == len(proofs)


def read_bites(proofs):
    """Reads the table; checks that it fits the code, and each proof has a bite."""
    table = mutants.read_table(os.path.join(HERE, "bites.txt"))
    for m in table:
        mutants.mutate(TOP, m)
        if len(m["tries"]) != 1 or len(m["tries"][0]) != 1:
            raise Wrong(f"bites.txt: {m['name']}: one proof, please")
        m["proof"] = m["tries"][0][0]
    bitten, names = {m["proof"] for m in table}, {p.name for p in proofs}
    for name in sorted(bitten - names):
        raise Wrong(f"bites.txt: no proof {name}")
    for name in sorted(names - bitten):
        raise Wrong(f"bites.txt: nothing shows that {name} can fail")
    return table


def bite(tools, folder, proofs, m):
    """Whether the proof that the bite names fails once the bite is applied."""
    proof = next(p for p in proofs if p.name == m["proof"])
    with tempfile.TemporaryDirectory(dir=folder) as tree:
        for part in ("core", "dns", "tls", "tests"):
            os.makedirs(os.path.join(tree, part))
        subprocess.run(["cp", "-r", "core", "dns", "tls", tree], cwd=TOP,
                       check=True)
        subprocess.run(["cp", "-r", "tests/proof", f"{tree}/tests"], cwd=TOP,
                       check=True)
        path, _, text = mutants.mutate(tree, m)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        good, word, _, _ = prove(tools, tree, tree, proof)
        return not good and word == "FAILED", word


def bites(tools, folder, proofs, table):
    wanted = {p.name for p in proofs}
    table = [m for m in table if m["proof"] in wanted]
    caught = 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for m, (good, word) in zip(table, pool.map(
                lambda m: bite(tools, folder, proofs, m), table)):
            caught += good
            print(f"{'caught' if good else 'MISSED'}  {m['name']}: {m['why']} "
                  f"({m['proof']}: {word})", flush=True)
    print(f"{caught} of {len(table)} caught")
    return caught == len(table)


def main(words):
    biting = words[:1] == ["--bites"]
    root, folder, *names = words[1:] if biting else words
    folder = os.path.abspath(folder)
    os.makedirs(folder, exist_ok=True)
    proofs = read_proofs()
    table = read_bites(proofs)
    unknown = set(names) - {p.name for p in proofs}
    if unknown:
        raise Wrong(f"no proof {', '.join(sorted(unknown))}")
    proofs = [p for p in proofs if not names or p.name in names]
    tools = Tools(root)
    if biting:
        return bites(tools, folder, proofs, table)
    return all_of(tools, folder, proofs)


if __name__ == "__main__":
    try:
        sys.exit(0 if main(sys.argv[1:]) else 1)
    except (Wrong, mutants.Drift) as e:
        sys.exit(f"proof: {e}")
