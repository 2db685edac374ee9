#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab of TLS reports, row by row (tlsrpt.tsv): what a real Postfix >= 3.10
sends of each kind of delivery, and what the agent counts; then what a real
Exim sends to the text socket.

tlsrpt.py MTASTS TREE [REGEX]  (by run.sh, inside namespaces of its own)
"""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading

from base import HERE, Row, check, play, read, table, until, write
from daemon import ask
from exim import Exim
from report import Later, amend, deliver, sender
from sinks import Sinks
from system import System
from world import World, mx_hosts

AD = "127.0.0.2"  # answers from here claim to be validated


class Case(Row):
    def __init__(self, line):
        domain, served, mx, self.levels, self.want = line.split("\t")
        self.typed = domain
        super().__init__(domain.lower(), served, mx)


class Secure(threading.Thread):
    """A name server that passes on the other's answers with the AD bit set."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((AD, 53))
        self.start()

    def run(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(2)
                s.sendto(query, ("127.0.0.1", 53))
                try:
                    answer = bytearray(s.recv(65536))
                except OSError:
                    continue
            answer[3] |= 0x20
            self.socket.sendto(answer, client)


def key_digest(world, name, kind):
    pem, _ = world.certificates.of(name, kind)
    der = subprocess.run(
        f"openssl x509 -in {pem} -noout -pubkey | openssl pkey -pubin -outform "
        "DER | sha256sum", shell=True, stdout=subprocess.PIPE, text=True,
        check=True).stdout
    return der.split()[0]


def tlsa_lines(world, cases):
    lines = []
    for case in cases:
        kind = case.get("tlsa", "")
        for name, served in mx_hosts(case) if kind else ():
            data = {"right": "3 1 1 " + key_digest(world, name, served),
                    "wrong": "3 1 1 " + "ab" * 32,
                    "unusable": "3 1 9 abcd"}[kind]
            lines.append(f'local-data: "_25._tcp.{name}. 60 IN TLSA {data}"')
    return lines


def also_answer(lab, world, lines):
    """Name server data besides that of the rows."""
    conf = read(lab.path("unbound.conf")).replace(
        "remote-control:", "server:\n" + "\n".join(lines) + "\nremote-control:")
    lab.stop(world.unbound)
    write(lab.path("unbound.conf"), conf)
    world.unbound = lab.start("unbound", "-c", lab.path("unbound.conf"),
                              log="unbound.log")


def policies(text):
    """A report, in the words of the table."""
    reported = []
    for p in json.loads(text)["report"]["policies"]:
        failures = []
        for f in p.get("failure-details", []):
            reason = f.get("failure-reason-code")
            failures += [f["result-type"] + (f":{reason}" if reason else "")] \
                * f["failed-session-count"]
        reported.append(" ".join(
            [p["policy"]["policy-type"],
             str(p["summary"]["total-successful-session-count"]),
             str(p["summary"]["total-failure-session-count"])] +
            ([",".join(sorted(failures))] if failures else [])))
    return "; ".join(sorted(reported))


class Reports(Later):
    def of(self, domain):
        reported = self.command("report", "show", domain, "--json")
        texts = [t for t in reported.splitlines() if '"policies"' in t]
        return policies(texts[0]) if texts else "none"


def levels(etc, cases):
    """The operator's own table of levels."""
    lines = []
    for case in cases:
        policy = (f"policy_type=sts policy_domain={case.domain} "
                  f"policy_string={{version: STSv1}} "
                  f"mx_host_pattern=mx.{case.domain}")
        if case.levels:
            lines.append(case.domain + " " +
                         case.levels.replace("$POLICY", policy))
    write(f"{etc}/levels", "\n".join(lines) + "\n")


def unusable_anchor(world):
    """A certificate whose key is of an unknown algorithm."""
    der = ssl.PEM_cert_to_DER_cert(read(world.certificates.root.pem))
    known = bytes.fromhex("06072a8648ce3d0201")  # id-ecPublicKey
    assert der.count(known) == 1
    return ssl.DER_cert_to_PEM_cert(der.replace(known, known[:-1] + b"\x7f"))


def by_postfix(lab, daemon, world, tree, cases):
    new = deliver(lab, tree)
    write(lab.path("resolv-ad.conf"),
          f"nameserver {AD}\noptions edns0 trust-ad\n")
    new.system.cover(lab.path("resolv-ad.conf"), "/etc/resolv.conf")
    levels(new.etc, cases)
    write(f"{new.spool}/anchor.pem", unusable_anchor(world))
    write(f"{new.etc}/transport", "relay.test smtp:[mx.relay.test]\n")
    asked = re.search(r"smtp_tls_policy_maps = (.*)",
                      read(f"{new.etc}/main.cf"))[1]
    # With this depth, two certificates between leaf and root are too many.
    amend(new, smtp_dns_support_level="dnssec", smtp_tls_scert_verifydepth="0",
          transport_maps="texthash:/etc/postfix/transport",
          smtp_tls_policy_maps=f"texthash:/etc/postfix/levels, {asked}")
    place = f"{new.spool}/run/tlsrpt"
    os.makedirs(place)
    for folder in (f"{new.spool}/run", place):
        os.chmod(folder, 0o755)
    daemon.conf(f"tlsrpt unix:{place}/tlsrpt.sock mode=0666 "
                f"owner={sender(tree)}\n")
    daemon.serve()
    for case in cases:
        ask(case.domain)
    print(f"tlsrpt: {new.version()}", flush=True)
    new.start()
    for case in cases:
        new.send("lab@" + case.typed.replace("mx.relay", "relay"))
    for case in cases:
        until(lambda: daemon.of(case.domain) == case.want,
              30 if case.want != "none" else 0)
    # What is not reported has been tried, too.
    until(lambda: all(
        new.outcome("lab@" + c.typed.replace("mx.relay", "relay"))
        for c in cases), 30)
    for case in cases:
        reported = daemon.of(case.domain)
        check(f"{case.typed}: report", reported == case.want, reported)
        if case.get("policy", "") == "testing":
            shown = daemon.query(case.domain).get("testing_failed")
            check(f"{case.typed}: shown by query", shown == 1, shown)
    new.stop()
    daemon.stop()


def by_exim(lab, daemon, tree, cases):
    """Exim with nothing but the event action of the handbook."""
    lab_exim = Exim(System(lab, tree, entered=True))
    action = next(line.strip() for line in
                  read(f"{HERE}/../../boards/posix/README.md").splitlines()
                  if line.strip().startswith("event_action")
                  and "msg:host:defer" in line)
    place = lab.path("exim/etc/exim4.conf")
    conf, times = re.subn(r"(?m)^ *event_action = .*$", lambda _: "  " + action,
                          read(place))
    check("the transport has an event action", times == 1, conf)
    # The handbook's transport does not treat DANE.
    conf = conf.replace("  driver = smtp\n", "  driver = smtp\n  hosts_try_dane = *\n")
    conf = conf.replace("  driver = dnslookup\n", "  driver = dnslookup\n"
                        "  dnssec_request_domains = *\n")
    write(place, conf)
    daemon.conf(f"listen unix:{lab.path('run/text')} protocol=text mode=0660 "
                f"owner={sender(tree, 'Debian-exim')}\n")
    daemon.serve()
    print(f"tlsrpt: {lab_exim.version()}", flush=True)
    for case in cases:
        lab_exim.send(f"lab@{case.domain}")
    for case in cases:
        reported = daemon.of(case.domain)
        check(f"{case.typed}: Exim's report", reported == case.want,
              f"{reported}; {lab_exim.outcome('lab@' + case.domain)}")
    daemon.stop()


def tlsrpt(lab, program, tree, rows):
    cases = [c for c in map(Case, table("tlsrpt.tsv"))
             if re.search(rows, c.domain)]
    world = World(lab, cases)
    world.start()
    also_answer(lab, world, tlsa_lines(world, cases))
    Sinks(world)
    Secure()
    os.makedirs(lab.path("run"))
    daemon = Reports(lab, program, "contact tls@client.test\n"
                     "organization_name The Lab\n")
    by_postfix(lab, daemon, world, tree,
               [c for c in cases if c.get("by", "postfix") == "postfix"])
    by_exim(lab, daemon, tree, [c for c in cases if c.get("by", "") == "exim"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    TREE = os.path.abspath(sys.argv[2])
    ROWS = sys.argv[3] if len(sys.argv) > 3 else ""
    sys.exit(play("tlsrpt", lambda lab: tlsrpt(lab, PROGRAM, TREE, ROWS)))
