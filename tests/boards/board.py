#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A firmware in QEMU among its peers: board.py BOARD ELF CERTS [REGEX]

Started by run.sh, inside namespaces of its own: the board's user network ends
at the loopback, where peers.py answers. Time on the board is counted in
instructions (-icount, 32 ns each: a core of 31 MIPS), so that its watchdog
does not depend on how busy this machine is. No check depends on time.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certs  # noqa: E402
import peers  # noqa: E402
import routes  # noqa: E402

PORT = 8461
PATIENCE_S = 300
CUTS = 8
KEPT = 6  # policies that are written anew, while the power fails
BLOCK = 512
ROOM = 4  # buffers that a frame takes at most
JUNK = int(os.environ.get("BOARD_LOOKUPS", "10000"))
# dane: the firmware has it, and asks its own resolver.
MACHINES = {"lm3s6965evb": {"sd": True, "dane": False, "resolver": "10.0.2.3"},
            "mps2-an385": {"sd": False, "dane": True, "resolver": "10.0.2.2"}}

failures = []


def check(name, ok, detail=""):
    print(f"board: {'passed' if ok else 'FAILED'}: {name}"
          f"{'' if ok else ': ' + str(detail)}", flush=True)
    if not ok:
        failures.append(name)


def netstring(text):
    data = text.encode()
    return b"%d:%s," % (len(data), data)


class Client:
    """A socketmap client, which reconnects after a reset."""

    def __init__(self):
        self.s = None

    def ask(self, key):
        for _ in range(5):
            try:
                if self.s is None:
                    self.s = socket.create_connection(
                        ("127.0.0.1", PORT), timeout=PATIENCE_S)
                self.s.sendall(netstring(f"postfix {key}"))
                return self.reply()
            except ConnectionError:
                self.close()
                time.sleep(0.5)
        return "no answer"

    def reply(self):
        data = b""
        while b":" not in data:
            data += self.more()
        n, rest = data.split(b":", 1)
        while len(rest) < int(n) + 1:
            rest += self.more()
        return rest[:int(n)].decode()

    def more(self):
        piece = self.s.recv(4096)
        if not piece:
            raise ConnectionError
        return piece

    def close(self):
        if self.s is not None:
            self.s.close()
            self.s = None


def ask(key):
    c = Client()
    try:
        return c.ask(key)
    finally:
        c.close()


class Board:
    def __init__(self, name, elf, folder):
        self.name, self.elf, self.folder = name, elf, folder
        self.card = os.path.join(folder, "card")
        self.lines, self.child = [], None
        self.cut_in = 0  # writes
        self.typed = threading.Condition()

    def start(self):
        argv = ["qemu-system-arm", "-M", self.name, "-kernel", self.elf,
                "-display", "none", "-monitor", "none", "-serial", "stdio",
                "-icount", "shift=5,sleep=on",
                "-semihosting-config", "enable=on,target=native","-nic",
                f"user,hostfwd=tcp:127.0.0.1:{PORT}-:{PORT}"]
        if MACHINES[self.name]["sd"]:
            argv += ["-drive", f"if=sd,format=raw,file={self.card}",
                     "-trace", "sdcard_normal_command"]
        self.lines = []
        self.child = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        for follow in self.read, self.trace:
            threading.Thread(target=follow, args=(self.child,),
                             daemon=True).start()
        self.wait_for(r"block used=\d+")
        self.wait_for(r"\d+ address ")

    def read(self, child):
        for line in child.stdout:
            self.output(line)

    def output(self, line):
        with self.typed:
            self.lines.append(line.rstrip("\n"))
            self.typed.notify_all()

    def trace(self, child):
        """Cuts the power when the card gets the command to write, before it
        writes. Uses its own pipe: QEMU does not wait for the console's, and
        would lose a line when that is full."""
        for line in child.stderr:
            if not line.startswith("sdcard_"):
                self.output(line)
            elif "WRITE_BLOCK" in line and self.cut_in > 0:
                self.cut_in -= 1
                if self.cut_in == 0:
                    child.kill()

    def seen(self, regex, start=0):
        for line in self.lines[start:]:
            m = re.search(regex, line)
            if m:
                return m
        return None

    def wait_for(self, regex, start=0):
        until = time.monotonic() + PATIENCE_S
        with self.typed:
            while self.seen(regex, start) is None:
                if time.monotonic() > until or self.child.poll() is not None:
                    print("\n".join(self.lines[-30:]), flush=True)
                    raise SystemExit(f"board: never output {regex}")
                self.typed.wait(1)
            return self.seen(regex, start)

    def type(self, text):
        start = len(self.lines)
        for c in text + "\n":  # the UART's FIFO holds 16 octets
            self.child.stdin.write(c)
            self.child.stdin.flush()
            time.sleep(0.01)
        return start

    def paste(self, text):
        """Types lines at once, where QEMU waits for the UART's single
        octet."""
        start = len(self.lines)
        self.child.stdin.write(text)
        self.child.stdin.flush()
        return start

    def usage(self):
        """The memory in use: name -> list of numbers."""
        start = self.type("")
        line = self.wait_for(r"\d+ usage .*records=.*", start).group(0)
        return {k: [int(n) for n in v.split("/")]
                for k, v in re.findall(r"(\w+)=([\d/]+)", line)}

    def starts(self):
        return sum(1 for line in self.lines if re.match(r"mtasts \d", line))

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()


SECURE = "OK secure match=mx-backup.{0}.test servername=hostname"
DOMAINS = {"good": ("good", ""), "rsa": ("rsa", ""),
           "rsa4096": ("rsa4096", ""), "p521": ("p521", ""),
           "encrypt": ("encrypt", ""), "redirect": ("good", "redirect"),
           "truncated": ("good", "truncated"), "wrong": ("wrong", ""),
           "untrusted": ("untrusted", ""), "hostile": ("hostile", "")}
DOMAINS.update((d, ("good", "")) for d in certs.GOOD if d not in DOMAINS)
DOMAINS.update((d, ("routes", "")) for d in certs.ROUTES)


class Run:
    def __init__(self, board, elf, certificates, folder):
        self.board = Board(board, elf, folder)
        self.peers = peers.Peers(certificates, DOMAINS)
        self.folder, self.certificates = folder, certificates
        self.machine = MACHINES[board]
        self.has_card = self.machine["sd"]
        self.new_card()

    def new_card(self):
        if self.has_card:
            with open(self.board.card, "wb") as f:
                f.truncate(4 << 20)

    def postmap(self, key):
        p = subprocess.run(
            ["postmap", "-c", os.path.join(self.folder, "postfix"), "-q", key,
             f"socketmap:inet:127.0.0.1:{PORT}:postfix"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return p.stdout.strip()

    def answers(self):
        """The clock is claimed, and policies are fetched; bad ones are not."""
        while ask("good.test").startswith("TEMP"):
            time.sleep(0.5)  # until the time server was asked
        check("an address by DHCP, and the name server that counts",
              self.board.seen(
                  r"address 10\.0\.2\.15\b.* name servers "
                  rf"{re.escape(self.machine['resolver'])}:53$"))
        check("the time by SNTP", self.peers.count.sntp > 0)
        check("an enforce domain", ask("good.test") ==
              SECURE.format("good"), ask("good.test"))
        check("postmap -q", "OK " + self.postmap("good.test") ==
              SECURE.format("good"), self.postmap("good.test"))
        check("RSA-2048 leaf", ask("rsa.test") == SECURE.format("rsa"))
        check("RSA-4096 leaf", ask("rsa4096.test") == SECURE.format("rsa4096"))
        check("P-521 throughout", ask("p521.test") == SECURE.format("p521"))
        check("RSA-4096 root, P-384 intermediate", ask("encrypt.test") ==
              SECURE.format("encrypt"))
        check("absent", ask("absent.test").startswith("NOTFOUND"))
        for d, why in (("wrong", "x509-name-mismatch"),
                       ("untrusted", "x509-unknown-issuer"),
                       ("redirect", "http-redirect"),
                       ("truncated", "tls-truncated")):
            got = ask(f"{d}.test")
            check(f"{d} is not believed", got.startswith("NOTFOUND"), got)
            self.board.wait_for(
                rf"event=fetch-failed domain={d}\.test .*why={why}")

    def api(self):
        start = self.board.type("good.test")
        got = self.board.wait_for("^good.test: .*", start).group(0)
        check("the C API", got == "good.test: " + SECURE.format("good"), got)

    def routes(self):
        """Where mail goes and how certificates are judged, by the C API; and
        what a mail server is answered."""
        if not self.machine["dane"]:
            return
        for row in routes.rows():
            got = ask(row.domain)
            check(f"{row.domain}: answered",
                  re.fullmatch(row.answer, got.rstrip()), got)
            got = self.route(row)
            check(f"{row.domain}: route", got == row.route, got)
            for host, chain, verdict in row.judged:
                got = self.judge(host, routes.chain(self.certificates, chain))
                check(f"{row.domain}: host {host}, {chain}", got == verdict,
                      got)
        check("the name server validates",
              not self.board.seen("event=dane-blind"))
        self.spoilt()

    def route(self, row):
        start = self.board.type(f"route {row.domain}")
        output = self.board.wait_for(
            rf"^route {re.escape(row.domain)}: (\S+?)[= ](\S+)$", start)
        if output[1] != "hosts":
            return [f"{output[1]}/{output[2]}"]
        hosts = []
        for i, (host, _) in enumerate(row.hosts):
            got = self.board.wait_for(
                rf"^host {i} {re.escape(host)} {10 * (i + 1)} (\S+) ?(\S*)",
                start)
            hosts.append("/".join(got.groups()) if got[1] == "skip" else got[1])
        return hosts + ["more"] * (int(output[2]) - len(hosts))

    def judge(self, host, chain):
        text = chain.hex()
        lines = [f"+{text[i:i + 76]}\n" for i in range(0, len(text), 76)]
        start = self.board.paste("".join(lines) + f"judge {host}\n")
        return self.board.wait_for(r"^judge\b.*: (\S.*)$", start)[1]

    def spoilt(self):
        """Octets that are no chain are never judged by the part that is
        one."""
        row = routes.rows()[0]
        right = routes.chain(self.certificates, "right")
        self.route(row)
        for name, output in (("too long", right + bytes(4096)),
                           ("cut within an octet", right.hex()[:74] + "0"),
                           ("of a line too long", right.hex()[:82])):
            if isinstance(output, str):
                self.board.paste("+" + output + "\n")
                output = b""
            got = self.judge("0", output)
            check(f"a chain {name}", got == "no chain, or one that is too long", got)
        got = self.judge("7", b"")
        check("a host that is none", got == "no such host", got)
        got = self.judge("0", right)
        check("the next chain is whole again", got == "ok", got)

    def hostile(self):
        """Checks of 4 s each that all fail: the watchdog is fed, and others
        are answered."""
        lines = len(self.board.lines)
        asked = []
        t = threading.Thread(target=lambda: asked.append(ask("hostile.test")))
        t.start()
        while t.is_alive():
            held = ask("good.test")
            if held != SECURE.format("good"):
                check("held while a hostile chain is judged", False, held)
            time.sleep(0.2)
        t.join()
        check("a hostile chain", asked[0].startswith("NOTFOUND"), asked[0])
        self.board.wait_for(r"fetch-failed domain=hostile.test", lines)
        check("no reset by the watchdog", self.board.starts() == 1)

    def flood(self):
        """Junk names evict nothing and make nothing grow."""
        for d in certs.TYPICAL:
            ask(f"{d}.test")
        for i in range(60):
            ask(f"before{i}.test")  # the first look-ups fill pools that grow
        before = self.board.usage()
        fetched = self.peers.count.https
        todo = iter(range(JUNK))
        wrong = []

        def asker():
            c = Client()
            for i in todo:
                got = c.ask(f"junk{i}.test")
                if not got.startswith("NOTFOUND"):
                    wrong.append(got)
            c.close()

        threads = [threading.Thread(target=asker) for _ in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        check(f"{JUNK} look-ups of junk", not wrong, wrong[:3])
        self.settled(before)
        check("entropy was mixed in again",
              len([s for s in self.board.lines if s.startswith("seed ")]) > 1)
        held = [ask(f"{d}.test") for d in ["good", "rsa", *certs.TYPICAL]]
        check(f"nothing was evicted of {len(held)} policies",
              all(h.startswith("OK secure") for h in held) and
              self.peers.count.https == fetched, held)

    def settled(self, before):
        for _ in range(60):
            after = self.board.usage()
            if all(after[k][0] <= before[k][0] for k in (
                    "heap", "frames", "segments", "udp", "tcp", "lookups")):
                break
            time.sleep(1)  # closed connections take a while to end
        for k in ("heap", "frames", "segments", "udp", "tcp", "lookups",
                  "clients"):
            check(f"{k} as before", after[k][0] <= before[k][0],
                  (before[k], after[k]))
        check("stack as before", after["stack"][0] == before["stack"][0],
              (before["stack"], after["stack"]))
        check("no reset", self.board.starts() == 1)

    def save(self):
        """Waits until everything is on the card."""
        until = time.monotonic() + PATIENCE_S
        while self.board.usage()["saved"] != [1]:
            if time.monotonic() > until:
                raise SystemExit("board: is never done with saving")

    def cut(self, domain, writes):
        """Asks for a domain; the power fails after so many writes of saving
        it."""
        child = self.board.child
        self.board.cut_in = writes

        def asker():
            while child.poll() is None and \
                    not ask(f"{domain}.test").startswith("OK"):
                time.sleep(0.5)  # the board asks for the time first

        asking = threading.Thread(target=asker, daemon=True)
        asking.start()
        try:
            child.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            print("\n".join(self.board.lines[-30:]), flush=True)
            raise SystemExit(f"board: the cut in write {writes} for {domain} "
                             f"never came: {self.board.cut_in} were missing")
        self.board.cut_in = 0
        asking.join()  # so that it does not ask the next board

    def fetch(self, domain):
        while not ask(f"{domain}.test").startswith("OK"):
            time.sleep(0.5)

    def survives(self):
        """A reset without the network, and power cuts while a policy is
        saved."""
        self.new_card()
        self.board.start()
        sure, lost = [], 0
        for i in range(CUTS):
            known, fresh = certs.TYPICAL[2 * i:2 * i + 2]
            self.fetch(known)
            self.save()
            sure.append(known)
            self.cut(fresh, 1)
            self.peers.stop()
            self.board.start()
            held = {d: ask(f"{d}.test") for d in sure}
            check(f"cut {i}: what was saved is held",
                  all(held[d] == SECURE.format(d) for d in sure), held)
            last = ask(f"{fresh}.test")
            check(f"cut {i}: what was being saved is whole or not there",
                  last == SECURE.format(fresh) or not last.startswith("OK"),
                  last)
            if last.startswith("OK"):
                sure.append(fresh)
            else:
                lost += 1
            self.peers.start()
        check("a cut was in time", lost > 0)
        self.board.kill()

    def spoil(self):
        """Puts half a block after the last record, like a write that was cut:
        the next save then writes everything to the other area. Returns how
        many blocks an area has."""
        with open(self.board.card, "r+b") as f:
            blocks = iter(lambda: f.read(BLOCK), b"")
            used = [b for b in blocks if any(b)]  # the other area is zeros
            f.seek(BLOCK * used.index(b"\xff" * BLOCK))
            f.write(bytes(BLOCK // 2))
        return len(used)

    def anew(self):
        """Power cuts while the journal is rewritten: during erasing of the
        other area, during copying, and around its head, which comes last."""
        self.new_card()
        self.board.start()
        kept = certs.TYPICAL[:KEPT]
        for d in kept:
            self.fetch(d)
        self.save()
        self.board.kill()
        blocks = self.spoil()
        with open(self.board.card, "rb") as f:
            card = f.read()
        for i, writes in enumerate((1, blocks // 2, blocks, blocks + 1,
                                    blocks + KEPT // 2, blocks + KEPT + 1)):
            with open(self.board.card, "wb") as f:
                f.write(card)  # the last cut may have come too late
            self.board.start()
            self.cut(certs.TYPICAL[KEPT + i], writes)
            self.peers.stop()
            self.board.start()
            held = {d: ask(f"{d}.test") for d in kept}
            check(f"all is held after a cut in write {writes} of anew",
                  all(held[d] == SECURE.format(d) for d in kept), held)
            self.board.kill()
            self.peers.start()

    def room(self):
        """Free buffers for received frames."""
        used, _, all_ = self.board.usage()["frames"]
        return all_ - used

    def hoard(self):
        """Clients that wait to be accepted, and send all the same: their
        frames take buffers until the clients are closed."""
        ours, idle = Client(), [Client(), Client()]
        for c in (ours, *idle):
            c.ask("good.test")
        hoarders = []
        for _ in range(2):
            s = socket.create_connection(("127.0.0.1", PORT))
            s.sendall(b"x" * 4096)
            hoarders.append(s)
        until = time.monotonic() + PATIENCE_S
        got, left = SECURE.format("good"), self.room()
        while left >= ROOM and time.monotonic() < until:
            time.sleep(0.1)
            left = self.room()
        check("clients that hoard use the buffers up", left < ROOM, left)
        while got == SECURE.format("good") and left < ROOM:
            got, left = ours.ask("good.test"), self.room()
        check("they are thrown out, and others answered",
              got == SECURE.format("good"), got)
        for c in (ours, *idle, *hoarders):
            c.close()

    def stack(self):
        """The highest use so far, for make size."""
        usage = self.board.usage()
        used, size = usage["stack"]
        print(f"board: longest pass: {usage['pass_ms'][0]} ms", flush=True)
        print(f"board: stack: {used} of {size}", flush=True)
        check("a quarter of a KB of stack is left", used + 256 <= size)
        with open(os.path.join(os.path.dirname(self.board.elf), "stack"),
                  "w") as f:
            f.write(f"{used}\n")


def prepare(folder):
    """Sets up the loopback, and makes this the name server inside the
    namespace."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    conf = os.path.join(folder, "resolv.conf")
    with open(conf, "w") as f:
        f.write("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", conf,
                    os.path.realpath("/etc/resolv.conf")], check=True)
    os.mkdir(os.path.join(folder, "postfix"))
    with open(os.path.join(folder, "postfix", "main.cf"), "w") as f:
        f.write("compatibility_level = 3.6\n")


def main():
    board, elf, certificates = sys.argv[1:4]
    wanted = sys.argv[4] if len(sys.argv) > 4 else ""
    folder = tempfile.mkdtemp(prefix="board-")
    prepare(folder)
    run = Run(board, elf, certificates, folder)
    run.peers.start()
    parts = [p for p in ("answers", "api", "routes", "hostile", "hoard",
                         "flood", "stack") if re.search(wanted, p)]
    try:
        if parts:
            run.board.start()
            for p in (["answers"] if "answers" not in parts else []) + parts:
                getattr(run, p)()
            run.board.kill()
        for p in ("survives", "anew"):
            if run.has_card and re.search(wanted, p):
                getattr(run, p)()
    finally:
        if run.board.child is not None and run.board.child.poll() is None:
            run.board.kill()
        with open(f"{elf}.log", "w") as f:
            f.write("\n".join(run.board.lines) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
    if failures:
        raise SystemExit(f"board: {len(failures)} failed")
    print(f"board: {board}: all passed", flush=True)


main()
