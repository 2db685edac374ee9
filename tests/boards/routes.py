# SPDX-License-Identifier: MIT
"""The rows of routes.tsv: the answers of the name servers, and the
certificates presented.

The name server of peers.py answers as a validating resolver does: AD where a
zone is signed, SERVFAIL where an answer differs from what was signed.
"""

import functools
import hashlib
import os
import re
import socket
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
A, CNAME, MX, AAAA, TLSA = 1, 5, 15, 28, 52
HOST = "192.0.2.25"
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


class Row:
    def __init__(self, line):
        self.name, served, mx, self.answer, route, judged = line.split("\t")
        self.served = served.split()
        self.domain = f"{self.name}.test"
        self.route = route.split()
        self.hosts = [] if mx == "-" else [
            (f"{h}.{self.domain}", tlsa)
            for h, tlsa in (w.split("=") for w in mx.split())]
        self.judged = [re.fullmatch(r"(?:(\d):)?(\w+)=(\S+)", w).groups("0")
                       for w in judged.split()]


@functools.lru_cache(None)
def rows():
    with open(os.path.join(HERE, "routes.tsv"), encoding="ascii") as f:
        return [Row(line.rstrip("\n")) for line in f
                if not line.startswith("#")]


def with_policy():
    return [r.name for r in rows() if "sts" in r.served]


def hosts():
    return [host for r in rows() for host, _ in r.hosts]


def openssl(*argv, data=None):
    return subprocess.run(["openssl", *argv], check=True, input=data,
                          stdout=subprocess.PIPE).stdout


@functools.lru_cache(None)
def der(folder, name):
    return openssl("x509", "-in", os.path.join(folder, name + ".crt"),
                   "-outform", "DER")


def key(certificate):
    public = openssl("x509", "-inform", "DER", "-noout", "-pubkey",
                     data=certificate)
    return openssl("pkey", "-pubin", "-outform", "DER", data=public)


def chain(folder, name):
    """The certificates that a host presents, one after the other."""
    issuers = {"right": ["mail-ca"], "other": ["mail-ca"], "name": ["mail-ca"],
               "expired": ["mail-ca"], "stranger": ["stranger"],
               "notissuer": ["mail-ca2"]}
    if name == "none":
        return b""
    leaf = "right" if name == "notissuer" else name
    return b"".join(der(folder, "mail-" + leaf if c == leaf else c)
                    for c in [leaf, *issuers[name]])


def records(folder, kind):
    """RDATA of the TLSA records."""
    right, issuer = der(folder, "mail-right"), der(folder, "mail-ca")
    sha256 = lambda data: hashlib.sha256(data).digest()  # noqa: E731
    return {"none": [], "unsigned": [],
            "311": [b"\3\1\1" + sha256(key(right))],
            "312": [b"\3\1\2" + hashlib.sha512(key(right)).digest()],
            "310": [b"\3\1\0" + key(right)],
            "301": [b"\3\0\1" + sha256(right)],
            "201": [b"\2\0\1" + sha256(issuer)],
            "211": [b"\2\1\1" + sha256(key(issuer))],
            "expired": [b"\3\1\1" + sha256(key(der(folder, "mail-expired")))],
            "wrong": [b"\3\1\1" + bytes(32)],
            "pkix": [b"\1\1\1" + sha256(key(right))]}[kind]


def wire(name):
    return b"".join(bytes([len(p)]) + p.encode()
                    for p in name.split(".") if p) + b"\0"


def zone(folder):
    """(name, type) -> (rcode, AD, RDATAs). The agent's own probe asks for
    "org"."""
    out = {("org", MX): (NOERROR, True, [])}
    for r in rows():
        if "gone" in r.served:
            out[r.domain, MX] = (NXDOMAIN, False, [])
            continue
        mx = [struct.pack(">H", 10 * (i + 1)) + wire(host)
              for i, (host, _) in enumerate(r.hosts)]
        if "null" in r.served:
            mx = [struct.pack(">H", 0) + wire("")]
        out[r.domain, MX] = (SERVFAIL, False, []) if "bogus" in r.served else (
            NOERROR, "unsigned" not in r.served, mx)
        for host, tlsa in r.hosts:
            signed = tlsa != "unsigned"
            out[host, A] = (NOERROR, signed, [socket.inet_aton(HOST)])
            out[host, AAAA] = (NOERROR, signed, [])
            out[f"_25._tcp.{host}", TLSA] = (SERVFAIL, False, []) \
                if tlsa == "bogus" else (
                    NOERROR, signed, records(folder, tlsa))
    return out
