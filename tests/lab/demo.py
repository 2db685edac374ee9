#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks for a handful of domains, to show the agent at work.

demo.py MTASTS  (by run.sh, inside namespaces of its own)
"""

import os
import subprocess
import sys
import textwrap

from base import Lab, Row
from daemon import Daemon, ask
from world import World

# Name, what it serves (as in domains.tsv), the same in words, the exit code.
DOMAINS = [
    ("bank.test", "", "enforces its policy", 0),
    ("shop.test", "policy=testing", "only tries its policy out", 1),
    ("gone.test", "policy=none", "has withdrawn its policy", 1),
    ("plain.test", "txt=none host=none", "knows nothing of MTA-STS", 1),
    ("broken.test", "cert=expired", "has let a certificate expire", 2),
    ("slow.test", "host=raw raw=mute", "has a web server that is silent", 2),
]


def say(text, color="0"):
    if sys.stdout.isatty():
        text = f"\033[{color}m{text}\033[0m"
    print(text, flush=True)


def query(daemon, domain, what):
    say(f"\n# {domain} {what}:", "36")
    say(f"$ mtasts query {domain}", "1")
    p = subprocess.run([daemon.program, "query", "-c",
                        daemon.lab.path("mtasts.conf"), domain],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, check=False)
    print(textwrap.indent(p.stdout, "  "), end="")
    return p.returncode


def outage(lab, world):
    """What is known holds when no server is left to ask."""
    say("\n# Asked as Postfix asks; then again, with all servers "
        "gone:", "36")
    answers = []
    for servers in (True, False):
        if not servers:
            lab.stop(world.unbound)
            lab.stop(world.nginx)
        say("> postfix bank.test", "1")
        answers.append(ask("bank.test"))
        print(f"  {answers[-1]}")
    return answers[0] == answers[1] and answers[0].startswith("OK secure ")


def main():
    program, lab = os.path.abspath(sys.argv[1]), Lab()
    say("A name server, web servers and certificates for .test are being made "
        "on this\nmachine, in a network of their own.")
    try:
        world = World(lab, [Row(*row[:2]) for row in DOMAINS])
        world.start()
        daemon = Daemon(lab, program, "sct off\n")
        daemon.serve()
        as_expected = [query(daemon, name, what) == code
                       for name, _, what, code in DOMAINS]
        as_expected.append(outage(lab, world))
    finally:
        lab.close()
        lab.remove()
    say("\nAll of it is gone again.")
    return 0 if all(as_expected) else 1


if __name__ == "__main__":
    sys.exit(main())
