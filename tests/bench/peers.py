#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Warm answers of ours and of postfix-mta-sts-resolver, Debian's, in one run.

peers.py MTASTS GENERATOR [ROUNDS]

Both hold the same 1,000 domains on disk, ours in its journal and theirs in
SQLite. They are asked for one domain in turn, so that other work of the
machine affects both alike. Processor time is what the kernel counted for all
threads of the process between two answers, so the speed of this client does
not matter. Figures are medians with their range; ratios, theirs by ours, are
medians of the rounds'.
"""

import json
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from restart import free_port, name_server
from warm import WARM_S, command, connect, read_answers

PEER = "mta-sts-daemon"
NOT_RUN = 77
SHAPES = ((1, 1, 400), (32, 1, 30), (32, 16, 4))  # last: times a round
POLICIES = 1000


def cpu_us(pid):
    """Processor time of all threads of the process since they began."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1000


def resident_k(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def fill(path, domain):
    """Writes the database that the peer would have filled by fetching."""
    with sqlite3.connect(path) as db:
        db.execute("create table sts_policy_cache "
                   "(domain text, ts integer, pol_id text, pol_body text)")
        db.execute("create unique index sts_policy_domain "
                   "on sts_policy_cache (domain)")
        body = json.dumps({"version": "STSv1", "mode": "enforce",
                           "mx": ["mx1." + domain], "max_age": 31536000})
        names = [domain] + [f"d{i}.example" for i in range(1, POLICIES)]
        db.executemany("insert into sts_policy_cache values (?, ?, ?, ?)",
                       [(n, int(time.time()), "1", body) for n in names])
    db.close()


def peer(folder, port, domain):
    fill(folder + "/cache.db", domain)
    with open(folder + "/peer.yml", "w", encoding="ascii") as f:
        f.write(f"host: 127.0.0.1\nport: {port}\ncache_grace: 86400\n"
                "proactive_policy_fetching:\n  enabled: false\n"
                "cache:\n  type: sqlite\n  options:\n"
                f"    filename: {folder}/cache.db\n"
                "default_zone:\n  strict_testing: false\n  timeout: 4\n")
    return subprocess.Popen([PEER, "-c", folder + "/peer.yml"],
                            stderr=subprocess.DEVNULL)


def answer_us(pid, port, domain, shape):
    """Processor time per answer."""
    connections, pipelined, times = shape
    text = f"postfix {domain}".encode()
    request = b"%d:%s," % (len(text), text)
    clients = [connect(port) for _ in range(connections)]
    for s in clients:
        s.sendall(request)
        read_answers(s, 1, b" secure match=")
    began = cpu_us(pid)
    for _ in range(times):
        for s in clients:
            s.sendall(request * pipelined)
        for s in clients:
            read_answers(s, pipelined, b" secure match=")
    took = cpu_us(pid) - began
    for s in clients:
        s.close()
    return took / (times * connections * pipelined)


def middle(values):
    return (f"{statistics.median(values):.1f} "
            f"[{min(values):.1f}..{max(values):.1f}]")


def table(ours, theirs, domain, rounds):
    print("| shape | mtasts, us of CPU an answer | the resolver | ratio |\n"
          "| --- | --: | --: | --: |")
    for shape in SHAPES:
        pairs = [(answer_us(*ours, domain, shape),
                  answer_us(*theirs, domain, shape)) for _ in range(rounds)]
        print(f"| ({shape[0]},{shape[1]}) | {middle([p[0] for p in pairs])} | "
              f"{middle([p[1] for p in pairs])} | "
              f"{middle([p[1] / p[0] for p in pairs])} |", flush=True)
    mine, other = resident_k(ours[0]), resident_k(theirs[0])
    print(f"| resident, KB | {mine} | {other} | {other / mine:.1f} |")


def main():
    mtasts, generator = map(os.path.abspath, sys.argv[1:3])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    if shutil.which(PEER) is None:
        print("NOT RUN: peers: postfix-mta-sts-resolver is not installed",
              file=sys.stderr)
        sys.exit(NOT_RUN)
    with tempfile.TemporaryDirectory(prefix="mtasts-peers-") as folder:
        port, other = free_port(), free_port()
        serve = command(mtasts, folder, port, name_server())
        plan = subprocess.run(serve + ["-t"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        size = re.search(r"journal file: (\d+) bytes", plan).group(1)
        domain = subprocess.run(
            [generator, f"{folder}/journal", size, str(POLICIES)], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip()
        daemon = subprocess.Popen(serve, stderr=subprocess.DEVNULL)
        resolver = peer(folder, other, domain)
        try:
            answer_us(daemon.pid, port, domain, (1, 1, 1))
            answer_us(resolver.pid, other, domain, (1, 1, 1))
            time.sleep(WARM_S)  # for the lookup that this question started
            table((daemon.pid, port), (resolver.pid, other), domain, rounds)
        finally:
            for child in (daemon, resolver):
                child.terminate()
                child.wait()


if __name__ == "__main__":
    main()
