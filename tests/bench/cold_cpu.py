#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processor time of the daemon for a cold fetch, in signature checks of
OpenSSL.

cold_cpu.py MTASTS [LIVES [TLSPOL]]

Runs in a network namespace of its own, as policies are fetched from port 443.
A fetch is a question of a mail server, TXT, A and AAAA, a connection with TLS
1.3, the chain's checks, the policy, and its record in the journal, for sixteen
clients at once. The daemon alone counts; its child that writes the journal is
printed apart. The unit is one check of an ECDSA signature on P-256 by `openssl
speed` in the same run, so that figures of several machines can be compared. The
least of some lives counts, and of some runs of the unit. Fails above the bars.

With the program of postfix-tlspol both fetch in turns from the same servers,
and the ratios are printed, too. It looks for DANE besides, and the daemon lives
a second time with DANE. For policy hosts it asks the server of resolv.conf.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "check"))

import dnsd  # noqa: E402
import web  # noqa: E402
from certs import SERVER, SUB, Certificates, run  # noqa: E402
from cold import POLICY  # noqa: E402
from restart import free_port  # noqa: E402
from smtpd import context  # noqa: E402
from warm import connect, read_answers  # noqa: E402

CLIENTS = 16  # that ask at once
ADDRESSES = 8  # of policy hosts
FEW, MANY = 16, 112  # domains


class Chain(Certificates):
    """A root, an authority with keys of these kinds, and a certificate for each
    name."""

    def __init__(self, folder, names, root, authority):
        os.mkdir(folder)
        self.folder = folder
        self.make(root, "root")
        self.make(authority, "ca")
        self.make_key("ec", "prime256v1")
        run("openssl", "req", "-x509", "-new", "-key", self.path("root.key"),
            "-days", "30", "-subj", "/CN=bench root", "-out",
            self.path("root.pem"), "-addext",
            "basicConstraints=critical,CA:TRUE", "-addext",
            "keyUsage=critical,keyCertSign,cRLSign")
        self.issue("ca", "ca", None, SUB, cn="bench ca")
        for n in names:
            self.issue(n, "ec", "DNS:" + n, SERVER, by="ca", above="ca")

    def make(self, kind, name):
        if isinstance(kind, int):
            self.make_rsa(name, kind)
        else:
            self.make_key(name, kind)


class Hosts(web.Server):
    """Policy hosts at one address, each with its certificate."""

    def __init__(self, address, certs, names):
        of = {n: context(certs, n) for n in names}
        super().__init__(address, 443, names[0], certs, POLICY)

        def choose(conn, name, _):
            conn.context = of[name]
        self.context.sni_callback = choose


# Name, keys of root and authority, bar in checks.
CHAINS = (("P-256", "prime256v1", "prime256v1", 13.5),
          ("Let's-Encrypt-like", 4096, "secp384r1", 21.5))


def check_us():
    """Microseconds that OpenSSL needs to check a signature on P-256."""
    text = subprocess.run(["openssl", "speed", "-seconds", "1", "ecdsap256"],
                          check=True, capture_output=True, text=True).stdout
    return 1e6 / float(re.search(r"nistp256\).* ([\d.]+)\n", text).group(1))


def cpu_us(pid):
    """Microseconds of all threads of a process, and of its children: the
    daemon's writes the journal."""
    own, of_children = 0, 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        of = f"/proc/{pid}/task/{thread}/"
        with open(of + "schedstat", encoding="ascii") as f:
            own += int(f.read().split()[0]) / 1000
        with open(of + "children", encoding="ascii") as f:
            of_children += sum(sum(cpu_us(c)) for c in f.read().split())
    return own, of_children


def ask(sockets, domains):
    """Each socket's questions come one after the other."""
    def part(s, some):
        for d in some:
            text = f"QUERY {d}".encode()
            s.sendall(b"%d:%s," % (len(text), text))
            read_answers(s, 1, b" secure match=")

    n = len(sockets)
    with ThreadPoolExecutor(n) as pool:
        list(pool.map(part, sockets, [domains[i::n] for i in range(n)]))


def daemon(mtasts, *more):
    """Starts the daemon in a folder, with these lines beside what it needs."""
    def start(folder, names, port):
        lines = ["memory 4M", f"journal {folder}/journal",
                 f"listen inet:127.0.0.1:{port}",
                 f"nameserver 127.0.0.1 port={names}", "control off",
                 f"trust_anchors {folder}/root.pem",
                 "fetch_allow 127.0.0.0/8", "log stderr",
                 "log_level warning", *more]
        return subprocess.Popen(
            [mtasts, "serve"] + [x for line in lines for x in ("-o", line)],
            stderr=subprocess.DEVNULL)
    return start


def peer(tlspol):
    """Starts postfix-tlspol in a folder, with roots of the folder's."""
    def start(folder, names, port):
        with open(f"{folder}/tlspol.yaml", "w", encoding="ascii") as f:
            f.write(f"server:\n  address: 127.0.0.1:{port}\n"
                    f"  log-level: error\n  prefetch: false\n"
                    f"  cache-file: {folder}/journal\n"
                    f"dns:\n  address: 127.0.0.1:{names}\n")
        return subprocess.Popen(
            [tlspol, "-config", f"{folder}/tlspol.yaml"],
            env={"SSL_CERT_FILE": f"{folder}/root.pem"},
            stderr=subprocess.DEVNULL)
    return start


def life(start, folder, names, domains):
    """Microseconds of a fetch: the process's, its children's, by the clock. The
    first fetches do not count."""
    port = free_port()
    child = start(folder, names, port)
    sockets = [connect(port) for _ in range(CLIENTS)]
    ask(sockets, domains[:FEW])
    before, began = cpu_us(child.pid), time.monotonic()
    ask(sockets, domains[FEW:])
    ended, after = time.monotonic(), cpu_us(child.pid)
    for s in sockets:
        s.close()
    child.terminate()
    child.wait()
    if os.path.exists(f"{folder}/journal"):
        os.remove(f"{folder}/journal")
    us = [*(b - a for a, b in zip(before, after)), 1e6 * (ended - began)]
    return [t / (len(domains) - FEW) for t in us]


def part(turns, other, of):
    """What the daemon takes of what another takes, turn by turn."""
    ratios = [of(turn[0]) / of(turn[other]) for turn in turns]
    return (f"{statistics.median(ratios):.2f} "
            f"[{min(ratios):.2f}..{max(ratios):.2f}]")


def beside(others, turns):
    """Prints what the others took in the same turns."""
    for i, name in enumerate(others, 1):
        us = [sum(turn[i][:2]) for turn in turns]
        print(f"  {name}: {min(us):.0f} us [..{max(us):.0f}]; of it the daemon "
              f"and its child take {part(turns, i, lambda t: t[0] + t[1])}, "
              f"by the clock {part(turns, i, lambda t: t[2])}")


def main():
    mtasts = os.path.abspath(sys.argv[1])
    lives = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    others = {}
    if len(sys.argv) > 3:
        others["with DANE"] = daemon(mtasts, "dane on")
        others["postfix-tlspol"] = peer(os.path.abspath(sys.argv[3]))
    domains = [f"d{i:03}.example" for i in range(MANY)]
    names = dnsd.Server(53 if others else 0)
    for d in domains:
        names.records[(d, "MX")] = ["10 mx.example"]
        names.unsigned.add((d, "MX"))
        names.records[(f"_mta-sts.{d}", "TXT")] = ["v=STSv1; id=1;"]
    good = True
    with tempfile.TemporaryDirectory(prefix="mtasts-cold-") as top:
        for i, (name, root, authority, bar) in enumerate(CHAINS):
            hosts = [f"mta-sts.{d}" for d in domains]
            certs = Chain(f"{top}/{i}", hosts, root, authority)
            # Of an address the daemon has a quarter of its fetches. Each chain
            # has addresses of its own, as these servers never end.
            for k in range(ADDRESSES):
                address = f"127.0.{i}.{2 + k}"
                for h in hosts[k::ADDRESSES]:
                    names.records[(h, "A")] = [address]
                Hosts(address, certs, hosts[k::ADDRESSES])
            starts = [daemon(mtasts), *others.values()]
            turns = [[life(s, certs.folder, names.port, domains)
                      for s in starts] for _ in range(lives)]
            us = [turn[0][0] for turn in turns]
            child = min(turn[0][1] for turn in turns)
            unit = min(check_us() for _ in range(lives))
            good = good and min(us) <= bar * unit
            print(f"{name}: {min(us):.0f} us a fetch [..{max(us):.0f}], "
                  f"{min(us) / unit:.1f} checks of {unit:.1f} us (bar {bar}); "
                  f"the journal's child {child:.0f} us")
            beside(others, turns)
    sys.exit(not good)


if __name__ == "__main__":
    main()
