#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions that an answer from the cache costs, with and without sharing.

warm_share.py MTASTS GENERATOR

Counted as by warm.py, on which other work of the machine has no effect:
without `redis`, with a server that is up, with one that is stopped, and with
none at the socket. Instructions of the share itself (PING, new connections)
are included. Exit status 1: an answer costs over 2 % more than without.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from restart import free_port, name_server
from warm import FEW, MANY, life

CONNECTIONS, PIPELINED = 8, 16
WARM_S = 15  # in which everything held is published
LEAST = 0.98


def redis(folder):
    at = f"{folder}/redis.sock"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", at, "--save", "",
         "--dir", folder, "--logfile", f"{folder}/redis.log"])
    while not os.path.exists(at):
        time.sleep(0.01)
    return server


def count(serve, port, domain):
    """Instructions per answer."""
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    few, many = (max(int(n) for n in re.findall(r"Collected : (\d+)", life(
        tool + serve, port, domain, b"OK secure", CONNECTIONS, PIPELINED, rounds,
        WARM_S)))
                 for rounds in (FEW, MANY))
    return (many - few) / ((MANY - FEW) * CONNECTIONS * PIPELINED)


def main():
    mtasts, generator = map(os.path.abspath, sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="mtasts-warm-") as folder:
        with open(f"{folder}/key", "w") as f:
            f.write("5a" * 32 + "\n")
        os.chmod(f"{folder}/key", 0o600)
        port = free_port()
        lines = ["memory 4M", f"journal {folder}/journal",
                 f"listen inet:127.0.0.1:{port}",
                 f"nameserver 127.0.0.1 port={name_server()}", "control off",
                 "log stderr", "confine off"]
        shared = [f"redis unix:{folder}/redis.sock",
                  f"redis_key {folder}/key"]
        serve = [mtasts, "serve"] + [x for y in lines for x in ("-o", y)]
        share = serve + [x for y in shared for x in ("-o", y)]
        plan = subprocess.run([mtasts, "serve", "-t"] + serve[2:], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        size = re.search(r"journal file: (\d+) bytes", plan).group(1)
        domain = subprocess.run(
            [generator, f"{folder}/journal", size, "1000"], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip()
        alone = count(serve, port, domain)
        print(f"without sharing: {alone:.0f} instructions an answer")
        least = 2.0
        server = redis(folder)
        for state in ("there", "stopped", "gone"):
            if state == "stopped":
                server.send_signal(signal.SIGSTOP)
            elif state == "gone":
                server.kill()
                server.wait()
            n = count(share, port, domain)
            least = min(least, alone / n)
            print(f"the server is {state}: {n:.0f}, ratio {alone / n:.3f}",
                  flush=True)
        sys.exit(0 if least >= LEAST else f"warm_share: below {LEAST}")


if __name__ == "__main__":
    main()
