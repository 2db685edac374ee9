#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From the start of the daemon to its first answer, with a full journal.

restart.py MTASTS GENERATOR [POLICIES [MTASTS...]]

The name server knows nothing: the answer comes from the journal. Two questions
wait before the daemon is executed: one that needs nothing of the journal, and one
for the policy that is read last (life.c, beside the generator). Of LIVES of each
daemon, in turns, and of a program that does nothing but answer, the median and
the range, with the file in the page cache; processor time and page faults up to
the same moments.
Instructions, of all that the first daemon does from its start to its end right
behind the second answer, are counted by callgrind.
"""

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

LIVES = 15
NXDOMAIN = 3
# A name server's authority that a name does not exist, for an hour.
SOA = b"\0\0\6\0\1\0\0\16\20\0\26\0\0" + b"\0\0\16\20" * 5


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def name_server(code=2, asked=lambda: None):
    """A name server that answers SERVFAIL, or another code, to every question,
    and calls asked() for each. NXDOMAIN is remembered for an hour, so that no
    question begins a lookup again while something is measured."""
    soa = SOA if code == NXDOMAIN else b""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))

    def serve():
        while True:
            query, peer = s.recvfrom(4096)
            asked()
            end = 12
            while query[end]:
                end += 1 + query[end]
            s.sendto(query[:2] + bytes([0x81, 0x80 + code]) +
                     b"\0\1\0\0\0" + bytes([soa != b""]) + b"\0\0" +
                     query[12:end + 5] + soa, peer)

    threading.Thread(target=serve, daemon=True).start()
    return s.getsockname()[1]


def answer(port, domain, seconds=300):
    """The first answer that comes."""
    until = time.monotonic() + seconds
    text = f"postfix {domain}".encode()
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), seconds) as s:
                s.sendall(b"%d:%s," % (len(text), text))
                return s.recv(65536).decode()
        except OSError:
            time.sleep(0.001)
    raise SystemExit("restart: no answer")


def life(liver, argv, domain, end=signal.SIGKILL):
    """Milliseconds, of the clock and of the processor, and page faults to an
    answer that needs nothing of the journal and to the one for the domain; that
    answer; and what was logged."""
    run = subprocess.run([liver, str(int(end)), ".parent", domain] + argv,
                         check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    first, second, answered = run.stdout.splitlines()
    return ([float(x) for x in (first + " " + second).split()], answered,
            run.stderr)


def held(got, answered, said):
    """What was measured, if the answer is the journal's."""
    if " secure match=" not in answered:
        raise SystemExit(f"restart: {answered}\n{said}")
    return got


def row(got):
    """The median and the range of each."""
    return "; ".join(
        f"{what} {statistics.median(x):.1f} [{min(x):.1f}..{max(x):.1f}]"
        for what, x in zip(
            ("first answer after ms", "processor ms", "page faults",
             "answer from the journal after ms", "processor ms",
             "page faults"), zip(*got)))


def main():
    beside = sys.argv[4:]
    daemons = [os.path.abspath(x) for x in sys.argv[1:2] + beside]
    generator = os.path.abspath(sys.argv[2])
    liver = os.path.join(os.path.dirname(generator), "life")
    n = int(sys.argv[3]) if len(sys.argv) > 3 else 10000
    with tempfile.TemporaryDirectory(prefix="mtasts-restart-") as folder:
        lines = [f"memory {n * 250 // 1024 + 8192}K",
                 f"journal {folder}/journal", "listen inet:127.0.0.1:0",
                 f"nameserver 127.0.0.1 port={name_server()}", "control off",
                 "log stderr"]
        options = ["serve"] + [x for line in lines for x in ("-o", line)]
        plan = subprocess.run([daemons[0]] + options + ["-t"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        size = re.search(r"journal file: (\d+) bytes", plan).group(1)
        domain = subprocess.run(
            [generator, f"{folder}/journal", size, str(n)], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip()
        said = life(liver, [daemons[0]] + options, domain)[2]
        if f"records={n} lost=0" not in said:
            raise SystemExit(f"restart: {said}")
        lives = [[life(liver, [liver, "null"], domain)[0]] +
                 [held(*life(liver, [x] + options, domain)) for x in daemons]
                 for _ in range(LIVES)]
        print(f"{n} policies, a journal of {size} bytes")
        for name, of in zip(["nothing but an answer"] + daemons, zip(*lives)):
            print(f"{name}: {row(of)}")
        # valgrind makes system calls that a confined daemon is killed for.
        said = life(liver, ["/usr/bin/valgrind", "--tool=callgrind",
                            "--callgrind-out-file=/dev/null", daemons[0]] +
                    options + ["-o", "confine off"], domain,
                    signal.SIGTERM)[2]
        count = int(re.search(r"Collected : (\d+)", said).group(1))
        print(f"{count / 1e6:.0f} million instructions, {count // n} a policy")


if __name__ == "__main__":
    main()
