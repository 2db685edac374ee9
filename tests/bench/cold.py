#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a cold fetch costs the daemon in system calls, its journal included.

cold.py MTASTS [-v]

Runs in a network namespace of its own, as policies are fetched from port 443.
The daemon lives twice and fetches for more domains in one life: the difference
is what the fetches cost. A fetch is a question of a mail server, TXT, A and
AAAA, a connection with TLS, the policy, and its record in the journal; counted
without and with the child that writes the journal. -v: lists the calls. Fails when the daemon's own are more than BAR.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "check"))

import dnsd  # noqa: E402
import web  # noqa: E402
from certs import Certificates  # noqa: E402
from restart import free_port  # noqa: E402
from warm import connect, read_answers  # noqa: E402

FEW, MANY = 5, 45  # domains
ADDRESS = "127.0.0.2"
BAR = 50  # system calls of the daemon
SETTLE_S = 1  # in which the journal is written
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx.example\r\n" \
    "max_age: 604800\r\n"


def world(folder):
    """Starts name server and policy hosts of all domains. Returns the name
    server's port."""
    domains = [f"d{i:02}.example" for i in range(MANY)]
    certs = Certificates(folder, [f"mta-sts.{d}" for d in domains])
    names = dnsd.Server()
    for d in domains:
        names.records[(f"_mta-sts.{d}", "TXT")] = ["v=STSv1; id=1;"]
        names.records[(f"mta-sts.{d}", "A")] = [ADDRESS]
    web.Server(ADDRESS, 443, "good", certs, POLICY)
    return names.port, domains


def life(argv, port, domains):
    """What strace printed of a life that fetched for these domains."""
    child = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    s = connect(port)
    for d in domains:
        text = f"postfix {d}".encode()
        s.sendall(b"%d:%s," % (len(text), text))
        read_answers(s, 1, b" secure match=")
    time.sleep(SETTLE_S)
    s.close()
    with open(f"/proc/{child.pid}/task/{child.pid}/children",
              encoding="ascii") as f:
        os.kill(int(f.read().split()[0]), signal.SIGTERM)
    return child.communicate()[1]


def each(mtasts, folder, names, domains, strace):
    """How often one fetch makes each call."""
    counts = []
    for n in (FEW, MANY):
        port = free_port()
        lines = ["memory 4M", f"journal {folder}/journal{n}",
                 f"listen inet:127.0.0.1:{port}",
                 f"nameserver 127.0.0.1 port={names}", "control off",
                 f"trust_anchors {folder}/root.pem",
                 "fetch_allow 127.0.0.0/8", "log stderr",
                 "log_level warning", "confine off"]
        options = [x for line in lines for x in ("-o", line)]
        counts.append(calls(life(strace + [mtasts, "serve"] + options, port,
                                 domains[:n])))
        os.remove(f"{folder}/journal{n}")
    return {name: (n - counts[0].get(name, 0)) / (MANY - FEW)
            for name, n in counts[1].items()}


def calls(text):
    """How often each system call was made, and their sum."""
    row = r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$"
    return {name: int(n) for n, name in re.findall(row, text, re.M)}


def main():
    mtasts = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="mtasts-cold-") as folder:
        names, domains = world(folder)
        alone = each(mtasts, folder, names, domains, ["strace", "-c"])
        both = each(mtasts, folder, names, domains, ["strace", "-c", "-f"])
    if "-v" in sys.argv[2:]:
        for name, n in sorted(alone.items(), key=lambda x: -x[1]):
            if n and name != "total":
                print(f"{n:6.2f} {name}")
    print(f"{alone['total']:.1f} system calls a cold fetch, "
          f"{both['total']:.1f} with the journal's child (bar {BAR})")
    sys.exit(alone["total"] > BAR)


if __name__ == "__main__":
    main()
