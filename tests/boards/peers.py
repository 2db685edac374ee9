# SPDX-License-Identifier: MIT
"""The peers of a board, on the loopback of a namespace: DNS, HTTPS, SNTP.

A name server for .test: any domain of `domains` has a TXT record and an
address; those of routes.tsv have the records of routes.py; others do not
exist. A policy host for them, whose name chooses the certificate and the
answer. A time server with this machine's time.
"""

import os
import socket
import ssl
import struct
import threading
import time

import routes

HOST = "10.0.2.2"  # this loopback as the board sees it
TTL_S = 3600
A, TXT = 1, 16


def mx(domain):
    """A name of 25 octets, where the domain has 15."""
    return f"mx-backup.{domain}"


def policy(domain):
    return (f"version: STSv1\r\nmode: enforce\r\nmx: {mx(domain)}\r\n"
            "max_age: 604800\r\n")


class Counter:
    def __init__(self):
        self.dns = self.https = self.sntp = 0


class Peers:
    def __init__(self, certs, domains):
        """domains: domain below .test -> (certificate, what it answers)"""
        self.certs, self.domains = certs, domains
        self.count = Counter()
        self.mail = routes.zone(certs)
        self.sockets = []
        self.contexts = {}

    # DNS.

    def answer_mail(self, query, question, found):
        rcode, authentic, data = found
        head = query[:2] + struct.pack(
            ">HHHHH", 0x8580 | authentic << 5 | rcode, 1, len(data), 0, 0)
        return head + question + b"".join(
            b"\xc0\x0c" + question[-4:] + struct.pack(">IH", TTL_S, len(d)) + d
            for d in data)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += query[at] + 1
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        question = query[12:at + 5]
        found = self.mail.get((".".join(labels), kind))
        if found:
            return self.answer_mail(query, question, found)
        data = None
        exists = len(labels) == 3 and labels[2] == "test" and \
            labels[1] in self.domains
        if exists and labels[0] == "_mta-sts" and kind == TXT:
            text = b"v=STSv1; id=20261122000000;"
            data = bytes([len(text)]) + text
        elif exists and labels[0] == "mta-sts" and kind == A:
            data = socket.inet_aton(HOST)
        head = query[:2] + struct.pack(">HHHHH", 0x8580 if exists else 0x8583,
                                       1, 1 if data else 0, 0, 0)
        if data is None:
            return head + question
        return head + question + b"\xc0\x0c" + struct.pack(
            ">HHIH", kind, 1, TTL_S, len(data)) + data

    def dns(self, s):
        while True:
            try:
                query, peer = s.recvfrom(4096)
            except OSError:
                return
            if peer is None:  # shut down
                return
            self.count.dns += 1
            s.sendto(self.answer(query), peer)

    # SNTP.

    def sntp(self, s):
        while True:
            try:
                query, peer = s.recvfrom(512)
            except OSError:
                return
            if peer is None:
                return
            self.count.sntp += 1
            now = int(time.time()) + 2208988800
            s.sendto(bytes([0x24, 1, 0, 0]) + bytes(20) + query[40:48] +
                     struct.pack(">IIII", now, 0, now, 0), peer)

    # HTTPS.

    def context(self, name):
        if name not in self.contexts:
            c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            c.load_cert_chain(os.path.join(self.certs, name + ".pem"),
                              os.path.join(self.certs, name + ".key"))
            c.maximum_version = ssl.TLSVersion.TLSv1_2
            if name == "p521":
                c.set_ecdh_curve("secp521r1")
            self.contexts[name] = c
        return self.contexts[name]

    def name_chosen(self, s, name, _):
        s.domain = (name or "").split(".")[1:2]
        cert = self.domains.get("".join(s.domain), ("good", ""))[0]
        s.context = self.context(cert)

    def respond(self, s):
        domain = "".join(s.domain)
        kind = self.domains[domain][1]
        body = policy(domain + ".test")
        length = len(body)
        status = "200 OK"
        if kind == "redirect":
            status = f"301 Moved\r\nLocation: https://mta-sts.good.test/x"
        if kind == "truncated":
            length += 100
        s.sendall((f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n"
                   f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
                   f"{body}").encode())
        if kind != "truncated":
            s.unwrap()

    def client(self, s):
        s.settimeout(120)
        try:
            with self.listening.wrap_socket(s, server_side=True) as t:
                if t.recv(4096):
                    self.respond(t)
        except (OSError, ssl.SSLError):
            s.close()

    def https(self, s):
        while True:
            try:
                client, _ = s.accept()
            except OSError:
                return
            self.count.https += 1
            threading.Thread(target=self.client, args=(client,),
                             daemon=True).start()

    # All.

    def start(self):
        self.listening = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.listening.maximum_version = ssl.TLSVersion.TLSv1_2
        self.listening.sni_callback = self.name_chosen
        self.listening.load_cert_chain(
            os.path.join(self.certs, "good.pem"),
            os.path.join(self.certs, "good.key"))
        for serve, kind, port in ((self.dns, socket.SOCK_DGRAM, 53),
                                  (self.sntp, socket.SOCK_DGRAM, 123),
                                  (self.https, socket.SOCK_STREAM, 443)):
            s = socket.socket(socket.AF_INET, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            if kind == socket.SOCK_STREAM:
                s.listen(16)
            self.sockets.append(s)
            threading.Thread(target=serve, args=(s,), daemon=True).start()

    def stop(self):
        for s in self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()
        self.sockets = []
