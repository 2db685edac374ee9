#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Warm answers a second beside a server that does nothing: one table.

bench.py MTASTS GENERATOR LOAD ROUNDS MILLISECONDS [POLICIES...]

The null server of load.c parses the netstring and answers a constant, so it
shows the limit of this machine. Both servers run at the same time and are
asked in turn, so that other work of the machine affects both alike; at (1,1)
all processes share one processor. Each figure is the median of the rounds,
with its range; ratios are medians of the rounds' ratios. CPU is the server's
own, in user and kernel mode, which other work of the machine does not change.
Each number of POLICIES (1000) has its daemon, which is asked for 20,000 domains
drawn from all over them, or for as many as a slash and a number say
(1000000/1000). The daemon's block is in huge pages if +huge follows. The last
column is the first daemon's CPU as a part of this one's.
"""

import itertools
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

from restart import NXDOMAIN, free_port, name_server
from warm import command, connect

DRAWN_MAX = 20000  # domains that are asked for, unless another number is given
CALM_S = 0.2  # for the name server to see the last questions
SHAPES = ((1, 1), (32, 1), (32, 16))  # connections, pipelined


def cpu_us(pid):
    """Microseconds of processor time that the process has used."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e3


def measure(load, port, pid, domain, shape, milliseconds):
    """Answers a second, the 99th of 100 waits in microseconds, and
    microseconds of the server's processor time per answer."""
    before = cpu_us(pid)
    out = subprocess.run(
        [load, "ask", str(port), domain, *map(str, shape), str(milliseconds)],
        check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    answers = float(out[0]) * milliseconds / 1e3
    return (float(out[0]), float(out[1]),
            (cpu_us(pid) - before) / answers)


def middle(values, form):
    return (f"{form % statistics.median(values)} "
            f"[{form % min(values)}..{form % max(values)}]")


def pin(pids, processors):
    for pid in pids:
        os.sched_setaffinity(pid, processors)


def rows(load, servers, rounds, milliseconds):
    """A row for each shape and each daemon; servers: (policies, process, port,
    domain), the null server first."""
    pids = [s[1].pid for s in servers]
    every = os.sched_getaffinity(0)
    for shape in SHAPES:
        pin(pids + [0], {min(every)} if shape == (1, 1) else every)
        got = [[] for _ in servers]
        for _ in range(rounds):
            for values, (_, process, port, domain) in zip(got, servers):
                values.append(measure(load, port, process.pid, domain, shape,
                                      milliseconds))
        for values, (policies, *_) in list(zip(got, servers))[1:]:
            pairs = list(zip(values, got[0], got[1]))
            yield (f"({shape[0]},{shape[1]})", policies,
                   middle([n[0] for n in got[0]], "%.0f"),
                   middle([m[0] for m in values], "%.0f"),
                   middle([m[0] / n[0] for m, n, _ in pairs], "%.2f"),
                   middle([m[1] / n[1] for m, n, _ in pairs], "%.2f"),
                   middle([n[2] for n in got[0]], "%.2f"),
                   middle([m[2] for m in values], "%.2f"),
                   middle([f[2] / m[2] for m, _, f in pairs], "%.2f"))
    pin(pids + [0], every)


def drawn(policies, asked=DRAWN_MAX):
    """The domains that load.c draws: few enough that all their look-ups soon
    end, and spread over all that are held."""
    count = min(policies, asked)
    return f"@{count}/{policies // count}"


def start(mtasts, generator, folder, policies, pages, server):
    """A daemon that holds so many policies, in pages that are "huge" or "": its
    process and its port."""
    port = free_port()
    os.mkdir(folder)
    memory = max(4096, policies * 300 // 1024)
    serve = command(mtasts, folder, port, server, f"memory {memory}K" +
                    (" huge=yes" if pages == "huge" else ""))
    plan = subprocess.run(serve + ["-t"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    size = re.search(r"journal file: (\d+) bytes", plan).group(1)
    subprocess.run([generator, f"{folder}/journal", size, str(policies)],
                   check=True, stdout=subprocess.DEVNULL)
    return subprocess.Popen(serve, stderr=subprocess.DEVNULL), port


def settle(load, port, domain, questions):
    """Asks until the journal is read and no more lookups start, which the name
    server shows by the number of questions that it gets: twice none, as the
    questions that waited for the journal are over before their lookups begin."""
    ask = [load, "ask", str(port), domain, "8", "16", "500"]
    connect(port).close()
    calm = 0
    while calm < 2:
        before = next(questions)
        answered = subprocess.run(ask, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, check=False)
        time.sleep(CALM_S)
        calm = calm + 1 if (answered.returncode == 0 and
                            next(questions) == before + 1) else 0


def main():
    mtasts, generator, load = map(os.path.abspath, sys.argv[1:4])
    rounds, milliseconds = int(sys.argv[4]), int(sys.argv[5])
    null = subprocess.Popen([load, "null"], stdout=subprocess.PIPE, text=True)
    servers = [("", null, int(null.stdout.readline()), drawn(1000))]
    with tempfile.TemporaryDirectory(prefix="mtasts-bench-") as folder:
        try:
            for kind in sys.argv[6:] or ["1000"]:
                number, _, pages = kind.partition("+")
                n, *asked = map(int, number.split("/"))
                domain = drawn(n, *asked)
                questions = itertools.count()
                server = name_server(NXDOMAIN, lambda q=questions: next(q))
                process, port = start(mtasts, generator,
                                      f"{folder}/{kind.replace('/', '-')}", n,
                                      pages, server)
                of = "".join(f" ({a:,} asked)" for a in asked)
                servers.append((f"{n:,}{of} {pages}".strip(), process, port,
                                domain))
                settle(load, port, domain, questions)
            print("| shape | policies | null, answers/s | mtasts | ratio | "
                  "p99 ratio | null, CPU us | mtasts | of the first |\n"
                  "| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
            for row in rows(load, servers, rounds, milliseconds):
                print("| " + " | ".join(row) + " |", flush=True)
        finally:
            for _, process, *_ in servers:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
