#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The daemon under ten thousand clients: torture.py MTASTS FLOOD SECONDS
CLIENTS

FLOOD (flood.c) plays the clients and the name server. This program plays the
policy host, starts the daemon, and checks it from outside: its memory stays
the same, its descriptors come back, its log has no surprises, and it becomes
idle afterwards. For a sixteenth of the time, but some seconds at most, it has
no descriptors for half of its slots.
"""

import collections
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "kill"))
from world import (DOMAINS, Published, answer, certificates,  # noqa: E402
                   fail, free_port, policy_host)

LIMIT_S = 60  # for an answer, slots and all; Postfix waits 100 s
PLACES = 1024
GROWTH_KB = 256
REST_S = 3
STARVED_S = 4  # at most: without descriptors for half of the slots
# The only lines that may be logged.
EVENTS = {"journal-loaded", "clock", "policy-new", "policy-refreshed",
          "clients-full", "client-bad", "busy", "dns-failed", "sct-missing",
          "fetch-failed", "refresh-failed", "log-lines-lost", "events-lost",
          "cache-refused"}


class Daemon:
    def __init__(self, mtasts, folder, port, names, policies):
        lines = [f"listen inet:127.0.0.1:{port}", f"clients {PLACES}",
                 f"nameserver 127.0.0.1 port={names}",
                 f"trust_anchors {folder}/root.pem",
                 f"policy_port {policies}", "fetch_allow 127.0.0.1/32",
                 f"journal {folder}/journal", "control off",
                 # So that any growth is a fault.
                 "memory 4M touch=yes"]
        argv = [mtasts, "serve"] + [x for line in lines for x in ("-o", line)]
        self.path = f"{folder}/log"
        with open(self.path, "wb") as log:
            self.child = subprocess.Popen(argv, stderr=log, stdout=log)
        self.proc = f"/proc/{self.child.pid}"
        until = time.monotonic() + 30
        while "or:  mtasts query" not in self.log():
            if self.child.poll() is not None or time.monotonic() > until:
                fail("does not come up:\n" + self.log())
            time.sleep(0.05)

    def log(self):
        with open(self.path, errors="replace") as f:
            return f.read()

    def memory_kb(self):
        with open(self.proc + "/status") as f:
            text = f.read()
        return {k: int(re.search(k + r":\s+(\d+)", text).group(1))
                for k in ("VmRSS", "VmData")}

    def descriptors(self):
        return len(os.listdir(self.proc + "/fd"))

    def ticks(self):
        with open(self.proc + "/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def limit(self, soft):
        _, hard = resource.prlimit(self.child.pid, resource.RLIMIT_NOFILE)
        had = resource.prlimit(self.child.pid, resource.RLIMIT_NOFILE,
                               (soft, hard))
        return had[0]


class Watch(threading.Thread):
    """Watches the daemon each second, and takes its descriptors for a
    while."""

    def __init__(self, daemon, seconds):
        super().__init__(daemon=True)
        self.daemon_, self.seconds = daemon, seconds
        self.seen, self.most, self.over = [], 0, False
        self.starved = 0
        self.start()

    def look(self):
        self.seen.append(self.daemon_.memory_kb())
        n = self.daemon_.descriptors()
        self.most = max(self.most, n)
        return n

    def run(self):
        began, soft = time.monotonic(), None
        while not self.over and self.daemon_.child.poll() is None:
            passed = (time.monotonic() - began) / self.seconds
            n = self.look()
            until = 5 / 16 + min(1 / 16, STARVED_S / self.seconds)
            if 5 / 16 <= passed < until and soft is None:
                soft = self.daemon_.limit(PLACES // 2)
            elif passed >= until and soft:
                self.starved = n
                self.daemon_.limit(soft)
                soft = 0
            time.sleep(min(1, self.seconds / 64))


def judge_memory(seen):
    early = seen[len(seen) // 8]
    most = {k: max(s[k] for s in seen[len(seen) // 8:]) for k in early}
    print("memory: VmRSS %d KB, at most %d; VmData %d KB, at most %d"
          % (early["VmRSS"], most["VmRSS"], early["VmData"], most["VmData"]))
    if most["VmData"] != early["VmData"]:
        fail("VmData has grown")
    if most["VmRSS"] - early["VmRSS"] > GROWTH_KB:
        fail("VmRSS has grown")


def judge_log(text):
    counts = collections.Counter(re.findall(r" event=([a-z-]+)", text))
    print("log:", ", ".join(f"{k} {n}" for k, n in sorted(counts.items())))
    odd = set(counts) - EVENTS
    odd |= {line for line in text.splitlines()
            if re.search(r"assertion|cannot|: [A-Z][a-z]+ .*error", line)}
    if odd:
        fail(f"in the log: {sorted(odd)}")
    if not counts["clients-full"]:
        fail("there were places for all")


def judge_rest(daemon, had):
    until = time.monotonic() + 60
    while daemon.descriptors() != had:
        if time.monotonic() > until:
            fail(f"{had} descriptors at first, {daemon.descriptors()} now")
        time.sleep(0.1)
    before = daemon.ticks()
    time.sleep(REST_S)
    used = daemon.ticks() - before
    print(f"at rest: {had} descriptors as at first, "
          f"{used} ticks of the processor in {REST_S} s")
    if used > REST_S * os.sysconf("SC_CLK_TCK") // 3:
        fail("it does not rest")


def lines_of(flood, done):
    """Prints what the flood prints, up to a line."""
    for line in flood.stdout:
        print(line.rstrip(), flush=True)
        if line.rstrip() == done:
            return
    fail(f"the flood ended with {flood.wait()}")


def play(mtasts, program, seconds, clients, folder):
    certificates(folder)
    published = Published()
    port, policies = free_port(), policy_host(published, folder)
    flood = subprocess.Popen(
        [program, str(port), str(seconds), str(clients), str(len(DOMAINS)),
         str(LIMIT_S)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    try:
        daemon = Daemon(mtasts, folder, port, int(flood.stdout.readline()),
                        policies)
        had = daemon.descriptors()
        flood.stdin.write("".join(answer(d, 1) + "\n" for d in DOMAINS))
        flood.stdin.flush()
        lines_of(flood, "phase flood")
        watch, began = Watch(daemon, seconds), daemon.ticks()
        lines_of(flood, "phase over")
        watch.over = True
        watch.join()
        used = (daemon.ticks() - began) / os.sysconf("SC_CLK_TCK")
        print(f"descriptors: {had} at first, {watch.most} at most, "
              f"{watch.starved} of {PLACES // 2} while there were no more; "
              f"{used:.0f} s of the processor")
        judge_memory(watch.seen)
        judge_rest(daemon, had)
        flood.stdin.close()
        lost = flood.wait()
        daemon.child.terminate()
        if daemon.child.wait(60) != 0:
            fail(f"ended with {daemon.child.returncode}:\n{daemon.log()}")
        judge_log(daemon.log())
        if lost:
            fail("an answer was lost, wrong or late")
    except SystemExit:
        sys.stderr.write("\n".join(daemon.log().splitlines()[-20:]) + "\n")
        raise
    finally:
        flood.kill()
        daemon.child.kill()
        daemon.child.wait()


def main():
    mtasts, program = map(os.path.abspath, sys.argv[1:3])
    seconds, clients = map(int, sys.argv[3:5])
    with tempfile.TemporaryDirectory(prefix="mtasts-torture-") as folder:
        play(mtasts, program, seconds, clients, folder)
    print(f"torture: {clients} clients for {seconds} s, no answer lost")


main()
