# SPDX-License-Identifier: MIT
"""A mail server with one fault, which is a line of KINDS or a certificate of
certs.py. It notes every command that comes."""
import socket
import ssl
import threading
import time

# kind: how it differs from a good server
KINDS = {
    "teaser": "greets in two lines, with a pause between them",
    "lf": "ends lines by LF alone",
    "drip": "sends octet by octet",
    "lower": "says starttls, with a blank behind it",
    "late": "offers STARTTLS behind 3 KB of other extensions",
    "plain": "does not offer STARTTLS",
    "masked": "a firewall has written over STARTTLS",
    "helo": "knows no EHLO",
    "ehlo4": "refuses EHLO for now",
    "454": "TLS is not available now",
    "502": "refuses STARTTLS",
    "421": "greets with 421",
    "554": "greets with 554",
    "inject": "sends a line behind 220 to STARTTLS",
    "nul": "has a NUL in its greeting",
    "codes": "has two codes in a reply",
    "large": "has a line of 2 KB",
    "hangup": "closes without a word",
    "http": "is a web server",
    "junk": "does not begin TLS after 220",
    "tlshangup": "closes after 220 to STARTTLS",
    "stars": "a firewall has written over greeting and keywords",
    "endless": "has no end of its reply to EHLO",
    "endlessgreeting": "has no end of its greeting",
    "silent": "says nothing at all",
    "first": "speaks TLS before anything else",
    "tls11": "TLS 1.1 at most",
    "tls12": "TLS 1.2 at most",
    "tls13": "TLS 1.3 only",
    "static": "RSA key exchange only",
    "ec": "has an ECDSA certificate only",
    "apex": "good, with a certificate for the domain itself",
    "ehlotls": "refuses EHLO within TLS",
    "closed": "does not listen",
}


def context(certs, kind):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names = {"rsaexpired": ("good", "rsaexpired"), "ec": ("good",),
             "static": ("rsagood",), "tls11": ("rsagood",)}.get(kind)
    if names is None:
        names = (kind,) if kind not in KINDS else ("good", "rsagood")
    if kind in ("good",):
        names = ("good", "rsagood")
    if kind in ("tls11", "static"):
        c.set_ciphers("ALL:@SECLEVEL=0" if kind == "tls11"
                      else "AES128-SHA:AES256-SHA:@SECLEVEL=0")
        c.minimum_version = (ssl.TLSVersion.TLSv1 if kind == "tls11"
                             else ssl.TLSVersion.TLSv1_2)
        c.maximum_version = (ssl.TLSVersion.TLSv1_1 if kind == "tls11"
                             else ssl.TLSVersion.TLSv1_2)
    if kind == "tls12":
        c.maximum_version = ssl.TLSVersion.TLSv1_2
    if kind == "tls13":
        c.minimum_version = ssl.TLSVersion.TLSv1_3
    if kind == "weak":
        c.set_ciphers("DEFAULT:@SECLEVEL=0")
    for name in names:
        c.load_cert_chain(certs.path(name + ".pem"), certs.key_of(name))
    return c


class Session:
    def __init__(self, server, conn):
        self.server, self.kind, self.conn = server, server.kind, conn
        self.tls = False

    def reply(self, *lines):
        code = lines[0][:3]
        text = ""
        for i, line in enumerate(lines):
            body = line if i == 0 else code + " " + line
            sep = "-" if i + 1 < len(lines) else " "
            text += body[:3] + sep + body[4:] + self.end()
        self.send(text.encode())

    def end(self):
        return "\n" if self.kind == "lf" else "\r\n"

    def send(self, data):
        time.sleep(self.server.delay)
        if self.kind == "drip":
            for b in data:
                self.conn.sendall(bytes([b]))
        else:
            self.conn.sendall(data)

    def flood(self, line):
        """Sends lines as long as somebody reads them."""
        while True:
            self.conn.sendall(line * 64)

    def greet(self):
        if self.kind == "endlessgreeting":
            self.flood(b"220-mx.example wait\r\n")
        if self.kind == "silent":
            self.conn.recv(1)
            return False
        if self.kind == "first":
            self.conn = self.server.context.wrap_socket(self.conn,
                                                        server_side=True)
            self.tls = True
        if self.kind == "teaser":
            self.send(b"220-mx.example wait\r\n")
            time.sleep(0.3)
            self.send(b"220 mx.example ESMTP\r\n")
        elif self.kind in ("421", "554"):
            self.reply(self.kind + " \x1b[31mgo away\x1b[0m")
            return False
        elif self.kind == "stars":
            self.reply("220 ********************************")
        elif self.kind == "nul":
            self.send(b"220 mx\0.example\r\n")
        elif self.kind == "http":
            self.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        elif self.kind == "hangup":
            return False
        else:
            self.reply("220 mx.example ESMTP")
        return True

    def ehlo(self):
        if self.kind == "endless":
            self.flood(b"250-XTHIS-IS-ENDLESS \x1b[31m\r\n")
        offers = ["250 mx.example", "PIPELINING"]
        starttls = {"lower": "starttls ", "masked": "XXXXXXXA"}.get(
            self.kind, "STARTTLS")
        if self.kind == "late":
            offers += ["X-EXTENSION-%d %s" % (i, "x" * 60)
                       for i in range(40)]
        if self.kind == "codes":
            self.send(b"250-mx.example\r\n220 STARTTLS\r\n")
            return
        if self.kind == "large":
            offers.append("X" * 2048)
        if self.kind not in ("plain", "stars") and not self.tls:
            offers.append(starttls)
        self.reply(*offers)

    def starttls(self):
        if self.kind in ("454", "502"):
            self.reply(self.kind + " no")
            return True
        if self.kind == "inject":
            self.send(b"220 go on\r\n250 injected\r\n")
        else:
            self.reply("220 go on")
        if self.kind == "junk":
            self.conn.recv(4096)
            self.send(b"500 what?\r\n" * 4)
            return False
        if self.kind == "tlshangup":
            # Octets left unread would turn the close into a reset.
            self.conn.recv(4096)
            return False
        self.conn = self.server.context.wrap_socket(self.conn,
                                                    server_side=True)
        self.tls = True
        return True

    def command(self, verb):
        if verb == "EHLO" and (self.kind == "helo"
                               or (self.kind == "ehlotls" and self.tls)):
            self.reply("502 no")
        elif verb == "EHLO" and self.kind == "ehlo4":
            self.reply("451 later")
        elif verb == "HELO" and self.kind == "ehlotls" and self.tls:
            self.reply("502 no")
        elif verb == "EHLO":
            self.ehlo()
        elif verb == "HELO":
            self.reply("250 mx.example")
        elif verb == "STARTTLS":
            return self.starttls()
        elif verb == "QUIT":
            self.reply("221 bye")
            return False
        else:
            self.reply("500 what?")
        return True

    def serve(self):
        rest = b""
        more = self.greet()
        while more:
            data = self.conn.recv(4096)
            if not data:
                break
            rest += data
            while b"\n" in rest and more:
                line, _, rest = rest.partition(b"\n")
                verb = line.decode("latin-1").split()[0].upper() \
                    if line.split() else ""
                self.server.verbs.add(verb)
                more = self.command(verb)


class Server:
    def __init__(self, address, port, kind, certs, delay=0):
        self.kind, self.verbs, self.delay = kind, set(), delay
        self.address, self.port = address, port
        if kind == "closed":
            return
        self.context = context(certs, kind)
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, port))
        self.sock.listen(16)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(conn,),
                             daemon=True).start()

    def one(self, conn):
        session = Session(self, conn)
        try:
            conn.settimeout(20)
            session.serve()
        except (OSError, ssl.SSLError, IndexError):
            pass
        finally:
            try:
                session.conn.close()
            except OSError:
                pass
