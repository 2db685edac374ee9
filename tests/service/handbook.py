# SPDX-License-Identifier: MIT
"""handbook.py MTASTS: what the first page and the operator's handbook show can
be typed as it stands. Each command is one of the program, with options that it
takes; each block of configuration passes "serve -t"; each key of the table is
on the manual page."""
import pathlib
import re
import shlex
import subprocess
import sys

import agent

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("README.md", "boards/posix/README.md")
# What would need folders that this machine may lack.
NO_FILES = "-o", "control off", "-o", "journal off"


def run(binary, *words):
    return subprocess.run([binary, *words], check=False, capture_output=True, text=True, timeout=agent.PATIENCE)


def commands(text):
    """Each line of a block and each word of a sentence that begins with the
    program; without comments, and up to a pipe, a semicolon or the like."""
    for line in re.findall(r"(?:^ {4,}|`|\$\()(?:build/)?mtasts ([a-z]+\b[^`\n]*)", text, re.M):
        yield shlex.split(re.split(r" *[|;>&)]| #", line)[0])


def blocks(text):
    """The blocks that begin with a comment that names the file."""
    for block in re.findall(r"(?:^ {4}\S.*\n)+", text, re.M):
        lines = [line[4:] for line in block.splitlines()]
        if re.match(r"# .*mtasts\.conf", lines[0]):
            yield lines


def main():
    binary = sys.argv[1]
    typed = configured = 0
    for name in PAGES:
        text = (TOP / name).read_text(encoding="utf-8")
        for words in commands(text):
            r = run(binary, *words, "--help")
            agent.check(r.returncode == 0, "%s: %s: %s" % (name, words, r.stderr.partition("\n")[0]))
            typed += 1
        for lines in blocks(text):
            r = run(binary, "serve", "-t", *(w for line in lines for w in ("-o", line)), *NO_FILES)
            agent.check(r.returncode == 0, "%s: %s: %s" % (name, lines, r.stderr))
            configured += 1
    keys = re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| to \| keys \|\n(?:\|.*\n)+", text, re.M)))
    manual = (TOP / "boards/posix/man/mtasts.conf.5").read_text(encoding="utf-8")
    for key in keys:
        agent.check("\n.It Ic %s " % key in manual, "no key " + key)
    agent.check(typed > 30 and configured > 2 and len(keys) > 15, "%d, %d, %d" % (typed, configured, len(keys)))
    print("handbook: %d commands, %d configurations and %d keys are as the program takes them" % (typed, configured, len(keys)))


main()
