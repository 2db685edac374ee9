#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab of mail servers: what becomes of mail when they ask the agent.

mail.py MTASTS TREE [REGEX]  (by run.sh, inside namespaces of its own)

TREE is a Debian 13 (trixie.sh). postmap asks for each row of mail.tsv; then
each mail server sends a mail to each of its domains, to the mail servers of
sink.py. The configurations are those of the handbook.
"""

import os
import re
import sys

from base import Row, check, play, table, until
from daemon import Daemon
from exim import Exim
from postfix import Postfix
from restarts import Restarts
from sendmail import Sendmail
from sinks import Sinks
from system import System
from world import World, mx_hosts

SERVERS = ("postfix", "tlsrpt", "sendmail", "exim")
PATIENCE_S = 60  # for the first attempt at a mail


class Mail(Row):
    """A line of mail.tsv."""

    def __init__(self, line):
        domain, served, mx, self.answer, *wants = line.split("\t")
        self.wants = dict(zip(SERVERS, wants))
        super().__init__(domain, served, mx)


def delivered(name, want, server, mails, base=None):
    """base: the name that is verified and sent as SNI, if not the host's."""
    check(f"{name}: delivered once", len(mails) == 1, mails)
    for mail in mails:
        check(f"{name}: {want}", bool(mail["tls"]) == (want != "plain"), mail)
        if want == "verified":
            shown = base or mail["mx"]
            check(f"{name}: verified", server.verified(shown), mail)
            check(f"{name}: SNI", mail["sni"] == shown, mail)


def kept(name, want, outcome, mails, connections):
    kind, why = want.split(":", 1)
    check(f"{name}: deferred", outcome[0] == "deferred", outcome)
    check(f"{name}: why", re.search(why, outcome[1]), outcome)
    check(f"{name}: not delivered", not mails, mails)
    if kind == "untried":
        check(f"{name}: not tried", not connections, connections)


def attempt(server, sinks, rows):
    """This server sends a mail to every domain: what must come of each."""
    sinks.mark()
    for row in rows:
        server.send(f"lab@{row.domain}")
    for row in rows:
        to, name = f"lab@{row.domain}", f"{server.name} {row.domain}"
        if not until(lambda: server.outcome(to), PATIENCE_S):
            check(f"{name}: attempted", False, "nothing in the log")
            continue
        want, outcome = row.wants[server.name], server.outcome(to)
        if want in ("verified", "encrypted", "plain"):
            check(f"{name}: sent", outcome[0] == "sent", outcome)
            delivered(name, want, server, sinks.mails(to))
        else:
            hosts = [host for host, _ in mx_hosts(row)]
            kept(name, want, outcome, sinks.mails(to),
                 [e for e in sinks.events("connection") if e["mx"] in hosts])


def no_agent(daemon, exim):
    """An agent that does not answer permits nothing: Exim keeps the mail."""
    daemon.stop()
    exim.send("nobody@good.test")
    outcome = exim.outcome("nobody@good.test")
    check("exim: deferred without an agent",
          outcome[0] == "deferred" and "cannot be told" in outcome[1], outcome)
    daemon.serve()


def asked(daemon, rows):
    for row in rows:
        got = daemon.postmap(row.domain)
        check(f"postmap {row.domain}", re.fullmatch(row.answer, got), got)


def mail(lab, program, tree, only):
    rows = [Mail(line) for line in table("mail.tsv")]
    rows = [r for r in rows if re.search(only, r.domain)]
    restarts = Restarts(lab)
    world = World(lab, rows + restarts.rows)
    world.start()
    sinks = Sinks(world)
    os.mkdir(lab.path("run"))
    daemon = Daemon(lab, program,
                    f"listen unix:{lab.path('run/text')} protocol=text\n")
    daemon.serve()
    asked(daemon, rows)
    here, there = System(lab), System(lab, tree)
    old = Postfix(here, "postfix", "# main.cf, Postfix 3.4 and later")
    new = Postfix(there, "tlsrpt", "# main.cf, Postfix 3.10.5 and later")
    exim = Exim(there)
    for server in [old, new, Sendmail(there), exim]:
        print(f"mail: {server.version()}", flush=True)
        server.start()
        attempt(server, sinks, rows)
        server.stop()
    if not only:
        no_agent(daemon, exim)
        restarts.play(daemon, sinks, old, new)


if __name__ == "__main__":
    PROGRAM, TREE = (os.path.abspath(a) for a in sys.argv[1:3])
    ONLY = sys.argv[3] if len(sys.argv) > 3 else ""
    sys.exit(play("mail", lambda lab: mail(lab, PROGRAM, TREE, ONLY)))
