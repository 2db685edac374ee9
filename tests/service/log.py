# SPDX-License-Identifier: MIT
"""log.py MTASTS: standard error, also closed, standard error to systemd's journal,
and the system log: missing, appearing, restarted. Needs root, for a /dev of its
own."""
import os
import re
import signal
import socket
import stat
import subprocess
import sys

import agent

LISTEN = "listen inet:127.0.0.1:0"
EVENT = "reload: done"


def as_namespace():
    if os.geteuid() != 0:
        agent.not_run("log: needs root")
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        agent.not_run("log: needs a mount namespace")
    os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv,
                          "inside"])


def empty_dev(folder):
    """A /dev without a system log."""
    dev = folder + "/dev"
    os.mkdir(dev)
    agent.run("mount", "-t", "tmpfs", "tmpfs", dev)
    for name in ("null", "urandom"):
        with open(dev + "/" + name, "w"):
            pass
        agent.run("mount", "--bind", "/dev/" + name, dev + "/" + name)
    agent.run("mount", "--rbind", dev, "/dev")
    if stat.S_ISSOCK(os.stat("/var/run/log").st_mode
                     if os.path.exists("/var/run/log") else 0):
        agent.not_run("log: this system has a /var/run/log")


class Syslog:
    """The system log's daemon."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("/dev/log")
        self.sock.settimeout(agent.PATIENCE)

    def hears(self, text):
        while True:
            line = self.sock.recv(4096).decode()
            if text in line:
                return line

    def end(self):
        self.sock.close()
        os.unlink("/dev/log")


def reload(daemon):
    daemon.kill(signal.SIGHUP)


def standard_error(binary, options):
    daemon = agent.Agent([binary], options).ready()
    line = daemon.log().splitlines()[0]
    agent.check(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line), line)
    daemon.stop()


def journal(binary, options):
    """JOURNAL_STREAM names our standard error: lines have levels and no
    time."""
    r, w = os.pipe()
    st = os.fstat(w)
    env = {"JOURNAL_STREAM": "%d:%d" % (st.st_dev, st.st_ino)}
    daemon = agent.Agent([binary], options, env=env, stderr=w)
    os.close(w)
    text = b""
    while b"mtasts query" not in text:
        text += os.read(r, 65536)
    daemon.kill()
    agent.check(daemon.wait() == 0, "ended")
    for line in text.decode().splitlines():
        agent.check(re.match(r"<[3467]>(?!\d{4}-)", line), line)


def system_log(binary, options):
    options = options + ["log syslog"]
    daemon = agent.Agent([binary], options).ready()  # logs to stderr
    syslog = Syslog()
    reload(daemon)
    line = syslog.hears(EVENT)
    agent.check(line.startswith("<22>mtasts[%d]: reload" % daemon.pid), line)
    length = len(daemon.log())
    syslog.end()
    reload(daemon)
    agent.until(lambda: EVENT in daemon.log()[length:], "not logged")
    syslog = Syslog()  # restarted: a new socket of the same name
    length = len(daemon.log())
    reload(daemon)
    syslog.hears(EVENT)
    daemon.kill()
    syslog.hears("stopped")
    agent.check(daemon.wait() == 0, "ended")
    agent.check(len(daemon.log()) == length, "logged twice:\n" + daemon.log())
    # The reason for not starting is logged in both places.
    daemon = agent.Agent([binary], options + ["listen inet:192.0.2.1:1"])
    line = syslog.hears("cannot start: listen inet:192.0.2.1:1")
    agent.check(line.startswith("<19>"), line)
    agent.check(daemon.wait() == 70, "exit code")
    agent.check("cannot start: listen" in daemon.log(), daemon.log())
    syslog.end()


def closed(binary, options, folder):
    """With its standard descriptors closed nothing that is opened gets their
    numbers, and so its log; where that cannot be prevented it does not start."""
    command = ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", binary]
    at = folder + "/socket"
    options = options + ["listen unix:" + at]
    daemon = agent.Agent(command, options)
    agent.until(lambda: os.path.exists(at) and agent.Postfix(at).ask(".x"),
                "does not serve")
    links = [os.readlink("/proc/%d/fd/%d" % (daemon.pid, n))
             for n in range(3)]
    agent.check(links == ["/dev/null"] * 3, links)
    daemon.stop()
    for name in ("/dev/null", folder + "/dev/null"):
        agent.run("umount", name)
    os.unlink("/dev/null")
    daemon = agent.Agent(command, options)
    agent.check(daemon.wait() == 70, "started without /dev/null")


def main():
    binary = os.path.abspath(sys.argv[1])
    if len(sys.argv) < 3:
        as_namespace()
    dns = agent.NameServer()
    options = [dns.line, "journal off", LISTEN]
    with agent.Folder() as folder:
        empty_dev(folder)
        standard_error(binary, options)
        journal(binary, options)
        system_log(binary, options)
        closed(binary, options, folder)
        agent.run("umount", "-l", "/dev")
        agent.run("umount", "-l", folder + "/dev")
    print("log: standard error, also closed, journal, system log missing and restarted")


main()
