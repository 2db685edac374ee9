#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab: `mtasts serve` among real servers, asked by postmap.

lab.py MTASTS [REGEX]  (by run.sh, inside namespaces of its own)

unbound answers for .test, nginx serves policies, a small TLS server (rawtls.py)
does what nginx will not; certificates are made anew by openssl. Each row of
domains.tsv is asked through the daemon by postmap and through
`mtasts query --json`; keys.tsv has spellings and map names. Then come the
checks that need an order: servers gone, clients in a crowd, junk, signals.
"""

import json
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
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 8461
NGINX = "192.0.2.10"
NGINX6 = "2001:db8::10"
REFUSED = "192.0.2.30"
SILENT = "192.0.2.31"
SILENT6 = "2001:db8::31"
RAW_FIRST = 101  # 192.0.2.101...: an address a row
DEADLINE_S = 6  # answer_within of the daemon in the lab

failures = []
passed = 0


def check(name, ok, detail=""):
    global passed
    if ok:
        passed += 1
    else:
        failures.append(name)
        print(f"lab: FAILED: {name}: {detail}", flush=True)


def run(*argv, **kw):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **kw).stdout


class Row:
    def __init__(self, line):
        self.domain, served, self.answer, self.why = line.split("\t")
        self.served = dict(word.split("=", 1) for word in served.split())

    def get(self, key, otherwise):
        return self.served.get(key, otherwise)


def table(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return [line.rstrip("\n") for line in f
                if line.strip() and not line.startswith("#")]


# Certificates.

class Authority:
    """An intermediate-less CA, and one below it, by openssl."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.pem = f"{folder}/{name}.pem"
        self.key = f"{folder}/{name}.key"
        make_key(self.key)
        run("openssl", "req", "-x509", "-new", "-key", self.key, "-days", "30",
            "-subj", f"/CN=lab {name}", "-out", self.pem,
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, key, san, ext, dates=None, cn="lab"):
        """Certificate of `name` into folder/name.pem."""
        base = f"{self.folder}/{name}"
        lines = list(ext)
        if san:
            lines.append(f"subjectAltName={san}")
        with open(f"{base}.ext", "w") as f:
            f.write("\n".join(lines) + "\n")
        run("openssl", "req", "-new", "-key", key, "-subj", f"/CN={cn}",
            "-out", f"{base}.csr")
        open(f"{base}.db", "w").close()
        with open(f"{base}.cnf", "w") as f:
            f.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={base}.db\n"
                    f"new_certs_dir={self.folder}\nrand_serial=yes\n"
                    "default_md=sha256\npolicy=p\nunique_subject=no\n"
                    "default_days=20\n[p]\ncommonName=supplied\n")
        extra = ["-startdate", dates[0], "-enddate", dates[1]] if dates else []
        run("openssl", "ca", "-batch", "-notext", "-config", f"{base}.cnf",
            "-keyfile", self.key, "-cert", self.pem, "-in", f"{base}.csr",
            "-extfile", f"{base}.ext", "-out", f"{base}.pem", *extra)
        return f"{base}.pem"


LEAF = ["basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth"]
SUB = ["basicConstraints=critical,CA:TRUE,pathlen:0",
       "keyUsage=critical,keyCertSign"]


def make_key(path, rsa=False):
    if rsa:
        run("openssl", "genrsa", "-out", path, "2048")
    else:
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
            "-out", path)


class Certificates:
    def __init__(self, folder):
        self.folder = folder
        self.root = Authority(folder, "root")
        self.stranger = Authority(folder, "stranger")
        self.key = f"{folder}/leaf.key"
        self.rsa_key = f"{folder}/rsa.key"
        make_key(self.key)
        make_key(self.rsa_key, rsa=True)
        self.sub = Authority(folder, "sub")
        self.sub.pem = self.root.issue("sub", self.sub.key, None, SUB,
                                       cn="lab sub")

    def of(self, row):
        """(certificate chain, key) of a row's policy host."""
        kind, host = row.get("cert", "good"), f"mta-sts.{row.domain}"
        name, san, key, by = f"leaf-{row.domain}", f"DNS:{host}", self.key, \
            self.root
        dates, cn = None, "lab"
        if kind == "expired":
            dates = ("20200101000000Z", "20210101000000Z")
        elif kind == "wrong":
            san = "DNS:www.example.com"
        elif kind == "cn":
            san, cn = None, host
        elif kind == "wildcard":
            san = f"DNS:*.{row.domain}"
        elif kind == "untrusted":
            by = self.stranger
        elif kind == "rsa":
            key = self.rsa_key
        elif kind == "chain":
            by = self.sub
        elif kind != "good":
            raise SystemExit(f"domains.tsv: {row.domain}: cert={kind}?")
        pem = by.issue(name, key, san, LEAF, dates, cn)
        if kind == "chain":
            with open(pem, "a") as f, open(self.sub.pem) as s:
                f.write(s.read())
        return pem, key


# Policies.

def policy(row):
    d = row.domain
    kind = row.get("policy", "enforce")
    mode = {"testing": "testing", "none": "none"}.get(kind, "enforce")
    mx = {"two-mx": [f"mx1.{d}", f"mx2.{d}"],
          "wildcard": [f"*.{d}", f"mx.{d}"],
          "many": [f"mx{i}.{d}" for i in range(500)],
          "bad-mx": ["mx_1." + d], "no-mx": []}.get(kind, [f"mx.{d}"])
    lines = ["version: STSv1", f"mode: {mode}"] + [f"mx: {m}" for m in mx]
    lines.append("max_age: " + ("0" if kind == "zero" else "86400"))
    text = ("\n" if kind == "lf" else "\r\n").join(lines) + "\r\n"
    size = {"full": 65536, "over": 65537}.get(kind)
    if size:
        text += "pad: " + "x" * (size - len(text) - 7) + "\r\n"
    return text


# DNS.

def dns_lines(row, address):
    """local-data and zones of one domain for unbound."""
    d, txt = row.domain, row.get("txt", "ok")
    name, host = f"_mta-sts.{d}.", f"mta-sts.{d}."
    good = '\'%s 60 IN TXT "v=STSv1; id=%s;"\''
    data, other = [], []
    if txt == "ok":
        data.append(good % (name, "1"))
    elif txt == "two":
        data += [good % (name, "1"), good % (name, "2")]
    elif txt == "invalid":
        data.append(good % (name, "no_underscores"))
    elif txt == "nodata":
        data.append(f'"{name} 60 IN A 192.0.2.1"')
    elif txt == "big":
        data.append(good % (name, "1"))
        data += [f"'{name} 60 IN TXT \"{i}{'x' * 200}\"'" for i in range(12)]
    elif txt == "refused":
        other.append(f"local-zone: {name} always_refuse")
    elif txt == "servfail":
        other.append(f"local-zone: {name} transparent")
    elif txt != "none":
        data.append(f"'{name} 60 IN TXT \"{txt}\"'")
    if row.get("host", "nginx") == "dead6":
        data.append(f'"{host} 60 IN AAAA {SILENT6}"')
    if address:
        data.append(f'"{host} 60 IN A {address}"')
    return [f"local-data: {x}" for x in data] + other


def unbound_conf(folder, rows, addresses):
    lines = ["server:", "interface: 127.0.0.1", 'chroot: ""', 'username: ""',
             f'pidfile: "{folder}/unbound.pid"', f'directory: "{folder}"',
             "do-daemonize: no", "use-syslog: no", "do-ip6: no",
             'module-config: "iterator"', "do-not-query-localhost: no",
             "access-control: 127.0.0.0/8 allow", "local-zone: test. static",
             'local-data: "test. 60 IN SOA ns.test. root.test. 1 2 3 4 60"']
    forward = []
    for row in rows:
        lines += dns_lines(row, addresses[row.domain])
        if row.get("txt", "ok") == "servfail":
            forward += ["forward-zone:", f"name: _mta-sts.{row.domain}.",
                        "forward-addr: 127.0.0.1@5353"]
    return "\n".join(lines + forward + ["remote-control:",
                                        "control-enable: no", ""])


# nginx.

def nginx_conf(folder, rows, certificates):
    blocks = []
    for row in rows:
        pem, key = certificates.of(row)
        site = f"{folder}/sites/{row.domain}"
        os.makedirs(f"{site}/.well-known")
        with open(f"{site}/.well-known/mta-sts.txt", "w", newline="") as f:
            f.write(policy(row))
        say = {"redirect": "return 301 https://mta-sts.good.test$request_uri;",
               "missing": "return 404;",
               "html": "default_type text/html; types { }",
               "chunked": "ssi on; ssi_types text/plain;",
               "": ""}[row.get("say", "")]
        blocks.append(f"""
	server {{
		listen {NGINX}:443 ssl;
		listen [{NGINX6}]:443 ssl;
		server_name mta-sts.{row.domain};
		ssl_certificate {pem};
		ssl_certificate_key {key};
		root {site};
		location / {{ {say} }}
	}}""")
    return f"""daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
	access_log off;
	default_type text/plain;
	types {{ text/plain txt; }}
	server_names_hash_bucket_size 128;
	client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
	fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
	scgi_temp_path {folder}/t5;
	server {{ listen {NGINX}:443 ssl default_server;
		listen [{NGINX6}]:443 ssl default_server;
		ssl_reject_handshake on; }}
{"".join(blocks)}
}}
"""


# Asking.

def listening(port, address="127.0.0.1"):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((address, port)) == 0


def wait_for(what, test, seconds=30):
    until = time.monotonic() + seconds
    while not test():
        if time.monotonic() > until:
            raise SystemExit(f"lab: {what} does not come up")
        time.sleep(0.05)


def netstring(text):
    data = text.encode()
    return b"%d:%s," % (len(data), data)


def read_reply(stream):
    head = b""
    while not head.endswith(b":"):
        c = stream.recv(1)
        if not c:
            return None
        head += c
    data = b""
    while len(data) < int(head[:-1]) + 1:
        piece = stream.recv(int(head[:-1]) + 1 - len(data))
        if not piece:
            return None
        data += piece
    return data[:-1].decode()


def connect():
    s = socket.create_connection(("127.0.0.1", PORT), timeout=60)
    return s


def ask(key, name="postfix"):
    with connect() as s:
        s.sendall(netstring(f"{name} {key}"))
        return read_reply(s)


class Lab:
    def __init__(self, mtasts, folder):
        self.mtasts, self.folder = mtasts, folder
        self.children = []
        self.daemon = None

    def start(self, *argv, log):
        out = open(f"{self.folder}/{log}", "ab")
        child = subprocess.Popen(argv, stdout=out, stderr=out)
        self.children.append(child)
        return child

    def stop(self, child, how=signal.SIGTERM):
        if child.poll() is None:
            child.send_signal(how)
        try:
            return child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()

    def close(self):
        for child in reversed(self.children):
            self.stop(child, signal.SIGKILL)

    def network(self, raw):
        run("ip", "link", "set", "lo", "up")
        for a in [NGINX, REFUSED, SILENT] + list(raw.values()):
            run("ip", "addr", "add", f"{a}/32", "dev", "lo")
        for a in [NGINX6, SILENT6]:
            run("ip", "-6", "addr", "add", f"{a}/128", "dev", "lo", "nodad")

    def conf(self, more=""):
        with open(f"{self.folder}/mtasts.conf", "w") as f:
            f.write(f"""listen inet:127.0.0.1:{PORT}
listen unix:{self.folder}/socket mode=0666
nameserver 127.0.0.1 port=53
trust_anchors {self.folder}/root.pem
memory 8M
clients 512
answer_within {DEADLINE_S}s
zone strict strict_testing=yes
zone dry audit=yes
override mine.test postfix encrypt
journal {self.folder}/journal
log stderr
log_level debug
{more}""")

    def serve(self):
        self.daemon = self.start(self.mtasts, "serve", "-c",
                                 f"{self.folder}/mtasts.conf", log="mtasts.log")
        wait_for("mtasts", lambda: listening(PORT))

    def postmap(self, key, name="postfix", at=f"inet:127.0.0.1:{PORT}"):
        """What postmap prints; NOTFOUND or TEMP (as for any error)."""
        p = subprocess.run(
            ["postmap", "-c", f"{self.folder}/postfix", "-q", key,
             f"socketmap:{at}:{name}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=120)
        if p.returncode == 0:
            return p.stdout.rstrip("\n")
        return "NOTFOUND" if not p.stderr else "TEMP"

    def query(self, key):
        p = subprocess.run(
            [self.mtasts, "query", "-c", f"{self.folder}/mtasts.conf",
             "--json", key], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=120)
        try:
            return json.loads(p.stdout)
        except json.JSONDecodeError:
            return {"why": f"no JSON: {p.stdout!r} {p.stderr!r}"}

    # The checks.

    def row(self, row):
        got = self.postmap(row.domain)
        check(row.domain, re.fullmatch(row.answer, got), f"postmap: {got}")
        got = self.query(row.domain)
        check(f"{row.domain} (why)",
              re.fullmatch(row.why, got.get("why", "")), str(got))

    def key(self, line):
        name, key, want = line.split("\t")
        got = self.postmap(key, name)
        check(f"{name} {key}", re.fullmatch(want, got), f"postmap: {got}")

    def crowd(self, rows, clients=200, questions=20):
        """Clients at once, all keys mixed: each gets the answer of its own
        question, in order."""
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
        got = self.postmap(row.domain, at=f"unix:{self.folder}/socket")
        check("by unix socket", re.fullmatch(row.answer, got), got)

    def reload(self):
        """SIGHUP takes on a changed configuration, and not a broken one."""
        self.conf("override hup.test postfix may\n")
        self.daemon.send_signal(signal.SIGHUP)
        time.sleep(1)
        got = self.postmap("hup.test")
        check("SIGHUP", got == "may", got)
        self.conf("override hup.test postfix nonsense\nno_such_key 1\n")
        self.daemon.send_signal(signal.SIGHUP)
        time.sleep(1)
        got = self.postmap("hup.test")
        check("SIGHUP with a broken configuration keeps the old", got == "may",
              got)
        self.conf()

    def resources(self):
        """(memory reserved in kB, what its descriptors are) of the daemon."""
        with open(f"/proc/{self.daemon.pid}/status") as f:
            size = re.search(r"VmSize:\s+(\d+)", f.read()).group(1)
        fds = f"/proc/{self.daemon.pid}/fd"
        kinds = sorted(re.sub(r"\d", "", os.readlink(f"{fds}/{n}"))
                       for n in os.listdir(fds))
        return int(size), kinds

    def same_resources(self, before):
        until = time.monotonic() + 75  # a dripping host is read for 60 s
        while self.resources() != before and time.monotonic() < until:
            time.sleep(0.2)
        after = self.resources()
        check("promise 4: memory and descriptors as at the start",
              after == before, f"{before} became {after}\n" +
              run("ss", "-tuxanp"))

    def reconnects(self, row):
        """Postfix's own client over a restart: a new connection is reset or
        refused, never half-closed without an answer."""
        s = connect()
        s.sendall(netstring("postfix .x"))
        read_reply(s)
        self.stop(self.daemon, signal.SIGKILL)
        self.serve()
        try:
            s.sendall(netstring("postfix .x"))
            got = s.recv(1)
        except OSError:
            got = "reset"
        check("a killed daemon resets its clients", got == "reset", got)
        s.close()
        got = self.postmap(row.domain)
        check("answers after it was killed", re.fullmatch(row.answer, got), got)

    def drains(self):
        """SIGTERM answers what is in flight, then the process ends well."""
        with connect() as s, connect() as idle:
            s.sendall(netstring("postfix inflight.test"))
            time.sleep(0.5)
            self.daemon.send_signal(signal.SIGTERM)
            got = read_reply(s)
            check("SIGTERM answers what is in flight",
                  got == "OK secure match=mx.inflight.test servername=hostname",
                  got)
            try:
                rest = idle.recv(1)
            except OSError:
                rest = b""
            check("SIGTERM closes idle clients", rest == b"", rest)
        check("SIGTERM ends with 0", self.daemon.wait(timeout=30) == 0)

    def stopped_servers(self, rows, nginx, unbound):
        """What is held is answered with nobody left to ask."""
        self.stop(nginx)
        self.stop(unbound)
        held = [r for r in rows if r.answer.startswith("secure") and
                r.get("policy", "") != "zero"]
        for row in held:
            got = self.postmap(row.domain)
            check(f"{row.domain} held, servers stopped",
                  re.fullmatch(row.answer, got), got)
        # Promise 1 over a restart, promise 7: whatever was saved a moment ago.
        time.sleep(1)
        self.stop(self.daemon, signal.SIGKILL)
        self.serve()
        for row in held:
            got = ask(row.domain)
            check(f"{row.domain} held, killed with all servers stopped",
                  re.fullmatch("OK " + row.answer, got or ""), got)


def raw_addresses(rows):
    raw = [r.domain for r in rows if r.get("host", "nginx") == "raw"]
    return {d: f"192.0.2.{RAW_FIRST + i}" for i, d in enumerate(raw)}


def addresses(rows, raw):
    places = {"nginx": NGINX, "dead6": NGINX, "refused": REFUSED,
              "silent": SILENT, "loopback": "127.0.0.1", "none": None}
    return {r.domain: raw.get(r.domain, places.get(r.get("host", "nginx")))
            for r in rows}


def start_raw(lab, rows, raw, certificates):
    listing = f"{lab.folder}/raw.json"
    entries = []
    for r in rows:
        if r.domain in raw:
            pem, key = certificates.of(r)
            entries.append({"address": raw[r.domain], "kind": r.get("raw", ""),
                            "pem": pem, "key": key, "policy": policy(r)})
    with open(listing, "w") as f:
        json.dump({"raw": entries, "silent": [SILENT, SILENT6]}, f)
    return lab.start(sys.executable, f"{HERE}/rawtls.py", listing,
                     log="raw.log")


def play(lab, only):
    rows = [Row(line) for line in table("domains.tsv")]
    rows = [r for r in rows if re.search(only, r.domain)]
    if not rows:
        raise SystemExit(f"lab: no row fits {only}")
    # For drains(): slow enough to be in flight.
    slow = Row("inflight.test\thost=raw raw=slow\tx\tx")
    raw = raw_addresses(rows + [slow])
    folder = lab.folder
    lab.network(raw)
    certificates = Certificates(folder)
    with open(f"{folder}/unbound.conf", "w", encoding="utf-8") as f:
        f.write(unbound_conf(folder, rows + [slow],
                             addresses(rows + [slow], raw)))
    with open(f"{folder}/nginx.conf", "w") as f:
        f.write(nginx_conf(folder, [r for r in rows if r.get(
            "host", "nginx") in ("nginx", "dead6")], certificates))
    os.mkdir(f"{folder}/postfix")
    with open(f"{folder}/postfix/main.cf", "w") as f:
        f.write("compatibility_level = 3.6\n"
                f"queue_directory = {folder}\ndata_directory = {folder}\n")
    lab.conf()
    unbound = lab.start("unbound", "-c", f"{folder}/unbound.conf",
                        log="unbound.log")
    nginx = lab.start("nginx", "-c", f"{folder}/nginx.conf", log="nginx.out")
    start_raw(lab, rows + [slow], raw, certificates)
    wait_for("unbound", lambda: listening(53))
    wait_for("nginx", lambda: listening(443, NGINX))
    wait_for("the raw server", lambda: os.path.exists(f"{folder}/raw.json.up"))
    lab.serve()
    begin = lab.resources()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lab.row, rows))
    if only:
        return
    for line in table("keys.tsv"):
        lab.key(line)
    lab.junk()
    lab.pipelined()
    fast = [r for r in rows if r.get("policy", "") not in ("zero", "many") and
            r.get("txt", "ok") in ("ok", "none", "nodata", "two", "big") and
            r.get("host", "nginx") in ("nginx", "none")]
    lab.crowd(fast)
    lab.unix_socket(fast[0])
    lab.same_resources(begin)
    lab.reload()
    lab.drains()
    lab.serve()
    lab.reconnects(fast[0])
    held = [r for r in fast if r.answer.startswith("secure")]
    for row in held:
        lab.postmap(row.domain)
    lab.stopped_servers(held, nginx, unbound)
    check("the daemon is still there", lab.daemon.poll() is None)


def main():
    mtasts = os.path.abspath(sys.argv[1])
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    folder = tempfile.mkdtemp(prefix="mtasts-lab-")
    os.chmod(folder, 0o755)
    lab = Lab(mtasts, folder)
    begun = time.monotonic()
    try:
        play(lab, only)
    finally:
        lab.close()
        if failures or sys.exc_info()[0]:
            for name in ("mtasts.log", "raw.log", "unbound.log", "nginx.out",
                         "nginx.log"):
                path = f"{folder}/{name}"
                if os.path.exists(path):
                    with open(path, errors="replace") as f:
                        print(f"--- {name}\n" + "".join(f.readlines()[-40:]))
        shutil.rmtree(folder, ignore_errors=True)
    print(f"lab: {passed} checks passed, {len(failures)} failed, "
          f"{time.monotonic() - begun:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
