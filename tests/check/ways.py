#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How `mtasts check` is used: ways.py MTASTS

On a terminal and not, as JSON, interrupted, for a monitor, of one host, beside
a running daemon; and how long it takes with many hosts that are far away.
"""
import hashlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import check
import far
from check import Blind, Row, World, arguments, fail, run

ROWS = [
    "good\t\t-\tenforced complete ok 0",
    "bad\tsmtp=plain\tsmtp-no-starttls\tbroken broken ok 1",
    "soon\tsmtp=soon tlsa=none\t-\tenforced none ok 0",
    "stuck\tdns=_smtp._tls/TXT:silent\t-\tenforced complete unknown 2",
    "rude\tsmtp=554\tsmtp-greeting-refused\tunknown unknown ok 2",
    "slow\tsmtp=silent\t-\tunknown unknown ok 2",
    "large\tsmtp=fat web=fat tlsa=none\t-\tenforced none ok 0",
    "doubt\tblind\t-\tenforced unknown ok 2",
    "first\tsmtp=first\t-\tenforced complete ok 0",
    "other\ttlsa=\"3 1 1 other\"\ttlsa-mismatch\tenforced broken ok 1",
]
ESCAPE = re.compile(rb"\x1b\[[0-9]+m")


def want(what, ok, detail=""):
    if not ok:
        fail(what, detail)


class Terminal:
    """Runs a command on a terminal: its output and its exit code."""

    def __init__(self, argv, env):
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(argv[0], argv, env)
        self.out = b""
        while True:
            try:
                data = os.read(fd, 4096)
            except OSError:
                break
            if not data:
                break
            self.out += data
        self.code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def terminals(command, world, blind, rows):
    args = [command] + arguments(world, blind, rows["bad"], "bad.example")
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    env["TERM"] = "xterm"
    t = Terminal(args, env)
    want("colour on a terminal", ESCAPE.search(t.out), t.out)
    want("progress on a terminal", b"\r\x1b[K" in t.out, t.out)
    # A progress line longer than a row would leave text behind when cleared.
    want("progress is one row", re.search(
        rb"\x1b\[\?7l  \.\.\. [^\n]*\x1b\[\?7h", t.out)
        and t.out.count(b"  ... ") == t.out.count(b"\x1b[?7l")
        == t.out.count(b"\x1b[?7h"), t.out)
    t = Terminal(args, dict(env, TERM="dumb"))
    want("no escapes on a dumb terminal", b"\x1b" not in t.out
         and b"  ... " not in t.out, t.out)
    t = Terminal(args, dict(env, NO_COLOR="1"))
    want("NO_COLOR", not ESCAPE.search(t.out), t.out)
    t = Terminal(args, dict(env, NO_COLOR=""))
    want("NO_COLOR that is empty is none", ESCAPE.search(t.out), t.out)
    t = Terminal([command] + arguments(world, blind, rows["rude"],
                                       "rude.example"),
                 dict(env, NO_COLOR="1"))
    want("a banner's escapes on a terminal", b"go away" in t.out
         and b"\x1b[31m" not in t.out and b"\x1b[0m" not in t.out, t.out)
    t = Terminal([command] + arguments(world, blind, rows["good"],
                                       "good.example"), env)
    shown = [line for line in t.out.split(b"\n") if line.strip()]
    want("a protected domain fits a screen", t.code == 0
         and len(shown) <= 24, t.out)
    p = run(command, args[1:])
    want("no colour in a file", b"\x1b" not in p.stdout, p.stdout)


def monitors(command, world, blind, rows):
    for name, code, word in (("good", 0, b"OK"), ("soon", 1, b"WARNING"),
                             ("bad", 2, b"CRITICAL"),
                             ("rude", 3, b"UNKNOWN")):
        p = run(command, arguments(world, blind, rows[name], "--plugin",
                                   name + ".example"))
        want("--plugin: ranges of good values", re.search(
            rb" \| days=-?[0-9]+;14:;0:\n$", p.stdout), p.stdout)
        want("--plugin " + name, p.returncode == code
             and p.stdout.startswith(b"MTASTS " + word + b" - ")
             and p.stdout.count(b"\n") == 1, (p.returncode, p.stdout))


def unknown_end(command, world, blind, rows):
    """A certificate that is too large to be kept has neither ended nor a
    fingerprint."""
    row = rows["large"]
    p = run(command, arguments(world, blind, row, "--plugin", row.domain))
    want("--plugin: no days are invented", p.returncode == 0
         and b"days=" not in p.stdout, p)
    p = run(command, arguments(world, blind, row, row.domain))
    want("no end is invented", p.returncode == 0 and b"ago" not in p.stdout
         and b"not known" in p.stdout, p.stdout)
    p = run(command, arguments(world, blind, row, "--mx", row.full("mx")))
    want("no key is invented", b"0000" not in p.stdout
         and b"00:00" not in p.stdout, p.stdout)


def doubt(command, world, blind, rows):
    """Where it cannot be found out whether the name server validates, records
    without AD are not called unsigned."""
    row = rows["doubt"]
    other = Blind(world)
    other.dns.blind = set()
    other.dns.unsigned = {k for k in world.dns.records if k[1] == "TLSA"}
    other.dns.faults = {("org", "MX"): "servfail"}
    p = run(command, arguments(world, other, row, "--json", row.domain))
    out = json.loads(p.stdout)
    want("a name server in doubt", p.returncode == 2
         and out["dane"] == "unknown", p.stdout)


def postfix_by_fingerprint(row, colons):
    return subprocess.run(
        ["posttls-finger", "-c", "-l", "fingerprint", "-d", "sha256", "-t",
         "20", "-T", "20", "-L", "summary", "[%s]:%d"
         % (row.address(2), check.SMTP_PORT), colons],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        check=False).stdout


def one_host(command, world, blind, rows):
    p = run(command, arguments(world, blind, rows["good"], "--mx",
                               "mx.good.example"))
    want("--mx", p.returncode == 0 and b"3 1 1 matches" in p.stdout, p.stdout)
    p = run(command, arguments(world, blind, rows["other"], "--mx",
                               "mx.other.example"))
    spki = hashlib.sha256(world.certs.spki("ec")).hexdigest()
    want("--mx reports what the host has", p.returncode == 1
         and spki.encode() in p.stdout, p.stdout)
    p = run(command, arguments(world, blind, rows["good"], "--mx",
                               "mx.good.example"))
    for kind in ("rsa", "ec"):
        digest = hashlib.sha256(world.certs.spki(kind)).hexdigest().upper()
        colons = ":".join(re.findall("..", digest))
        want("--mx has fingerprints", ("fingerprint %s\n" % colons).encode()
             in p.stdout, p.stdout)
    if shutil.which("posttls-finger"):
        output = postfix_by_fingerprint(rows["good"], colons)
        want("Postfix knows it", b"Verified TLS connection" in output, output)
        output = postfix_by_fingerprint(rows["good"], "00" + colons[2:])
        want("Postfix knows no other", b"Verified" not in output, output)
    p = run(command, arguments(world, blind, rows["good"], "--mx",
                               "mx.good.example", "good.example"))
    want("--mx beside a domain", p.returncode == 64, p.stderr)


def implicit_tls(command, world, blind, rows):
    p = run(command, arguments(world, blind, rows["first"], "--tls", "--mx",
                               "mx.first.example"))
    want("--tls", p.returncode == 0 and p.stdout.count(b"3 1 1 matches") == 2
         and not world.servers[("first", "mx")].verbs - {"EHLO", "QUIT"},
         (p, world.servers[("first", "mx")].verbs))


def within(command, world, blind, rows):
    """However slow the servers are, the operator's time limit holds."""
    begun = time.monotonic()
    p = run(command, arguments(world, blind, rows["slow"], "--within", "2",
                               "--json", "slow.example"))
    out = json.loads(p.stdout)
    want("--within", p.returncode == 2 and time.monotonic() - begun < 30
         and [f["why"] for f in out["findings"]] == ["time-over"]
         and (out["sts"], out["dane"]) == ("unknown", "unknown"), p)
    p = run(command, arguments(world, blind, rows["slow"], "--within", "1",
                               "--plugin", "slow.example"))
    want("--within, for a monitor", p.returncode == 3 and b"time-over"
         in p.stdout, p)


def usage(command, world, blind, rows):
    for more in (["a b"], ["good.example:25"], [], ["--days", "x", "a.test"],
                 ["--port", "0", "a.test"], ["--helo", "localhost", "a.test"], ["--within", "0", "a.test"]):
        p = run(command, arguments(world, blind, rows["good"], *more))
        want("usage %s" % more, p.returncode == 64 and p.stderr, p)
    for name, example in (("check", b"mtasts check --json example.com"),
                          ("publish", b"mtasts publish sts example.com"),
                          ("warm", b"mtasts warm /etc/")):
        p = run(command, [name, "--help"])
        want("--help fits a screen", p.returncode == 0 and example in p.stdout
             and p.stdout.count(b"\n") <= 23
             and max(map(len, p.stdout.split(b"\n"))) <= 80, p.stdout)
    p = run(command, ["warm"])
    want("warm what?", p.returncode == 64, p.stderr)


def interrupted(command, world, blind, rows):
    for json_too in (True, False):
        p = subprocess.Popen(
            [command] + arguments(world, blind, rows["stuck"],
                                  *(["--json"] if json_too else []),
                                  "stuck.example"), stdout=subprocess.PIPE)
        # Everything but the reports is there: the host is shown.
        seen = b""
        while b"mx.stuck.example" not in seen or b"127." not in seen:
            seen += os.read(p.stdout.fileno(), 4096)
        p.send_signal(signal.SIGINT)
        seen += p.stdout.read()
        code = p.wait()
        want("SIGINT", code == 2, (code, seen))
        if json_too:
            out = json.loads(seen)
            want("SIGINT: the object is closed",
                 out["tlsrpt"]["result"] == "skipped"
                 and [f["why"] for f in out["findings"]] == ["interrupted"],
                 seen)


def daemon(command, world, blind, rows, folder):
    path = os.path.join(folder, "control")
    # The folder belongs to the test; any user may ask.
    os.chmod(folder, 0o777)
    args = arguments(world, blind, rows["good"])
    options = [o for o in args[3:] if o not in ("--port", "--helo",
                                                "checker.example",
                                                str(check.SMTP_PORT))]
    at = options.index("control off")
    options[at] = "control unix:%s mode=0666" % path
    served = subprocess.Popen(
        [command, "serve", "-c", "/dev/null"] + options
        + ["-o", "listen inet:127.0.0.1:%d" % (check.SMTP_PORT + 2),
           "-o", "journal off"], stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with socket.socket(socket.AF_UNIX) as s:
                if os.path.exists(path) and s.connect_ex(path) == 0:
                    break
            time.sleep(0.05)
        args[args.index("control off")] = options[at]
        p = run(command, args + ["--json", "good.example"])
        agent = json.loads(p.stdout)["agent"]
        want("what the daemon answers", agent["result"] == "ok"
             and agent["answer_is"] == "policy"
             and "mx.good.example" in agent["answer"], p.stdout)
    finally:
        served.terminate()
        served.wait()


def main():
    command = os.path.abspath(sys.argv[1])
    rows = {r.name: r for r in (Row(i, x) for i, x in enumerate(ROWS))}
    many = Row(len(ROWS), far.ROW)
    check.ports_free()
    folder = tempfile.mkdtemp(prefix="mtasts-check-")
    os.chmod(folder, 0o755)
    try:
        world = World(folder, list(rows.values()),
                      names=[many.domain, "*." + many.domain])
        blind = Blind(world)
        for way in (terminals, monitors, unknown_end, doubt, one_host, usage, interrupted,
                    implicit_tls, within):
            way(command, world, blind, rows)
        daemon(command, world, blind, rows, folder)
        far.play(command, world, blind, many)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("check: ways: %d wrong" % len(check.failures))
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
