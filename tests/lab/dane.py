#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab of DANE: what the agent answers, and what becomes of mail, where
zones are signed, not signed, or changed after signing.

dane.py MTASTS [TREE] [REGEX]  (by run.sh, inside namespaces of its own)

NSD serves the zones of dane.tsv, signed by dnssec-signzone. Unbound validates
them from the lab's own trust anchors; Postfix and the daemon ask Unbound. TREE
is a Debian 13 (trixie.sh), whose Postfix sends, too.
"""

import functools
import hashlib
import os
import re
import subprocess
import sys

from base import (Row, check, listening, play, run, table, until, wait_for,
                  write)
import rolls
from daemon import Daemon, Other, ask
from mail import delivered, kept
from postfix import Postfix
from sinks import Sinks
from system import System
from world import NGINX, World, mx_hosts, nginx_conf

NSD = "192.0.2.53"
PATIENCE_S = 60
SOA = "@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\n@ 60 IN NS ns.test.\n"
WITH_DANE = "# main.cf, with DANE"
POSTFIX = {"smtp_tls_dane_insecure_mx_policy": "dane",
           "dnssec_probe": "soa:test"}


class Domain(Row):
    """A line of dane.tsv."""

    def __init__(self, line):
        domain, served, mx, self.answer, self.want = line.split("\t")
        super().__init__(domain, served, mx)
        self.tlsa = {}
        for i, (host, kind) in enumerate(self.mx):
            kind, tlsa = kind.split("/")
            self.mx[i] = (host, kind)
            if not host.endswith("."):
                self.tlsa[host] = tlsa

    def base(self):
        """The TLSA base domain, where it is not the name of the mail host to
        which the aliases lead; or None."""
        return next((f"{host}.{self.domain}" for host, tlsa in
                     self.tlsa.items() if tlsa == "unsigned-end"), None)


def openssl_der(*argv):
    return subprocess.run(["openssl", *argv], check=True,
                          stdout=subprocess.PIPE).stdout


def certificate(pem):
    """(the certificate, its key) in DER."""
    der = openssl_der("x509", "-in", pem, "-outform", "DER")
    public = openssl_der("x509", "-in", pem, "-noout", "-pubkey")
    with open(pem + ".pub", "wb") as f:
        f.write(public)
    return der, openssl_der("pkey", "-pubin", "-in", pem + ".pub", "-outform",
                            "DER")


def tlsa_records(kind, pem, issuer):
    der, key = certificate(pem)
    ca, ca_key = certificate(issuer)
    sha256, sha512 = hashlib.sha256, hashlib.sha512
    right, nobody = "3 1 1 " + sha256(key).hexdigest(), "3 1 1 " + "0" * 64
    return {"none": [], "311": [right], "301": ["3 0 1 " + sha256(der).hexdigest()],
            "310": ["3 1 0 " + key.hex()],
            "312": ["3 1 2 " + sha512(key).hexdigest()],
            "201": ["2 0 1 " + sha256(ca).hexdigest()],
            "211": ["2 1 1 " + sha256(ca_key).hexdigest()],
            "wrong": [nobody], "roll": [nobody, right],
            "next": [right, nobody], "only0": ["0 0 1 " + "0" * 64],
            "pkix": ["1" + right[1:]], "agile": [right, "3 1 2 " + "0" * 128],
            "short": [right[:-2]], "unsigned-end": [right], "bogus": [right],
            "bogus-address": [right]}[kind]


# The host is an alias of that one; its TLSA name is an alias of another host's.
HOST_ALIAS = {"alias": "mx.only.test", "unsigned-end": "mx.unsigned.test"}
TLSA_ALIAS = {"through": "mx.only.test", "through-unsigned": "mx.unsigned.test"}


class Zones:
    """The zones of the rows, below "test", with the faults of each."""

    def __init__(self, world):
        self.world, self.folder = world, world.lab.path("zones")
        os.makedirs(self.folder)
        self.served, self.anchors = [], []

    def text(self, row):
        """The zone file of one domain."""
        lines, world = SOA, self.world
        records = row.get("records", "mx")
        lines += "@ 60 IN MX 0 .\n" if records == "null" else ""
        for i, (name, kind) in enumerate(mx_hosts(row)):
            if records == "mx":
                lines += f"@ 60 IN MX {10 + i} {name}.\n"
            tlsa = row.tlsa.get(row.mx[i][0])
            if tlsa is None:
                continue
            lines += self.host(name, kind, tlsa)
        if row.get("txt", "ok") == "ok":
            lines += ('_mta-sts 60 IN TXT "v=STSv1; id=1;"\n'
                      f"mta-sts 60 IN A {NGINX}\n")
        return lines

    def host(self, name, kind, tlsa):
        """The records of one mail host."""
        world = self.world
        lines = (f"CNAME {HOST_ALIAS[tlsa]}." if tlsa in HOST_ALIAS
                 else f"A {world.mx[name]}")
        lines = f"{name}. 60 IN {lines}\n"
        if tlsa == "alias":
            return lines
        if tlsa in TLSA_ALIAS:
            return lines + (f"_25._tcp.{name}. 60 IN CNAME "
                            f"_25._tcp.{TLSA_ALIAS[tlsa]}.\n")
        if kind == "own":
            records = world.own.records(name, tlsa)
        else:
            pem, _ = world.certificates.of(name, kind if kind != "plain"
                                           else "good")
            records = tlsa_records(tlsa, pem, world.certificates.sub.pem)
        return lines + "".join(f"_25._tcp.{name}. 60 IN TLSA {record}\n"
                               for record in records)

    def sign(self, zone, path):
        keys = f"{self.folder}/keys"
        os.makedirs(keys, exist_ok=True)
        if not os.path.exists(f"{self.folder}/dsset-{zone}."):
            run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK",
                "-K", keys, zone)
        run("dnssec-signzone", "-S", "-z", "-K", keys, "-d", self.folder, "-o",
            zone, "-f", path + ".signed", path, cwd=self.folder)
        return path + ".signed"

    def add(self, zone, text, signed):
        path = f"{self.folder}/{zone}.zone"
        write(path, text)
        path = self.sign(zone, path) if signed else path
        self.served.append((zone, path))
        return path

    def anchor(self, zone):
        keys = [f for f in os.listdir(f"{self.folder}/keys")
                if f.startswith(f"K{zone}.+") and f.endswith(".key")]
        self.anchors += [f"{self.folder}/keys/{f}" for f in keys]

    def spoil(self, path, pattern, by):
        """Changes signed data and leaves the signature as it is."""
        with open(path, encoding="ascii") as f:
            text = f.read()
        changed = re.sub(pattern, by, text)
        if changed == text:
            raise SystemExit(f"lab: {path}: nothing to spoil")
        write(path, changed)

    def make(self):
        parent = SOA + f"ns 60 IN A {NSD}\n"
        for row in self.world.rows:
            zone, kind = row.domain, row.get("zone", "signed")
            if row.get("records", "mx") == "alias":
                target = row.mx[0][0].split(".", 1)[1]
                parent += f"{zone}. 60 IN CNAME {target}\n"
                continue
            path = self.add(zone, self.text(row), kind != "unsigned")
            parent += f"{zone}. 60 IN NS ns.test.\n"
            if kind != "unsigned":
                with open(f"{self.folder}/dsset-{zone}.",
                          encoding="ascii") as f:
                    parent += f.read()
            if kind == "bogus":
                self.spoil(path, r"MX\t10 ", "MX\t11 ")
            for host, tlsa in row.tlsa.items():
                if tlsa == "bogus":
                    self.spoil_tlsa(path, f"{host}.{zone}.")
                elif tlsa == "bogus-address":
                    self.spoil(path, rf"(?m)^({host}\.{zone}\.\s.*\sA\s+)198",
                               r"\g<1>199")
        for zone, text in (("test", parent), ("org", SOA)):
            self.add(zone, text, True)
            self.anchor(zone)

    def spoil_tlsa(self, path, host):
        """Changes the first octet of the TLSA record's data."""
        with open(path, encoding="ascii") as f:
            text = f.read()
        at = text.index(f"_25._tcp.{host}")
        at = re.compile(r"TLSA\s+3 1 1 \(?\s*").search(text, at).end()
        digit = "1" if text[at] == "0" else "0"
        write(path, text[:at] + digit + text[at + 1:])


class DaneWorld(World):
    """The world, with a name server whose zones are signed."""

    def __init__(self, lab, rows):
        super().__init__(lab, rows)
        self.own = rolls.Own(lab, self.certificates,
                             lambda pem: certificate(pem)[1])
        # What is published is what the mail servers present.
        self.certificates.of = functools.lru_cache(None)(self.certificates.of)

    def start(self):
        lab = self.lab
        self.network()
        run("ip", "addr", "add", f"{NSD}/32", "dev", "lo")
        zones = Zones(self)
        zones.make()
        write(lab.path("nsd.conf"), "server:\n"
              f"ip-address: {NSD}\nusername: \"\"\nchroot: \"\"\n"
              f"database: \"\"\npidfile: \"{lab.folder}/nsd.pid\"\n"
              f"xfrdfile: \"{lab.folder}/xfrd\"\nzonelistfile: "
              f"\"{lab.folder}/zonelist\"\nlogfile: \"{lab.folder}/nsd.log\"\n"
              "remote-control:\ncontrol-enable: no\n" + "".join(
                  f"zone:\nname: {zone}.\nzonefile: \"{path}\"\n"
                  for zone, path in zones.served))
        write(lab.path("unbound.conf"), "\n".join([
            "server:", "interface: 127.0.0.1", 'chroot: ""', 'username: ""',
            f'pidfile: "{lab.folder}/unbound.pid"', "do-daemonize: no",
            "use-syslog: no", "do-ip6: no", "trust-anchor-signaling: no",
            'module-config: "validator iterator"', "do-not-query-localhost: no",
            "access-control: 127.0.0.0/8 allow", "val-log-level: 2",
            'local-zone: "test." nodefault']
            + [f'trust-anchor-file: "{a}"' for a in zones.anchors]
            + [f"stub-zone:\nname: {zone}.\nstub-addr: {NSD}"
               for zone in ("test", "org")]
            + ["remote-control:", "control-enable: no", ""]))
        write(lab.path("nginx.conf"), nginx_conf(self))
        self.zones = zones
        self.start_dns()
        self.nginx = lab.start("nginx", "-c", lab.path("nginx.conf"),
                               log="nginx.out")
        wait_for("nginx", lambda: listening(443, NGINX))

    def start_dns(self):
        lab = self.lab
        self.nsd = lab.start("nsd", "-d", "-c", lab.path("nsd.conf"),
                             log="nsd.out")
        wait_for("nsd", lambda: listening(53, NSD))
        self.unbound = lab.start("unbound", "-c", lab.path("unbound.conf"),
                                 log="unbound.log")
        wait_for("unbound", lambda: listening(53))

    def publish(self, row):
        """Another version of the domain's zone, which nobody has cached."""
        path = f"{self.zones.folder}/{row.domain}.zone"
        write(path, self.zones.text(row))
        self.zones.sign(row.domain, path)
        self.lab.stop(self.unbound)
        self.lab.stop(self.nsd)
        self.start_dns()


def send_all(server, sinks, rows, who="lab"):
    sinks.mark()
    server.start()
    for row in rows:
        server.send(f"{who}@{row.domain}")
    for row in rows:
        to, name = f"{who}@{row.domain}", f"{server.name} {row.domain}"
        if not until(lambda: server.outcome(to), PATIENCE_S):
            check(f"{name}: attempted", False, "nothing in the log")
            continue
        outcome = server.outcome(to)
        if row.want in ("verified", "encrypted", "plain"):
            check(f"{name}: sent", outcome[0] == "sent", outcome)
            delivered(name, row.want, server, sinks.mails(to), row.base())
        elif row.want.startswith("bounced:"):
            check(f"{name}: bounced", outcome[0] == "bounced", outcome)
            check(f"{name}: why",
                  re.search(row.want.split(":", 1)[1], outcome[1]), outcome)
            check(f"{name}: not delivered", not sinks.mails(to), sinks.mails(to))
        else:
            kept(name, row.want, outcome, sinks.mails(to), [])
    server.stop()


def explained(daemon, rows):
    """`query` prints what was found, host by host."""
    for row in rows:
        got = daemon.query(row.domain)
        levels = {"dane-only": ("only",), "TEMP": ("unknown",)}
        check(f"query {row.domain}", got.get("dane") in levels.get(
            row.answer, ("none", "partial")), got)
        check(f"query {row.domain}: hosts", row.answer != "dane-only" or
              any(h.endswith(" usable") for h in got["dane_host"]), got)
        check(f"query {row.domain}: why", row.answer != "TEMP" or
              got.get("dane_reason") == "dns-servfail", got)
    daemon.stop()
    log = daemon.lab.path("mtasts.log")
    with open(log, encoding="utf-8", errors="replace") as f:
        check("the name server validates", "dane-blind" not in f.read())
    daemon.serve()


def other_octets(server, sinks):
    """postfix-tlspol ends "dane-only" by a blank for QUERYwithTLSRPT, and we
    do not: Postfix acts the same on both."""
    other = Other("OK dane-only ")
    server.settings({"smtp_tls_policy_maps":
                     f"socketmap:inet:127.0.0.1:{Other.PORT}:QUERYwithTLSRPT"})
    send_all(server, sinks, [Domain(line) for line in (
        "only.test\t\tmx=good/311\t-\tverified",
        "wrong.test\t\tmx=good/wrong\t-\t"
        "deferred:not trusted|not verified",
        "nothing.test\t\tmx=good/none\t-\tdeferred:.")], "octets")
    check("postfix-tlspol's octets were taken", other.asked > 0)
    other.stop()


def roll(world, daemon, sinks, server, rolling):
    server.start()
    rolls.play(world, daemon, sinks, server, rolling, (delivered, kept))
    server.stop()


def dane(lab, program, tree, only):
    rows = [Domain(line) for line in table("dane.tsv")]
    rolling = rolls.rows(Domain)
    world = DaneWorld(lab, rows + [row for row, _ in rolling])
    for row, steps in rolling:
        world.own.show(f"mx.{row.domain}", steps[0].key)
    world.start()
    sinks = Sinks(world)
    rows = [r for r in rows if re.search(only, r.domain)]
    rolling = [(r, s) for r, s in rolling if re.search(only, r.domain)]
    daemon = Daemon(lab, program, "dane on\n")
    daemon.serve()
    for row in rows:
        got = daemon.postmap(row.domain)
        check(f"postmap {row.domain}", re.fullmatch(row.answer, got), got)
        if row.want != "deferred:.":
            got = daemon.postmap(row.domain, "QUERYwithTLSRPT")
            check(f"QUERYwithTLSRPT {row.domain}",
                  got.split(" policy_type")[0] == "NOTFOUND" or
                  re.match(row.answer, got), got)
        if row.answer == "dane-only":
            for name in "QUERY", "QUERYwithTLSRPT":
                got = ask(row.domain, name)
                check(f"{name} {row.domain}: octets", got == "OK dane-only",
                      repr(got))
    explained(daemon, rows)
    servers = [Postfix(System(lab), "postfix", "# main.cf, Postfix 3.4 and later", WITH_DANE)]
    if tree:
        servers.append(Postfix(System(lab, tree), "trixie",
                               "# main.cf, Postfix 3.10.5 and later", WITH_DANE))
    for server in servers:
        server.settings(POSTFIX)
        print(f"dane: {server.version()}", flush=True)
        send_all(server, sinks, rows)
    roll(world, daemon, sinks, servers[-1], rolling)
    for server in servers if not only else ():
        other_octets(server, sinks)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    TREE = os.path.abspath(sys.argv[2]) if sys.argv[2:] and sys.argv[2] else ""
    ONLY = sys.argv[3] if len(sys.argv) > 3 else ""
    sys.exit(play("dane", lambda lab: dane(lab, PROGRAM, TREE, ONLY)))
