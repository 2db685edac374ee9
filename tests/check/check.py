#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`mtasts check` among faulty servers: check.py MTASTS [ROW...]

Plays the rows of faults.tsv on loopback, each with a domain, a policy host and
mail servers of its own, and compares what was found with what was planted.
Where a mail server of a row completes a handshake, the verdict is compared
with that of openssl s_client, and of Postfix's posttls-finger where that is
installed. No server may see another command than EHLO, HELO, STARTTLS and
QUIT.
"""
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import dnsd
import smtpd
import web
from certs import Certificates

HERE = os.path.dirname(os.path.abspath(__file__))
SMTP_PORT, WEB_PORT = 2525, 4443
AT_ONCE = 4
# Where the others accept more: a common name in place of a DNS-ID (RFC 9525
# 6.3), and key exchange by RSA, which check does not speak, as it reports. And
# posttls-finger misses STARTTLS at the end of a long reply.
OTHERWISE = {"cn", "static", "late"}

failures = []


def fail(row, text):
    failures.append(row)
    print("check: FAILED: %s: %s" % (row, text), flush=True)


def ports_free():
    """Two ports for all addresses of this run."""
    global SMTP_PORT, WEB_PORT
    base = 20000 + os.getpid() % 20000
    SMTP_PORT, WEB_PORT = base, base + 1


def raw(text):
    """The text with each %XX replaced by its octet."""
    return re.sub("%([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), text)


class Row:
    def __init__(self, number, line):
        fields = line.split("\t")
        if len(fields) == 3:
            fields.insert(1, "")
        self.name, planted, expected, verdict = fields
        self.number = number
        self.domain = self.name + ".example"
        self.planted = [raw(w).partition("=")[::2]
                        for w in shlex.split(planted)]
        words = set(expected.split()) - {"-"}
        self.notes = {w[5:] for w in words if w.startswith("note:")}
        self.faults = {w for w in words if not w.startswith("note:")}
        self.sts, self.dane, self.rpt, self.code = verdict.split()

    def get(self, key, otherwise=None):
        return next((v for k, v in self.planted if k == key), otherwise)

    def all(self, key, otherwise):
        found = [v for k, v in self.planted if k == key]
        return [] if found == ["none"] else found or otherwise

    def has(self, key):
        return any(k == key for k, _ in self.planted)

    def address(self, which):
        return "127.%d.%d.%d" % (10 + self.number // 250,
                                 self.number % 250 + 1, which)

    def full(self, name):
        name = name.replace("PORT", str(SMTP_PORT))
        return self.domain if name == "@" else name + "." + self.domain


class World:
    def __init__(self, folder, rows, names=()):
        self.folder = folder
        # Two certificates of all rows must fit an answer of check's.
        self.certs = Certificates(
            folder, list(names) + ["*." + r.domain for r in rows]
            + [r.domain for r in rows if "apex" in (r.get("web"), r.get("smtp"))])
        self.dns = dnsd.Server()
        self.servers = {}
        r = self.dns.records
        r[("ok.example", "MX")] = ["10 mx.ok.example"]
        r[("www.ok.example", "A")] = ["192.0.2.1"]
        r[("null.example", "MX")] = ["0 ."]
        for row in rows:
            self.build(row)

    def policy(self, row):
        if row.get("policy"):
            text = row.get("policy")
        else:
            mx = row.get("pmx", "mx.@" + (",mx2.@" if row.has("smtp2")
                                          else ""))
            text = "version: STSv1|mode: %s|max_age: %s|" % (
                row.get("mode", "enforce"), row.get("max_age", "2592000"))
            text += "|".join("mx: " + m for m in mx.split(","))
        return text.replace("@", row.domain).replace("|", "\r\n") + "\r\n"

    def tlsa(self, values):
        return [self.certs.tlsa(v) for v in values]

    def build(self, row):
        d, r = row.domain, self.dns.records

        def put(name, kind, values):
            if values:
                r[(row.full(name), kind)] = values
            elif (row.full(name), kind) not in r:
                r.setdefault((row.full(name), "-"), [])

        put("_mta-sts", "TXT", row.all("txt", ["v=STSv1; id=1;"]))
        put("_smtp._tls", "TXT", row.all(
            "rpt", ["v=TLSRPTv1; rua=mailto:reports@ok.example"]))
        hosts = ["mx"] + (["mx2"] if row.has("smtp2") else [])
        put("@", "MX", [m.replace("@", d) for m in row.all(
            "mx", ["%d %s.%s" % (10 * i + 10, h, d)
                   for i, h in enumerate(hosts)])])
        put("mta-sts", "A", [row.address(1)])
        both = ["3 1 1 ec", "3 1 1 rsa"]
        for i, host in enumerate(hosts):
            put(host, "A", [row.address(2 + i)])
            own = row.all("tlsa" if i == 0 else "mx2tlsa", both)
            at = row.get("tlsaof", host) if i == 0 else host
            put("_PORT._tcp." + at, "TLSA", self.tlsa(own))
        for key, value in row.planted:
            self.plant(row, key, value)
        self.serve(row, hosts)

    def plant(self, row, key, value):
        d = self.dns
        if key == "dns":
            at, _, how = value.partition(":")
            name, _, kind = at.partition("/")
            d.faults[(row.full(name), kind)] = how
        elif key == "addr":
            name, _, address = value.partition(":")
            named = {"mx": row.address(2), "web": row.address(1),
                     "closed": row.address(200)}
            d.records[(row.full(name), "A")] = [
                named.get(a, a) for a in address.split(",")]
        elif key == "six":
            name, _, address = value.partition(":")
            d.records[(row.full(name), "AAAA")] = [address]
        elif key == "junk":
            # Unrelated records, before the others.
            name, _, count = value.partition(":")
            junk = ["%d %s" % (i, "x" * 100) for i in range(int(count))]
            d.records[(row.full(name), "TXT")][:0] = junk
        elif key == "alias":
            name, _, to = value.partition(":")
            d.records[(row.full(to), "A")] = d.records.pop(
                (row.full(name), "A"))
            d.records[(row.full(name), "CNAME")] = [row.full(to)]
        elif key == "cname":
            d.records[(value, "MX")] = d.records.pop((row.domain, "MX"))
            d.records[(row.domain, "CNAME")] = [value]
        elif key == "loop":
            name, _, other = value.partition(":")
            for one, two in ((name, other), (other, name)):
                d.records.pop((row.full(one), "A"), None)
                d.records[(row.full(one), "CNAME")] = [row.full(two)]
        elif key == "unsigned":
            for kind in value.split(","):
                d.unsigned |= {k for k in d.records
                               if k[0].endswith(row.domain) and k[1] == kind}
        elif key == "ttl":
            d.ttl.update({k: int(value) for k in d.records
                          if k[0].endswith(row.domain) and k[1] == "TLSA"})

    def serve(self, row, hosts):
        web.Server(row.address(1), WEB_PORT, row.get("web", "good"),
                   self.certs, self.policy(row))
        for i, host in enumerate(hosts):
            kind = row.get("smtp" if i == 0 else "smtp2", "good")
            self.servers[(row.name, host)] = smtpd.Server(
                row.address(2 + i), SMTP_PORT, kind, self.certs)


class Blind:
    """A second name server that validates nothing."""

    def __init__(self, world):
        self.dns = dnsd.Server()
        self.dns.records, self.dns.faults = world.dns.records, {}
        self.dns.blind = {""}
        self.port = self.dns.port


def arguments(world, blind, row, *more):
    port = blind.port if row.has("blind") else world.dns.port
    return ["check", "-c", "/dev/null",
            "-o", "nameserver 127.0.0.1 port=%d" % port,
            "-o", "trust_anchors " + world.certs.path("root.pem"),
            "-o", "policy_port %d" % WEB_PORT, "-o", "fetch_allow 127.0.0.0/8",
            "-o", "control off", "-o", "user nobody", "--port", str(SMTP_PORT),
            "--helo", "checker.example", *shlex.split(row.get("args", "")),
            *more]


def run(command, args):
    return subprocess.run([command] + args, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=200, check=False)


def compare(row, out, code):
    """Yields what is wrong with the answer."""
    found = [f for f in out["findings"]]
    bad = {f["why"] for f in found if f["grade"] != "note"}
    notes = {f["why"] for f in found if f["grade"] == "note"}
    if bad != row.faults:
        yield "found %s, planted %s" % (sorted(bad), sorted(row.faults))
    if not row.notes <= notes:
        yield "notes %s, expected %s" % (sorted(notes), sorted(row.notes))
    if not all(f["todo"] for f in found):
        yield "nothing to do about a finding"
    # The reason's word is in the plugin's line and at the end of the object.
    if (out["sts"], out["dane"]) != (row.sts, row.dane):
        yield "MTA-STS %s, DANE %s, expected %s, %s" % (
            out["sts"], out["dane"], row.sts, row.dane)
    if out["tlsrpt_is"] != row.rpt:
        yield "TLSRPT %s, expected %s" % (out["tlsrpt_is"], row.rpt)
    if code != int(row.code):
        yield "exit code %d, expected %s" % (code, row.code)


def no_raw(text):
    return all(c == 10 or 32 <= c < 127 for c in text)


def openssl_takes(world, row):
    """Whether openssl finds the certificate of mx valid, by WebPKI."""
    p = subprocess.run(
        ["openssl", "s_client", "-starttls", "smtp", "-connect",
         "%s:%d" % (row.address(2), SMTP_PORT), "-servername",
         row.full("mx"), "-verify_hostname", row.full("mx"), "-CAfile",
         world.certs.path("root.pem"), "-verify_return_error", "-purpose",
         "sslserver", "-name", "checker.example"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=60, check=False)
    return p.returncode == 0 and b"Verify return code: 0" in p.stdout


def postfix_takes(world, row):
    p = subprocess.run(
        ["posttls-finger", "-c", "-l", "secure", "-F",
         world.certs.path("root.pem"), "-p", ">=TLSv1.2", "-t", "20", "-T",
         "20", "-L", "summary", "[%s]:%d"
         % (row.address(2), SMTP_PORT), row.full("mx")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        check=False)
    return b"Verified TLS connection" in p.stdout


def handshakes(world, row, out):
    """The other programs' verdict on the certificate that most senders get."""
    kind = row.get("smtp", "good")
    if row.has("alias") or row.has("args") or kind in ("drip", "apex"):
        return
    addresses = out["mx"][0]["addresses"] if out["mx"] else []
    if not addresses or addresses[0]["result"] == "skipped":
        return
    certificates = addresses[0].get("certificates", [])
    if not certificates and not addresses[0]["why"].startswith(
            ("tls-", "x509-")):
        return
    # A server with both kinds sends the ECDSA certificate to most clients.
    first = [c for c in certificates if c["algorithm"] == "ecdsa"] \
        or certificates
    ours = bool(first) and first[0]["pkix"] == "ok"
    if kind in OTHERWISE:
        return
    if openssl_takes(world, row) != ours:
        yield "openssl does not agree: ours is %s" % ours
    if shutil.which("posttls-finger") and postfix_takes(world, row) != ours:
        yield "posttls-finger does not agree: ours is %s" % ours


def play(command, world, blind, row):
    p = run(command, arguments(world, blind, row, "--json", row.domain))
    try:
        out = json.loads(p.stdout)
    except ValueError as e:
        return ["no JSON: %s: %r %r" % (e, p.stdout[-300:], p.stderr)]
    wrong = list(compare(row, out, p.returncode))
    if not no_raw(p.stdout):
        wrong.append("raw octets in JSON")
    words = run(command, arguments(world, blind, row, row.domain)) \
        if row.name != "txt-silent" else p
    if not no_raw(words.stdout):
        wrong.append("raw octets: %r" % words.stdout)
    if words.returncode != p.returncode:
        wrong.append("in words exit code %d" % words.returncode)
    for host in ("mx", "mx2"):
        server = world.servers.get((row.name, host))
        if server and server.verbs - {"EHLO", "HELO", "STARTTLS", "QUIT"}:
            wrong.append("sent %s" % server.verbs)
    wrong += list(handshakes(world, row, out))
    if wrong:
        wrong.append(p.stdout.decode())
    return wrong


def source_ports(ports):
    """Source ports are drawn from all that are not reserved. The system's own
    choice, which is what a forger would count on, begins far above: that 64
    draws all do happens once in 10^19 runs."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        lowest = int(f.read().split()[0])
    if len(ports) >= 64 and not 1024 <= min(ports) < lowest:
        fail("ports", "the lowest source port is %d" % min(ports))


def table():
    with open(os.path.join(HERE, "faults.tsv"), encoding="ascii") as f:
        lines = [x.rstrip("\n") for x in f
                 if x.strip() and not x.startswith("#")]
    return [Row(i, line) for i, line in enumerate(lines)]


def main():
    command, wanted = sys.argv[1], sys.argv[2:]
    rows = [r for r in table() if not wanted or r.name in wanted]
    ports_free()
    folder = tempfile.mkdtemp(prefix="mtasts-check-")
    os.chmod(folder, 0o755)
    try:
        world = World(folder, rows)
        blind = Blind(world)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for row, wrong in zip(rows, pool.map(
                    lambda r: play(command, world, blind, r), rows)):
                for text in wrong[:-1] or wrong:
                    fail(row.name, text)
                if wrong and wanted:
                    print(wrong[-1])
        source_ports(world.dns.ports)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("check: %d rows, %d wrong" % (len(rows), len(set(failures))))
    return 1 if failures or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
