# SPDX-License-Identifier: MIT
"""A name server for check.py: records and faults by name and type. It acts as
a validating one: it sets AD, and answers SERVFAIL for bogus data unless CD is
set."""
import socket
import struct
import threading

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28,
         "TLSA": 52}
NAMES = {v: k for k, v in TYPES.items()}


def name(text):
    out = b""
    for label in text.rstrip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def rdata(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "TXT":
        raw = value.encode("latin-1")
        pieces = [raw[i:i + 255] for i in range(0, len(raw), 255)] or [b""]
        return b"".join(bytes([len(p)]) + p for p in pieces)
    if kind == "MX":
        preference, host = value.split()
        return struct.pack(">H", int(preference)) + name(host)
    if kind == "CNAME":
        return name(value)
    u, s, m, data = value.split()
    return bytes([int(u), int(s), int(m)]) + bytes.fromhex(data)


def both(port):
    """A UDP and a TCP socket of the same port, of any if it is 0. Another
    process may have taken the port for one of them."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket()
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        udp.bind(("127.0.0.1", port))
        try:
            tcp.bind(udp.getsockname())
            return udp, tcp
        except OSError:
            udp.close()
            tcp.close()
            if port:
                raise


class Server:
    """records[(name, type)] = [value...]; faults[(name, type)] = how;
    unsigned: a set of (name, type); ttl[(name, type)]."""

    def __init__(self, port=0):
        self.records, self.faults, self.ttl = {}, {}, {}
        self.unsigned = set()
        self.blind = set()  # suffixes of domains for which AD is never set
        self.delay = 0
        self.ports = []  # which datagrams came from
        self.udp, self.tcp = both(port)
        self.port = self.udp.getsockname()[1]
        self.tcp.listen(64)
        for run in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=run, daemon=True).start()

    def serve_udp(self):
        while True:
            m, peer = self.udp.recvfrom(4096)
            self.ports.append(peer[1])
            out = self.answer(m)
            if out is None:
                continue
            if len(out) > 1232:
                out = out[:2] + bytes([out[2] | 2]) + out[3:12]
                out = out[:6] + b"\0\0\0\0\0\0" + m[12:self.end(m)]
            if self.delay:
                threading.Timer(self.delay, self.udp.sendto,
                                (out, peer)).start()
            else:
                self.udp.sendto(out, peer)

    def serve_tcp(self):
        while True:
            c, _ = self.tcp.accept()
            with c:
                c.settimeout(5)
                try:
                    n = struct.unpack(">H", c.recv(2))[0]
                    out = self.answer(c.recv(n))
                    if out is not None:
                        c.sendall(struct.pack(">H", len(out)) + out)
                except (OSError, struct.error):
                    pass

    @staticmethod
    def end(m):
        at = 12
        while m[at]:
            at += m[at] + 1
        return at + 5

    def answer(self, m):
        labels, at = [], 12
        while m[at]:
            labels.append(m[at + 1:at + 1 + m[at]].decode().lower())
            at += m[at] + 1
        kind = NAMES.get(struct.unpack(">H", m[at + 1:at + 3])[0], "?")
        asked = ".".join(labels)
        how = self.faults.get((asked, kind))
        if how == "flaky":  # once, as a resolver that fails for a moment
            del self.faults[(asked, kind)]
            how = "servfail"
        if how == "bogus":
            how = None if m[3] & 0x10 else "servfail"
        if how == "silent":
            return None
        question = m[12:self.end(m)]
        codes = {"servfail": 2, "refused": 5}
        if how in codes:
            return self.header(m, codes[how], False, 0, 0) + question
        if how == "malformed":
            return self.header(m, 0, True, 1, 0) + question + b"\xc0"
        return self.found(m, question, asked, kind, how)

    def found(self, m, question, asked, kind, how):
        answers, signed = [], True
        while ("CNAME" != kind and (asked, kind) not in self.records
               and (asked, "CNAME") in self.records and len(answers) < 20):
            target = self.records[(asked, "CNAME")][0]
            answers.append((asked, "CNAME", target))
            signed = signed and (asked, "CNAME") not in self.unsigned
            asked = target
        values = self.records.get((asked, kind), [])
        if how in ("nxdomain", "nodata"):
            values = []
        answers += [(asked, kind, v) for v in values]
        known = any(n == asked or n.endswith("." + asked)
                    for n, _ in self.records) or asked == "org"
        code = 3 if how == "nxdomain" or (not known and how is None) else 0
        signed = (signed and (asked, kind) not in self.unsigned
                  and not any(asked.endswith(b) for b in self.blind))
        body = b""
        for owner, k, v in answers:
            data = rdata(k, v)
            body += name(owner) + struct.pack(
                ">HHIH", TYPES[k], 1, self.ttl.get((owner, k), 300),
                len(data)) + data
        authority = b""
        if not values:
            soa = name("ns.example") + name("h.example") + struct.pack(
                ">IIIII", 1, 3600, 600, 86400, 60)
            owner = asked.split(".")[-1]
            authority = name(owner) + struct.pack(
                ">HHIH", 6, 1, 60, len(soa)) + soa
        return (self.header(m, code, signed, len(answers),
                            1 if authority else 0)
                + question + body + authority)

    @staticmethod
    def header(m, code, ad, answers, authority):
        flags = 0x8180 | (0x20 if ad else 0) | (m[3] & 0x10) | code
        return m[:2] + struct.pack(">HHHHH", flags, 1, answers, authority, 0)
