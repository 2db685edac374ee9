# SPDX-License-Identifier: MIT
"""loading.py MTASTS: commands while the journal is still being read. What is
held is listed whole; the journal does not replace an order of the operator; an
order in the journal counts for the first answer; what was forgotten does not
come back; `status` is that of all that is kept."""
import os
import re
import subprocess
import sys

import agent

POLICIES = 30000


def mtasts(binary, folder, *words):
    """Exit code and output of a command, run as soon as the socket exists."""
    at = folder + "/control"
    agent.until(lambda: os.path.exists(at), "no control socket")
    r = subprocess.run([binary, *words, "-o", "control unix:" + at],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, check=False)
    return r.returncode, r.stdout


def start(binary, folder, options):
    """Removes the sockets first, so that a command finds this daemon's."""
    for at in folder + "/control", folder + "/socket":
        if os.path.exists(at):
            os.unlink(at)
    return agent.Agent([binary], options)


def main():
    binary = os.path.abspath(sys.argv[1])
    generator = os.path.dirname(binary) + "/bench/restart"
    dns = agent.NameServer()
    with agent.Folder() as folder:
        options = ["memory %dK" % (POLICIES * 250 // 1024 + 8192),
                   "journal %s/journal" % folder, dns.line, "log stderr",
                   "listen unix:%s/socket" % folder,
                   "control unix:%s/control" % folder]
        plan = agent.run(binary, "serve", "-t",
                         *[x for o in options for x in ("-o", o)])
        size = re.search(r"journal file: (\d+) bytes", plan).group(1)
        domain = agent.run(generator, folder + "/journal", size,
                           str(POLICIES)).strip()

        daemon = start(binary, folder, options)
        code, out = mtasts(binary, folder, "cache", "list")
        agent.check(code == 0 and out.count("\n") >= POLICIES,
                    "list: %d lines, exit code %d" % (out.count("\n"), code))
        held = next(x.split()[0] for x in out.splitlines() if "enforce" in x
                    and x.split()[0] != domain)
        daemon.stop()

        daemon = start(binary, folder, options)
        code, out = mtasts(binary, folder, "cache", "forget", domain)
        agent.check(code == 0, "forget: %d %s" % (code, out))
        code, out = mtasts(binary, folder, "cache", "show", domain)
        agent.check(code == 1, "show: %d %s" % (code, out))
        daemon.stop()

        daemon = start(binary, folder, options)
        code, out = mtasts(binary, folder, "enforce", "off", "--until",
                           "3d")
        agent.check(code == 0, "enforce off: %d %s" % (code, out))
        daemon.stop()
        daemon = start(binary, folder, options)
        agent.until(lambda: os.path.exists(folder + "/socket"), "no socket")
        got = agent.Postfix(folder + "/socket").ask(held)
        agent.check(got == "NOTFOUND ", "enforcement is off: " + got)
        code, out = mtasts(binary, folder, "enforce", "on")
        agent.check(code == 0, "enforce on: %d %s" % (code, out))
        daemon.ready()
        code, out = mtasts(binary, folder, "enforce")
        agent.check(code == 0, "enforce: %d %s" % (code, out))
        daemon.stop()

        daemon = start(binary, folder, options)
        code, out = mtasts(binary, folder, "status", "--quiet")
        agent.check(code == 0, "status: %d %s" % (code, out))
        daemon.stop()
    print("loading: lists, orders and what is forgotten wait for the journal")


main()
