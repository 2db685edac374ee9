#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example tests/examples/deliver.c hands mail to real mail servers.

deliver.py PROGRAM FOLDER  (by run.sh, inside namespaces of its own)

FOLDER has Exim and OpenSMTPD (mtas.sh); Postfix is this machine's. Each of them
is started with each kind of certificate; what must come of a mail under an
enforced policy, and of one without, is in ROWS.
"""

import os
import re
import subprocess
import sys

from base import check, listening, play, read, run, wait_for, write
from certs import Certificates

POLICY = "secure match=mx.deliver.test:.pattern.test servername=hostname"
HOST = "mx.deliver.test"

# Certificate; what is said under the policy, and without one. Exit 0 is
# "taken", 75 "later".
ROWS = [
    ("good", (0, "trusted"), (0, "trusted")),
    ("rsa", (0, "trusted"), (0, "trusted")),
    ("chain", (0, "trusted"), (0, "trusted")),
    ("expired", (75, "x509-expired"), (0, "x509-expired")),
    ("wrong", (75, "x509-name-mismatch"), (0, "x509-name-mismatch")),
    ("cn", (75, "x509-no-dns-id"), (0, "x509-no-dns-id")),
    ("untrusted", (75, "x509-unknown-issuer"), (0, "x509-unknown-issuer")),
    (None, (75, "smtp-no-starttls"), (0, "taken")),
]

MESSAGE = ("From: a@client.example.org\nTo: b@deliver.test\nSubject: lab\n\n"
           ".dot\n.\n" + "x" * 900 + "\n") + "line\n" * 5000


class Server:
    """One that is started anew for each certificate."""

    def __init__(self, lab, folder):
        self.lab, self.folder = lab, folder
        self.env = dict(os.environ, LD_LIBRARY_PATH=":".join(
            f"{folder}{place}" for place in ("/usr/lib/x86_64-linux-gnu",
                                             "/lib/x86_64-linux-gnu")))
        self.child = None

    def begin(self, *argv):
        self.child = self.lab.start(*argv, log=f"{self.name}.log",
                                    env=self.env)

    def stop(self):
        self.lab.stop(self.child)

    def accepted(self):
        """How many messages its log has."""
        return len(re.findall(self.mail, self.logged()))

    def logged(self):
        return read(self.lab.path(f"{self.name}.log"))


class Postfix(Server):
    name, address, mail = "postfix", "127.0.0.2", r"message-id="

    def start(self, cert, key):
        place = self.lab.path("postfix")
        tls = (f"smtpd_tls_security_level = may\n"
               f"smtpd_tls_chain_files = {key}, {cert}\n" if cert else
               "smtpd_tls_security_level = none\n")
        write(f"{place}/main.cf", f"""compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
maillog_file = {self.lab.path('postfix.log')}
maillog_file_prefixes = {self.lab.folder}
inet_interfaces = {self.address}
inet_protocols = ipv4
myhostname = {HOST}
mynetworks = 127.0.0.99
smtpd_peername_lookup = no
mydestination = deliver.test
local_recipient_maps =
local_transport = discard:taken
alias_maps =
{tls}""")
        write(f"{place}/master.cf", "smtp inet n - n - - smtpd\n" + "".join(
            f"{service}\n" for service in (
                "cleanup unix n - n - 0 cleanup",
                "qmgr unix n - n 300 1 qmgr",
                "tlsmgr unix - - n 1000? 1 tlsmgr",
                "rewrite unix - - n - - trivial-rewrite",
                "bounce unix - - n - 0 bounce",
                "defer unix - - n - 0 bounce",
                "trace unix - - n - 0 bounce",
                "verify unix - - n - 1 verify",
                "proxymap unix - - n - - proxymap",
                "discard unix - - n - - discard",
                "error unix - - n - - error",
                "retry unix - - n - - error",
                "anvil unix - - n - 1 anvil",
                "postlog unix-dgram n - n - 1 postlogd")))
        os.makedirs(f"{place}/queue", exist_ok=True)
        os.makedirs(f"{place}/data", exist_ok=True)
        run("chown", "postfix", f"{place}/data")
        run("postfix", "-c", place, "start")

    def stop(self):
        run("postfix", "-c", self.lab.path("postfix"), "stop")


class Exim(Server):
    name, address, mail = "exim", "127.0.0.3", r" <= from@client"

    def start(self, cert, key):
        spool = self.lab.path("exim")
        os.makedirs(spool, exist_ok=True)
        run("chown", "-R", "Debian-exim", spool)
        for path in (cert, key):
            if path:
                run("chmod", "644", path)
        tls = (f"tls_advertise_hosts = *\ntls_certificate = {cert}\n"
               f"tls_privatekey = {key}\n" if cert else
               "tls_advertise_hosts =\n")
        write(self.lab.path("exim.conf"), f"""primary_hostname = {HOST}
spool_directory = {spool}
log_file_path = {spool}/%slog
local_interfaces = {self.address}
daemon_smtp_ports = 25
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = accept
queue_only = true
{tls}""")
        self.begin(f"{self.folder}/usr/sbin/exim4", "-C",
                   self.lab.path("exim.conf"), "-bdf")

    def logged(self):
        return read(f"{self.lab.path('exim')}/mainlog")


class Opensmtpd(Server):
    name, address, mail = "opensmtpd", "127.0.0.4", r" message "

    def start(self, cert, key):
        tls = (f'pki lab cert "{cert}"\npki lab key "{key}"\n'
               f"listen on {self.address} port 25 tls pki lab hostname {HOST}\n"
               if cert else
               f"listen on {self.address} port 25 hostname {HOST}\n")
        for path in (cert, key):
            if path:
                run("chmod", "600", path)
        write(self.lab.path("smtpd.conf"), tls + """
action "keep" relay host "smtp://127.0.0.98"
match from any for any action "keep"
""")
        self.begin(f"{self.folder}/usr/sbin/smtpd", "-d", "-f",
                   self.lab.path("smtpd.conf"))


def deliver(lab, program, server, policy, host=HOST):
    p = subprocess.run(
        [program, policy, "client.example.org", host, server.address,
         lab.path("root.pem"), "from@client.example.org", "b@deliver.test"],
        input=MESSAGE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=20, check=False)
    return p.returncode, p.stdout


def shakes_hands(server):
    """Whether openssl gets through a handshake with it. Debian 12's
    OpenSMTPD was seen to fail its own signatures (EVP lib) where it was only
    unpacked; then there is nothing to be held against it."""
    p = subprocess.run(
        ["openssl", "s_client", "-tls1_2", "-starttls", "smtp", "-connect",
         f"{server.address}:25"], input="QUIT\n", stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=20, check=False)
    if p.returncode != 0:
        print(f"lab: {server.name}: NOT HELD: openssl has no handshake with "
              "it either", flush=True)
    return p.returncode == 0


def hold(lab, program, server, kind, policy, want):
    name = f"{server.name} {kind or 'no TLS'} {policy.split()[0]}"
    before = server.accepted()
    code, said = deliver(lab, program, server, policy)
    check(f"{name}: exit code", code == want[0], (code, said))
    check(f"{name}: why", want[1] in said, said)
    grown = server.accepted() - before
    check(f"{name}: {'taken' if want[0] == 0 else 'not a word of it'}",
          (grown > 0) == (want[0] == 0), grown)


def users():
    """The users whom the servers run as, without adding any; no resolver."""
    passwd = read("/etc/passwd")
    group = read("/etc/group")
    for uid, name in enumerate(("Debian-exim", "opensmtpd", "opensmtpq"),
                               61001):
        if f"\n{name}:" not in passwd:
            passwd += f"{name}:x:{uid}:{uid}::/nonexistent:/bin/false\n"
        if f"\n{name}:" not in group:
            group += f"{name}:x:{uid}:\n"
    # Nobody is asked for names: the servers would wait for an answer.
    return {"/etc/passwd": passwd, "/etc/group": group,
            "/etc/resolv.conf": "nameserver 127.0.0.1\n"}


def prepare(lab, folder):
    run("ip", "link", "set", "lo", "up")
    for server in (Postfix, Exim, Opensmtpd):
        run("ip", "address", "add", f"{server.address}/32", "dev", "lo")
    for place, text in users().items():
        path = lab.path(os.path.basename(place))
        write(path, text)
        run("mount", "--bind", path, place)
    # What OpenSMTPD has built in: empty folders of the lab's in their place.
    for place in ("/var/spool", "/var/lib", "/var/run", "/run"):
        run("mount", "-t", "tmpfs", "tmpfs", os.path.realpath(place))
    for place in ("/var/lib/opensmtpd/empty", "/var/spool/smtpd",
                  "/var/empty", "/usr/libexec"):
        os.makedirs(place, exist_ok=True)
    run("chmod", "711", "/var/spool/smtpd")


def begin(lab, program, folder):
    certs = Certificates(lab.folder)
    prepare(lab, folder)
    for server in (Postfix(lab, folder), Exim(lab, folder),
                   Opensmtpd(lab, folder)):
        for kind, enforced, free in ROWS:
            cert, key = certs.of(HOST, kind) if kind else (None, None)
            server.start(cert, key)
            wait_for(server.name, lambda: listening(25, server.address), 20)
            if not kind or shakes_hands(server):
                hold(lab, program, server, kind, POLICY, enforced)
                hold(lab, program, server, kind, "NOTFOUND", free)
            server.stop()
            wait_for(f"{server.name}, gone",
                     lambda: not listening(25, server.address), 20)
    code, said = deliver(lab, program, Exim(lab, folder), POLICY,
                         "mx.elsewhere.test")
    check("a host outside of the policy", code == 75 and
          "no host of the policy" in said, said)
    code, said = deliver(lab, program, Exim(lab, folder), POLICY)
    check("nobody listens", code == 75 and "connect-refused" in said, said)


if __name__ == "__main__":
    PROGRAM, FOLDER = (os.path.abspath(a) for a in sys.argv[1:3])
    sys.exit(play("deliver", lambda lab: begin(lab, PROGRAM, FOLDER)))
