#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an answer from the cache costs the daemon: instructions and system
calls.

warm.py MTASTS GENERATOR [CONNECTIONS PIPELINED]

The daemon lives twice and answers more in one life: the difference is what the
answers cost. callgrind counts the process's instructions, without the
kernel's; strace counts system calls. Both hardly depend on the speed of the
machine: each connection sends its requests in one piece and reads all the
answers before it sends the next. The same is done with `dane on`, for a domain
whose only mail host has TLSA records: the ratio compares a warm DANE answer
with a warm one of MTA-STS, whose text is longer.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from restart import free_port, name_server

FEW, MANY = 20, 120  # rounds
A, MX, AAAA, TLSA = 1, 15, 28, 52
DATA = {A: b"\300\0\2\1", MX: b"\0\12\2mx\300\14",
        TLSA: b"\3\1\1" + b"\252" * 32}
SOA = (b"\0\0\6\0\1\0\0\16\20\0\26\0\0" + b"\0\0\16\20" * 5)


def signed_zone():
    """The port of a name server that validates. It has an MX, an address and a
    TLSA record for every name, and nothing else."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))

    def serve():
        while True:
            query, peer = s.recvfrom(4096)
            end = 12
            while query[end]:
                end += 1 + query[end]
            kind = int.from_bytes(query[end + 1:end + 3], "big")
            data = DATA.get(kind)
            head = query[:2] + b"\x81\xa0\0\1" + (
                b"\0\1\0\0" if data else b"\0\0\0\1") + b"\0\0"
            record = b"\300\14" + query[end + 1:end + 5] + (
                b"\0\0\16\20" + len(data or b"").to_bytes(2, "big"))
            s.sendto(head + query[12:end + 5] +
                     (record + data if data else SOA), peer)

    threading.Thread(target=serve, daemon=True).start()
    return s.getsockname()[1]

WARM_S = 1  # for the lookup that the first question starts


def connect(port, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            return socket.create_connection(("127.0.0.1", port), seconds)
        except OSError:
            time.sleep(0.01)
    raise SystemExit("warm: nobody listens")


def read_answers(s, count, word):
    """Reads `count` answers, each of which must have that word."""
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
        if word not in got[colon:end]:
            raise SystemExit(f"warm: {got[at:end]}")
        at = end + 1
        count -= 1


def life(argv, port, domain, word, connections, pipelined, rounds, warm_s=WARM_S):
    """What the daemon printed during one life."""
    text = f"postfix {domain}".encode()
    request = b"%d:%s," % (len(text), text)
    child = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    clients = [connect(port) for _ in range(connections)]
    clients[0].sendall(request)
    read_answers(clients[0], 1, word)
    time.sleep(warm_s)
    for _ in range(rounds):
        for s in clients:
            s.sendall(request * pipelined)
        for s in clients:
            read_answers(s, pipelined, word)
    for s in clients:
        s.close()
    daemon = child.pid
    if argv[0] == "strace":
        with open(f"/proc/{daemon}/task/{daemon}/children") as f:
            daemon = int(f.read().split()[0])
    os.kill(daemon, signal.SIGTERM)
    return child.communicate()[1]


TOOLS = {
    "instructions": (["valgrind", "--tool=callgrind",
                      "--callgrind-out-file=/dev/null"], r"Collected : (\d+)"),
    "system calls": (["strace", "-c", "-f"],
                     r"\n100.00 +[\d.]+ +(?:\d+ +)?(\d+)[\d ]* total"),
}


def cost(tool, serve, port, domain, word, shape):
    """What an answer costs by this tool."""
    argv, total = TOOLS[tool]
    # Of callgrind's processes the daemon executes the most.
    counts = [max(int(n) for n in re.findall(total, life(
        argv + serve, port, domain, word, *shape, rounds)))
        for rounds in (FEW, MANY)]
    return (counts[1] - counts[0]) / ((MANY - FEW) * shape[0] * shape[1])


def command(mtasts, folder, port, server, *more):
    lines = ["memory 4M", f"journal {folder}/journal",
             f"listen inet:127.0.0.1:{port}",
             f"nameserver 127.0.0.1 port={server}", "control off",
             "log stderr", "confine off", *more]
    return [mtasts, "serve"] + [x for line in lines for x in ("-o", line)]


def main():
    mtasts, generator = map(os.path.abspath, sys.argv[1:3])
    shape = [int(x) for x in sys.argv[3:5]] or [32, 16]
    with tempfile.TemporaryDirectory(prefix="mtasts-warm-") as folder:
        port = free_port()
        sts = command(mtasts, folder, port, name_server())
        plan = subprocess.run(sts + ["-t"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        size = re.search(r"journal file: (\d+) bytes", plan).group(1)
        domain = subprocess.run(
            [generator, f"{folder}/journal", size, "1000"], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip()
        for tool in TOOLS:
            one = cost(tool, sts, port, domain, b" secure match=", shape)
            port = free_port()
            two = cost(tool, command(mtasts, folder, port, signed_zone(),
                                     "dane on"),
                       port, domain, b" dane-only", shape)
            print(f"({shape[0]},{shape[1]}): {one:.2f} {tool} an answer, "
                  f"{two:.2f} of DANE ({two / one:.2f})")
            port = free_port()
            sts = command(mtasts, folder, port, name_server())


if __name__ == "__main__":
    main()
