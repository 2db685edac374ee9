#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""help.py MTASTS: the output of --help, for the program and each command, fits
a screen of 24 lines and 80 columns. Each command names its options, and has an
example that it accepts: an unknown option would be an error of usage."""
import re
import shlex
import subprocess
import sys

import agent


def run(binary, *words):
    return subprocess.run([binary, *words], check=False, capture_output=True, text=True, timeout=agent.PATIENCE)


def fits(what, text):
    lines = text.splitlines()
    agent.check(len(lines) <= 24, "%s: %d lines" % (what, len(lines)))
    for line in lines:
        agent.check(len(line) <= 80 and line.isprintable(), "%s: %r" % (what, line))


def main():
    binary = sys.argv[1]
    r = run(binary, "--help")
    agent.check(r.returncode == 0 and r.stderr == "", r.stderr)
    fits("--help", r.stdout)
    commands = re.findall(r"^  ([a-z]+)  +\S", r.stdout, re.M)
    agent.check(len(commands) == 12, str(commands))
    wrong = run(binary, "no-command").stderr
    for command in commands:
        agent.check(re.search(r" mtasts %s " % command, wrong), "usage: no " + command)
        r = run(binary, command, "--help")
        agent.check(r.returncode == 0 and r.stderr == "", "%s: %s" % (command, r.stderr))
        fits(command, r.stdout)
        agent.check(r.stdout.startswith("usage: mtasts %s " % command), r.stdout)
        examples = re.findall(r"^ *(mtasts %s .*)" % command, r.stdout, re.M)
        agent.check(examples, "%s: no example" % command)
        named = set(re.findall(r"(?<![\w-])(--[a-z]+|-[a-z])\b", r.stdout.replace(examples[0], "")))
        example = examples[0]
        words = shlex.split(re.split(r" [|>]", example)[0])
        agent.check(words[:2] == ["mtasts", command], example)
        for word in words[2:]:
            agent.check(not re.match(r"--?[a-z]", word) or word in named, "%s: %s" % (command, word))
        # --help beside any other arguments, before anything is done.
        r = run(binary, *words[1:], "--help")
        agent.check(r.returncode == 0, "%s: %s" % (example, r.stderr))


main()
