# SPDX-License-Identifier: MIT
"""What kill.py and disk.py share: a name server and a policy host on loopback
that publish changing policies, a daemon that asks them, and a reader of its
journal. The mx patterns identify a version, so a policy that nobody published
would be noticed."""

import os
import random
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                      "journal", "read.py")
DOMAINS = [f"k{i}.kill{i}.example" for i in range(60)]
PATTERNS = 50  # in each policy: some 2 KB, so that areas are soon full
PATIENCE_S = 30


def fail(text):
    raise SystemExit(f"FAILED: {text}")


def mode(version):
    return "none" if version % 5 == 0 else "enforce"


def patterns(domain, version):
    return [f"v{version}-{k}.mx.{domain}" for k in range(PATTERNS)]


class Published:
    """What the world publishes for each domain; versions only grow."""

    def __init__(self):
        self.lock = threading.Lock()
        self.version = dict.fromkeys(DOMAINS, 1)

    def renew(self, domain):
        with self.lock:
            self.version[domain] += 1

    def policy(self, domain):
        v = self.version[domain]
        lines = ["version: STSv1", f"mode: {mode(v)}"]
        lines += [f"mx: {p}" for p in patterns(domain, v)]
        return "\r\n".join(lines + ["max_age: 2592000", ""]).encode()


# The peers.

def dns_reply(query, published):
    """SERVFAIL when nothing is published, so that the agent cannot tell."""
    end, labels = 12, []
    while query[end]:
        labels.append(query[end + 1:end + 1 + query[end]].decode().lower())
        end += 1 + query[end]
    question = query[12:end + 5]
    (qtype,) = struct.unpack_from(">H", query, end + 1)
    if published is None:
        return query[:2] + struct.pack(">HHHHH", 0x8182, 1, 0, 0, 0) + question
    head, domain = labels[0], ".".join(labels[1:])
    data = None
    if head == "_mta-sts" and qtype == 16 and domain in published.version:
        text = b"v=STSv1; id=i%d;" % published.version[domain]
        data = bytes([len(text)]) + text
    elif head == "mta-sts" and qtype == 1:
        data = socket.inet_aton("127.0.0.1")
    reply = query[:2] + struct.pack(">HHHHH", 0x8180, 1, data is not None, 0, 0)
    reply += question
    if data is not None:
        reply += struct.pack(">HHHIH", 0xc00c, qtype, 1, 60, len(data)) + data
    return reply


def name_server(published):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))

    def serve():
        while True:
            query, peer = s.recvfrom(4096)
            s.sendto(dns_reply(query, published), peer)

    threading.Thread(target=serve, daemon=True).start()
    return s.getsockname()[1]


def policy_host(published, folder):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = published.policy(self.headers["Host"][len("mta-sts."):])
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, *_):
            pass  # the killed process has hung up

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{folder}/leaf.pem", f"{folder}/key.pem")
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True,
                                    do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def certificates(folder):
    def openssl(*argv):
        subprocess.run(("openssl",) + argv, check=True, cwd=folder,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for name in ("root.key", "key.pem"):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                name)
    openssl("req", "-x509", "-new", "-key", "root.key", "-days", "30", "-subj",
            "/CN=kill root", "-out", "root.pem")
    openssl("req", "-new", "-key", "key.pem", "-subj", "/CN=kill", "-out",
            "leaf.csr")
    with open(f"{folder}/leaf.ext", "w") as f:
        f.write("subjectAltName=" +
                ",".join(f"DNS:mta-sts.{d}" for d in DOMAINS) + "\n")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey",
            "root.key", "-CAcreateserial", "-days", "20", "-extfile",
            "leaf.ext", "-out", "leaf.pem")


# The daemon.

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, domains):
    """The answers of one client, in order; ends early when it is killed."""
    got = []
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as s:
            f = s.makefile("rb")
            for d in domains:
                text = f"postfix {d}".encode()
                s.sendall(b"%d:%s," % (len(text), text))
                digits = b""
                while not digits.endswith(b":"):
                    c = f.read(1)
                    if not c:
                        return got
                    digits += c
                answer = f.read(int(digits[:-1]) + 1)
                if len(answer) == int(digits[:-1]) + 1:
                    got.append((d, answer[:-1].decode()))
    except ConnectionError:
        pass
    return got


class Daemon:
    """Reads root.pem of the folder, and logs into the folder."""

    def __init__(self, mtasts, folder, nameserver, policy_port, journal):
        self.port = free_port()
        lines = [f"listen inet:127.0.0.1:{self.port}",
                 f"nameserver 127.0.0.1 port={nameserver}",
                 f"trust_anchors {folder}/root.pem", "memory 2M",
                 f"policy_port {policy_port}", "fetch_allow 127.0.0.1/32",
                 f"journal {journal}", "control off", "log stderr"]
        argv = [mtasts, "serve"] + [x for line in lines for x in ("-o", line)]
        self.log = open(f"{folder}/log", "ab")
        self.child = subprocess.Popen(argv, stderr=self.log, stdout=self.log,
                                      start_new_session=True)

    def wait(self):
        until = time.monotonic() + PATIENCE_S
        while True:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.child.poll() is not None or time.monotonic() > until:
                fail(f"does not come up ({self.child.poll()})")
            time.sleep(0.002)

    def writer(self):
        path = f"/proc/{self.child.pid}/task/{self.child.pid}/children"
        with open(path) as f:
            children = f.read().split()
        return int(children[0]) if children else None

    def kill(self, who):
        if who == "writer":
            writer = self.writer()
            if writer:
                os.kill(writer, signal.SIGKILL)
            time.sleep(random.random() * 0.02)
        if who == "both":
            os.killpg(self.child.pid, signal.SIGKILL)
        else:
            self.child.kill()
        self.child.wait()
        self.log.close()

    def end(self):
        """Ends it as a supervisor does."""
        self.child.terminate()
        code = self.child.wait(PATIENCE_S)
        self.log.close()
        if code != 0:
            fail(f"exit code {code} after SIGTERM")


def kept(journal, copy):
    """{domain: version} of what the journal holds; reads a copy."""
    shutil.copyfile(journal, copy)
    p = subprocess.run([sys.executable, READER, copy],
                       stdout=subprocess.PIPE, text=True, check=True)
    held = {}
    for line in p.stdout.splitlines()[1:]:
        domain, what, *rest = line.split()
        rest = rest[rest.index("mx") + 1:]
        version = int(re.match(r"v(\d+)-", rest[0]).group(1))
        if what != mode(version) or rest != patterns(domain, version):
            fail(f"{domain}: never published: {line}")
        held[domain] = version
    return held


def answer(domain, version):
    if version is None or mode(version) == "none":
        return "NOTFOUND "
    return "OK secure match=%s servername=hostname" % ":".join(
        patterns(domain, version))
