#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run tests/examples/route beside a name server for it: route.py PROGRAM"""
import hashlib
import socket
import struct
import subprocess
import sys
import threading

FOLDER = "tests/examples/"
LEAF = FOLDER + "mx-leaf.der"
JUNE_2026 = "1780272000"
MX, A, AAAA, TLSA = 15, 1, 28, 52


def wire(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".") if x) + b"\0"


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).digest()


def mx(preference, host):
    return struct.pack(">H", preference) + wire(host)


ZONE = {
    ("good.example", MX): [mx(20, "mx2.example.com"), mx(10, "mx1.example.com")],
    ("null.example", MX): [mx(0, "")],
    ("mx1.example.com", A): [bytes([192, 0, 2, 1])],
    ("mx2.example.com", A): [bytes([192, 0, 2, 2])],
    ("_25._tcp.mx1.example.com", TLSA): [bytes([3, 0, 1]) + sha256(LEAF)],
    ("_25._tcp.mx2.example.com", TLSA): [bytes([3, 0, 1]) + bytes(32)],
}
SOA = wire("") + struct.pack(">HHIH", 6, 1, 60, 22) + wire("") * 2 + struct.pack(">5I", 1, 60, 60, 60, 60)

WANT = [
    ("good.example", "good.example ok\nmx1.example.com ok\nmx2.example.com tlsa-mismatch\n"),
    ("null.example", "null.example mx-none\n"),
    ("failing.example", "failing.example dns-servfail\n"),
]


def answer(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode().lower())
        at += 1 + question[at]
    name, kind = ".".join(labels), struct.unpack(">H", question[at + 1 : at + 3])[0]
    data = ZONE.get((name, kind), [])
    known = any(n == name for n, _ in ZONE)
    code = 2 if "failing" in name else 0 if known else 3
    flags = 0x8180 | (0 if code == 2 else 0x20) | code
    head = question[:2] + struct.pack(">5H", flags, 1, len(data), 0 if data or code == 2 else 1, 0)
    records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(d)) + d for d in data)
    return head + question[12 : at + 5] + (records if data or code == 2 else SOA)


def serve(sock):
    while True:
        question, peer = sock.recvfrom(4096)
        sock.sendto(answer(question), peer)


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        threading.Thread(target=serve, args=(sock,), daemon=True).start()
        for domain, want in WANT:
            command = [sys.argv[1], domain, str(sock.getsockname()[1]), JUNE_2026, LEAF]
            got = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, timeout=60, check=True).stdout
            if got != want:
                sys.exit(f"{domain}: got\n{got}want\n{want}")
    print("route: as wanted")


if __name__ == "__main__":
    main()
