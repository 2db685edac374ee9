#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our TLS client among real servers, on loopback:

    servers.py FOLDER UPDATE GET...         this machine's servers
    servers.py --root ROOT UPDATE GET...    those of a Debian in a folder (root)

UPDATE is tests/tls/gnutls_update.c. Each GET is tests/tls/get.c built in
another way: with our own client, with record buffers of 1,024 and 4,421 bytes,
and with BearSSL's engine, by its name. A row is a server, how it is started,
and what must come of it; the engine must agree with ours, unless the row
states otherwise. Servers that are not installed here are named and left out;
those of a folder, where the Makefile put them, must be there.

Each server is played with as much of this as it supports: 1.2 only, 1.3 only,
both, a retry, small records, padding, many tickets, a certificate asked for or
insisted on, KeyUpdate.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time

HOST = "mta-sts.example.com"
OK = "ok"
# What the engine does with a server that speaks only TLS 1.3.
NO_13 = ("tls-version", "tls-alert")
# A server that does not get the certificate it wants ends the session after our
# last flight: which end comes first depends on timing.
REFUSED = ("tls-alert", "tls-truncated", "peer-closed", "closed")

S = "openssl s_server -accept {port} -cert {ec}.pem -key {ec}.key -www -quiet"
RSA = S.replace("{ec}", "{rsa}")
G = ("gnutls-serv -q --http --port {port} --x509certfile {ec}.pem "
     "--x509keyfile {ec}.key --priority ")
NSS = "selfserv -d {nss} -n leaf -p {port} -V "
BSSL = "bssl-tool server -accept {port} -cert {ec}.pem -key {ec}.key -www -loop"

# name, command, what ours does, what the engine does (the same if absent)
ROWS = [
    ("openssl", S, OK),
    ("openssl 1.2", S + " -tls1_2", OK),
    ("openssl 1.3", S + " -tls1_3", OK, NO_13),
    ("openssl 1.1", S + " -tls1_1 -cipher ALL:@SECLEVEL=0",
     ("tls-version", "tls-alert")),
    ("openssl rsa 1.2", RSA + " -tls1_2", OK),
    ("openssl rsa 1.3", RSA + " -tls1_3", OK, NO_13),
    ("openssl rsa 1.2 pss", RSA + " -tls1_2 -sigalgs rsa_pss_rsae_sha512", OK,
     NO_13 + ("tls-protocol",)),
    ("openssl p384 1.3", S.replace("{ec}", "{p384}") + " -tls1_3", OK, NO_13),
    ("openssl p384 1.2", S.replace("{ec}", "{p384}") + " -tls1_2", OK),
    ("openssl p521 1.3", S.replace("{ec}", "{p521}") + " -tls1_3", OK, NO_13),
    ("openssl p521 1.2", S.replace("{ec}", "{p521}") + " -tls1_2", OK),
    ("openssl retry p-256", S + " -tls1_3 -groups P-256", OK, NO_13),
    ("openssl retry p-384", S + " -tls1_3 -groups P-384", OK, NO_13),
    ("openssl retry p-521", S + " -tls1_3 -groups P-521", OK, NO_13),
    ("openssl 1.2 p-384", S + " -tls1_2 -groups P-384", OK),
    ("openssl no group", S + " -tls1_3 -groups X448", "tls-alert", NO_13),
    ("openssl stateless cookie", S + " -tls1_3 -stateless", OK, NO_13),
    ("openssl aes-128", S + " -tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256",
     OK, NO_13),
    ("openssl aes-256", S + " -tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384",
     OK, NO_13),
    ("openssl ccm", S + " -tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256",
     "tls-alert", NO_13),
    ("openssl padding", S + " -tls1_3 -record_padding 4096", OK, NO_13),
    ("openssl small records", S + " -max_send_frag 512", OK),
    ("openssl 30 tickets", S + " -tls1_3 -num_tickets 30", OK, NO_13),
    ("openssl no middlebox", S + " -tls1_3 -no_middlebox", OK, NO_13),
    ("openssl asks 1.3", S + " -tls1_3 -verify 1", OK, NO_13),
    ("openssl asks 1.2", S + " -tls1_2 -verify 1", OK),
    ("openssl insists 1.3", S + " -tls1_3 -Verify 1", REFUSED, NO_13),
    ("openssl insists 1.2", S + " -tls1_2 -Verify 1", REFUSED),
    ("openssl large certificate 1.3", S.replace("{ec}", "{large}") +
     " -tls1_3", OK, NO_13),
    ("openssl large certificate 1.2", S.replace("{ec}", "{large}") +
     " -tls1_2", OK),
    ("openssl h2 only", S + " -alpn h2", ("tls-alpn", OK), OK),
    ("openssl other name", S.replace("{ec}", "{other}"),
     "x509-name-mismatch"),
    ("openssl other root", S.replace("{ec}", "{stranger}"),
     "x509-unknown-issuer"),
    # GnuTLS asks for a certificate unless an option forbids it.
    ("gnutls", G + "NORMAL", OK),
    ("gnutls asks nothing 1.3", G + "NORMAL:-VERS-ALL:+VERS-TLS1.3 -a", OK,
     NO_13),
    ("gnutls asks nothing 1.2", G + "NORMAL:-VERS-ALL:+VERS-TLS1.2 -a", OK),
    ("gnutls small records 1.3", G + "NORMAL:-VERS-ALL:+VERS-TLS1.3 "
     "--recordsize 512", OK, NO_13),
    ("gnutls small records 1.2", G + "NORMAL:-VERS-ALL:+VERS-TLS1.2 "
     "--recordsize 512", OK),
    ("gnutls retry p-256", G + "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:"
     "+GROUP-SECP256R1", OK, NO_13),
    ("gnutls 1.2 p-384", G + "NORMAL:-VERS-ALL:+VERS-TLS1.2:-GROUP-ALL:"
     "+GROUP-SECP384R1", OK),
    ("gnutls 1.2", G + "NORMAL:-VERS-ALL:+VERS-TLS1.2", OK),
    ("gnutls 1.3", G + "NORMAL:-VERS-ALL:+VERS-TLS1.3", OK, NO_13),
    ("gnutls retry", G + "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:"
     "+GROUP-SECP384R1", OK, NO_13),
    ("gnutls insists", G + "NORMAL --require-client-cert",
     REFUSED),
    ("gnutls insists 1.2", G + "NORMAL:-VERS-ALL:+VERS-TLS1.2 "
     "--require-client-cert", REFUSED),
    # NSS's retry has a cookie.
    ("nss retry p-256", NSS + "tls1.3:tls1.3 -I P256", OK, NO_13),
    # In 1.2 it wants the curve of its key among the groups.
    ("nss retry p-384", NSS + "tls1.2:tls1.3 -I P384", OK, NO_13),
    ("nss tickets", NSS + "tls1.2:tls1.3 -u", OK),
    ("nss asks 1.3", NSS + "tls1.3:tls1.3 -r", OK, NO_13),
    ("nss asks 1.2", NSS + "tls1.2:tls1.2 -r", OK),
    ("nss insists 1.3", NSS + "tls1.3:tls1.3 -r -r", REFUSED,
     NO_13),
    ("nss insists 1.2", NSS + "tls1.2:tls1.2 -r -r", REFUSED),
    ("nss", NSS + "tls1.2:tls1.3", OK),
    ("nss 1.2", NSS + "tls1.2:tls1.2", OK),
    ("nss 1.3", NSS + "tls1.3:tls1.3", OK, NO_13),
    ("boringssl", BSSL, OK),
    ("boringssl 1.2", BSSL + " -max-version tls1.2", OK),
    ("boringssl 1.3", BSSL + " -min-version tls1.3", OK, NO_13),
    ("boringssl retry", BSSL + " -curves P-384", OK),
    ("boringssl retry 1.3", BSSL + " -min-version tls1.3 -curves P-256", OK,
     NO_13),
    ("boringssl insists 1.3", BSSL + " -min-version tls1.3 "
     "-require-any-client-cert", REFUSED, NO_13),
    ("boringssl insists 1.2", BSSL + " -max-version tls1.2 "
     "-require-any-client-cert", REFUSED),
    ("nginx", "nginx TLSv1.2 TLSv1.3", OK),
    ("nginx retry", "nginx TLSv1.3; ssl_ecdh_curve secp384r1", OK, NO_13),
    ("nginx small records 1.3", "nginx TLSv1.3; ssl_buffer_size 64", OK,
     NO_13),
    ("nginx small records 1.2", "nginx TLSv1.2; ssl_buffer_size 64", OK),
    ("nginx asks 1.3", "nginx TLSv1.3; ssl_verify_client optional_no_ca", OK,
     NO_13),
    ("nginx asks 1.2", "nginx TLSv1.2; ssl_verify_client optional_no_ca", OK),
    # It answers a missing certificate with status 400.
    ("nginx insists 1.3", "nginx TLSv1.3; ssl_verify_client on;"
     "ssl_client_certificate ca.pem", OK, NO_13),
    ("nginx insists 1.2", "nginx TLSv1.2; ssl_verify_client on;"
     "ssl_client_certificate ca.pem", OK),
    ("nginx 1.1", "nginx TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0",
     ("tls-version", "tls-alert")),
    ("nginx 1.2", "nginx TLSv1.2", OK),
    ("nginx 1.3", "nginx TLSv1.3", OK, NO_13),
    ("caddy", "caddy tls1.2 tls1.3", OK),
    ("caddy 1.2", "caddy tls1.2 tls1.2", OK),
    ("caddy 1.3", "caddy tls1.3 tls1.3", OK, NO_13),
    ("caddy retry", "caddy tls1.3 tls1.3\ncurves secp384r1", OK, NO_13),
    ("caddy 1.2 p-384", "caddy tls1.2 tls1.2\ncurves secp384r1", OK),
    ("caddy asks 1.3", "caddy tls1.3 tls1.3\nclient_auth {\nmode request\n}",
     OK, NO_13),
    ("caddy asks 1.2", "caddy tls1.2 tls1.2\nclient_auth {\nmode request\n}",
     OK),
    ("caddy insists 1.3", "caddy tls1.3 tls1.3\nclient_auth {\n"
     "mode require\n}", REFUSED, NO_13),
    ("caddy insists 1.2", "caddy tls1.2 tls1.2\nclient_auth {\n"
     "mode require\n}", REFUSED),
]


# KeyUpdate: what is typed at a server, and how often the text beside it must
# have been printed or received by then. What the client sends back shows that
# it found the server's new keys; what the server reads of it, that the server
# found the client's. Two requests are answered once, before the next record
# that is sent.
UPDATE = "openssl s_server -accept {port} -cert {ec}.pem -key {ec}.key -msg"
SENT = ">>> TLS 1.3, Handshake [length 0005], KeyUpdate"
CAME = "<<< TLS 1.3, Handshake [length 0005], KeyUpdate"
TALK = [
    ("", {"Host: ": 1}),
    ("k", {SENT: 1}),
    ("one", {"\none\n": 1, CAME: 0}),
    ("K", {SENT: 2}),
    ("K", {SENT: 3}),
    ("two", {"\ntwo\n": 1, CAME: 1}),
    ("three", {"\nthree\n": 1, CAME: 1}),
    ("Q", {}),
]


def run(*args, **kw):
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, **kw)


def make_leaf(folder, name, key, host=HOST, ca="ca", names=0):
    base = f"{folder}/{name}"
    san = [f"DNS:{host}"]
    san += [f"DNS:h{i}.a-long-name-to-fill-room.example.com"
            for i in range(names)]
    with open(f"{base}.ext", "w") as f:
        f.write(f"subjectAltName={','.join(san)}\n"
                "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n")
    run("openssl", "req", "-new", *key, "-nodes", "-keyout", f"{base}.key",
        "-out", f"{base}.csr", "-subj", "/CN=leaf")
    run("openssl", "x509", "-req", "-in", f"{base}.csr", "-CA",
        f"{folder}/{ca}.pem", "-CAkey", f"{folder}/{ca}.key",
        "-CAcreateserial", "-out", f"{base}.pem", "-days", "30", "-extfile",
        f"{base}.ext")


def ec(curve):
    return ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}"]


def make_ca(folder, name):
    run("openssl", "req", "-x509", *ec("prime256v1"), "-nodes", "-keyout",
        f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-subj",
        f"/CN={name}", "-days", "30", "-addext",
        "keyUsage=critical,keyCertSign")


def make_certificates(folder):
    make_ca(folder, "ca")
    make_ca(folder, "unknown")
    make_leaf(folder, "ec", ec("prime256v1"))
    make_leaf(folder, "p384", ec("secp384r1"))
    make_leaf(folder, "p521", ec("secp521r1"))
    make_leaf(folder, "rsa", ["-newkey", "rsa:2048"])
    make_leaf(folder, "large", ec("prime256v1"), names=450)
    make_leaf(folder, "other", ec("prime256v1"), host="www.example.com")
    make_leaf(folder, "stranger", ec("prime256v1"), ca="unknown")
    if shutil.which("selfserv") and shutil.which("certutil"):
        nss = f"{folder}/nss"
        os.mkdir(nss)
        run("certutil", "-N", "-d", nss, "--empty-password")
        run("openssl", "pkcs12", "-export", "-out", f"{nss}/p", "-inkey",
            f"{folder}/ec.key", "-in", f"{folder}/ec.pem", "-name", "leaf",
            "-passout", "pass:")
        run("pk12util", "-i", f"{nss}/p", "-d", nss, "-W", "")


class Place:
    """Where servers run, and the folder for their files: its path for us and
    for them."""

    def __init__(self, folder, root=None):
        self.root = root
        self.seen = "/tmp/tls-servers" if root else os.path.abspath(folder)
        self.folder = root + self.seen if root else self.seen

    def has(self, tool):
        if self.root is None:
            return shutil.which(tool) is not None
        return any(os.path.exists(f"{self.root}/usr/{d}/{tool}")
                   for d in ("bin", "sbin"))


def nginx(place, port, versions):
    folder, conf = place.seen, f"{place.seen}/nginx.conf"
    with open(f"{place.folder}/nginx.conf", "w") as f:
        f.write(f"daemon off; pid {folder}/nginx.pid; error_log /dev/null;\n"
                "events {}\nhttp { access_log off; server {\n"
                f"listen 127.0.0.1:{port} ssl; ssl_protocols {versions};\n"
                f"ssl_certificate {folder}/ec.pem;\n"
                f"ssl_certificate_key {folder}/ec.key;\n"
                "location / { return 200 'hello'; } } }\n")
    return ["nginx", "-c", conf, "-p", folder]


def caddy(place, port, versions):
    folder, conf = place.seen, f"{place.seen}/Caddyfile"
    with open(f"{place.folder}/Caddyfile", "w") as f:
        f.write("{\nadmin off\nauto_https off\n}\n"
                f"https://{HOST}:{port} {{\nbind 127.0.0.1\n"
                f"tls {folder}/ec.pem {folder}/ec.key {{\n"
                f"protocols {versions}\n}}\nrespond \"hello\"\n}}\n")
    return ["caddy", "run", "--config", conf, "--adapter", "caddyfile"]


def command(place, port, text):
    tool, _, rest = text.partition(" ")
    if tool == "nginx":
        return nginx(place, port, rest)
    if tool == "caddy":
        return caddy(place, port, rest)
    names = {n: f"{place.seen}/{n}" for n in
             ("ec", "p384", "p521", "rsa", "large", "other", "stranger",
              "nss")}
    return text.format(port=port, folder=place.seen, **names).split()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(place, text, output=subprocess.DEVNULL):
    port = free_port()
    env = dict(os.environ, HOME=place.seen, XDG_DATA_HOME=place.seen,
               XDG_CONFIG_HOME=place.seen)
    words = ["chroot", place.root] if place.root else []
    p = subprocess.Popen(words + command(place, port, text), env=env,
                         stdin=subprocess.PIPE, stdout=output,
                         stderr=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 10
    while time.monotonic() < until and p.poll() is None:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(0.05)
                return p, port
        time.sleep(0.05)
    stop(p)
    raise SystemExit(f"servers: does not start: {text}")


def stop(p):
    try:
        os.killpg(p.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
    try:
        p.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()


def get(binary, port, folder):
    """The result: "ok", or the reason."""
    try:
        r = subprocess.run([binary, str(port), HOST, f"{folder}/ca.pem"],
                           capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        return "hangs"
    words = r.stdout.split()
    if r.returncode > 1 or len(words) != 4:
        return f"broken: {r.stdout} {r.stderr}"
    return OK if words[0] == "ok" else words[2]


def until(path, counts):
    """Whether the lines of the file have all of that within some seconds."""
    end = time.monotonic() + 10
    while True:
        with open(path, errors="replace") as f:
            text = f.read()
        if all(text.count(what) >= n for what, n in counts.items()):
            return all(text.count(what) == n for what, n in counts.items())
        if time.monotonic() > end:
            return False
        time.sleep(0.02)


def key_updates(binary, place):
    """The first line of TALK that does not come true, or None."""
    path = f"{place.folder}/talk.txt"
    with open(path, "w") as log:
        # The probe of start() is a connection, too.
        server, port = start(place, UPDATE, log)
    client = subprocess.Popen(
        [binary, str(port), HOST, f"{place.folder}/ca.pem", "echo"],
        stdout=subprocess.PIPE, text=True)
    failed = None
    for typed, counts in TALK:
        if typed:
            server.stdin.write(f"{typed}\n".encode())
            server.stdin.flush()
        if not until(path, counts):
            failed = f"{typed}: {counts}"
            break
    stop(server)
    client.kill() if failed else None
    out = client.communicate(timeout=20)[0]
    if failed is None and not out.startswith("ok 14 "):
        failed = out
    return failed


def gnutls_updates(binary, place):
    """What GnuTLS or the client reports as wrong, or None."""
    path = f"{place.folder}/update.txt"
    with open(path, "w") as log:
        server, port = start(
            place, "{folder}/gnutls-update {port} {ec}.pem {ec}.key", log)
    try:
        out = subprocess.run(
            [binary, str(port), HOST, f"{place.folder}/ca.pem", "echo"],
            capture_output=True, text=True, timeout=20).stdout
        server.wait(20)
    except subprocess.TimeoutExpired:
        out = "hangs"
    stop(server)
    with open(path) as f:
        printed = f.read()
    good = printed == "ok\n" and out.startswith("ok 19 closed")
    return None if good else \
        f"server: {printed.strip()}; client: {out.strip()}"


def main():
    if sys.argv[1] == "--root":
        place, (update, *binaries) = Place(None, sys.argv[2]), sys.argv[3:]
    else:
        place, (update, *binaries) = Place(sys.argv[1]), sys.argv[2:]
    folder = place.folder
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    make_certificates(folder)
    shutil.copy(update, f"{folder}/gnutls-update")
    absent, failed, passed = set(), 0, 0
    for name, text, *want in ROWS:
        tool = text.split()[0]
        if not place.has(tool):
            absent.add(tool)
            continue
        server, port = start(place, text)
        for binary in binaries:
            engine = "engine" in os.path.basename(binary)
            wanted = want[-1] if engine else want[0]
            got = get(binary, port, folder)
            good = got == wanted or (isinstance(wanted, tuple) and
                                     got in wanted)
            passed += good
            failed += not good
            if not good:
                print(f"{name}: {os.path.basename(binary)}: {got}, "
                      f"want {wanted}")
        stop(server)
    for tool, updates in (("openssl", key_updates),
                          ("gnutls-serv", gnutls_updates)):
        if not place.has(tool):
            absent.add(tool)
            continue
        for binary in binaries:
            if "engine" in os.path.basename(binary):
                continue
            wrong = updates(binary, place)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong:
                print(f"KeyUpdate, {tool}: {os.path.basename(binary)}: "
                      f"{wrong}")
    for tool in sorted(absent):
        print(f"servers: NOT RUN: {tool} is not installed")
    failed += len(absent) if place.root else 0
    print(f"servers: {passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
