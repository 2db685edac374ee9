# SPDX-License-Identifier: MIT
"""The daemon under test, and the ways to ask it."""

import json
import signal
import socket
import subprocess
import sys
import threading

from base import read, wait_for, write

PORT = 8461
DEADLINE_S = 6  # answer_within of the daemon in the lab

# The part of a supervisor: DESCRIPTORS PROGRAM ARGUMENTS...; the descriptors
# become those from 3 on.
HAND_OVER = """
import os, sys
fds = [int(fd) for fd in sys.argv[1].split(",")]
high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
os.environ["LISTEN_FDS"] = str(len(fds))
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


def netstring(text):
    data = text.encode()
    return b"%d:%s," % (len(data), data)


def read_reply(stream):
    head = b""
    while not head.endswith(b":"):
        c = stream.recv(1)
        if not c:
            return None
        head += c
    data = b""
    while len(data) < int(head[:-1]) + 1:
        piece = stream.recv(int(head[:-1]) + 1 - len(data))
        if not piece:
            return None
        data += piece
    return data[:-1].decode()


def connect():
    return socket.create_connection(("127.0.0.1", PORT), timeout=60)


def ask(key, name="postfix"):
    with connect() as s:
        s.sendall(netstring(f"{name} {key}"))
        return read_reply(s)


def answers():
    """Whether the daemon is up. Its sockets exist before it is."""
    try:
        return ask(".x") == "NOTFOUND "
    except OSError:
        return False


class Daemon:
    def __init__(self, lab, program, lines="", level="debug"):
        """lines: added to the configuration that every lab needs."""
        self.lab, self.program, self.lines = lab, program, lines
        self.level = level
        self.process, self.handed = None, []
        write(lab.path("postfix/main.cf"), "compatibility_level = 3.6\n"
              f"queue_directory = {lab.folder}\n"
              f"data_directory = {lab.folder}\n")
        self.conf()

    def conf(self, more=""):
        write(self.lab.path("mtasts.conf"), f"""\
listen inet:127.0.0.1:{PORT}
nameserver 127.0.0.1 port=53
memory 8M
clients 512
answer_within {DEADLINE_S}s
journal {self.lab.path("journal")}
control unix:{self.lab.path("control")}
log stderr
log_level {self.level}
{self.lines}{more}""")

    def hand_over(self, *sockets):
        """From now on these listening sockets outlive the daemon."""
        self.handed = sockets

    def serve(self):
        argv = [self.program, "serve", "-c", self.lab.path("mtasts.conf")]
        fds = [s.fileno() for s in self.handed]
        if fds:
            argv = [sys.executable, "-c", HAND_OVER,
                    ",".join(map(str, fds))] + argv
        self.process = self.lab.start(*argv, log="mtasts.log", pass_fds=fds)
        wait_for("mtasts", answers)

    def stop(self, how=signal.SIGTERM):
        return self.lab.stop(self.process, how)

    def reload(self):
        """Sends SIGHUP and waits until the reload is done: fetches that began
        with the settings before end first, which may take a minute."""
        log, done = self.lab.path("mtasts.log"), "reload: done"
        before = read(log).count(done)
        self.process.send_signal(signal.SIGHUP)
        wait_for("a reload", lambda: read(log).count(done) > before, 150)

    def saved(self):
        """Whether everything is written to the journal."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.lab.path("metrics"))
            s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            text = b"".join(iter(lambda: s.recv(65536), b""))
        return b"\nmtasts_journal_unsaved_policies 0\n" in \
            text.replace(b"\r", b"")

    def postmap(self, key, name="postfix", at=f"inet:127.0.0.1:{PORT}"):
        """What postmap prints; NOTFOUND, or TEMP for any error."""
        p = subprocess.run(
            ["postmap", "-c", self.lab.path("postfix"), "-q", key,
             f"socketmap:{at}:{name}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=120)
        if p.returncode == 0:
            return p.stdout.rstrip("\n")
        return "NOTFOUND" if not p.stderr else "TEMP"

    def query(self, key, *options):
        """What `mtasts query` prints for a key; --fresh: without the running
        daemon."""
        p = subprocess.run(
            [self.program, "query", "-c", self.lab.path("mtasts.conf"),
             "--json", *options, key],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=120)
        try:
            return json.loads(p.stdout)
        except json.JSONDecodeError:
            return {"why": f"no JSON: {p.stdout!r} {p.stderr!r}"}

    def forget(self, domain):
        """Forgets whatever is held of the domain, as if its time were over."""
        subprocess.run([self.program, "cache", "forget", "-c",
                        self.lab.path("mtasts.conf"), domain], check=False,
                       stdout=subprocess.DEVNULL, timeout=60)


class Other:
    """An agent that answers every question with these octets."""

    PORT = 8642

    def __init__(self, octets):
        self.octets = octets.encode()
        self.asked = 0
        self.socket = socket.create_server(("127.0.0.1", self.PORT))
        threading.Thread(target=self.serve, daemon=True).start()

    def client(self, conn):
        while read_reply(conn) is not None:
            self.asked += 1
            conn.sendall(b"%d:%s," % (len(self.octets), self.octets))
        conn.close()

    def serve(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.client, args=(conn,),
                             daemon=True).start()

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
