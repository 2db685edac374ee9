#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mtasts publish and warm as a postmaster uses them: publish.py MTASTS

What is printed is read back by the programs that will read it: the checkers of
BIND, Knot, NSD and PowerDNS, and the web servers. The DNS and the policy host
that --check asks are small servers on loopback. A checker that is not installed
is named and counted as not run, and fails with STRICT=1 in the environment.
"""
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

MTASTS = os.path.abspath(sys.argv[1])
DIR = tempfile.mkdtemp(prefix="mtasts-publish-")
failures = []
missing = []
count = 0


def check(name, ok, detail=""):
    global count
    count += 1
    if not ok:
        failures.append(name)
        print(f"FAILED {name}: {detail}")


def path(name):
    return os.path.join(DIR, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as f:
        f.write(text)
    return path(name)


def read(name):
    with open(path(name), encoding="utf-8") as f:
        return f.read()


def run(*args, **kw):
    return subprocess.run(args, capture_output=True, text=True, check=False, **kw)


def mtasts(*args, **kw):
    return run(MTASTS, *args, **kw)


def publish(*args, code=0, name=None):
    r = mtasts("publish", *args)
    name = name or " ".join(args)
    check(f"{name}: exit code", r.returncode == code,
          f"got {r.returncode}, want {code}: {r.stderr}{r.stdout}")
    if code >= 64:
        check(f"{name}: one line states why", r.stderr.count("\n") == 1, r.stderr)
    return r


def tool(*names):
    for name in names:
        if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return True
    missing.append(names[0])
    return False


def openssl(*args, **kw):
    r = subprocess.run(("openssl",) + args, capture_output=True, check=False, **kw)
    assert r.returncode == 0, (args, r.stderr)
    return r.stdout


# ---- keys ----

def spki(cert):
    pem = openssl("x509", "-in", cert, "-noout", "-pubkey")
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "der", input=pem)).hexdigest()


def make_keys():
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-keyout", path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=test CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    write("ext", "basicConstraints=CA:FALSE\nsubjectAltName=DNS:mx.example.com,DNS:mta-sts.example.com\n"
          "extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n")
    for name, alg in ("ec", ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")), ("rsa", ("rsa:2048",)), ("ed", ("ed25519",)):
        openssl("req", "-new", "-newkey", *alg, "-nodes", "-keyout", path(name + ".key"),
                "-out", path(name + ".csr"), "-subj", "/CN=mx.example.com")
        openssl("x509", "-req", "-in", path(name + ".csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                "-CAcreateserial", "-days", "20", "-extfile", path("ext"), "-out", path(name + ".pem"))
        with open(path(name + ".pub"), "wb") as f:
            f.write(openssl("pkey", "-in", path(name + ".key"), "-pubout"))
        write(name + ".chain", read(name + ".pem") + read("ca.pem"))


# ---- a name server and a policy host on loopback ----

class Names(threading.Thread):
    """Answers from a table {(name, type): [rdata]}; NODATA, or SERVFAIL for a
    value None. ad: sets AD."""

    def __init__(self):
        super().__init__(daemon=True)
        self.table = {}
        self.ad = True
        self.ports = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.start()

    def answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        qtype = struct.unpack("!H", query[at + 1:at + 3])[0]
        found = self.table.get((".".join(labels).lower(), qtype), [])
        rcode, found = (2, []) if found is None else (0, found)
        flags = 0x8180 | rcode | (0x20 if self.ad else 0)
        m = query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + query[12:at + 5]
        for data in found:
            m += b"\xc0\x0c" + struct.pack("!HHIH", qtype, 1, 60, len(data)) + data
        return m

    def run(self):
        while True:
            query, peer = self.sock.recvfrom(4096)
            self.ports.append(peer[1])
            self.sock.sendto(self.answer(query), peer)


A, MX, TXT, TLSA = 1, 15, 16, 52


def wire_name(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".") if x) + b"\0"


def mx(name, preference=10):
    return struct.pack("!H", preference) + wire_name(name)


def txt(*strings):
    return b"".join(bytes([len(s)]) + s.encode() for s in strings)


class PolicyHost(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.body = ""
        self.status = "200 OK"
        self.cut = 0  # octets of the body that are announced and not sent
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(path("ec.pem"), path("ec.key"))
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(8)
        self.port = self.sock.getsockname()[1]
        self.start()

    def run(self):
        while True:
            s, _ = self.sock.accept()
            try:
                with self.context.wrap_socket(s, server_side=True) as t:
                    t.recv(4096)
                    body = self.body.encode()
                    t.sendall(f"HTTP/1.1 {self.status}\r\nContent-Type: text/plain\r\n"
                              f"Content-Length: {len(body) + self.cut}\r\n\r\n".encode() + body)
                    t.unwrap()
            except (OSError, ssl.SSLError):
                pass


class MailHost(threading.Thread):
    """Greets, and answers EHLO, STARTTLS and QUIT, with a good certificate."""

    def __init__(self):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(path("ec.pem"), path("ec.key"))
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.start()

    def serve(self, s):
        s.sendall(b"220 mx.example.com\r\n")
        while True:
            verb = s.recv(1000)[:4].upper()
            if verb == b"EHLO":
                s.sendall(b"250-mx.example.com\r\n250 STARTTLS\r\n")
            elif verb == b"STAR":
                s.sendall(b"220 go on\r\n")
                s = self.context.wrap_socket(s, server_side=True)
            else:
                s.sendall(b"221 bye\r\n")
                return

    def run(self):
        while True:
            s, _ = self.sock.accept()
            try:
                self.serve(s)
            except OSError:
                pass  # a client that accepts only another kind of certificate
            s.close()


def records(text):
    """The records of a zone format's output."""
    return [line for line in text.splitlines() if not line.startswith(";")]


# ---- the parts of the test ----

def test_sts_file():
    out = path("policy.txt")
    r = publish("sts", "Example.COM", "--mode", "testing", "--mx", "MX1.example.com", "--mx", "*.in.example.com", "--out", out)
    body = read("policy.txt")
    check("the file", body == "version: STSv1\nmode: testing\nmx: mx1.example.com\nmx: *.in.example.com\nmax_age: 86400\n", body)
    ident = hashlib.sha256(body.encode()).hexdigest()[:16]
    check("the id is the file's", records(r.stdout) == [f'_mta-sts.example.com. 3600 IN TXT "v=STSv1; id={ident};"'], r.stdout)
    check("the file comes before the TXT", re.search(r"1\. Serve.*\n.*2\. Only then", r.stdout), r.stdout)
    again = publish("sts", "example.com", "--mode", "testing", "--mx", "mx1.example.com", "--mx", "*.in.example.com", "--out", out)
    check("the same file, the same id", records(again.stdout) == records(r.stdout) and "file: unchanged" in again.stdout, again.stdout)
    check("others can read it", os.stat(out).st_mode & 0o777 == 0o644)
    check("nothing else is left there", [f for f in os.listdir(DIR) if f.startswith("policy")] == ["policy.txt"])
    # refused, and the file is unchanged
    publish("sts", "example.com", "--mode", "enforce", "--mx", "mx1.example.com", "--out", out, *NS, *USER, code=1)
    check("enforce is refused before the file", read("policy.txt") == body)
    r = publish("sts", "example.com", "--mode", "enforce", "--mx", "mx1.example.com", "--out", out, "--unchecked")
    check("enforce lives for 30 days", "max_age: 2592000\n" in read("policy.txt"))
    # removal (RFC 8461 8.3)
    publish("sts", "example.com", "--remove", "--out", out, code=1, name="removal while it is enforced")
    r = publish("sts", "example.com", "--mode", "none", "--out", out)
    check("none", read("policy.txt") == "version: STSv1\nmode: none\nmax_age: 86400\n")
    check("the old max_age is waited for", "Wait 2592000 s" in r.stdout, r.stdout)
    r = publish("sts", "example.com", "--remove", "--out", out, "--format", "nsupdate")
    check("removal", records(r.stdout) == ["update delete _mta-sts.example.com. TXT", "send"], r.stdout)
    # the MX hosts of the DNS
    DNS.table[("example.com", MX)] = [mx("mx2.example.com"), mx("MX.example.com")]
    r = publish("sts", "example.com", "--mode", "testing", *NS, "--format", "json")
    j = json.loads(r.stdout)
    check("mx from the DNS", "mx: mx2.example.com\nmx: mx.example.com\n" in j["policy"], j)
    r = publish("sts", "example.com", "--mode", "enforce", "--mx", "mx.example.com", *NS, *USER, code=1)
    check("a host is missing", "mx2.example.com" in r.stderr, r.stderr)
    DNS.table[("null.example", MX)] = [mx("")]
    publish("sts", "null.example", "--mode", "testing", *NS, code=1)
    DNS.table[("partly.example", MX)] = [mx(""), mx("mx.partly.example")]
    r = publish("sts", "partly.example", "--mode", "testing", *NS)
    check("a root beside a host is none", "mx: mx.partly.example\n" in r.stdout and r.stdout.count("mx: ") == 1, r.stdout)
    DNS.table[("broken.example", MX)] = None
    publish("sts", "broken.example", "--mode", "testing", *NS, code=2)
    DNS.table[("plain.example", MX)] = []
    r = publish("sts", "plain.example", "--mode", "testing", *NS)


def test_longest_names():
    """The sentences of every step have room for the longest names."""
    long = ".".join(["x" * 58] * 4)
    for args in (["sts", long, "--mode", "testing", "--mx", f"mx.{long}"], ["sts", long, "--mode", "none"],
                 ["sts", long, "--remove", "--unchecked"], ["tlsrpt", long, "--rua", f"mailto:a@{long}"],
                 ["tlsa", long, "--cert", path("ec.pem"), "--next", path("rsa.pem")], ["tlsa", long, "--cert", path("ec.pem")]):
        for form in "zone", "json":
            r = publish(*args, "--format", form, name=f"longest name: {args[0]} {args[2]}")
            check("it is there whole", long in r.stdout, r.stdout)


def test_group():
    """A web server that reads the file by its group can read the next file,
    too."""
    out = path("group.txt")
    publish("sts", "example.com", "--mode", "none", "--out", out)
    if os.geteuid() != 0:
        missing.append("the group of the file (needs root)")
        return
    os.chown(out, 65534, 12345)
    os.chmod(out, 0o640)
    publish("sts", "example.com", "--mode", "none", "--max-age", "100000", "--out", out)
    st = os.stat(out)
    check("owner, group and mode stay", (st.st_uid, st.st_gid, st.st_mode & 0o777) == (65534, 12345, 0o640), st)


def test_other_user():
    """Without root: a file that cannot be handed over is not replaced, and the
    report of what was written is right."""
    if os.geteuid() != 0:
        missing.append("another user (needs root)")
        return
    folder = path("theirs")
    os.mkdir(folder)
    program = os.path.join(folder, "mtasts")
    shutil.copy(MTASTS, program)
    os.chmod(DIR, 0o711)
    os.chown(folder, 65534, 65534)
    out = os.path.join(folder, "p")
    publish("sts", "example.com", "--mode", "none", "--out", out)

    def theirs(*args):
        return run(program, "publish", "sts", "example.com", "--mode", "none", "--out", out, *args, user=65534, group=65534, extra_groups=[])
    os.chown(out, 0, 65534)
    os.chmod(out, 0o640)
    before = open(out, encoding="utf-8").read()
    r = theirs("--max-age", "100000")
    check("an owner that cannot stay", r.returncode == 70 and "as it was" in r.stderr and open(out, encoding="utf-8").read() == before, r.stderr)
    os.chmod(out, 0o644)
    check("one that need not", theirs("--max-age", "100000").returncode == 0 and "100000" in open(out, encoding="utf-8").read())
    os.chmod(folder, 0o300)
    r = theirs("--max-age", "200000")
    check("a folder that cannot be synced", r.returncode == 70 and "is written" in r.stderr and "200000" in open(out, encoding="utf-8").read(), r.stderr)
    os.chmod(folder, 0o700)


def test_full_disk():
    full = path("full")
    os.mkdir(full)
    if os.geteuid() != 0 or run("mount", "-t", "tmpfs", "-o", "size=4k", "none", full).returncode != 0:
        missing.append("a full disk (needs root)")
        return
    try:
        out = os.path.join(full, "p")
        publish("sts", "example.com", "--mode", "none", "--out", out)
        before = open(out, encoding="utf-8").read()
        hosts = [a for i in range(40) for a in ("--mx", f"mx{i}." + "x" * 60 + "." + "y" * 60 + ".example.com")]
        r = publish("sts", "example.com", "--mode", "testing", "--out", out, *hosts, code=70, name="disk full")
        check("a full disk is reported", "No space left" in r.stderr, r.stderr)
        check("the old file stays", open(out, encoding="utf-8").read() == before and os.listdir(full) == ["p"])
    finally:
        run("umount", full)


def test_bad_input():
    cases = [
        ("sts", "exa mple.com", "--mode", "none"), ("sts", "[192.0.2.1]", "--mode", "none"),
        ("sts", "example.com:25", "--mode", "none"), ("sts", "example", "--mode", "none"),
        ("sts", "a\nb.example", "--mode", "none"), ("sts", "", "--mode", "none"),
        ("sts", "example.com"), ("sts", "example.com", "--mode", "strict"), ("sts", "example.com", "--mode"),
        ("sts", "example.com", "--mode", "none", "--mode", "none"),
        ("sts", "example.com", "--mode", "testing", "--mx", "mx"),
        ("sts", "example.com", "--mode", "testing", "--mx", "192.0.2.1"),
        ("sts", "example.com", "--mode", "testing", "--mx", "mx.example.com\nmx: evil.example"),
        ("sts", "example.com", "--mode", "none", "--max-age", "31557601"),
        ("sts", "example.com", "--mode", "none", "--max-age", "-1"),
        ("sts", "example.com", "--mode", "none", "--zone", "example.net"),
        ("sts", "example.com", "--mode", "none", "--zone", "ple.com"),
        ("sts", "example.com", "--mode", "none", "--format", "bind"),
        ("sts", "example.com", "--mode", "none", "--ttl", "0"),
        ("sts", "example.com", "--server", "lighttpd", "--out", "/p"), ("sts", "example.com", "--server", "nginx"),
        ("sts", "example.com", "--server", "nginx", "--out", "/a;b"),
        ("sts", "example.com", "--server", "nginx", "--out", "/a b"),
        ("sts", "example.com", "--server", "nginx", "--out", "p"),
        ("tlsrpt", "example.com"), ("tlsrpt", "example.com", "--rua", "postmaster@example.net"),
        ("tlsrpt", "example.com", "--rua", "mailto:postmaster@example.net."),
        ("tlsrpt", "example.com", "--rua", "mailto:postmaster"), ("tlsrpt", "example.com", "--rua", "http://r.example/"),
        ("tlsrpt", "example.com", "--rua", 'mailto:"a"@example.net'), ("tlsrpt", "example.com", "--rua", "https://r.example:0/"),
        ("tlsrpt", "example.com", "--rua", "mailto:post@b\u00fccher.example"),
        ("tlsa", "mx.example.com"), ("tlsa", "mx.example.com", "--cert", path("ec.pem"), "--usage", "1"),
        ("tlsa", "mx.example.com", "--cert", path("ec.pem"), "--port", "65536"),
    ]
    for c in cases:
        publish(*c, code=64)
    write("two.pem", read("ec.pem") + read("rsa.pem"))
    write("cut.pem", read("ec.pem")[:-30])
    write("text", "this is no PEM\n")
    write("junk.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    write("other.pem", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    openssl("x509", "-in", path("ec.pem"), "-outform", "der", "-out", path("ec.der"))
    for name in "two.pem", "cut.pem", "text", "junk.pem", "other.pem", "ec.der", "ec.key", "nothing", ".":
        publish("tlsa", "mx.example.com", "--cert", path(name), code=78)
    publish("tlsa", "mx.example.com", "--cert", path("ec.pem"), "--usage", "2", code=78)
    publish("tlsa", "mx.example.com", "--cert", path("ec.pem"), "--next", path("ec.pub"), code=78)
    write("nopolicy", "hello\n")
    publish("sts", "example.com", "--mode", "none", "--out", path("nopolicy"), code=78)
    os.symlink(path("policy.txt"), path("link"))
    publish("sts", "example.com", "--mode", "none", "--max-age", "100000", "--out", path("link"), code=70)
    publish("sts", "example.com", "--mode", "none", "--out", path("no/such/folder"), code=70)


def plain(text):
    """Whether the text is printable ASCII, apart from line ends."""
    return all(c == "\n" or " " <= c <= "~" for c in text)


def test_odd_octets():
    """Of a name only letters, digits and hyphens get into records, shell
    lines, JSON or a server's configuration."""
    odd = [chr(c) for c in range(1, 128) if not (chr(c).isalnum() or chr(c) in ".-")]
    odd += ["\uff1b", "\uff07", "\u2028", "\u202e", "\ufe52", "\u00ad\uff04"]
    out = path("odd")
    for c in odd:
        name = f"a{c}b.example"
        r = publish("sts", name, "--mode", "none", "--format", "json", "--out", out, code=64)
        check(f"{c!r}: nothing is printed", r.stdout == "" and plain(r.stderr), r.stdout + r.stderr)
        publish("tlsa", name, "--cert", path("ec.pem"), code=64)
        publish("tlsrpt", name, "--rua", "mailto:a@example.net", code=64)
        publish("tlsrpt", "example.com", "--rua", f"mailto:a@{name}", code=64)
        publish("sts", "example.com", "--mode", "testing", "--mx", name, code=64)
        publish("sts", "example.com", "--mode", "none", "--zone", f"{c}com", code=64)
        publish("sts", name, "--server", "nginx", "--out", "/p", code=64)
        if c != "_" and c not in "/+":
            publish("sts", "example.com", "--server", "caddy", "--out", f"/a{c}b", code=64)
        # A URI may have some of them, encoded where the record requires it.
        r = mtasts("publish", "tlsrpt", "example.com", "--rua", f"mailto:a{c}b@example.net", "--format", "pdns")
        line = r.stdout.splitlines()[-1] if r.stdout else ""
        check(f"{c!r}: one word of a shell", r.returncode in (0, 64) and line.count("'") == (2 if r.returncode == 0 else 0)
              and plain(r.stdout + r.stderr), line + r.stderr)
    check("nothing is written", not os.path.exists(out))


def test_hostile_answers():
    """Text from the DNS and the policy host is printed so that no terminal
    obeys it, and enters no file."""
    evil = b"v=TLSRPTv1; rua=mailto:a@b\x1b[31m\n\xe2\x80\xae\x07\x9b1m"
    options = ["-c", "/dev/null", "-o", f"nameserver 127.0.0.1 port={DNS.port}"]
    DNS.table = {("_smtp._tls.example.com", TXT): [bytes([len(evil)]) + evil], ("_25._tcp.mx.example.com", TLSA): [bytes([3, 1, 1]) + bytes(32), b"\x03"]}
    r = publish("tlsrpt", "example.com", "--rua", "mailto:a@example.net", "--check", *options, code=1, name="hostile TXT")
    check("hostile TXT: escaped", plain(r.stdout + r.stderr) and "x1b" in r.stdout, r.stdout)
    r = publish("tlsa", "mx.example.com", "--cert", path("ec.pem"), "--check", *options, code=1, name="hostile TLSA")
    check("hostile TLSA: in digits", plain(r.stdout + r.stderr), r.stdout)
    for host in "mx\x1b[31m", "a b.example.com", "mx;x.example.com", "mx\"x.example.com", "mx", "_mx.example.com":
        DNS.table = {("example.com", MX): [mx("mx.example.com"), mx(host)]}
        r = mtasts("publish", "sts", "example.com", "--mode", "testing", "--out", path("hostile.txt"), *options)
        check(f"hostile MX {host!r}", r.returncode in (2, 64) and not os.path.exists(path("hostile.txt"))
              and plain(r.stdout + r.stderr), (r.returncode, r.stdout, r.stderr))
    DNS.table = {}


def test_source_ports():
    """A question's source port is one of all that are not reserved. The system's
    own choice, which is what a forger would count on, begins far above: that 64
    draws all do happens once in 10^19 runs."""
    lowest = int(open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii").read().split()[0])
    options = NS + ["--check"]
    DNS.ports.clear()
    while len(DNS.ports) < 64:
        publish("tlsrpt", "example.com", "--rua", "mailto:a@example.net", *options, code=1, name="a question")
    check("ports: as low as they may be", 1024 <= min(DNS.ports) < lowest, sorted(DNS.ports)[:4])


def test_tlsa():
    for name in "ec", "rsa", "ed":
        want = [f"_25._tcp.mx.example.com. 3600 IN TLSA 3 1 1 {spki(path(name + '.pem'))}"]
        for end in ".pem", ".pub", ".csr", ".chain":
            r = publish("tlsa", "mx.example.com", "--cert", path(name + end))
            check(f"3 1 1 of {name}{end}", records(r.stdout) == want, r.stdout)
    r = publish("tlsa", "mx.example.com", "--cert", path("ec.chain"), "--usage", "2", "--port", "2525", "--ttl", "300")
    check("2 1 1", records(r.stdout) == [f"_2525._tcp.mx.example.com. 300 IN TLSA 2 1 1 {spki(path('ca.pem'))}"], r.stdout)
    r = publish("tlsa", "mx.example.com", "--cert", path("ec.pem"), "--cert", path("rsa.pem"), "--next", path("ed.pub"))
    check("roll-over: both keys and the next", [x.split()[-1] for x in records(r.stdout)] ==
          [spki(path(n + ".pem")) for n in ("ec", "rsa", "ed")], r.stdout)
    check("roll-over: two TTLs before the change",
          re.search(r"Publish.*\n.*Wait 7200 s.*\n.*Give the server the next key.*\n.*drop the old", r.stdout), r.stdout)
    r = publish("tlsa", "mx.example.com", "--remove")
    check("removal: the records first", re.search(r"remove the records below first.*\n.*Wait 7200 s.*\n.*Only then", r.stdout), r.stdout)


def test_tlsrpt():
    r = publish("tlsrpt", "example.com", "--rua", "mailto:a,b!c;d@example.net", "--rua", "https://r.example/v1?x=1")
    check("encoded", records(r.stdout) == ['_smtp._tls.example.com. 3600 IN TXT '
          '"v=TLSRPTv1; rua=mailto:a%2Cb%21c%3Bd@example.net,https://r.example/v1?x=1"'], r.stdout)
    long = "https://r.example/" + "x" * 300
    r = publish("tlsrpt", "example.com", "--rua", long)
    strings = re.findall(r'"([^"]*)"', records(r.stdout)[0])
    check("split at 255", [len(s) for s in strings] == [255, len("v=TLSRPTv1; rua=" + long) - 255]
          and "".join(strings) == "v=TLSRPTv1; rua=" + long, strings)
    r = publish("tlsrpt", "example.com", "--rua", "mailto:o'x@example.net", "--format", "pdns")
    check("nothing ends the shell's string", r.stdout.splitlines()[-1].count("'") == 2, r.stdout)


OUTPUTS = None


def outputs(form, zone=None):
    """What publish prints for one domain with every option."""
    long = "https://r.example/" + "x" * 300
    more = ["--format", form] + (["--zone", zone] if zone else [])
    return [publish("sts", "example.com", "--mode", "testing", "--mx", "mx.example.com", *more).stdout,
            publish("tlsrpt", "example.com", "--rua", "mailto:a;b@example.net", "--rua", long, *more).stdout,
            publish("tlsa", "mx.example.com", "--cert", path("ec.pem"), "--next", path("rsa.pem"), *more).stdout]


def expected():
    body = "version: STSv1\nmode: testing\nmx: mx.example.com\nmax_age: 86400\n"
    return {"_mta-sts": ["v=STSv1; id=" + hashlib.sha256(body.encode()).hexdigest()[:16] + ";"],
            "_smtp._tls": ["v=TLSRPTv1; rua=mailto:a%3Bb@example.net,https://r.example/" + "x" * 300],
            "_25._tcp.mx": sorted("3 1 1 " + spki(path(n + ".pem")) for n in ("ec", "rsa"))}


def dumped(text):
    """{owner below example.com: [TXT joined, or TLSA without blanks in its data]} of a zone's listing."""
    found, origin, owner = {}, "example.com.", ""
    for line in text.splitlines():
        if line.startswith("$ORIGIN "):
            origin = line.split()[1]
        m = re.match(r"(\S*)\s+(?:\d+\s+)?(?:IN\s+)?(?:\d+\s+)?([A-Z]+)\s+(.*)", line)
        if not m:
            continue
        if m[1]:
            owner = (m[1].rstrip(".") if "example.com" in m[1] else m[1] + "." + origin.rstrip("."))
            owner = owner.removesuffix(".example.com")
        if m[2] == "TXT":
            found.setdefault(owner, []).append("".join(re.findall(r'"([^"]*)"', m[3])).replace("\\;", ";"))
        elif m[2] == "TLSA":
            found.setdefault(owner, []).append(" ".join(m[3].split()[:3]) + " " + "".join(m[3].split()[3:]).lower())
    return {k: sorted(v) for k, v in found.items()}


def test_zones():
    head = ("example.com. 3600 IN SOA ns.example.com. h.example.com. 1 3600 600 86400 300\n"
            "example.com. 3600 IN NS ns.example.com.\nns.example.com. 3600 IN A 192.0.2.1\n"
            "mx.example.com. 3600 IN A 192.0.2.2\nexample.com. 3600 IN MX 10 mx.example.com.\n")
    zone = write("zone", head + "".join(outputs("zone")))
    if tool("named-checkzone"):
        r = run("named-checkzone", "-D", "example.com", zone)
        check("named-checkzone", r.returncode == 0, r.stdout + r.stderr)
        check("BIND reads the records", dumped(r.stdout) == expected(), dumped(r.stdout))
    if tool("kzonecheck"):
        r = run("kzonecheck", "-o", "example.com", zone)
        check("kzonecheck", r.returncode == 0, r.stdout + r.stderr)
    if tool("nsd-checkzone"):
        r = run("nsd-checkzone", "-p", "example.com", zone)
        check("nsd-checkzone", r.returncode == 0, r.stdout + r.stderr)
        check("NSD reads the records", dumped(r.stdout) == expected(), dumped(r.stdout))
    if tool("pdnsutil") and tool("sqlite3"):
        pdns(head)


def pdns(head):
    """A shell runs the printed lines unchanged."""
    schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
    if not os.path.exists(schema):
        schema = "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql"
    with open(schema, encoding="utf-8") as f:
        r = run("sqlite3", path("pdns.db"), input=f.read())
    check("sqlite3", r.returncode == 0, r.stderr)
    write("pdns.conf", f"launch=gsqlite3\ngsqlite3-database={path('pdns.db')}\n")
    util = f"command pdnsutil --config-dir={DIR}"
    r = run("sh", "-ec", f"{util} load-zone example.com {write('head', head)}\n"
            f"pdnsutil() {{ {util} \"$@\"; }}\n" + "".join(outputs("pdns", "example.com")) +
            "pdnsutil check-zone example.com\necho LIST\npdnsutil list-zone example.com\n",
            env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/usr/bin"))
    check("pdnsutil", r.returncode == 0 and "0 errors" in r.stdout + r.stderr, r.stdout + r.stderr)
    check("PowerDNS reads the records", dumped(r.stdout.split("LIST")[-1]) == expected(), dumped(r.stdout.split("LIST")[-1]))


def test_json():
    for text in outputs("json"):
        j = json.loads(text)
        check("json", j["records"] and j["steps"] and all(r["content"] for r in j["records"]), text)
    for text in outputs("nsupdate"):
        lines = records(text)
        check("nsupdate", lines[0].startswith("update delete ") and lines[-1] == "send" and
              all(x.startswith("update add ") for x in lines[1:-1]), text)


def snippet(server):
    return publish("sts", "example.com", "--server", server, "--out", path("served.txt"), "--certificate", path("ec.pem"),
                   "--key", path("ec.key")).stdout


def test_servers():
    publish("sts", "example.com", "--mode", "none", "--out", path("served.txt"))
    os.chmod(DIR, 0o755)
    if tool("nginx"):
        nginx()
    if tool("apache2"):
        modules = "/usr/lib/apache2/modules"
        load = "".join(f"LoadModule {m}_module {modules}/mod_{m}.so\n"
                       for m in ("mpm_event", "ssl", "alias", "authz_core", "mime")
                       if os.path.exists(f"{modules}/mod_{m}.so"))
        conf = write("apache.conf", f"ServerRoot {DIR}\nServerName localhost\nPidFile {DIR}/apache.pid\n"
                     f"ErrorLog {DIR}/apache.log\n{load}TypesConfig /dev/null\nListen 127.0.0.1:48443\n" +
                     snippet("apache"))
        r = run("apache2", "-t", "-f", conf, env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin"))
        check("apache2 -t", r.returncode == 0, r.stderr)
    if tool("caddy"):
        conf = write("Caddyfile", snippet("caddy"))
        r = run("caddy", "validate", "--config", conf, "--adapter", "caddyfile", env=dict(os.environ, HOME=DIR))
        check("caddy validate", r.returncode == 0, r.stderr)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def nginx():
    """The lines are checked unchanged; and with another port they serve the
    file."""
    def conf(lines):
        return write("nginx.conf", f"user root;\npid {DIR}/nginx.pid;\nerror_log {DIR}/nginx.log;\nevents {{ }}\n"
                     f"http {{\naccess_log off;\ntypes {{ text/html html txt; }}\n{lines}}}\n")
    r = run("nginx", "-t", "-c", conf(snippet("nginx")))
    # Whether port 443 is free here does not matter.
    check("nginx -t", "syntax is ok" in r.stderr, r.stderr)
    port = free_port()
    lines = snippet("nginx").replace("listen [::]:443 ssl;", "").replace("listen 443", f"listen 127.0.0.1:{port}")
    server = subprocess.Popen(["nginx", "-g", "daemon off;", "-c", conf(lines)], stderr=subprocess.DEVNULL)
    try:
        context = ssl.create_default_context(cafile=path("ca.pem"))
        for target, want in ("/.well-known/mta-sts.txt", 200), ("/", 404):
            got = ask_https(context, port, target)
            check(f"nginx serves {target}", got.startswith(f"HTTP/1.1 {want}"), got)
            if want == 200:
                check("as text/plain, once", got.count("\r\nContent-Type: text/plain\r\n") == 1, got)
                check("the file", got.endswith(read("served.txt")), got)
    finally:
        server.terminate()
        server.wait()


def ask_https(context, port, target):
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port)) as s, \
                    context.wrap_socket(s, server_hostname="mta-sts.example.com") as t:
                t.sendall(f"GET {target} HTTP/1.1\r\nHost: mta-sts.example.com\r\nConnection: close\r\n\r\n".encode())
                got = b""
                while chunk := t.recv(4096):
                    got += chunk
                return got.decode()
        except ConnectionRefusedError:
            time.sleep(0.05)
    return "no answer"


def test_check():
    """--check distinguishes: the same, something else, and cannot tell."""
    host = PolicyHost()
    options = NS + ["-o", f"policy_port {host.port}", "-o", f"trust_anchors {path('ca.pem')}", "-o", "fetch_allow 127.0.0.0/8",
                    "-o", "user root" if os.geteuid() == 0 else "log stderr", "-o", "sct off"]
    out = path("check.txt")
    want = ["sts", "example.com", "--mode", "testing", "--mx", "mx.example.com"]
    r = publish(*want, "--out", out)
    ident = re.search(r"id=(\w+)", records(r.stdout)[0])[1]
    file = ["sts", "example.com", "--out", out, "--check"] + options
    name = ("_mta-sts.example.com", TXT)
    DNS.table[("mta-sts.example.com", A)] = [b"\x7f\x00\x00\x01"]
    r = publish(*file, code=1, name="check without a TXT")
    check("no TXT is named", "dns-nodata" in r.stdout, r.stdout)
    DNS.table[name] = [txt(f"v=STSv1; id={ident};")]
    host.body = read("check.txt")
    publish(*file, name="check of the same file")
    publish(*want, "--check", *options, name="check of the same options")
    # nor is a fleet asked, whose keys only the daemon may read
    publish(*want, "--check", *options, "-o", "redis inet:192.0.2.1:6379", "-o", "redis_key /nonexistent", name="check beside a fleet")
    # the file was not updated, nor the id, nor a host
    host.body = host.body.replace("mx.example.com", "mx9.example.com")
    r = publish(*file, code=1, name="another file is served")
    check("the mx is named", "mx9.example.com" in r.stdout, r.stdout)
    host.body = read("check.txt")
    DNS.table[name] = [txt("v=STSv1; id=1;")]
    r = publish(*file, code=1, name="another id")
    check("the id is named", ident in r.stdout, r.stdout)
    # cut at its ';' by a zone file without quotes
    DNS.table[name] = [txt("v=STSv1")]
    r = publish(*file, code=1, name="a record cut at its ;")
    check("cut: txt-none", "txt-none" in r.stdout, r.stdout)
    DNS.table[name] = None
    publish(*file, code=2, name="the DNS fails")
    DNS.table[name] = [txt(f"v=STSv1; id={ident};")]
    host.status = "404 Not Found"
    r = publish(*file, code=1, name="no file")
    check("http-status", "http-status" in r.stdout, r.stdout)
    # a body that was cut off on its way proves nothing about what is published
    host.status, host.cut = "200 OK", 1
    r = publish(*file, code=2, name="the file is cut off")
    check("http-truncated", "http-truncated" in r.stdout, r.stdout)
    host.cut = 0
    # tlsrpt and tlsa
    want = ["tlsrpt", "example.com", "--rua", "mailto:a@example.net", "--check"] + NS
    name = ("_smtp._tls.example.com", TXT)
    publish(*want, code=1, name="tlsrpt: none")
    DNS.table[name] = [txt("v=TLSRPTv1; rua=", "mailto:a@example.net")]
    publish(*want, name="tlsrpt: the same, in two strings")
    DNS.table[name].append(txt("v=TLSRPTv1; rua=mailto:b@example.net"))
    publish(*want, code=1, name="tlsrpt: one too many")
    DNS.table[name] = None
    publish(*want, code=2, name="tlsrpt: cannot tell")
    # mistakes of `check_tlsa` on a how-to page: two records, 64 digits,
    # capitals
    want = ["tlsa", "mx.example.com", "--cert", path("ec.pem"), "--next", path("rsa.pem"), "--check"] + NS
    name = ("_25._tcp.mx.example.com", TLSA)
    data = [bytes([3, 1, 1]) + bytes.fromhex(spki(path(n + ".pem"))) for n in ("rsa", "ec")]
    DNS.table[name] = data[:1]
    r = publish(*want, code=1, name="tlsa: one of two")
    check("tlsa: which", spki(path("ec.pem")) in r.stdout, r.stdout)
    DNS.table[name] = data
    publish(*want, name="tlsa: both, in any order")
    DNS.ad = False
    publish(*want, code=1, name="tlsa: not authenticated")
    DNS.ad = True


def test_howto():
    """The steps of how-to pages, each done right by one command."""
    # unquoted TXT lines lose the policy at the ';'
    for text in outputs("zone"):
        for line in records(text):
            check("a TXT is quoted", " TXT " not in line or re.search(r' TXT "[^"]*"( "[^"]*")*$', line), line)
    # pdnsutil ... CNAME of the wrong owner, content without inner quotes
    r = publish("sts", "example.com", "--mode", "none", "--format", "pdns").stdout.splitlines()[-1]
    check("pdns line", re.fullmatch(r"pdnsutil replace-rrset example\.com _mta-sts TXT 3600 '\"v=STSv1; id=\w{16};\"'", r), r)
    # id=$(date): the id changes though the file does not
    a, b = (publish("sts", "example.com", "--mode", "none").stdout for _ in range(2))
    check("id from the file", a == b)
    # several domains: each has records and a file of its own
    a, b = (publish("sts", d, "--mode", "testing", "--mx", "mx.example.com").stdout for d in ("example.com", "example.net"))
    check("several domains", "_mta-sts.example.net. " in b and "_mta-sts.example.com. " in a)
    # add_header Content-Type beside the server's own
    check("nginx: no second Content-Type", "add_header" not in snippet("nginx") and "default_type text/plain" in snippet("nginx"))
    # names beyond ASCII
    r = publish("sts", "b\u00fccher.example", "--mode", "testing", "--mx", "mx.b\u00fccher.example")
    check("A-labels", records(r.stdout)[0].startswith("_mta-sts.xn--bcher-kva.example. ") and
          "mx: mx.xn--bcher-kva.example" in r.stdout, r.stdout)


def publish_records(text):
    """Puts the printed records into the DNS, in place of those that were
    there."""
    table = {}
    for line in records(text):
        owner, _, _, kind, data = line.split(None, 4)
        if kind == "TXT":
            table.setdefault((owner.rstrip("."), TXT), []).append(txt(*re.findall(r'"([^"]*)"', data)))
        else:
            numbers, rest = data.split()[:3], data.split()[3]
            table.setdefault((owner.rstrip("."), TLSA), []).append(bytes(map(int, numbers)) + bytes.fromhex(rest))
    DNS.table.update(table)


def test_handbook():
    """The commands of the handbook's "Your own domain", in their order; what they print is
    published at once."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../boards/posix/README.md"), encoding="utf-8") as f:
        section = f.read().split("## Your own domain")[1].split("\n## ")[0]
    lines = [x.strip() for x in section.splitlines() if re.match(r"\s+mtasts ", x)]
    check("the handbook has the lines", len(lines) >= 12, lines)
    host = PolicyHost()
    mail = MailHost()
    DNS.table = {("example.com", MX): [mx("mx.example.com")], ("mx.example.com", A): [b"\x7f\x00\x00\x01"], ("mta-sts.example.com", A): [b"\x7f\x00\x00\x01"]}
    options = NS + ["-o", f"policy_port {host.port}", "-o", f"trust_anchors {path('ca.pem')}", "-o", "fetch_allow 127.0.0.0/8",
                    "-o", "sct off"] + USER
    shutil.copy(path("ec.pem"), path("mx.example.com.pem"))
    shutil.copy(path("rsa.pem"), path("next.pem"))
    waits = []
    for line in lines:
        words = line.replace("/var/www/mta-sts/", DIR + "/").replace("/etc/ssl/", DIR + "/").split()
        server = "--server" in words
        if "enforce" in words or words[1] == "check":
            words += ["--port", str(mail.port)]  # instead of 25
        r = mtasts(*words[1:], *options)
        check("handbook: " + line, r.returncode == 0, f"{r.returncode} {r.stderr} {r.stdout}")
        if words[1] == "publish" and not server and "--check" not in words:
            publish_records(r.stdout)
            waits += re.findall(r"Wait (\d+) s", r.stdout)
            if os.path.exists(path("example.com.txt")):
                host.body = read("example.com.txt")
        if words[1] == "query":
            check("handbook: the policy is in force", "OK secure match=mx.example.com" in r.stdout, r.stdout)
    check("handbook: what is waited for", "2592000" in waits and "7200" in waits, waits)


def test_lists():
    """preload, warm_names and warm, with the daemon."""
    DNS.table = {}
    body = {"version": "0.1", "timestamp": 1700000000, "expires": 4000000000, "author": "test", "policy-aliases": {},
            "policies": {"a.example": {"mode": "enforce", "mxs": ["mx.a.example", ".in.a.example"]}}}
    good, broken = json.dumps(body), '{"version": "0.1",\n"policies": {"x.example": {"mode": "none"'
    older = json.dumps(dict(body, timestamp=1600000000))
    expired = json.dumps(dict(body, expires=1700000001))
    conf = write("conf", f"listen unix:{DIR}/socket\ncontrol unix:{DIR}/control\njournal off\npreload {DIR}/list.json\n"
                 f"nameserver 127.0.0.1 port={DNS.port}\ntrust_anchors {path('ca.pem')}\nwarm_names {DIR}/names\n")
    write("names", "# comment\nb.example\n\n  c.example # x\nno name\n")

    def query(domain="a.example"):
        return json.loads(mtasts("query", "-c", conf, "--json", domain).stdout or "{}")

    def log(word, old=""):
        for _ in range(200):
            with open(path("log"), encoding="utf-8") as f:
                text = f.read()[len(old):]
            if word in text:
                return text
            time.sleep(0.05)
        return ""

    for text, code in (good, 0), (broken, 78):
        write("list.json", text)
        r = mtasts("serve", "-t", "-c", conf)
        check(f"serve -t: {code}", r.returncode == code, r.stderr)
        check("serve -t reports where", code == 0 or "list.json:2: x.example: expected the mode" in r.stderr, r.stderr)
    with open(path("log"), "w", encoding="utf-8") as f:
        daemon = subprocess.Popen([MTASTS, "serve", "-c", conf], stderr=f, stdout=f)
    try:
        check("a broken list is logged", log("the list of policies is not used"))
        for _ in range(100):
            if os.path.exists(path("control")):
                break
            time.sleep(0.05)
        check("and served without", query().get("rule") == "table", query())

        def reload(text, word):
            write("new", text)
            os.rename(path("new"), path("list.json"))
            with open(path("log"), encoding="utf-8") as f:
                old = f.read()
            daemon.send_signal(signal.SIGHUP)
            got = log("reload: done", old)
            check(f"reload: {word}", word in got, got)
        reload(good, "1 domains in the list")
        q = query()
        check("the answer names its source", (q.get("rule"), q.get("result")) == ("preload", "policy") and
              q.get("answer") == "OK secure match=mx.a.example:.in.a.example servername=hostname", q)
        reload(broken, "list of policies not changed")
        check("a broken one changes nothing", query().get("rule") == "preload", query())
        reload(older, "older than that of the list in use")
        reload(json.dumps(dict(body, timestamp=1700000001, policies={})), "0 domains in the list")
        check("taken out of the list", query().get("rule") == "table", query())
        r = mtasts("warm", "-c", conf, path("names"))
        check("warm", r.returncode == 0 and r.stdout == "3 asked for: 0 with a policy, 1 are not domains\n", r.stdout + r.stderr)
        held = mtasts("cache", "list", "-c", conf).stdout
        check("warm: looked up", "b.example" in held and "c.example" in held, held)
        r = mtasts("warm", "-c", conf, write("list2.json", expired.replace("a.example", "d.example")))
        check("warm takes a list, though expired", r.stdout.startswith("1 asked for") and
              "d.example" in mtasts("cache", "list", "-c", conf).stdout, r.stdout + r.stderr)
        for bad in broken, "{":
            check("warm: broken", mtasts("warm", "-c", conf, write("b", bad)).returncode == 78)
        check("warm: no file", mtasts("warm", "-c", conf, path("nothing")).returncode == 78)
    finally:
        daemon.terminate()
        daemon.wait()
    check("warm: no daemon", mtasts("warm", "-c", conf, path("names")).returncode == 70)


make_keys()
DNS = Names()
NS = ["-c", "/dev/null", "-o", f"nameserver 127.0.0.1 port={DNS.port}"]
USER = ["-o", "user root"] if os.geteuid() == 0 else []
try:
    for part in (test_sts_file, test_longest_names, test_group, test_other_user, test_full_disk, test_bad_input, test_odd_octets, test_hostile_answers, test_source_ports, test_tlsa, test_tlsrpt, test_zones, test_json,
                 test_servers, test_check, test_howto, test_handbook, test_lists):
        part()
finally:
    shutil.rmtree(DIR, ignore_errors=True)
for what in missing:
    print(f"not run: {what}")
print(f"publish: {count} checks, {len(failures)} failed, {len(missing)} not run")
sys.exit(1 if failures or (missing and os.environ.get("STRICT")) else 0)
