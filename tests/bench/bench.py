#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Warm answers a second beside a server that does nothing: one table.

bench.py MTASTS GENERATOR LOAD ROUNDS MILLISECONDS

The null server of load.c parses the netstring and answers a constant: what it
does is the limit on this machine. Both run at the same time and are asked in turn,
so that what else the machine does is the same for both; at (1,1) all are on one
processor. Each figure is the median of the rounds, with its range; ratios are
medians of the rounds' ratios. CPU is the server's own, in user and kernel: what it
needs of an answer, whatever else the machine does.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

from restart import free_port, name_server
from warm import command, connect, read_answers

SHAPES = ((1, 1), (32, 1), (32, 16))  # connections, pipelined


def cpu_s(pid):
    """Seconds of processor that a process has had."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(load, port, pid, domain, shape, milliseconds):
    """Answers a second, the 99th of 100 waits in microseconds, and microseconds
    of the server's processor an answer."""
    before = cpu_s(pid)
    out = subprocess.run(
        [load, "ask", str(port), domain, *map(str, shape), str(milliseconds)],
        check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    answers = float(out[0]) * milliseconds / 1e3
    return (float(out[0]), float(out[1]),
            (cpu_s(pid) - before) * 1e6 / answers)


def middle(values, form):
    return (f"{form % statistics.median(values)} "
            f"[{form % min(values)}..{form % max(values)}]")


def pin(pids, processors):
    for pid in pids:
        os.sched_setaffinity(pid, processors)


def rows(load, ports, pid_of, domain, rounds, milliseconds):
    pids = list(pid_of.values())
    every = os.sched_getaffinity(0)
    for shape in SHAPES:
        pin(pids + [0], {min(every)} if shape == (1, 1) else every)
        got = {who: [] for who in ports}
        for _ in range(rounds):
            for who, port in ports.items():
                got[who].append(
                    measure(load, port, pid_of[who], domain, shape,
                            milliseconds))
        pairs = list(zip(got["mtasts"], got["null"]))
        yield (f"({shape[0]},{shape[1]})",
               middle([n[0] for n in got["null"]], "%.0f"),
               middle([m[0] for m in got["mtasts"]], "%.0f"),
               middle([m[0] / n[0] for m, n in pairs], "%.2f"),
               middle([m[1] / n[1] for m, n in pairs], "%.2f"),
               middle([n[2] for n in got["null"]], "%.2f"),
               middle([m[2] for m in got["mtasts"]], "%.2f"))
    pin(pids + [0], every)


def main():
    mtasts, generator, load = map(os.path.abspath, sys.argv[1:4])
    rounds, milliseconds = int(sys.argv[4]), int(sys.argv[5])
    with tempfile.TemporaryDirectory(prefix="mtasts-bench-") as folder:
        port = free_port()
        serve = command(mtasts, folder, port, name_server())
        plan = subprocess.run(serve + ["-t"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        size = re.search(r"journal file: (\d+) bytes", plan).group(1)
        domain = subprocess.run(
            [generator, f"{folder}/journal", size, "1000"], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip()
        daemon = subprocess.Popen(serve, stderr=subprocess.DEVNULL)
        null = subprocess.Popen([load, "null"], stdout=subprocess.PIPE,
                                text=True)
        try:
            ports = {"null": int(null.stdout.readline()), "mtasts": port}
            with connect(port) as s:
                text = f"postfix {domain}".encode()
                s.sendall(b"%d:%s," % (len(text), text))
                read_answers(s, 1, b" secure match=")
            time.sleep(1)  # for the lookup that this question begins
            print("| shape | null, answers/s | mtasts | ratio | p99 ratio | "
                  "null, CPU us | mtasts |\n"
                  "| --- | --: | --: | --: | --: | --: | --: |")
            for row in rows(load, ports,
                            {"null": null.pid, "mtasts": daemon.pid}, domain,
                            rounds, milliseconds):
                print("| " + " | ".join(row) + " |", flush=True)
        finally:
            for child in (daemon, null):
                child.terminate()
                child.wait()


if __name__ == "__main__":
    main()
