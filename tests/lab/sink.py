#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mail servers that accept everything: sink.py LIST.json (written by mail.py).

Each entry listens on its own address, port 25, with a certificate of its own
and treats clients according to its kind:

    good, wrong, untrusted, expired   STARTTLS with such a certificate
    sni       a good one if the client names the host in the handshake, else untrusted
    self      STARTTLS with a certificate that it has signed itself
    breaks    the handshake ends in the middle
    plain     no STARTTLS offered
    refuses   STARTTLS offered, and refused
    silent    accepts no connection: they time out

Each event is appended to the journal, a line of JSON: a connection, a
handshake, a mail.
"""

import json
import os
import selectors
import socket
import ssl
import sys
import threading

from rawtls import fill

LONG_S = 100


class Journal:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.lock = threading.Lock()

    def tell(self, entry, event, **what):
        line = json.dumps({"mx": entry["name"], "event": event, **what})
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()


class Session:
    def __init__(self, entry, conn, journal):
        self.entry, self.conn, self.journal = entry, conn, journal
        self.lines, self.tls, self.sni = conn.makefile("rb"), None, None

    def reply(self, text):
        self.conn.sendall(text.encode() + b"\r\n")

    def context(self):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(self.entry["pem"], self.entry["key"])

        def named(connection, name, _):
            self.sni = name
            if name == self.entry["name"] and self.entry["kind"] == "sni":
                good = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                good.load_cert_chain(self.entry["good"], self.entry["key"])
                connection.context = good

        c.sni_callback = named
        return c

    def starttls(self):
        if self.entry["kind"] == "refuses":
            self.reply("454 4.7.0 not now")
            return
        self.reply("220 go on")
        if self.entry["kind"] == "breaks":
            self.conn.recv(4096)
            self.conn.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
            return
        self.lines.close()
        self.conn = self.context().wrap_socket(self.conn, server_side=True)
        self.lines, self.tls = self.conn.makefile("rb"), self.conn.version()
        self.journal.tell(self.entry, "handshake", sni=self.sni)

    def data(self, recipients):
        self.reply("354 go on")
        text = b""
        while (line := self.lines.readline()) not in (b".\r\n", b""):
            text += line[1:] if line.startswith(b"..") else line
        for recipient in recipients:
            kept = {"text": text.decode("latin-1")} \
                if recipient.startswith("keep") else {}
            self.journal.tell(self.entry, "mail", to=recipient, tls=self.tls,
                              sni=self.sni, **kept)
        self.reply("250 2.0.0 taken")

    def ehlo(self):
        offers = ["sink.test", "ENHANCEDSTATUSCODES"]
        if self.entry["kind"] != "plain" and not self.tls:
            offers.append("STARTTLS")
        for i, offer in enumerate(offers):
            self.reply(("250 " if i == len(offers) - 1 else "250-") + offer)

    def run(self):
        self.journal.tell(self.entry, "connection")
        self.reply("220 sink.test ESMTP")
        recipients = []
        while True:
            line = self.lines.readline().decode(errors="replace").strip()
            word = line.upper().split(":")[0].split(" ")[0]
            if word == "EHLO":
                self.ehlo()
            elif word == "STARTTLS":
                self.starttls()
            elif word == "DATA":
                self.data(recipients)
                recipients = []
            elif word in ("", "QUIT"):
                if line:
                    self.reply("221 2.0.0 bye")
                return
            else:
                if word == "RCPT":
                    recipients.append(line.split("<")[1].split(">")[0])
                self.reply("250 2.0.0 ok")


def treat(entry, conn, journal):
    conn.settimeout(LONG_S)
    session = Session(entry, conn, journal)
    try:
        session.run()
    except (OSError, ssl.SSLError) as e:
        print(f"{entry['name']}: {e}", flush=True)
    finally:
        session.lines.close()
        session.conn.close()


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        listing = json.load(f)
    journal = Journal(listing["journal"])
    waiting, held = selectors.DefaultSelector(), []
    for entry in listing["sinks"]:
        if entry["kind"] == "silent":
            held.append(fill(entry["address"], 25))
            continue
        s = socket.create_server((entry["address"], 25), backlog=128)
        waiting.register(s, selectors.EVENT_READ, entry)
    with open(sys.argv[1] + ".up", "w", encoding="ascii") as f:
        f.write(str(os.getpid()))
    while held is not None:
        for key, _ in waiting.select():
            conn, _ = key.fileobj.accept()
            threading.Thread(target=treat, args=(key.data, conn, journal),
                             daemon=True).start()


if __name__ == "__main__":
    main()
