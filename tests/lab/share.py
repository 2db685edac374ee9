#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several gateways and a Redis server between them.

share.py MTASTS [bench] [redis|valkey]...  (by run.sh, inside namespaces of its
own)

Three gateways fetch for one another; a fourth starts while it can reach
neither name servers nor web servers. Then the server is killed, stopped,
filled, flushed, replaced, forged into and failed over, while clients ask for
held policies, and no answer may be late or weaker. Each of redis-server and
valkey-server is played that is installed, or is in the Debian 13 of the folder
STS_TRIXIE. A missing one is reported, and is an error if it was named.
"""

import glob
import hashlib
import hmac
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from base import Row, check, listening, play, read, run, until, wait_for, write
from daemon import netstring, read_reply
from world import World

KEY = bytes(range(32))
PASSWORD = "a-password"
COUNT = 40  # domains
WAIT_MS = 150
FORGED = 20000
ACL = ("user mtasts on >%s resetkeys ~mtasts:* resetchannels -@all +hello "
       "+auth +ping +select +get +set +del +scan +role +client|setname "
       "+client|tracking +client|id" % PASSWORD)


def command(word):
    """What runs the server: this machine, or a Debian 13 in a folder with its
    own C library. None: it is in neither."""
    if shutil.which(word):
        return [word]
    root = os.environ.get("STS_TRIXIE", "")
    root = os.path.abspath(root) if root else ""
    loaders = glob.glob(f"{root}/usr/lib*/ld-linux*.so.*") if root else []
    if not loaders or not os.path.exists(f"{root}/usr/bin/{word}"):
        return None
    libraries = [os.path.dirname(p)
                 for p in glob.glob(f"{root}/usr/lib/*/libc.so.6")]
    return [loaders[0], "--library-path", ":".join(libraries),
            f"{root}/usr/bin/{word}"]


def domain(i):
    return f"d{i}.test"


def good(i):
    return f"OK secure match=mx.{domain(i)} servername=hostname"


def record(name, fetched, mode=2, mx=("mx.evil.test",), key=KEY, max_age=86400):
    """A sealed record as core/share/share_seal.h describes it; shares no code
    with it."""
    head = (b"MS1" + bytes([mode, 0]) + fetched.to_bytes(8, "big")
            + max_age.to_bytes(4, "big"))
    payload = b"\x011" + b"".join(bytes([len(m)]) + m.encode() for m in mx)
    body = head + payload
    seal = bytes([len(name)]) + name.encode() + body
    return body + hmac.new(key, seal, hashlib.sha256).digest()


class Gateway:
    def __init__(self, lab, program, n, redis, dns="127.0.0.1", more=""):
        self.lab, self.program, self.n = lab, program, n
        self.port = 8470 + n
        self.log = f"gateway{n}.log"
        self.conf = lab.path(f"gateway{n}.conf")
        lines = "" if redis is None else (
            f"redis {redis} client=gateway{n}\n"
            f"redis_key {lab.path('key')}\nredis_wait {WAIT_MS}ms\n")
        write(self.conf, f"""\
listen inet:127.0.0.1:{self.port}
nameserver {dns} port=53
memory 16M
clients 64
answer_within 6s
journal off
sct off
control unix:{lab.path(f"control{n}")}
metrics unix:{lab.path(f"metrics{n}")}
log stderr
log_level info
{lines}{more}""")

    def serve(self):
        self.process = self.lab.start(self.program, "serve", "-c", self.conf,
                                      log=self.log)
        wait_for("a gateway", lambda: listening(self.port))

    def stop(self):
        self.lab.stop(self.process)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def ask(self, key):
        """The answer, and how long it took."""
        with self.connect() as s:
            begun = time.monotonic()
            s.sendall(netstring(f"postfix {key}"))
            return read_reply(s), time.monotonic() - begun

    def metric(self, name):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.lab.path(f"metrics{self.n}"))
            s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            text = b"".join(iter(lambda: s.recv(65536), b"")).decode()
        found = re.search(rf"^mtasts_{re.escape(name)} (\d+)", text, re.M)
        return int(found.group(1))

    def fetches(self):
        return self.metric('fetches_total{result="ok"}')

    def up(self):
        return self.metric("share_up") == 1


class Server:
    """redis-server or valkey-server on a unix socket and a port."""

    def __init__(self, lab, kind, port, more=""):
        self.lab, self.kind, self.port, self.more = lab, kind, port, more
        self.socket = lab.path(f"{kind}{port}.sock")
        self.process = None

    def serve(self, more=""):
        conf = self.lab.path(f"{self.kind}{self.port}.conf")
        write(conf, f"port {self.port}\nbind 127.0.0.1\n"
              f"unixsocket {self.socket}\nunixsocketperm 777\n"
              f"save \"\"\nappendonly no\ndir {self.lab.folder}\n"
              f"daemonize no\n{ACL}\n{self.more}{more}")
        self.process = self.lab.start(*command(f"{self.kind}-server"),
                                      conf, log=f"{self.kind}{self.port}.log")
        wait_for(self.kind, lambda: self.cli("PING") == "PONG")

    def cli(self, *argv):
        p = subprocess.run([*command(f"{self.kind}-cli"), "-p",
                            str(self.port), *argv],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, check=False)
        return p.stdout.strip()

    def pipe(self, commands):
        """Sends lists of octet strings through one connection."""
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            data = b"".join(
                b"*%d\r\n" % len(c)
                + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in c)
                for c in commands)
            s.sendall(data)
            got, want = 0, len(commands)
            while got < want:
                piece = s.recv(65536)
                got += piece.count(b"\r\n")

    def stop(self, how=signal.SIGKILL):
        self.lab.stop(self.process, how)


class Questions(threading.Thread):
    """Asks 300 questions a second for held policies, until `over` is set."""

    def __init__(self, gateways):
        super().__init__()
        self.gateways, self.over = gateways, False
        self.longest, self.wrong, self.count = 0.0, [], 0
        self.late = 0.0  # how late the machine wakes this thread

    def run(self):
        links = [g.connect() for g in self.gateways]
        i = 0
        while not self.over:
            s, k = links[i % len(links)], i * 7 % COUNT
            begun = time.monotonic()
            s.sendall(netstring(f"postfix {domain(k)}"))
            got = read_reply(s)
            took = time.monotonic() - begun
            self.longest = max(self.longest, took)
            if got != good(k):
                self.wrong.append(f"{domain(k)}: {got}")
            i += 1
            self.count = i
            rest, begun = max(0, 1 / 300 - took), time.monotonic()
            time.sleep(rest)
            self.late = max(self.late, time.monotonic() - begun - rest)

    def end(self, what):
        self.over = True
        self.join()
        check(f"{what}: no answer is weaker", not self.wrong, self.wrong[:3])
        # A busy machine is late by itself, so the bar is generous: an answer
        # that waited for the server would take all of redis_wait and more.
        check(f"{what}: no answer waits", self.longest < 0.12 + 2 * self.late,
              f"{self.longest * 1000:.0f} ms")
        print(f"share: {what}: {self.count} questions, "
              f"longest {self.longest * 1000:.1f} ms, a sleep was late by "
              f"{self.late * 1000:.1f} ms", flush=True)


class Play:
    def __init__(self, lab, program, kind):
        self.lab, self.program, self.kind = lab, program, kind
        self.server = Server(lab, kind, 6379)
        self.at = (f"unix:{self.server.socket} user=mtasts "
                   f"password_file={lab.path('password')}")

    def fleet(self):
        """One fetch for three gateways."""
        self.server.serve()
        self.gateways = [Gateway(self.lab, self.program, i, self.at)
                         for i in range(3)]
        for g in self.gateways:
            g.serve()
        for g in self.gateways:
            check("a gateway is connected", until(g.up, 10))
        late = []
        for i in range(COUNT):
            first, others = self.gateways[i % 3], \
                [g for g in self.gateways if g is not self.gateways[i % 3]]
            taken = [g.metric("share_taken_total") for g in others]
            got, _ = first.ask(domain(i))
            begun = time.monotonic()
            check(f"{domain(i)} is fetched", got == good(i), got)
            for g, n in zip(others, taken):
                while g.metric("share_taken_total") <= n and \
                        time.monotonic() - begun < 5:
                    time.sleep(0.001)
                late.append(time.monotonic() - begun)
        late.sort()
        median = late[len(late) // 2] * 1000
        print(f"share: {self.kind}: held by the others after {median:.0f} ms "
              f"(median), {late[-1] * 1000:.0f} ms (longest)", flush=True)
        check("held by the others within 100 ms", median < 100, f"{median}")
        for g in self.gateways:
            for i in range(COUNT):
                got, _ = g.ask(domain(i))
                check(f"{domain(i)} of the fleet", got == good(i), got)
        fetched = sum(g.fetches() for g in self.gateways)
        check("one fetch for the fleet", fetched == COUNT, f"{fetched}")
        check("records are sealed", self.server.cli(
            "GETRANGE", f"mtasts:d:{domain(0)}", "0", "2") == "MS1")
        ttl = int(self.server.cli("PTTL", f"mtasts:d:{domain(0)}"))
        check("keys expire", 0 < ttl <= 86400000, f"{ttl}")

    def attacked(self):
        """A fourth gateway that reaches only the server: nothing listens at
        127.0.0.9."""
        fourth = Gateway(self.lab, self.program, 3, self.at, dns="127.0.0.9")
        fourth.serve()
        check("the fourth is connected", until(fourth.up, 10))
        got, took = fourth.ask(domain(1))
        check("the fourth answers from the fleet", got == good(1), got)
        check("the fourth does not fetch", fourth.fetches() == 0)
        fourth.stop()

    def while_asked(self, what, do):
        questions = Questions(self.gateways)
        questions.start()
        time.sleep(0.3)
        do()
        questions.end(f"{self.kind}: {what}")

    def connected(self, seconds=75):
        check("connected again", all(until(g.up, seconds)
                                     for g in self.gateways))

    def killed(self):
        self.server.stop()
        time.sleep(2)
        self.server.serve()
        self.connected()

    def paused(self):
        self.server.process.send_signal(signal.SIGSTOP)
        time.sleep(4)
        self.server.process.send_signal(signal.SIGCONT)
        self.connected()

    def full(self):
        self.server.cli("CONFIG", "SET", "maxmemory", "1")
        for i in (0, 1):
            got, _ = self.gateways[i].ask(domain(COUNT + i))
            check("fetched beside a full server", got == good(COUNT + i), got)
        self.server.cli("CONFIG", "SET", "maxmemory", "0")
        check("a full server is logged", until(lambda: any(
            "event=share-full" in read(self.lab.path(g.log))
            for g in self.gateways), 5))

    def flushed(self):
        self.server.cli("FLUSHALL")
        check("what is held is published again", until(
            lambda: int(self.server.cli("DBSIZE")) >= COUNT, 20),
            self.server.cli("DBSIZE"))

    def empty(self):
        """Another, empty server takes its place."""
        self.server.stop()
        self.server.serve()
        self.connected()
        check("an empty server is filled", until(
            lambda: int(self.server.cli("DBSIZE")) >= COUNT, 20),
            self.server.cli("DBSIZE"))

    def forged(self):
        """Strangers' keys, and records that nobody sealed for their key."""
        now = int(time.time())
        strange = bytes(32)
        sets = []
        for i in range(FORGED):
            name = domain(i % COUNT) if i % 2 else f"x{i}.test"
            value = [record(name, now + 10, key=strange),
                     record(domain((i + 1) % COUNT), now + 10),
                     record(name, now + 4000), b"MS1" + os.urandom(100),
                     record(name, now - 90000)][i % 5]
            # The second kind is sealed for another domain than its key's.
            if i % 5 == 1 and name == domain((i + 1) % COUNT):
                value = b"foreign"
            sets.append([b"SET", f"mtasts:d:{name}".encode(), value])
            if i % 10 == 0:
                sets.append([b"SET", f"other:{i}".encode(), b"x"])
        self.server.pipe(sets)
        time.sleep(3)
        refused = [sum(g.metric(f'share_refused_total{{why="{w}"}}')
                       for w in ("mac", "stamp", "syntax"))
                   for g in self.gateways]
        check("forged records are refused", all(n > 0 for n in refused),
              f"{refused}")
        got, _ = self.gateways[0].ask("x0.test")
        check("a forged domain has no policy", got == "NOTFOUND ", got)
        self.server.cli("FLUSHALL")

    def filled(self):
        """A gateway takes in 20,000 of the fleet's records when it starts."""
        now = int(time.time())
        self.server.pipe([[b"SET", f"mtasts:d:many{i}.test".encode(),
                           record(f"many{i}.test", now, mx=tuple(
                               f"mx{k}.many{i}.test" for k in range(12)))]
                          for i in range(20000)])
        fifth = Gateway(self.lab, self.program, 4, self.at, more="memory 64M\n")
        fifth.serve()
        begun = time.monotonic()
        longest = 0.0
        while fifth.metric("share_taken_total") < 20000 and \
                time.monotonic() - begun < 20:
            longest = max(longest, fifth.ask(".x")[1])
        took = time.monotonic() - begun
        n = fifth.metric("share_taken_total")
        print(f"share: {self.kind}: {n} records taken in within {took:.2f} s, "
              f"longest answer {longest * 1000:.1f} ms", flush=True)
        check("20,000 records are taken in", n >= 20000, f"{n}")
        check("answers are not delayed by it", longest < 0.1, f"{longest}")
        fifth.stop()
        self.server.cli("FLUSHALL")

    def missed(self):
        """A local miss waits at most redis_wait while the server is
        stopped."""
        alone = Gateway(self.lab, self.program, 5, None)
        alone.serve()
        base = max(alone.ask(f"no{i}.test")[1] for i in range(10))
        alone.stop()
        self.server.process.send_signal(signal.SIGSTOP)
        took = max(self.gateways[0].ask(f"no{i}.test")[1] for i in range(10))
        self.server.process.send_signal(signal.SIGCONT)
        print(f"share: {self.kind}: a miss beside a stopped server took "
              f"{took * 1000:.0f} ms, without sharing {base * 1000:.0f} ms",
              flush=True)
        check("a miss waits redis_wait at most",
              took < base + WAIT_MS / 1000 + 0.05, f"{took}")
        self.connected()

    def sentinel(self):
        """A failover by Sentinel."""
        kind, lab = self.kind, self.lab
        master, replica = Server(lab, kind, 7001), Server(
            lab, kind, 7002, "replicaof 127.0.0.1 7001\n")
        master.serve()
        replica.serve()
        conf = lab.path("sentinel.conf")
        write(conf, "port 26379\nbind 127.0.0.1\ndir /tmp\n"
              "sentinel monitor fleet 127.0.0.1 7001 1\n"
              "sentinel down-after-milliseconds fleet 1000\n"
              "sentinel failover-timeout fleet 3000\n")
        watch = lab.start(*command(f"{kind}-server"), conf, "--sentinel",
                          log="sentinel.log")
        wait_for("sentinel", lambda: listening(26379))
        wait_for("the replica is known", lambda: "7002" in subprocess.run(
            [*command(f"{kind}-cli"), "-p", "26379", "sentinel", "replicas",
             "fleet"],
            stdout=subprocess.PIPE, text=True, check=False).stdout)
        at = ("inet:127.0.0.1:26379 master=fleet user=mtasts "
              f"password_file={lab.path('password')}")
        pair = [Gateway(lab, self.program, 6 + i, at) for i in range(2)]
        for g in pair:
            g.serve()
        check("connected by way of Sentinel",
              all(until(g.up, 10) for g in pair))
        pair[0].ask(domain(0))
        check("fetched once", until(lambda: pair[1].metric(
            "share_taken_total") == 1, 5))
        master.stop()
        check("failed over", until(lambda: "role:master" in replica.cli(
            "INFO", "replication"), 30))
        check("connected to the new master", until(
            lambda: all(g.up() for g in pair), 90))
        pair[0].ask(domain(2))
        check("fetched once, after the failover", until(
            lambda: pair[1].metric("share_taken_total") == 2, 10),
            pair[1].metric("share_taken_total"))
        for g in pair:
            g.stop()
        lab.stop(watch)
        replica.stop()

    def tls(self):
        """The same over TLS, which refuses another name's certificate."""
        lab = self.lab
        pem, key = self.certificates.of("mta-sts.redis.test", "good")
        server = Server(lab, self.kind, 7003, "")
        server.serve(f"tls-port 7004\ntls-cert-file {pem}\n"
                     f"tls-key-file {key}\ntls-auth-clients no\n"
                     f"tls-ca-cert-file {lab.path('root.pem')}\n")
        login = f"user=mtasts password_file={lab.path('password')}"
        anchors = f"redis_anchors {lab.path('root.pem')}\n"
        pair = [Gateway(lab, self.program, 6 + i,
                        f"tls:mta-sts.redis.test:7004 {login}", more=anchors)
                for i in range(2)]
        wrong = Gateway(lab, self.program, 9,
                        f"tls:127.0.0.1:7004 name=other.test {login}",
                        more=anchors)
        for g in pair + [wrong]:
            g.serve()
        check("connected over TLS", all(until(g.up, 10) for g in pair))
        pair[0].ask(domain(0))
        check("shared over TLS", until(lambda: pair[1].metric(
            "share_taken_total") == 1, 5))
        check("another name's certificate is refused", until(
            lambda: "x509-name-mismatch" in read(lab.path(wrong.log)), 10))
        check("and nothing is shared", not wrong.up())
        for g in pair + [wrong]:
            g.stop()
        server.stop()

    def warm(self):
        """Answers a second for held policies, with the server and without, in
        turns; the best of each. The server is first up, then stopped."""
        alone = Gateway(self.lab, self.program, 5, None)
        alone.serve()
        for i in range(COUNT):
            alone.ask(domain(i))
        batch = b"".join(netstring(f"postfix {domain(i % COUNT)}")
                         for i in range(4000))
        size = sum(len(netstring(good(i % COUNT))) for i in range(4000))

        def rate(gateway):
            with gateway.connect() as s:
                sender = threading.Thread(target=s.sendall, args=(batch,))
                begun = time.monotonic()
                sender.start()
                got = 0
                while got < size:
                    got += len(s.recv(1 << 20))
                took = time.monotonic() - begun
                sender.join()
            return 4000 / took

        for state in ("there", "stopped"):
            if state == "stopped":
                self.server.process.send_signal(signal.SIGSTOP)
            best = {g: 0.0 for g in (alone, self.gateways[0])}
            for _ in range(40):
                for g in best:
                    best[g] = max(best[g], rate(g))
            ratio = best[self.gateways[0]] / best[alone]
            print(f"share: {self.kind}: warm answers a second with the server "
                  f"{state}: {best[self.gateways[0]]:.0f}, without sharing "
                  f"{best[alone]:.0f}, ratio {ratio:.3f}", flush=True)
            check(f"warm answers are as fast, server {state}", ratio > 0.9,
                  f"{ratio:.3f}")
        self.server.process.send_signal(signal.SIGCONT)
        self.connected()
        alone.stop()

    def denied(self):
        write(self.lab.path("wrong"), "wrong\n")
        os.chmod(self.lab.path("wrong"), 0o600)
        g = Gateway(self.lab, self.program, 8,
                    f"unix:{self.server.socket} user=mtasts "
                    f"password_file={self.lab.path('wrong')}")
        g.serve()
        check("a wrong password is an error in the log", until(
            lambda: "event=share-denied" in read(self.lab.path(g.log)), 5))
        check("it does not stop mail", g.ask(domain(3))[0] == good(3))
        g.stop()


def begin(lab):
    program = os.path.abspath(sys.argv[1])
    named = [k for k in ("redis", "valkey") if k in sys.argv[2:]]
    kinds = [k for k in named or ("redis", "valkey")
             if command(f"{k}-server")]
    for k in named or ("redis", "valkey"):
        if k not in kinds:
            print(f"share: NOT PLAYED: {k}-server is not installed",
                  flush=True)
    if not kinds or len(kinds) < len(named):
        sys.exit(77)
    rows = [Row(domain(i), "") for i in range(COUNT + 2)]
    rows.append(Row("redis.test", "txt=none host=loopback"))
    world = World(lab, rows)
    world.start()
    write(lab.path("key"), KEY.hex() + "\n")
    write(lab.path("password"), PASSWORD + "\n")
    for name in ("key", "password"):
        os.chmod(lab.path(name), 0o600)
    for kind in kinds:
        p = Play(lab, program, kind)
        p.certificates = world.certificates
        p.fleet()
        if "bench" in sys.argv[2:]:
            p.warm()
            p.filled()
            continue
        p.attacked()
        for what in ("killed", "paused", "full", "flushed", "empty", "forged"):
            p.while_asked(what, getattr(p, what))
        p.missed()
        p.filled()
        p.warm()
        p.denied()
        p.tls()
        p.sentinel()
        for g in p.gateways:
            g.stop()
        p.server.stop()


if __name__ == "__main__":
    sys.exit(play("share", begin))
