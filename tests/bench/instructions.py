#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions of a warm answer and a cold fetch, beside the figures that are
kept.

instructions.py PROGRAM FIGURES COMPILER FLAGS [keep]

Fails when one of them grew by more than MORE percent over FIGURES. The counts
repeat to the digit, but only with the same compiler, flags, libraries and kind
of machine: where one of those differs, the counts are printed and not
compared. `keep` writes FIGURES anew, for an intended change.
"""

import os
import platform
import re
import subprocess
import sys

MORE = 3  # percent
WHAT = ("warm", "pipelined", "cold")
CONDITIONS = ("compiler", "flags", "bearssl", "libc", "valgrind", "machine")
HEAD = """\
# Instructions an answer, counted by `make bench-instructions`; these figures hold
# for what stands before them. `make bench-instructions KEEP=keep` writes them anew.
"""


def parse(text):
    """A file of figures as a table; a line that is none is a fault."""
    kept = {}
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        word, _, value = line.partition(" ")
        if word in kept or word not in CONDITIONS + WHAT:
            raise SystemExit(f"bench-instructions: {line}")
        kept[word] = value.strip() if word in CONDITIONS else int(value)
    missing = [w for w in CONDITIONS + WHAT if w not in kept]
    if missing:
        raise SystemExit(f"bench-instructions: no {', '.join(missing)}")
    return kept


def judge(kept, found):
    """Whether the check passes, and what is printed."""
    lines = [f"{w}: {found[w]} instructions" for w in WHAT]
    other = [w for w in CONDITIONS if kept[w] != found[w]]
    if other:
        return True, lines + [
            f"not compared: another {w} ({found[w]}; the figures kept are "
            f"of {kept[w]})" for w in other]
    good = True
    for i, w in enumerate(WHAT):
        more = 100 * (found[w] - kept[w]) / kept[w]
        lines[i] += f", {more:+.2f} % of {kept[w]}"
        if 100 * found[w] > (100 + MORE) * kept[w]:
            good = False
            lines[i] += f": more than {MORE} % over what is kept"
        elif more < -MORE:
            lines[i] += ": fewer; KEEP=keep keeps that"
    return good, lines


def version(package):
    r = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                       text=True, check=False)
    return r.stdout.strip() or "unknown"


def machine():
    """BearSSL chooses other code where the processor has instructions for
    AES."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
            aes = re.search(r"\baes\b", f.read()) is not None
    except OSError:
        aes = False
    return platform.machine() + (" aes" if aes else "")


def conditions(compiler, flags):
    cc = subprocess.run(compiler.split() + ["--version"], check=True,
                        stdout=subprocess.PIPE, text=True).stdout
    return {"compiler": cc.splitlines()[0], "flags": flags.strip(),
            "bearssl": version("libbearssl0"), "libc": version("libc6"),
            "valgrind": version("valgrind"), "machine": machine()}


def count(program, what):
    """Instructions per answer. Neither the environment nor the processor's
    instructions for copying memory change them; names are bound before the
    count begins."""
    env = {"PATH": os.environ["PATH"], "LD_BIND_NOW": "1",
           "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-ERMS,-FSRM"}
    r = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         "--instr-atstart=no", "--collect-atstart=no", program, what],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        check=False)
    total = re.search(r"Collected : (\d+)", r.stderr)
    if r.returncode != 0 or total is None or int(total.group(1)) == 0:
        raise SystemExit(f"bench-instructions: {what}: {r.stderr}")
    return int(total.group(1)) // int(r.stdout)


def main():
    program, figures, compiler, flags = sys.argv[1:5]
    found = conditions(compiler, flags)
    found.update((w, count(program, w)) for w in WHAT)
    again = count(program, "warm")
    if again != found["warm"]:
        raise SystemExit(f"bench-instructions: warm: {found['warm']}, "
                         f"then {again}: the count does not repeat")
    if sys.argv[5:] == ["keep"]:
        with open(figures, "w", encoding="ascii") as f:
            f.write(HEAD + "".join(
                f"{w} {found[w]}\n" for w in CONDITIONS + WHAT))
    with open(figures, encoding="ascii") as f:
        good, lines = judge(parse(f.read()), found)
    print("\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
