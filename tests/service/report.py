#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The daemon's socket for TLS reports, with real datagrams: report.py MTASTS

What Postfix's own library sends is counted. Users who may not send are
refused. A restart, orderly or not, keeps what it must. The operator sees what
is counted.
"""
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time

from agent import Agent, Folder, NameServer, check, run, until

SUCCESS = ('{"d": "%s","pr": "v=TLSRPTv1; rua=mailto:r@%s","policies":[{'
           '"policy-type":9,"policy-domain": "%s","t":0,"f":0}]}')
FAILURE = ('{"dpv": "1","d": "%s","pr": "v=TLSRPTv1; rua=mailto:r@%s",'
           '"policies":[{"policy-type":2,"policy-domain": "%s",'
           '"policy-string":["version: STSv1","mode: enforce"],'
           '"mx-host":["*.%s"],"failure-details":[{"c":205,"s": "192.0.2.1",'
           '"n": "mx.%s","h": "250-mx.%s\\r\\n250 8BITMIME","r": '
           '"198.51.100.9","f": "self-signed_certificate"}],"t":1,"f":1}]}')


def datagram(form, domain):
    return (form.replace("%s", domain)).encode()


class Reports:
    """A daemon that accepts reports, and its operator."""

    def __init__(self, program, folder, fds=(), more=(), env=None):
        self.program, self.folder = program, folder
        self.conf = folder + "/mtasts.conf"
        self.place = folder + "/tlsrpt"
        self.fds, self.env = fds, env
        self.names = NameServer()
        lines = ["listen unix:%s/ask" % folder, self.names.line,
                 "control unix:%s/control" % folder,
                 "journal %s/journal" % folder,
                 "contact tls@gateway.example", "report_relay off",
                 "listen unix:%s/text protocol=text mode=0600" % folder,
                 "listen unix:%s/open protocol=text" % folder,
                 *(["tlsrpt unix:%s mode=0666" % self.place]
                   if not fds else []), *more]
        with open(self.conf, "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        self.agent = None

    def start(self):
        self.agent = Agent([self.program], [], conf=self.conf, fds=self.fds,
                           env=self.env)
        return self.agent.ready()

    def send(self, data, place=None):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.sendto(data, place or self.place)
        s.close()

    def send_as(self, uid, data):
        pid = os.fork()
        if pid == 0:
            try:
                os.setgid(uid)
                os.setuid(uid)
                self.send(data)
                os._exit(0)
            except OSError:
                os._exit(1)
        check(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0,
              "a datagram of user %d is not taken by the system" % uid)

    def send_line(self, line, place="text"):
        """Sends a line of the text protocol. Returns the answer."""
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.folder + "/" + place)
        s.sendall(line.encode() + b"\n")
        return b"".join(iter(lambda: s.recv(64), b"")).decode()

    def command(self, *argv):
        return subprocess.run(
            [self.program, "report", *argv, "-c", self.conf],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)

    def list(self):
        r = self.command("list", "--json")
        check(r.returncode == 0, "report list: %s" % r.stdout)
        return {e["domain"]: (e["sessions"], e["failures"])
                for e in map(json.loads, r.stdout.splitlines())}

    def counts(self, want, what):
        until(lambda: self.list() == want, "%s: %s, not %s\n%s" % (
            what, self.list(), want, self.agent.log()))


def counted(r):
    """What Postfix sends is counted by domain; an invalid datagram is not."""
    r.start()
    for domain, good, bad in (("a.example", 3, 0), ("b.example", 1, 2)):
        for _ in range(good):
            r.send(datagram(SUCCESS, domain))
        for _ in range(bad):
            r.send(datagram(FAILURE, domain))
    r.send(b"junk")
    r.send(b"")
    r.send(datagram(SUCCESS, "c.example")[:-3])
    r.send(datagram(SUCCESS, "c.example").replace(b"v=TLSRPTv1", b"v=other"))
    r.send(b"{" * 100000)
    r.send(datagram(SUCCESS, "a.example").replace(b'"a.example","pr', b'"A.Example.","pr'))
    r.counts({"a.example": (4, 0), "b.example": (3, 2)}, "counted")
    r.agent.logged("event=report-bad")


def shown(r):
    mail = r.command("show", "b.example").stdout
    check("\nTo: r@b.example\n" in mail and "\r" not in mail and
          "\nTLS-Report-Domain: b.example\n" in mail, mail)
    shown = json.loads(r.command("show", "b.example", "--json").stdout)
    policies = shown["report"]["policies"]
    check([(p["policy"]["policy-type"], p["summary"]) for p in policies] and
          sum(p["summary"]["total-failure-session-count"]
              for p in policies) == 2, shown)
    check(any(f["failure-reason-code"] == "self-signed_certificate"
              for p in policies for f in p.get("failure-details", [])), shown)
    check(r.command("show", "none.example").returncode == 1, "none.example")
    check("0 reports are due" in r.command("flush").stdout, "flush")
    check(r.command("send").returncode == 64, "send without a domain")
    check(r.command("send", "").returncode == 64, "send of no domain")


def kept(r):
    """A reload keeps the counts, a restart too; a kill keeps what was
    saved."""
    before = r.list()
    r.agent.kill(signal.SIGHUP)
    r.agent.logged("reload: done")
    check(r.list() == before, "a reload: %s" % r.list())
    r.agent.stop()
    check(not os.path.exists(r.place), "the socket is left behind")
    r.start()
    check(r.list() == before, "a restart: %s" % r.list())
    r.send(datagram(SUCCESS, "late.example"))
    r.counts(dict(before, **{"late.example": (1, 0)}), "after it")
    r.agent.kill(signal.SIGKILL)
    r.agent.wait()
    r.start()
    check(r.list() == before, "a kill: %s" % r.list())
    r.agent.stop()


def by_text(program):
    """Lines, as Exim sends them, are counted like datagrams."""
    record = " record=v=TLSRPTv1; rua=mailto:r@a.example"
    with Folder() as folder:
        r = Reports(program, folder)
        r.start()
        for line, want in (
                ("report A.example success" + record, "ok"),
                ("report a.example certificate-expired policy=sts "
                 "policy-string=version:%20STSv1 mx-host=*.a.example "
                 "receiving-mx-hostname=mx.a.example "
                 "failure-reason-code=all%20wrong" + record, "ok"),
                ("report a.example success record=v=spf1 -all", "no"),
                ("report a.example expired" + record, "no"),
                ("report a.example", "temp")):
            got = r.send_line(line)
            check(got == want, "%s: %s, not %s" % (line, got, want))
        # Everybody may ask there, so no line there counts as a mail server's.
        got = r.send_line("report b.example success" + record, "open")
        check(got == "no", "a socket that is open to everybody: " + got)
        r.counts({"a.example": (2, 1)}, "open")
        shown = json.loads(r.command("show", "a.example", "--json").stdout)
        sts = [p for p in shown["report"]["policies"]
               if p["policy"]["policy-type"] == "sts"]
        check(sts[0]["policy"]["policy-string"] == ["version: STSv1"] and
              sts[0]["policy"]["mx-host"] == ["*.a.example"] and
              sts[0]["failure-details"][0] == {
                  "result-type": "certificate-expired",
                  "receiving-mx-hostname": "mx.a.example",
                  "failed-session-count": 1,
                  "failure-reason-code": "all wrong"}, shown)
        r.agent.stop()
        # Without a contact nothing is counted, and the mail server carries on.
        r = Reports(program, folder, more=["contact off"])
        r.start()
        check(r.send_line("report a.example success" + record) == "no", "off")
        r.agent.stop()


def damaged(r):
    """One of two images is enough; with none, counting begins anew, which is
    logged."""
    images = [r.folder + "/journal.reports-%d" % i for i in (0, 1)]
    r.start()
    before = r.list()
    r.send(datagram(FAILURE, "d.example"))
    r.counts(dict(before, **{"d.example": (1, 1)}), "another")
    r.agent.stop()
    newest = max(images, key=os.path.getmtime)
    with open(newest, "r+b") as f:
        f.seek(os.path.getsize(newest) // 2)
        f.write(b"\xff" * 8)
    r.start()
    r.agent.logged("it is damaged")
    check(r.list() == before, "the older image: %s" % r.list())
    r.agent.stop()
    for path in images:
        os.truncate(path, os.path.getsize(path) // 2)
    r.start()
    check(r.list() == {}, "no image: %s" % r.list())
    r.agent.stop()


def refused(program):
    """Other users' datagrams are dropped, where the mode lets them in."""
    with Folder(0o755) as folder:
        r = Reports(program, folder, more=["metrics unix:%s/m" % folder])
        r.start()
        nobody = pwd.getpwnam("nobody").pw_uid
        r.send_as(nobody, datagram(SUCCESS, "forged.example"))
        r.send(datagram(SUCCESS, "real.example"))
        r.counts({"real.example": (1, 0)}, "whose it is")
        r.agent.logged("1 datagrams refused, the last of user %d" % nobody)
        s = socket.socket(socket.AF_UNIX)
        s.connect(folder + "/m")
        s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = b"".join(iter(lambda: s.recv(65536), b"")).decode()
        check("\nmtasts_report_refused_total 1\n" in text.replace("\r", ""),
              text)
        r.agent.stop()


def owner(program):
    """The owner of the socket may send."""
    with Folder(0o755) as folder:
        r = Reports(program, folder)
        nobody = pwd.getpwnam("nobody")
        with open(r.conf, "a", encoding="ascii") as f:
            f.write("tlsrpt unix:%s mode=0600 owner=nobody\n" % r.place)
        r.start()
        r.send_as(nobody.pw_uid, datagram(SUCCESS, "his.example"))
        r.counts({"his.example": (1, 0)}, "the owner's")
        r.agent.stop()


def own(program):
    """So may the user that the agent runs as, whoever started it."""
    with Folder(0o755) as folder:
        r = Reports(program, folder, more=["user nobody"])
        r.start()
        r.send_as(pwd.getpwnam("nobody").pw_uid,
                  datagram(SUCCESS, "its.example"))
        r.counts({"its.example": (1, 0)}, "the agent's own")
        r.agent.stop()


def handed_over(program):
    """A supervisor's socket is used, and kept over a restart."""
    with Folder() as folder:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind(folder + "/tlsrpt")
        r = Reports(program, folder, fds=[s.fileno()])
        r.start()
        r.send(datagram(SUCCESS, "one.example"))
        r.counts({"one.example": (1, 0)}, "handed over")
        r.agent.stop()
        r.send(datagram(SUCCESS, "two.example"))  # it waits for the next daemon
        r.start()
        r.counts({"one.example": (1, 0), "two.example": (1, 0)}, "waited")
        r.agent.stop()


def handed_over_lines(program):
    """A supervisor's socket that is open to everybody takes no reports,
    whatever mode its line has."""
    record = " record=v=TLSRPTv1; rua=mailto:r@a.example"
    with Folder() as folder:
        fds = []
        for name, mode in (("text", 0o600), ("open", 0o666)):
            s = socket.socket(socket.AF_UNIX)
            s.bind(folder + "/" + name)
            os.chmod(folder + "/" + name, mode)
            s.listen(8)
            fds.append(s)
        r = Reports(program, folder, fds=[s.fileno() for s in fds])
        r.start()
        for place, want in (("text", "ok"), ("open", "no")):
            got = r.send_line("report %s.example success%s" % (place, record), place)
            check(got == want, "handed over, %s: %s" % (place, got))
        r.counts({"text.example": (1, 0)}, "handed over, lines")
        r.agent.stop()


def off(program):
    """Without a contact there is no socket, and no report."""
    with Folder() as folder:
        r = Reports(program, folder, more=["contact off"])
        r.start()
        check(not os.path.exists(r.place), "a socket without a contact")
        got = r.command("list")
        check(got.returncode == 64 and "contact" in got.stdout, got.stdout)
        r.agent.stop()


def many(r):
    """A burst as large as the system's queue is taken without loss."""
    r.start()
    for i in range(2000):
        while True:
            try:
                r.send(datagram(SUCCESS, "d%d.example" % (i % 50)))
                break
            except BlockingIOError:
                time.sleep(0.001)
    until(lambda: sum(n for n, _ in r.list().values()) == 2000,
          "2000 datagrams: %s" % r.list())
    r.agent.stop()


def main():
    program = os.path.abspath(sys.argv[1])
    with Folder() as folder:
        r = Reports(program, folder)
        counted(r)
        shown(r)
        kept(r)
        damaged(r)
        many(r)
    off(program)
    by_text(program)
    handed_over(program)
    handed_over_lines(program)
    if os.getuid() == 0:
        refused(program)
        owner(program)
        own(program)
    else:
        print("report: NOT RUN: other users' datagrams, as this is not root",
              file=sys.stderr)
    print("report: counted, shown, kept, refused")


if __name__ == "__main__":
    main()
