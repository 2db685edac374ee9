#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an answer from the cache costs the daemon: instructions and system calls.

warm.py MTASTS GENERATOR [CONNECTIONS PIPELINED]

Two lives, one of which gives more answers: what it costs more is the answers'.
Instructions of the process are counted by callgrind, without the kernel's;
system calls by strace. Both hardly depend on how fast the machine is: each
connection sends its requests in one piece and reads all the answers before it
sends the next.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

from restart import free_port, name_server

FEW, MANY = 20, 120  # rounds
WARM_S = 1  # for the lookup that the first question begins


def connect(port, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            return socket.create_connection(("127.0.0.1", port), seconds)
        except OSError:
            time.sleep(0.01)
    raise SystemExit("warm: nobody listens")


def read_answers(s, count):
    """The octets of `count` answers."""
    got = b""
    at = 0
    while count > 0:
        colon = got.find(b":", at)
        end = colon + 1 + int(got[at:colon]) if colon >= 0 else -1
        if colon < 0 or len(got) <= end:
            more = s.recv(65536)
            if not more:
                raise SystemExit("warm: closed")
            got += more
            continue
        if b" secure match=" not in got[colon:end]:
            raise SystemExit(f"warm: {got[at:end]}")
        at = end + 1
        count -= 1


def life(argv, port, domain, connections, pipelined, rounds):
    """What the daemon's life printed."""
    text = f"postfix {domain}".encode()
    request = b"%d:%s," % (len(text), text)
    child = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    clients = [connect(port) for _ in range(connections)]
    clients[0].sendall(request)
    read_answers(clients[0], 1)
    time.sleep(WARM_S)
    for _ in range(rounds):
        for s in clients:
            s.sendall(request * pipelined)
        for s in clients:
            read_answers(s, pipelined)
    for s in clients:
        s.close()
    daemon = child.pid
    if argv[0] == "strace":
        with open(f"/proc/{daemon}/task/{daemon}/children") as f:
            daemon = int(f.read().split()[0])
    os.kill(daemon, signal.SIGTERM)
    return child.communicate()[1]


def main():
    mtasts, generator = map(os.path.abspath, sys.argv[1:3])
    shape = [int(x) for x in sys.argv[3:5]] or [32, 16]
    with tempfile.TemporaryDirectory(prefix="mtasts-warm-") as folder:
        port = free_port()
        lines = ["memory 4M", f"journal {folder}/journal",
                 f"listen inet:127.0.0.1:{port}",
                 f"nameserver 127.0.0.1 port={name_server()}", "control off",
                 "log stderr", "confine off"]
        options = [x for line in lines for x in ("-o", line)]
        plan = subprocess.run([mtasts, "serve", "-t"] + options, check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        size = re.search(r"journal file: (\d+) bytes", plan).group(1)
        domain = subprocess.run(
            [generator, f"{folder}/journal", size, "1000"], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip()
        serve = [mtasts, "serve"] + options
        answers = (MANY - FEW) * shape[0] * shape[1]
        tools = {
            "instructions": (["valgrind", "--tool=callgrind",
                              "--callgrind-out-file=/dev/null"],
                             r"Collected : (\d+)"),
            "system calls": (["strace", "-c", "-f"],
                             r"\n100.00 +[\d.]+ +(?:\d+ +)?(\d+)[\d ]* total"),
        }
        for name, (tool, total) in tools.items():
            # Of callgrind's processes the daemon is the largest.
            counts = [max(int(n) for n in re.findall(total, life(
                tool + serve, port, domain, *shape, rounds)))
                for rounds in (FEW, MANY)]
            print(f"({shape[0]},{shape[1]}): "
                  f"{(counts[1] - counts[0]) / answers:.2f} {name} an answer")


if __name__ == "__main__":
    main()
