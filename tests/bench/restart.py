#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From the start of the daemon to its first answer, with a full journal.

restart.py MTASTS GENERATOR [POLICIES]

The name server knows nothing: the answer comes from the journal. Seconds are of
this machine and this moment (the best of three, with the file in the page
cache); instructions, of all the daemon does from its start to that answer and
to its end, are counted by callgrind.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def name_server(code=2, asked=lambda: None):
    """SERVFAIL to every question, or another code; asked() is called for each."""
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
                     b"\0\1\0\0\0\0\0\0" +
                     query[12:end + 5], peer)

    threading.Thread(target=serve, daemon=True).start()
    return s.getsockname()[1]


def answer(port, domain, seconds=300):
    """The answer, as soon as somebody gives it."""
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


def life(argv, port, domain):
    """Seconds to the answer from the journal, CPU seconds of the whole life, what
    was logged, and seconds to an answer that needs nothing of the journal."""
    before = os.times()
    began = time.monotonic()
    child = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    answer(port, ".parent")
    listens = time.monotonic() - began
    got = answer(port, domain)
    took = time.monotonic() - began
    child.terminate()
    said = child.communicate()[1]
    after = os.times()
    if " secure match=" not in got:
        raise SystemExit(f"restart: {domain}: {got}\n{said}")
    return took, (after.children_user - before.children_user +
                  after.children_system - before.children_system), said, \
        listens


def main():
    mtasts, generator = map(os.path.abspath, sys.argv[1:3])
    n = int(sys.argv[3]) if len(sys.argv) > 3 else 100000
    with tempfile.TemporaryDirectory(prefix="mtasts-restart-") as folder:
        port = free_port()
        lines = [f"memory {n * 250 // 1024 + 8192}K",
                 f"journal {folder}/journal", f"listen inet:127.0.0.1:{port}",
                 f"nameserver 127.0.0.1 port={name_server()}", "control off",
                 "log stderr"]
        options = [x for line in lines for x in ("-o", line)]
        plan = subprocess.run([mtasts, "serve", "-t"] + options, check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        size = re.search(r"journal file: (\d+) bytes", plan).group(1)
        domain = subprocess.run(
            [generator, f"{folder}/journal", size, str(n)], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip()
        serve = [mtasts, "serve"] + options
        lives = [life(serve, port, domain) for _ in range(3)]
        if f"records={n} lost=0" not in lives[0][2]:
            raise SystemExit(f"restart: {lives[0][2]}")
        print(f"{n} policies, a journal of {size} bytes: listens after "
              f"{min(x[3] for x in lives):.3f} s, answers from it after "
              f"{min(x[0] for x in lives):.2f} s "
              f"({min(x[1] for x in lives):.2f} s of CPU)")
        # valgrind makes system calls that a confined daemon is killed for.
        said = life(["valgrind", "--tool=callgrind",
                     "--callgrind-out-file=/dev/null"] + serve +
                    ["-o", "confine off"], port,
                    domain)[2]
        count = int(re.search(r"Collected : (\d+)", said).group(1))
        print(f"{count / 1e6:.0f} million instructions, {count // n} a policy")


if __name__ == "__main__":
    main()
