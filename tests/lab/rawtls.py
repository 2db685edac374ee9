#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Policy hosts that misbehave: rawtls.py LIST.json (written by world.py).

Each entry listens on its own address, port 443, and treats every connection
according to its kind. `silent` addresses accept no connection: their queue is
kept full, so that the kernel drops new ones. Besides, a name server that
fails, which unbound alone never does.
"""

import gzip
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

LONG_S = 100


def head(body, extra="", length=None, proto="HTTP/1.1"):
    n = len(body) if length is None else length
    return (f"{proto} 200 OK\r\nContent-Type: text/plain\r\n{extra}"
            f"Content-Length: {n}\r\nConnection: close\r\n\r\n").encode()


def finish(tls):
    """close_notify, then close."""
    try:
        tls.unwrap()
    except (OSError, ssl.SSLError):
        pass


def respond(kind, tls, body):
    if kind == "close":  # ended by close_notify, no length
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" +
                    body)
        finish(tls)
    elif kind == "no-notify":  # an attacker may have cut it
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" +
                    body)
    elif kind == "http10":
        tls.sendall(head(body, proto="HTTP/1.0") + body)
        finish(tls)
    elif kind == "truncate":  # length not met, and no close_notify
        tls.sendall(head(body) + body[:-20])
    elif kind == "short":  # length not met, with close_notify
        tls.sendall(head(body) + body[:-20])
        finish(tls)
    elif kind == "gzip":  # though the client asked for identity
        packed = gzip.compress(body)
        tls.sendall(head(packed, "Content-Encoding: gzip\r\n") + packed)
        finish(tls)
    elif kind == "lies":  # two lengths (RFC 9112 6.3)
        tls.sendall(head(body, f"Content-Length: {len(body) - 20}\r\n") + body)
        finish(tls)
    elif kind == "drip":
        for i in range(len(body)):
            tls.sendall(head(body) if i == 0 else body[i:i + 1])
            time.sleep(2)
    elif kind == "slow":
        print("slow: asked", flush=True)
        time.sleep(2)
        tls.sendall(head(body) + body)
        finish(tls)
    else:  # tls11 and so on: these are about the handshake itself
        tls.sendall(head(body) + body)
        finish(tls)


def context(entry):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(entry["pem"], entry["key"])
    only = {"tls11": ssl.TLSVersion.TLSv1_1, "tls12": ssl.TLSVersion.TLSv1_2,
            "tls13": ssl.TLSVersion.TLSv1_3}.get(entry["kind"])
    if only is not None:
        c.minimum_version = c.maximum_version = only
        c.set_ciphers("ALL:@SECLEVEL=0")
    if entry["kind"] == "retry":  # its group's share is missing
        c.minimum_version = ssl.TLSVersion.TLSv1_3
        c.set_ecdh_curve("secp384r1")
    elif entry["kind"] == "asks":
        c.verify_mode = ssl.CERT_OPTIONAL
    elif entry["kind"] == "insists":
        c.verify_mode = ssl.CERT_REQUIRED
    return c


def shake_hands(tls):
    """The client reads an alert only if nothing that it has sent is left
    unread: closing a socket with unread octets resets it."""
    try:
        tls.do_handshake()
    except ssl.SSLError:
        tls.settimeout(2)
        tls.shutdown(socket.SHUT_WR)  # without TLS from here on
        while tls.recv(4096):
            pass
        raise


def treat(entry, conn):
    kind = entry["kind"]
    if kind == "mute":
        time.sleep(LONG_S)
    elif kind == "junk":
        conn.sendall(b"220 this is smtp\r\n")
        conn.recv(4096)
    elif kind == "reset":
        conn.recv(4096)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
    else:
        tls = context(entry).wrap_socket(conn, server_side=True,
                                         suppress_ragged_eofs=True,
                                         do_handshake_on_connect=False)
        shake_hands(tls)
        request = b""
        while b"\r\n\r\n" not in request:
            request += tls.recv(4096)
        respond(kind, tls, entry["policy"].encode())
        tls.close()
    conn.close()


def guard(entry, conn):
    try:
        treat(entry, conn)
    except (OSError, ssl.SSLError) as e:
        print(f"{entry['kind']}: {e}", flush=True)


def serve(entry, listener):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=guard, args=(entry, conn),
                         daemon=True).start()


def fill(address, port=443):
    """A listener whose queue stays full: whoever connects waits."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family)
    s.bind((address, port))
    s.listen(0)
    held = [s]
    for _ in range(4):
        c = socket.socket(family)
        c.setblocking(False)
        c.connect_ex((address, port))
        held.append(c)
    return held


def fail_dns():
    """A name server at 127.0.0.1 port 5353 that answers only SERVFAIL."""
    s = socket.socket(type=socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 5353))
    while True:
        query, peer = s.recvfrom(4096)
        s.sendto(query[:2] + b"\x81\x82" + query[4:], peer)


def main():
    threading.Thread(target=fail_dns, daemon=True).start()
    with open(sys.argv[1]) as f:
        listing = json.load(f)
    held = [fill(a) for a in listing["silent"]]
    for entry in listing["raw"]:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((entry["address"], 443))
        s.listen(64)
        threading.Thread(target=serve, args=(entry, s), daemon=True).start()
    with open(sys.argv[1] + ".up", "w") as f:
        f.write(str(os.getpid()))
    while held:
        time.sleep(LONG_S)


if __name__ == "__main__":
    main()
