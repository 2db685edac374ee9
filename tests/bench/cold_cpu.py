#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processor time of the daemon for a cold fetch, in signature checks of
OpenSSL.

cold_cpu.py MTASTS [LIVES]

Runs in a network namespace of its own, as policies are fetched from port 443.
A fetch is a question of a mail server, TXT, A and AAAA, a connection with TLS
1.3, the chain's checks, the policy, and its record in the journal; only the
daemon's part counts. The unit is one check of an ECDSA signature on P-256 by
`openssl speed` in the same run, so that figures of several machines can be
compared. The least of some lives counts, and of some runs of the unit. Fails
above the bars.
"""

import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "check"))

import dnsd  # noqa: E402
import web  # noqa: E402
from certs import SERVER, SUB, Certificates, run  # noqa: E402
from cold import FEW, MANY, POLICY  # noqa: E402
from restart import free_port  # noqa: E402
from warm import connect, read_answers  # noqa: E402

CHAIN = "chain"


class Chain(Certificates):
    """A root, an authority and a server with keys of these kinds."""

    def __init__(self, folder, names, root, authority):
        os.mkdir(folder)
        self.folder = folder
        self.names = ",".join("DNS:" + n for n in names)
        self.make(root, "root")
        self.make(authority, "ca")
        self.make_key("ec", "prime256v1")
        run("openssl", "req", "-x509", "-new", "-key", self.path("root.key"),
            "-days", "30", "-subj", "/CN=bench root", "-out",
            self.path("root.pem"), "-addext",
            "basicConstraints=critical,CA:TRUE", "-addext",
            "keyUsage=critical,keyCertSign,cRLSign")
        self.issue("ca", "ca", None, SUB, cn="bench ca")
        self.issue(CHAIN, "ec", self.names, SERVER, by="ca", above="ca")

    def make(self, kind, name):
        if isinstance(kind, int):
            self.make_rsa(name, kind)
        else:
            self.make_key(name, kind)


# Name, keys of root and authority, bar in checks.
CHAINS = (("P-256", "prime256v1", "prime256v1", 21),
          ("Let's-Encrypt-like", 4096, "secp384r1", 24.5))


def check_us():
    """Microseconds that OpenSSL needs to check a signature on P-256."""
    text = subprocess.run(["openssl", "speed", "-seconds", "1", "ecdsap256"],
                          check=True, capture_output=True, text=True).stdout
    return 1e6 / float(re.search(r"nistp256\).* ([\d.]+)\n", text).group(1))


def cpu_us(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1000


def ask(s, domains):
    for d in domains:
        text = f"postfix {d}".encode()
        s.sendall(b"%d:%s," % (len(text), text))
        read_answers(s, 1, b" secure match=")


def life(mtasts, folder, names, domains):
    """Microseconds of a fetch; the first fetches do not count."""
    port = free_port()
    lines = ["memory 4M", f"journal {folder}/journal",
             f"listen inet:127.0.0.1:{port}",
             f"nameserver 127.0.0.1 port={names}", "control off",
             f"trust_anchors {folder}/root.pem", "fetch_allow 127.0.0.0/8",
             "log stderr", "log_level warning"]
    child = subprocess.Popen(
        [mtasts, "serve"] + [x for line in lines for x in ("-o", line)],
        stderr=subprocess.PIPE)
    s = connect(port)
    ask(s, domains[:FEW])
    before = cpu_us(child.pid)
    ask(s, domains[FEW:])
    after = cpu_us(child.pid)
    s.close()
    child.terminate()
    child.communicate()
    os.remove(f"{folder}/journal")
    return (after - before) / (len(domains) - FEW)


def main():
    mtasts = os.path.abspath(sys.argv[1])
    lives = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    domains = [f"d{i:02}.example" for i in range(MANY)]
    names = dnsd.Server()
    for d in domains:
        names.records[(f"_mta-sts.{d}", "TXT")] = ["v=STSv1; id=1;"]
    good = True
    with tempfile.TemporaryDirectory(prefix="mtasts-cold-") as top:
        for i, (name, root, authority, bar) in enumerate(CHAINS):
            certs = Chain(f"{top}/{i}", [f"mta-sts.{d}" for d in domains],
                          root, authority)
            # Each has an address of its own, as these servers never end.
            address = f"127.0.0.{2 + i}"
            for d in domains:
                names.records[(f"mta-sts.{d}", "A")] = [address]
            web.Server(address, 443, CHAIN, certs, POLICY)
            us = [life(mtasts, certs.folder, names.port, domains)
                  for _ in range(lives)]
            unit = min(check_us() for _ in range(lives))
            good = good and min(us) <= bar * unit
            print(f"{name}: {min(us):.0f} us a fetch [..{max(us):.0f}], "
                  f"{min(us) / unit:.1f} checks of {unit:.1f} us (bar {bar})")
    sys.exit(not good)


if __name__ == "__main__":
    main()
