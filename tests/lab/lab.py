#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab: `mtasts serve` among real servers, asked by postmap.

lab.py MTASTS [REGEX]  (by run.sh, inside namespaces of its own)

postmap asks the daemon for each row of domains.tsv, and so does `mtasts query
--json`; keys.tsv has spellings and map names. Then come the checks that need
an order: stopped servers, a crowd of clients, junk, signals.
"""

import os
import re
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from base import Row, check, play, read, run, table, until
from daemon import Daemon, ask, connect, netstring, read_reply
from world import World


class Domain(Row):
    """A line of domains.tsv."""

    def __init__(self, line):
        domain, served, self.answer, self.why = line.split("\t")
        super().__init__(domain, served)


class Checks:
    def __init__(self, lab, world, daemon):
        self.lab, self.world, self.daemon = lab, world, daemon

    def row(self, row):
        got = self.daemon.postmap(row.domain)
        check(row.domain, re.fullmatch(row.answer, got), f"postmap: {got}")
        for how in ([], ["--fresh"]):
            got = self.daemon.query(row.domain, *how)
            check(f"{row.domain} (why) {' '.join(how)}",
                  re.fullmatch(row.why, got.get("why", "")), str(got))

    def key(self, line):
        name, key, want = line.split("\t")
        got = self.daemon.postmap(key, name)
        check(f"{name} {key}", re.fullmatch(want, got), f"postmap: {got}")

    def crowd(self, rows, clients=200, questions=20):
        """Many clients at once, all keys mixed: each gets the answers of its
        own questions, in order."""
        wrong = []

        def one(i):
            try:
                with connect() as s:
                    for k in range(questions):
                        row = rows[(i * 7 + k) % len(rows)]
                        s.sendall(netstring(f"postfix {row.domain}"))
                        got = read_reply(s) or "closed"
                        want = "NOTFOUND " if row.answer == "NOTFOUND" else \
                            "OK " + row.answer
                        if not re.fullmatch(want, got):
                            wrong.append(f"{row.domain}: {got}")
            except OSError as e:
                wrong.append(str(e))

        threads = [threading.Thread(target=one, args=(i,))
                   for i in range(clients)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        check(f"{clients} clients at once", not wrong, wrong[:3])

    def junk(self):
        for i, data in enumerate([b"\0" * 2000, b"GET / HTTP/1.1\r\n\r\n",
                                  b"99999999999999:x", b"5:abc", b"-1:,",
                                  os.urandom(4096)]):
            s = connect()
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass
            except OSError:
                pass
            s.close()
            check(f"alive after junk {i}", ask(".x") == "NOTFOUND ")

    def pipelined(self):
        with connect() as s:
            s.sendall(netstring("postfix good.test") * 3 +
                      netstring("postfix .good.test"))
            s.shutdown(socket.SHUT_WR)
            got = [read_reply(s) for _ in range(5)]
        want = ["OK secure match=mx.good.test servername=hostname"] * 3 + \
            ["NOTFOUND ", None]
        check("pipelined and half-closed", got == want, got)

    def unix_socket(self, row):
        at = f"unix:{self.lab.path('socket')}"
        got = self.daemon.postmap(row.domain, at=at)
        check("by unix socket", re.fullmatch(row.answer, got), got)

    def superloop(self, row):
        """The example of a firmware's superloop, linked with the lab's
        roots."""
        build = os.path.dirname(self.daemon.program)
        if not os.path.exists(os.path.join(build, "libmtasts.a")):
            return  # the daemon is built for another machine
        run("make", "-s", f"BUILD={build}",
            f"ROOTS={self.lab.path('root.pem')}", f"{build}/examples/superloop")
        got = run(f"{build}/examples/superloop", row.domain).strip()
        check("superloop", re.fullmatch("OK " + row.answer, got), got)
        got = run(f"{build}/examples/superloop", "nosuch.test").strip()
        check("superloop, no policy", got == "NOTFOUND", got)

    def reload(self):
        """SIGHUP applies a changed configuration, and refuses a broken one."""
        self.daemon.conf("override hup.test postfix may\n")
        self.daemon.reload()
        got = self.daemon.postmap("hup.test")
        check("SIGHUP", got == "may", got)
        self.daemon.conf("override hup.test postfix nonsense\nno_such_key 1\n")
        self.daemon.reload()
        got = self.daemon.postmap("hup.test")
        check("SIGHUP with a broken configuration keeps the old", got == "may",
              got)
        self.daemon.conf()

    def resources_now(self):
        """None: a descriptor was closed meanwhile."""
        with open(f"/proc/{self.daemon.process.pid}/status") as f:
            size = re.search(r"VmSize:\s+(\d+)", f.read()).group(1)
        fds = f"/proc/{self.daemon.process.pid}/fd"
        try:
            kinds = sorted(re.sub(r"\d", "", os.readlink(f"{fds}/{n}"))
                           for n in os.listdir(fds))
        except FileNotFoundError:
            return None
        return int(size), kinds

    def resources(self):
        """(memory reserved in kB, what its descriptors are) of the daemon,
        once neither has changed for a while."""
        now = self.resources_now()
        for _ in range(100):
            time.sleep(0.3)
            before, now = now, self.resources_now()
            if now is not None and now == before:
                break
        return now

    def same_resources(self, before):
        # The agent reads a dripping host for 60 s.
        until(lambda: self.resources() == before, 90)
        after = self.resources()
        check("promise 4: memory and descriptors as at the start",
              after == before, f"{before} became {after}\n" +
              run("ss", "-tuxanp"))

    def reconnects(self, row):
        """Postfix's own client over a restart: a new connection is reset or
        refused, and never closed half-way without an answer."""
        s = connect()
        s.sendall(netstring("postfix .x"))
        read_reply(s)
        self.daemon.stop(signal.SIGKILL)
        self.daemon.serve()
        try:
            s.sendall(netstring("postfix .x"))
            got = s.recv(1)
        except OSError:
            got = "reset"
        check("a killed daemon resets its clients", got == "reset", got)
        s.close()
        got = self.daemon.postmap(row.domain)
        check("answers after it was killed", re.fullmatch(row.answer, got), got)

    def drains(self):
        """SIGTERM: the daemon answers what is in flight, then ends with
        success."""
        with connect() as s, connect() as idle:
            s.sendall(netstring("postfix inflight.test"))
            until(lambda: "slow: asked" in read(self.lab.path("raw.log")))
            self.daemon.process.send_signal(signal.SIGTERM)
            got = read_reply(s)
            check("SIGTERM answers what is in flight",
                  got == "OK secure match=mx.inflight.test servername=hostname",
                  got)
            try:
                rest = idle.recv(1)
            except OSError:
                rest = b""
            check("SIGTERM closes idle clients", rest == b"", rest)
        check("SIGTERM ends with 0", self.daemon.process.wait(timeout=30) == 0)

    def stopped_servers(self, rows):
        """What is held is answered when no server is left to ask."""
        self.lab.stop(self.world.nginx)
        self.lab.stop(self.world.unbound)
        held = [r for r in rows if r.answer.startswith("secure") and
                r.get("policy", "") != "zero"]
        for row in held:
            got = self.daemon.postmap(row.domain)
            check(f"{row.domain} held, servers stopped",
                  re.fullmatch(row.answer, got), got)
        # Promise 1 holds over a restart, promise 7 for what was saved a moment
        # ago.
        check("all is saved", until(self.daemon.saved))
        self.daemon.stop(signal.SIGKILL)
        self.daemon.serve()
        for row in held:
            got = ask(row.domain)
            check(f"{row.domain} held, killed with all servers stopped",
                  re.fullmatch("OK " + row.answer, got or ""), got)


def domains(lab, program, only):
    rows = [Domain(line) for line in table("domains.tsv")]
    rows = [r for r in rows if re.search(only, r.domain)]
    if not rows:
        raise SystemExit(f"lab: no row fits {only}")
    # For drains(): slow enough to be in flight.
    world = World(lab, rows + [Row("inflight.test", "host=raw raw=slow")])
    world.start()
    daemon = Daemon(lab, program, f"""\
listen unix:{lab.path("socket")} mode=0666
metrics unix:{lab.path("metrics")}
zone strict strict_testing=yes
zone dry audit=yes
override mine.test postfix encrypt
""", "info")  # at debug not all lines are kept, and some are waited for
    daemon.serve()
    checks = Checks(lab, world, daemon)
    begin = checks.resources()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(checks.row, rows))
    if not only:
        in_order(checks, rows, begin)


def in_order(checks, rows, begin):
    for line in table("keys.tsv"):
        checks.key(line)
    checks.junk()
    checks.pipelined()
    fast = [r for r in rows if r.get("policy", "") not in ("zero", "many") and
            r.get("txt", "ok") in ("ok", "none", "nodata", "two", "big") and
            r.get("host", "nginx") in ("nginx", "none")]
    checks.crowd(fast)
    checks.unix_socket(fast[0])
    checks.same_resources(begin)
    checks.superloop(fast[0])
    checks.reload()
    checks.drains()
    checks.daemon.serve()
    checks.reconnects(fast[0])
    held = [r for r in fast if r.answer.startswith("secure")]
    for row in held:
        checks.daemon.postmap(row.domain)
    checks.stopped_servers(held)
    check("the daemon is still there", checks.daemon.process.poll() is None)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    ONLY = sys.argv[2] if len(sys.argv) > 2 else ""
    sys.exit(play("lab", lambda lab: domains(lab, PROGRAM, ONLY)))
