#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab of the package: from a Debian that has neither Postfix nor the agent
to mail that a policy decides, by the README's two commands and nothing else.

package.py TREE  (by run.sh, inside namespaces of its own)

TREE is a Debian with systemd (trixie.sh), which this lab changes. Its
/packages has our packages, its apt cache has what else the first command
installs. It is booted, so that the packages start what they start on a
machine.
"""

import os
import re
import sys

from base import check, play, readme, table, until
from booted import Booted, groups
from daemon import answers
from mail import Mail, attempt
from postfix import MAIN, Postfix
from sinks import Sinks
from world import World

INSTALL = "apt install ./mtasts_*.deb postfix"
ROWS = ("good", "wrong", "untrusted", "plain", "outside", "testing", "nopolicy")


class Packaged(Postfix):
    """Postfix with the files of its package, and what the lab needs in
    main.cf."""

    def __init__(self, system):  # pylint: disable=super-init-not-called
        self.system, self.name = system, "postfix"
        # Its unit lets it write here; the lab's folder would be a private /tmp.
        self.log = system.lab.path("postfix.log")
        os.symlink(f"{system.root}/var/log/postfix.log", self.log)
        lines = MAIN.format(folder="/var", log="/var/log/postfix.log")
        system.run("postconf", "-e", *lines.splitlines())
        system.run("systemctl", "restart", "postfix")


def active(system, unit):
    return system.run("sh", "-c", f"systemctl is-active {unit} || true").strip()


def package(lab, tree):
    commands = readme(INSTALL).splitlines()
    check("the README has two commands", len(commands) == 2, commands)
    rows = [row for row in map(Mail, table("mail.tsv"))
            if re.sub(r"\.test$", "", row.domain) in ROWS]
    check("the rows are there", len(rows) == len(ROWS), rows)
    world = World(lab, rows)
    world.start()
    sinks, system = Sinks(world), Booted(lab, tree)
    try:
        installed(system, sinks, rows, commands)
    finally:
        system.shut()


def installed(system, sinks, rows, commands):
    system.run("sh", "-c", f"cd /packages && {commands[0]}")
    check("the agent answers", until(answers), system.run(
        "journalctl", "-u", "mtasts.service", "-n", "20", "--no-pager"))
    for unit in ("mtasts.socket", "mtasts.service"):
        check(unit, active(system, unit) == "active", active(system, unit))
        state = system.run("systemctl", "is-enabled", unit).strip()
        check(f"{unit}: at the next boot", state == "enabled", state)
    system.run("mtasts", "status", "--quiet")
    server = Packaged(system)
    system.run("sh", "-c", commands[1])
    print(f"package: {server.version()}", flush=True)
    attempt(server, sinks, rows)


if __name__ == "__main__":
    if not groups():
        print("package: NOT RUN: no control groups of version 2 to boot with")
        sys.exit(77)
    TREE = os.path.abspath(sys.argv[1])
    sys.exit(play("package", lambda lab: package(lab, TREE)))
