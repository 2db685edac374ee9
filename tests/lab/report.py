#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab of TLS reports: from a delivery to the mailbox that asked for
reports.

report.py MTASTS TREE  (by run.sh, inside namespaces of its own)

A Postfix of Debian 13 in TREE (trixie.sh) delivers mail to the lab's mail
servers and reports it to the agent. A day later, by a clock that is put ahead,
the agent delivers the reports: to a web server, and through this machine's
Postfix with OpenDKIM to a mail server. Without a TREE this program sends the
agent what such a Postfix would send.
"""

import base64
import email
import gzip
import http.server
import json
import os
import pwd
import re
import socket
import ssl
import subprocess
import sys
import threading
import time

from base import HERE, Row, check, listening, play, read, run, until, wait_for, write
from daemon import Daemon, answers, ask
from postfix import Postfix
from sinks import Sinks
from system import System
from world import World

DAY_S = 86400
POST = "192.0.2.40"
ROWS = [
    Row("good.test", "report=mailto:keep@rua.test", "mx=good"),
    Row("posted.test", "report=https://reports.rua.test/v1", "mx=good"),
    Row("both.test",
        "report=mailto:keep2@rua.test,https://reports.rua.test/v2",
        "mx=expired"),
    Row("broken.test", "cert=expired report=mailto:keep3@rua.test", "mx=good"),
    Row("silent.test", "", "mx=good"),
    Row("rua.test", "txt=none host=none", "mx=plain"),
]
RESULTS = {"starttls-not-supported", "certificate-host-mismatch",
           "certificate-not-trusted", "certificate-expired",
           "validation-failure", "sts-policy-fetch-error",
           "sts-policy-invalid", "sts-webpki-invalid", "tlsa-invalid",
           "dnssec-invalid", "dane-required"}


class Posts(threading.Thread):
    """A web server that accepts what is posted to it."""

    def __init__(self, world):
        super().__init__(daemon=True)
        pem, key = world.certificates.of("reports.rua.test", "good")
        self.taken = taken = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["Content-Length"])
                taken.append((self.path, dict(self.headers),
                              self.rfile.read(size)))
                self.send_response(201)
                self.end_headers()

            def log_message(self, *_):
                pass

        run("ip", "addr", "add", f"{POST}/32", "dev", "lo")
        self.server = http.server.ThreadingHTTPServer((POST, 443), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem, key)
        self.server.socket = tls.wrap_socket(self.server.socket,
                                             server_side=True)
        self.start()

    def run(self):
        self.server.serve_forever()


class Later(Daemon):
    """Starts the daemon with a clock that is ahead."""

    def serve_later(self, seconds):
        shim = self.lab.path("later.so")
        if not os.path.exists(shim):
            run("cc", "-shared", "-fPIC", "-o", shim, f"{HERE}/later.c")
        env = dict(os.environ, LD_PRELOAD=shim, LATER_S=str(seconds))
        self.process = self.lab.start(
            self.program, "serve", "-c", self.lab.path("mtasts.conf"),
            log="mtasts.log", env=env)
        wait_for("mtasts", answers)

    def command(self, *argv):
        p = subprocess.run(
            [self.program, *argv, "-c", self.lab.path("mtasts.conf")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return p.stdout

    def counted(self):
        lines = self.command("report", "list", "--json").splitlines()
        return {r["domain"]: r for r in map(json.loads, lines)
                if "domain" in r}


def valid(name, report, domain):
    """Reads the report strictly by RFC 8460 4."""
    keys = ["organization-name", "date-range", "contact-info", "report-id",
            "policies"]
    check(f"{name}: keys", list(report) == keys, list(report))
    check(f"{name}: day", all(
        re.fullmatch(r"\d{4}-\d\d-\d\dT(00:00:00|23:59:59)Z", t)
        for t in report["date-range"].values()), report["date-range"])
    for p in report["policies"]:
        check(f"{name}: domain", p["policy"]["policy-domain"] == domain, p)
        check(f"{name}: type", p["policy"]["policy-type"] in
              ("sts", "tlsa", "no-policy-found"), p)
        for f in p.get("failure-details", []):
            check(f"{name}: result", f["result-type"] in RESULTS, f)
            check(f"{name}: count", f["failed-session-count"] > 0, f)
    return report


def sums(report):
    s = [p["summary"] for p in report["policies"]]
    return (sum(x["total-successful-session-count"] for x in s),
            sum(x["total-failure-session-count"] for x in s))


def opened(name, text, domain):
    """The report in a mail, whose parts and headers must be right."""
    mail = email.message_from_string(text)
    check(f"{name}: type", mail.get_content_type() == "multipart/report"
          and mail.get_param("report-type") == "tlsrpt", mail["Content-Type"])
    check(f"{name}: domain", mail["TLS-Report-Domain"] == domain)
    check(f"{name}: submitter", mail["TLS-Report-Submitter"] == "client.test")
    check(f"{name}: no TLS", mail["TLS-Required"] == "No")
    parts = mail.get_payload()
    check(f"{name}: parts", [p.get_content_type() for p in parts] ==
          ["text/plain", "application/tlsrpt+gzip"])
    packed = base64.b64decode(parts[1].get_payload(), validate=False)
    return valid(name, json.loads(gzip.decompress(packed)), domain)


def signer(system, lab):
    """Starts OpenDKIM for client.test, beside this machine's Postfix. None: it
    is not installed."""
    if not all(system.has(f"/usr/sbin/{p}")
               for p in ("opendkim", "opendkim-genkey")):
        print("report: NOT RUN: the signature, as OpenDKIM is not installed",
              flush=True)
        return None
    folder = lab.path("dkim")
    os.makedirs(folder)
    run("opendkim-genkey", "-D", folder, "-d", "client.test", "-s", "lab",
        "-b", "2048")
    write(lab.path("opendkim.conf"), f"""\
Syslog no
Mode s
Domain client.test
Selector lab
KeyFile {folder}/lab.private
RequireSafeKeys no
Socket inet:8891@127.0.0.1
SignHeaders *,+TLS-Report-Domain,+TLS-Report-Submitter
""")
    lab.start("opendkim", "-f", "-x", lab.path("opendkim.conf"),
              log="opendkim.log")
    wait_for("opendkim", lambda: listening(8891))
    return folder


def signed(name, text, folder):
    """Whether the mail's signature is that of client.test, for `tlsrpt`."""
    sys.path.append("/usr/lib/python3/dist-packages")  # Debian's
    try:
        import dkim
    except ImportError:
        print("report: NOT RUN: the signature's check, as python3-dkim is not "
              "installed", flush=True)
        return
    record = "".join(re.findall(r'"([^"]*)"', read(f"{folder}/lab.txt")))

    def dns(name, timeout=5):
        return record.encode() if name == b"lab._domainkey.client.test." \
            else None
    check(f"{name}: signature", dkim.verify(text.encode("latin-1"),
                                            dnsfunc=dns), text[:800])
    check(f"{name}: no l=", not re.search(r"DKIM-Signature:[^:]*;\s*l=",
                                          text))


DATAGRAMS = {
    "good.test": ('2,"policy-domain": "%s","policy-string":["version: STSv1"],'
                  '"mx-host":["mx.%s"],"t":0,"f":0', (1, 0)),
    "posted.test": ('2,"policy-domain": "%s","policy-string":'
                    '["version: STSv1"],"mx-host":["mx.%s"],"t":0,"f":0',
                    (1, 0)),
    "both.test": ('2,"policy-domain": "%s","policy-string":["version: STSv1"],'
                  '"mx-host":["mx.%s"],"failure-details":[{"c":204,"s": '
                  '"198.18.0.1","n": "mx.both.test","h": "250-mx.both.test"}],'
                  '"t":1,"f":1', (0, 1)),
}


def told(path):
    """Sends what a Postfix would send, octet by octet in its form."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    for domain, (policy, _) in DATAGRAMS.items():
        row = [r for r in ROWS if r.domain == domain][0]
        policy = policy.replace("%s", domain)
        s.sendto(('{"d": "%s","pr": "v=TLSRPTv1; rua=%s","policies":[{'
                  '"policy-type":%s}]}' % (domain, row.get("report", ""),
                                           policy)).encode(), path)


def sender(tree, user="postfix"):
    """The name that this machine has for the user of a mail server there."""
    uids = [line.split(":")[2] for line in read(f"{tree}/etc/passwd")
            .splitlines() if line.startswith(f"{user}:")]
    uid = int(uids[0]) if uids else 0
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        run("useradd", "--system", "--uid", str(uid), f"lab-{user.lower()}")
        return f"lab-{user.lower()}"


def amend(postfix, **words):
    """Puts these lines into its main.cf, in place of those of the same
    keys."""
    kept = [line for line in read(f"{postfix.etc}/main.cf").splitlines()
            if line.split(" ")[0] not in words]
    write(f"{postfix.etc}/main.cf", "\n".join(
        kept + [f"{k} = {v}" for k, v in words.items()]) + "\n")


def deliver(lab, tree):
    """A Postfix that reports sends mail to each domain. Its spool has the
    socket."""
    there = System(lab, tree)
    new = Postfix(there, "tlsrpt", "# main.cf, Postfix 3.10.5 and later")
    amend(new, smtp_tlsrpt_enable="yes",
          smtp_tlsrpt_socket_name="run/tlsrpt/tlsrpt.sock")
    return new


def report(lab, program, tree):
    world = World(lab, ROWS)
    world.start()
    with open(lab.path("unbound.conf"), encoding="utf-8") as f:
        conf = f.read().replace(
            "remote-control:", f'server:\nlocal-data: "reports.rua.test. 60 '
            f'IN A {POST}"\nremote-control:')
    lab.stop(world.unbound)
    write(lab.path("unbound.conf"), conf)
    world.unbound = lab.start("unbound", "-c", lab.path("unbound.conf"),
                              log="unbound.log")
    posts, sinks = Posts(world), Sinks(world)
    new = deliver(lab, tree) if tree else None
    spool = new.spool if new else lab.path("spool")
    os.makedirs(f"{spool}/run/tlsrpt")
    os.chmod(f"{spool}/run", 0o755)
    os.chmod(f"{spool}/run/tlsrpt", 0o755)
    place = f"{spool}/run/tlsrpt/tlsrpt.sock"
    daemon = Later(lab, program,
                   f"tlsrpt unix:{place} mode=0666 owner={sender(tree)}\n"
                   "contact tls@client.test\n"
                   "organization_name The Lab\n")
    daemon.serve()
    for row in ROWS:
        ask(row.domain)
    check("the agent's own failure is counted",
          until(lambda: "broken.test" in daemon.counted()), daemon.counted())
    if new:
        print(f"report: {new.version()}", flush=True)
        new.start()
        for row in ROWS[:3] + [ROWS[4]]:
            new.send(f"lab@{row.domain}")
    else:
        told(place)
    check("deliveries are counted",
          until(lambda: set(DATAGRAMS) <= set(daemon.counted()), 60),
          daemon.counted())
    check("who asks for none gets none",
          "silent.test" not in daemon.counted(), daemon.counted())
    if new:
        new.stop()
    shown = daemon.command("report", "show", "good.test")
    opened("shown", shown, "good.test")
    daemon.stop()

    old = Postfix(System(lab), "relay", "# main.cf, Postfix 3.4 and later")
    folder = signer(old.system, lab)
    amend(old, smtp_tls_policy_maps="", mydestination="",
          **({"smtpd_milters": "inet:127.0.0.1:8891",
              "milter_default_action": "tempfail"} if folder else {}))
    old.start()
    daemon.serve_later(DAY_S)
    check("what was counted outlives a restart",
          set(DATAGRAMS) | {"broken.test"} <= set(daemon.counted()),
          daemon.counted())
    daemon.command("cache", "refresh", "good.test")  # this confirms the clock
    until(lambda: all(r["state"] == "waiting"
                      for r in daemon.counted().values()))
    daemon.command("report", "flush")
    check("all are delivered", until(lambda: not daemon.counted(), 120),
          daemon.counted())
    arrived(posts, sinks, folder)
    old.stop()


def arrived(posts, sinks, folder):
    posted = {path: (headers, gzip.decompress(body))
              for path, headers, body in posts.taken}
    check("posted once each", sorted(p for p, _, _ in posts.taken) ==
          ["/v1", "/v2"], posts.taken)
    for path, domain in (("/v1", "posted.test"), ("/v2", "both.test")):
        if path not in posted:
            continue
        headers, body = posted[path]
        check(f"{path}: media type",
              headers["Content-Type"] == "application/tlsrpt+gzip", headers)
        check(f"{path}: no coding", "Content-Encoding" not in headers)
        r = valid(path, json.loads(body), domain)
        check(f"{path}: sums", sums(r) == DATAGRAMS[domain][1], r)
    for to, domain in (("keep@rua.test", "good.test"),
                       ("keep2@rua.test", "both.test"),
                       ("keep3@rua.test", "broken.test")):
        until(lambda: sinks.mails(to), 60)
        mails = sinks.mails(to)
        check(f"{to}: one mail", len(mails) == 1, mails)
        if not mails:
            continue
        r = opened(to, mails[0]["text"], domain)
        if domain in DATAGRAMS:
            check(f"{to}: sums", sums(r) == DATAGRAMS[domain][1], r)
        else:
            check(f"{to}: the agent's own", "sts-webpki-invalid" in
                  json.dumps(r), r)
        if folder:
            signed(to, mails[0]["text"], folder)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    TREE = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else ""
    sys.exit(play("report", lambda lab: report(lab, PROGRAM, TREE)))
