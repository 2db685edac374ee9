#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""After a long time without power every policy of the journal is due: the
daemon refreshes them one by one, and evenly.

refresh.py MTASTS GENERATOR

All of 100,000 policies are refreshed within six hours, which is one in 216 ms.
The test counts when the name server was first asked for each domain, by the
kernel's stamp of the datagram, and what the policy host served. A daemon that
gets little processor time starts fewer lookups in an interval, never more,
except those that it has fallen behind with: hence the bar is half as much
again.
"""

import os
import re
import ssl
import socket
import struct
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "check"))

from agent import Agent, Folder, check, until  # noqa: E402
from certs import Certificates  # noqa: E402
from dnsd import TYPES, rdata  # noqa: E402

POLICIES, SEEN = 100000, 100
ROUND_S = 6 * 3600  # in which all lookups start
WINDOW_S = 10
MOST = int(1.5 * WINDOW_S * POLICIES / ROUND_S)
STAMP = 35  # SO_TIMESTAMPNS
POLICY = b"version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 604800\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" \
    b"Content-Length: %d\r\n\r\n%s" % (len(POLICY), POLICY)


class Names(threading.Thread):
    """Every domain has a TXT record and an address; `first` notes when each
    was first asked for."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, STAMP, 1)
        self.sock.bind(("127.0.0.1", 0))
        self.first = {}
        self.start()

    def reply(self, m):
        end = 12
        labels = []
        while m[end]:
            labels.append(m[end + 1:end + 1 + m[end]].decode())
            end += m[end] + 1
        kind, = struct.unpack(">H", m[end + 1:end + 3])
        value = None
        if kind == TYPES["TXT"]:
            value = rdata("TXT", "v=STSv1; id=1;")
        elif kind == TYPES["A"]:
            value = rdata("A", "127.0.0.1")
        out = m[:2] + b"\x81\x80\0\1" + struct.pack(">H", value is not None)
        out += b"\0\0\0\0" + m[12:end + 5]
        if value is not None:
            out += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 3600,
                                            len(value)) + value
        return ".".join(labels), kind, out

    def run(self):
        while True:
            m, extra, _, peer = self.sock.recvmsg(512, 64)
            s, ns = struct.unpack("qq", extra[0][2][:16])
            name, kind, out = self.reply(m)
            if kind == TYPES["TXT"]:
                self.first.setdefault(name[len("_mta-sts."):], s + ns / 1e9)
            self.sock.sendto(out, peer)


class Host(threading.Thread):
    """Serves the policy of each domain that the certificate names, and lists
    the domains in `served`."""

    def __init__(self, certs):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certs.path("good.pem"),
                                     certs.key_of("good"))
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.sock.getsockname()[1]
        self.served = []
        self.start()

    def run(self):
        while True:
            conn, _ = self.sock.accept()
            threading.Thread(target=self.one, args=(conn,),
                             daemon=True).start()

    def one(self, conn):
        try:
            conn.settimeout(20)
            with self.context.wrap_socket(conn, server_side=True) as tls:
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = tls.recv(4096)
                    if not piece:
                        return
                    request += piece
                host = re.search(rb"\r\nHost: mta-sts\.(\S+)\r\n", request)
                tls.sendall(RESPONSE)
                self.served.append(host.group(1).decode())
        except OSError:
            pass


def options_of(folder, names, host):
    return [f"memory {POLICIES * 250 // 1024 + 8192}K",
            f"journal {folder}/journal", f"listen unix:{folder}/socket",
            f"nameserver 127.0.0.1 port={names.sock.getsockname()[1]}",
            f"trust_anchors {folder}/root.pem", f"policy_port {host}",
            "fetch_allow 127.0.0.0/8", "log stderr"]


def make_journal(mtasts, generator, folder, options):
    """The first of the journal's domains."""
    argv = [mtasts, "serve", "-t"]
    for o in options:
        argv += ["-o", o]
    plan = subprocess.run(argv, check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    size = re.search(r"journal file: (\d+) bytes", plan).group(1)
    return subprocess.run(
        [generator, f"{folder}/journal", size, str(POLICIES), str(SEEN + 50)],
        check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def main():
    mtasts, generator = map(os.path.abspath, sys.argv[1:3])
    with Folder() as folder:
        names = Names()
        first = Certificates(folder, ["mta-sts.nobody.example"])
        domains = make_journal(mtasts, generator, folder,
                               options_of(folder, names, 443))
        first.issue("good", "ec", ",".join("DNS:mta-sts." + d
                                           for d in domains),
                    ["basicConstraints=critical,CA:FALSE"])
        host = Host(first)
        agent = Agent([mtasts], options_of(folder, names, host.port)).ready()
        until(lambda: len(host.served) >= SEEN, "too few policies are fetched: "
              f"{len(names.first)} asked, {len(host.served)} served")
        agent.stop()
    begun = sorted(names.first.values())
    most = max(sum(t <= x < t + WINDOW_S for x in begun) for t in begun)
    share = WINDOW_S * POLICIES / ROUND_S
    print(f"{len(begun)} refreshes begun in {begun[-1] - begun[0]:.0f} s, at "
          f"most {most} in {WINDOW_S} s: {most / share:.2f} of the even share")
    check(most <= MOST, f"{most} refreshes in {WINDOW_S} s, even are {share}")
    check(len(set(host.served)) == len(host.served),
          "a policy was fetched twice")
    check(set(host.served) <= set(names.first), "fetched, and not looked up")


if __name__ == "__main__":
    main()
