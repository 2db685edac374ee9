# SPDX-License-Identifier: MIT
"""What the tests of the service share: a daemon, a name server, a client."""
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE = 60  # seconds before something counts as missing
NOT_RUN = 77


def fail(text):
    sys.exit("FAILED: " + text)


def check(ok, text):
    if not ok:
        fail(text)


def not_run(why):
    print("NOT RUN: " + why, file=sys.stderr)
    sys.exit(NOT_RUN)


def until(done, what):
    """Waits until done() is true. Returns its value."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = done()
        if value:
            return value
        time.sleep(0.005)
    fail(what)


class Folder:
    """A temporary folder, removed when the test ends."""

    def __init__(self, mode=0o700):
        self.path = tempfile.mkdtemp(prefix="mtasts-service-")
        os.chmod(self.path, mode)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class NameServer(threading.Thread):
    """Answers NXDOMAIN, or nothing while `mute`; counts questions."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.line = "nameserver 127.0.0.1 port=%d" % self.sock.getsockname()[1]
        self.mute = False
        self.asked = 0
        self.start()

    def reply(self, m):
        end = 12
        while m[end]:
            end += m[end] + 1
        return m[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + m[12:end + 5]

    def run(self):
        while True:
            m, peer = self.sock.recvfrom(512)
            self.asked += 1
            if not self.mute:
                self.sock.sendto(self.reply(m), peer)


class Agent:
    """The daemon: `command`, serve, -o `options`, and without a control socket
    unless they name one. Listeners in `fds` are handed over as by a
    supervisor, which is notified at `notify`."""

    def __init__(self, command, options, fds=(), notify=None, env=None,
                 stderr=None, conf=None):
        self.log_file = tempfile.TemporaryFile()
        argv = ["/bin/sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh"]
        argv += command + ["serve"] + (["-c", conf] if conf else [])
        if not conf and not any(o.startswith("control ") for o in options):
            argv += ["-o", "control off"]
        for option in options:
            argv += ["-o", option]
        environ = {"PATH": os.environ["PATH"], "LISTEN_FDS": str(len(fds))}
        if notify:
            environ["NOTIFY_SOCKET"] = notify
        environ.update(env or {})
        actions = [(os.POSIX_SPAWN_DUP2,
                    stderr if stderr is not None else self.log_file.fileno(),
                    n) for n in (1, 2)]
        actions += [(os.POSIX_SPAWN_DUP2, f, 3 + i)
                    for i, f in enumerate(fds)]
        self.pid = os.posix_spawn(argv[0], argv, environ,
                                  file_actions=actions)
        self.ended = None

    def log(self):
        return os.pread(self.log_file.fileno(), 1 << 20, 0).decode()

    def running(self):
        if self.ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.ended = os.waitstatus_to_exitcode(status)
        return self.ended is None

    def logged(self, text, after=""):
        """Wait until the log has the text, after another one."""
        def look():
            at = self.log().find(after)
            if at >= 0 and text in self.log()[at + len(after):]:
                return True
            if not self.running():
                fail("ended with %s before it logged %r:\n%s"
                     % (self.ended, text, self.log()))
            return False
        until(look, "not logged: %r in\n%s" % (text, self.log()))

    def ready(self):
        self.logged("or:  mtasts query")
        return self

    def kill(self, number=signal.SIGTERM):
        os.kill(self.pid, number)

    def wait(self):
        until(lambda: not self.running(), "does not end:\n" + self.log())
        return self.ended

    def stop(self):
        self.kill()
        code = self.wait()
        check(code == 0, "ended with %d:\n%s" % (code, self.log()))


class Lost(Exception):
    """A question whose mail a mail server would have deferred."""


class Postfix:
    """A socketmap client by the rules of smtp(8): it keeps one connection, and
    replaces a dead one once. A clean end sets no errno, and ETIMEDOUT left
    over from earlier work forbids the second try: this worst case is assumed
    while `stale`."""

    def __init__(self, address, name="postfix"):
        self.address, self.name = address, name
        self.stale = True
        self.sock, self.rest = None, b""
        self.retries = 0

    def connect(self):
        family = (socket.AF_UNIX if isinstance(self.address, str)
                  else socket.AF_INET)
        self.sock, self.rest = socket.socket(family, socket.SOCK_STREAM), b""
        self.sock.settimeout(100)
        self.sock.connect(self.address)

    def more(self):
        data = self.sock.recv(65536)
        if not data and self.stale:
            raise Lost("closed without a word")
        if not data:
            raise ConnectionResetError("closed")
        self.rest += data

    def exchange(self, key):
        request = ("%s %s" % (self.name, key)).encode()
        if self.sock is None:
            self.connect()
        self.sock.sendall(b"%d:%s," % (len(request), request))
        while b":" not in self.rest:
            self.more()
        length, _, rest = self.rest.partition(b":")
        while len(rest) <= int(length):
            self.more()
            rest = self.rest.partition(b":")[2]
        check(rest[int(length):int(length) + 1] == b",", "no netstring")
        self.rest = rest[int(length) + 1:]
        return rest[:int(length)].decode()

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock = None

    def ask(self, key):
        for attempt in (0, 1):
            try:
                return self.exchange(key)
            except (ConnectionResetError, BrokenPipeError) as e:
                self.close()
                if attempt:
                    raise Lost("%s: %s twice" % (key, e)) from e
                self.retries += 1
            except OSError as e:
                name = errno.errorcode.get(e.errno or 0, str(e))
                raise Lost("%s: %s" % (key, name)) from e


def listener(path=None):
    """A listening socket, as a supervisor would hold it, and its address."""
    if path is None:
        s = socket.create_server(("127.0.0.1", 0), backlog=4096)
        return s, s.getsockname()
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(path)
    s.listen(4096)
    return s, path


def run(*command):
    """Runs a command, which must succeed. Returns its output."""
    r = subprocess.run(command, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, check=False)
    check(r.returncode == 0, "%s: exit code %d\n%s"
          % (" ".join(command), r.returncode, r.stdout))
    return r.stdout
