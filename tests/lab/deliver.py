#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example tests/examples/deliver.c hands mail to real mail servers.

deliver.py PROGRAM TREE [REGEX]  (by run.sh, inside namespaces of its own)

TREE is a Debian 13 (trixie.sh) with Exim and OpenSMTPD; Postfix is this
machine's. Each of them is started with each kind of certificate, as the one MX
host of the domains of DOMAINS, which demand different things of it. ROWS has
what must come of a mail.
"""

import hashlib
import os
import re
import socket
import ssl
import subprocess
import sys
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "..", "check"))
# The name server of tests/check, which can answer as if zones were signed.
import dnsd  # noqa: E402

from base import check, listening, play, read, run, wait_for, write
from certs import Certificates
from system import System

HOST = "mx.deliver.test"
WEB = "192.0.2.10"

# What each domain demands of the host. "dane" is signed: its MX records and the
# TLSA records of its host, which is another name of the same server.
DOMAINS = ("policy", "dane", "nothing")
# Domains whose first host is passed over.
OTHERS = ("two", "elsewhere")

# Certificate; for each domain, the exit code and the deciding word of the
# output. Exit 0 means accepted, 75 later.
FINE = (0, "ok")
LATER = 75
ROWS = [
    # kind         policy                          dane                       nothing
    ("good", FINE, FINE, FINE),
    ("rsa", FINE, FINE, FINE),
    ("chain", FINE, FINE, FINE),
    ("expired", (LATER, "x509-expired"), FINE, FINE),
    ("wrong", (LATER, "x509-name-mismatch"), FINE, FINE),
    ("cn", (LATER, "x509-no-dns-id"), FINE, FINE),
    ("untrusted", (LATER, "x509-unknown-issuer"), FINE, FINE),
    ("other-key", FINE, (LATER, "tlsa-mismatch"), FINE),
    (None, (LATER, "smtp-no-starttls"), (LATER, "smtp-no-starttls"), FINE),
]

MESSAGE = ("From: a@client.example.org\nTo: b@deliver.test\nSubject: lab\n\n"
           ".dot\n.\n" + "x" * 900 + "\n") + "line\n" * 5000


class Server:
    """A server that is started anew for each certificate."""

    def __init__(self, lab, system):
        self.lab, self.system = lab, system
        self.child = None

    def begin(self, *argv):
        self.child = self.lab.start(*self.system.prefix, *argv,
                                    log=f"{self.name}.log")

    def stop(self):
        self.lab.stop(self.child)

    def accepted(self):
        """How many messages its log has."""
        return len(re.findall(self.mail, self.logged()))

    def logged(self):
        return read(self.lab.path(f"{self.name}.log"))


class Postfix(Server):
    name, address, mail = "postfix", "192.0.2.2", r"message-id="

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
mydestination = {' '.join(d + '.test' for d in DOMAINS + OTHERS)}
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
    name, address, mail = "exim", "192.0.2.3", r" <= from@client"

    def start(self, cert, key):
        spool = self.lab.path("exim")
        os.makedirs(spool, exist_ok=True)
        self.system.run("chown", "-R", "Debian-exim", spool)
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
        self.begin("/usr/sbin/exim4", "-C", self.lab.path("exim.conf"), "-bdf")

    def logged(self):
        return read(f"{self.lab.path('exim')}/mainlog")


class Opensmtpd(Server):
    """Debian 13's. OpenSMTPD of Debian 12 (6.8.0p2) completes no handshake:
    its key is in another process, and OpenSSL 3 asks the empty one in its
    place ("missing private key, EVP lib"; OpenSMTPD's issues 1171, 1239)."""
    name, address, mail = "opensmtpd", "192.0.2.4", r" message "

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
        self.begin("/usr/sbin/smtpd", "-d", "-f", self.lab.path("smtpd.conf"))


class Web:
    """The policy host of policy.test."""

    TEXT = f"version: STSv1\nmode: enforce\nmx: {HOST}\nmax_age: 86400\n"

    def __init__(self, cert, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.sock = socket.create_server((WEB, 443))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            conn, _ = self.sock.accept()
            try:
                with self.context.wrap_socket(conn, server_side=True) as tls:
                    tls.recv(4096)
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain"
                                b"\r\nContent-Length: %d\r\n\r\n%s" % (
                                    len(self.TEXT), self.TEXT.encode()))
                    tls.unwrap()
            except OSError:
                pass


def spki_hash(key):
    der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform",
                          "DER"], stdout=subprocess.PIPE, check=True).stdout
    return hashlib.sha256(der).hexdigest()


class Names:
    """Which hosts the domains have, and what is signed."""

    def __init__(self):
        self.server = dnsd.Server()
        r = self.records = self.server.records
        for domain in DOMAINS:
            host = HOST if domain != "dane" else "mx.dane.test"
            r[(f"{domain}.test", "MX")] = [f"10 {host}"]
        r[("_mta-sts.policy.test", "TXT")] = ["v=STSv1; id=1;"]
        r[("mta-sts.policy.test", "A")] = [WEB]
        r[("null.test", "MX")] = ["0 ."]
        r[("two.test", "MX")] = ["10 mx.silent.test", f"20 {HOST}"]
        r[("mx.silent.test", "A")] = ["192.0.2.9"]
        r[("elsewhere.test", "MX")] = ["10 mx.elsewhere.test", f"20 {HOST}"]
        r[("mx.elsewhere.test", "A")] = ["192.0.2.3"]
        r[("_mta-sts.elsewhere.test", "TXT")] = ["v=STSv1; id=1;"]
        r[("mta-sts.elsewhere.test", "A")] = [WEB]
        r[("self.test", "MX")] = ["10 mx.self.test"]
        r[("mx.self.test", "A")] = ["127.0.0.1"]
        self.server.faults[("failing.test", "MX")] = "servfail"

    def point(self, address, tlsa):
        for host in (HOST, "mx.dane.test"):
            self.records[(host, "A")] = [address]
        self.records[("_25._tcp.mx.dane.test", "TLSA")] = ["3 1 1 " + tlsa]


def deliver(lab, program, names, domain, *to):
    p = subprocess.run(
        [program, f"{domain}.test", "client.example.org",
         f"127.0.0.1:{names.server.port}", lab.path("root.pem"),
         "from@client.example.org", *(to or [f"b@{domain}.test"])],
        input=MESSAGE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=60, check=False)
    return p.returncode, p.stdout


def hold(lab, program, names, server, kind, domain, want):
    name = f"{server.name} {kind or 'no TLS'} {domain}"
    before = server.accepted()
    code, printed = deliver(lab, program, names, domain)
    check(f"{name}: exit code", code == want[0], (code, printed))
    check(f"{name}: why", re.search(f"(: |^ *){want[1]}(:|$)", printed, re.M),
          printed)
    grown = server.accepted() - before
    check(f"{name}: {'taken' if want[0] == 0 else 'not a word of it'}",
          grown == (want[0] == 0), grown)


def others(lab, program, names, server):
    """Domains that leave no host to choose, and hosts that are passed over."""
    for domain, want, word in (
            ("null", 69, "mx-none"), ("missing", 69, "dns-nxdomain"),
            ("failing", LATER, "dns-servfail"), ("two", 0, "connect-"),
            ("self", LATER, "address-forbidden"),
            ("elsewhere", 0, "mx.elsewhere.test: not now")):
        before = server.accepted()
        code, printed = deliver(lab, program, names, domain)
        check(f"{domain}: exit code", code == want, (code, printed))
        check(f"{domain}: why", word in printed, printed)
        check(f"{domain}: taken", server.accepted() - before == (want == 0),
              printed)
    code, printed = deliver(lab, program, names, "nothing", "b@nothing.test",
                         "no address")
    check("one recipient is none", code == 69 and
          "b@nothing.test: taken" in printed and
          "no address: refused" in printed,
          printed)


def users(system):
    for name in ("Debian-exim", "opensmtpd", "opensmtpq"):
        system.user(name)


def prepare(lab, tree):
    """The servers of the tree, and the features they are built with."""
    run("ip", "link", "set", "lo", "up")
    for address in (Postfix.address, Exim.address, Opensmtpd.address, WEB):
        run("ip", "address", "add", f"{address}/32", "dev", "lo")
    # There is no name server: otherwise the servers would wait for an answer.
    write(lab.path("resolv.conf"), "nameserver 127.0.0.1\n")
    system = System(lab, tree)
    users(system)
    for place in ("/var/spool/smtpd", "/var/lib/opensmtpd"):
        os.makedirs(tree + place, exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", tree + place)
    for place in ("/var/lib/opensmtpd/empty", "/var/empty", "/usr/libexec"):
        os.makedirs(tree + place, exist_ok=True)
    run("chmod", "711", f"{tree}/var/spool/smtpd")
    run("mount", "--bind", lab.path("resolv.conf"), "/etc/resolv.conf")
    return system


def certificate(certs, kind):
    """The certificate, its key, and the key that the TLSA record names."""
    if kind is None:
        return None, None, certs.key
    if kind == "other-key":
        pem, key = certs.of(HOST, "good")
        return pem, key, certs.rsa_key
    pem, key = certs.of(HOST, kind)
    return pem, key, key


def begin(lab, program, tree, chosen):
    certs = Certificates(lab.folder)
    system = prepare(lab, tree)
    web = Web(*web_certificate(certs))
    names = Names()
    for server in (Postfix(lab, System(lab)), Exim(lab, system),
                   Opensmtpd(lab, system)):
        for kind, *wants in ROWS:
            if not re.search(chosen, f"{server.name} {kind}"):
                continue
            cert, key, named = certificate(certs, kind)
            names.point(server.address, spki_hash(named))
            server.start(cert, key)
            wait_for(server.name, lambda: listening(25, server.address), 20)
            for domain, want in zip(DOMAINS, wants):
                hold(lab, program, names, server, kind, domain, want)
            if kind == "good":
                others(lab, program, names, server)
            server.stop()
            wait_for(f"{server.name}, gone",
                     lambda: not listening(25, server.address), 20)
    code, printed = deliver(lab, program, names, "policy")
    check("nobody listens", code == LATER and "connect-refused" in printed,
          printed)
    web.sock.close()


def web_certificate(certs):
    """One certificate for both policy hosts."""
    return certs.of("mta-sts.policy.test,DNS:mta-sts.elsewhere.test", "good")


if __name__ == "__main__":
    PROGRAM, TREE = (os.path.abspath(a) for a in sys.argv[1:3])
    CHOSEN = sys.argv[3] if len(sys.argv) > 3 else ""
    sys.exit(play("deliver", lambda lab: begin(lab, PROGRAM, TREE, CHOSEN)))
