# SPDX-License-Identifier: MIT
"""A policy host with one fault: a certificate of certs.py, or
	closed     does not listen
	plain      speaks no TLS
	hangup     closes instead of a handshake
	404 503 301   such a status
	html gzip cut large   type, coding, end, size of the body
"""
import socket
import ssl
import threading
import time

from smtpd import context

ODD = ("plain", "hangup", "404", "503", "301", "html", "gzip", "cut", "large",
       "apex")


class Server:
    def __init__(self, address, port, kind, certs, policy, delay=0):
        self.kind, self.policy, self.delay = kind, policy, delay
        if kind == "closed":
            return
        self.context = context(certs, "good" if kind in ODD else kind)
        self.context.set_alpn_protocols(["http/1.1"])
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, port))
        self.sock.listen(16)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            conn, _ = self.sock.accept()
            threading.Thread(target=self.one, args=(conn,),
                             daemon=True).start()

    def response(self):
        body, status, more = self.policy.encode("latin-1"), "200 OK", ""
        kind, length = "text/plain", None
        if self.kind in ("404", "503"):
            status = self.kind + " no"
        elif self.kind == "301":
            status, more = "301 there", "Location: https://other.example/\r\n"
        elif self.kind == "html":
            kind = "text/html"
        elif self.kind == "gzip":
            more = "Content-Encoding: gzip\r\n"
        elif self.kind == "cut":
            length = len(body) + 10
        elif self.kind == "large":
            body += b"x: " + b"y" * 70000
        head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s" \
            "Connection: close\r\n\r\n" % (status, kind, length or len(body),
                                           more)
        return head.encode() + body

    def one(self, conn):
        try:
            conn.settimeout(20)
            # As web servers do, lest a reply waits behind session tickets.
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.kind == "plain":
                conn.recv(1000)
                conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            if self.kind == "hangup":
                conn.recv(1000)
                return
            conn = self.context.wrap_socket(conn, server_side=True)
            request = b""
            while b"\r\n\r\n" not in request:
                data = conn.recv(4096)
                if not data:
                    return
                request += data
            time.sleep(self.delay)
            conn.sendall(self.response())
            conn.unwrap()
        except (OSError, ssl.SSLError):
            pass
        finally:
            conn.close()
