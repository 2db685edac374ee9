# SPDX-License-Identifier: MIT
"""Mail while keys are rolled over: the steps of dane-roll.tsv."""

import hashlib
import re
import shutil

from base import check, read, table, until
from certs import LEAF, make_key

PATIENCE_S = 60


class Step:
    """A row of dane-roll.tsv."""

    def __init__(self, line):
        (self.domain, self.tlsa, self.key, self.agent, self.answer,
         self.want) = line.split("\t")


class Own:
    """Mail hosts, each with an old key and a new one."""

    def __init__(self, lab, certificates, digest):
        """digest(pem): the key of a certificate in DER."""
        self.lab, self.certificates, self.digest = lab, certificates, digest
        self.made = set()

    def path(self, host, which, end):
        return self.lab.path(f"{host}.{which}.{end}")

    def files(self, host):
        """(certificate, key) that the host presents now."""
        return self.path(host, "now", "pem"), self.path(host, "now", "key")

    def make(self, host):
        for which in ("old", "new") if host not in self.made else ():
            key = self.path(host, which, "key")
            make_key(key)
            self.certificates.root.issue(f"{host}.{which}", key,
                                         f"DNS:{host}", LEAF)
        self.made.add(host)

    def show(self, host, which):
        self.make(host)
        for end in "pem", "key":
            shutil.copy(self.path(host, which, end),
                        self.path(host, "now", end))

    def records(self, host, words):
        self.make(host)
        return ["3 1 1 " + hashlib.sha256(
            self.digest(self.path(host, which, "pem"))).hexdigest()
                for which in words.split() if which != "none"]


def rows(domain_row):
    """(row of the world, its steps) for each domain, as at its first step."""
    steps = [Step(line) for line in table("dane-roll.tsv")]
    return [(domain_row(f"{domain}\ttxt=none\tmx=own/none\t-\t-"),
             [s for s in steps if s.domain == domain])
            for domain in dict.fromkeys(s.domain for s in steps)]


def send(name, step, server, sinks, judges, to):
    delivered, kept = judges
    sinks.mark()
    server.send(to)
    if not until(lambda: server.outcome(to), PATIENCE_S):
        check(f"{name}: attempted", False, "nothing in the log")
        return
    outcome = server.outcome(to)
    if step.want.startswith("deferred:"):
        kept(name, step.want, outcome, sinks.mails(to), [])
    else:
        check(f"{name}: sent", outcome[0] == "sent", outcome)
        delivered(name, step.want, server, sinks.mails(to))


def play(world, daemon, sinks, server, rolling, judges):
    """judges: the checks of a mail that came, and of one that did not."""
    for row, steps in rolling:
        for i, step in enumerate(steps):
            name = f"{server.name} {row.domain} step {i + 1}"
            row.tlsa["mx"] = step.tlsa
            world.own.show(f"mx.{row.domain}", step.key)
            world.publish(row)
            server.reload()  # it holds TLSA records for their TTL
            if step.agent == "forgets" or i == 0:
                daemon.forget(row.domain)
            got = daemon.postmap(row.domain)
            check(f"{name}: postmap", re.fullmatch(step.answer, got), got)
            send(name, step, server, sinks, judges,
                 f"step{i + 1}@{row.domain}")
    text = read(sinks.journal)
    for row, _ in rolling:
        check(f"{row.domain}: never in the clear", not re.search(
            rf'"to": "[^"]*@{re.escape(row.domain)}", "tls": null', text))
