# SPDX-License-Identifier: MIT
"""sandbox.py MTASTS: compares what the daemon asks of the system from start to
end, with reload, fetch and journal, with what its systemd unit allows: system
calls, address families, memory both writable and executable, files written;
and whether it sees there which user sent a TLS report."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

import agent

UNIT = "boards/posix/service/mtasts.service"
POSTFIX = 12321  # its user


def unit():
    """The settings of [Service]; each is a list."""
    settings = {}
    with open(UNIT) as f:
        for line in f:
            name, sign, value = line.strip().partition("=")
            if sign and not name.startswith("#"):
                settings.setdefault(name, []).append(value)
    return settings


def groups():
    """What the names @... of system call filters stand for."""
    members, name = {}, None
    text = agent.run("systemd-analyze", "syscall-filter", "--no-pager")
    for line in text.splitlines():
        line = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if line.startswith("@"):
            name = line.strip()
            members[name] = []
        elif name and line.startswith(" ") and not line.strip()[0] == "#":
            members[name].append(line.strip())
    agent.check("@system-service" in members, "no @system-service: " + text)
    return members


def expand(words, members):
    calls = set()
    for w in words:
        calls |= expand(members[w], members) if w in members else {w}
    return calls


def allowed(settings):
    members, calls = groups(), None
    for value in settings["SystemCallFilter"]:
        words = expand(value.lstrip("~").split(), members)
        calls = (calls or set()) - words if value[0] == "~" \
            else (calls or set()) | words
    # systemd always adds it, so that a filtered process can start.
    return calls | expand(["@default"], members) | {"execve"}


class PolicyHost(threading.Thread):
    """Accepts connections and closes them at once, so that fetches fail."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.came = 0
        self.start()

    def run(self):
        while True:
            peer, _ = self.sock.accept()
            self.came += 1
            peer.close()


class Publisher(agent.NameServer):
    """Every domain has a policy, on 127.0.0.1."""

    def reply(self, m):
        end = 12
        while m[end]:
            end += m[end] + 1
        kind = m[end + 2]
        data = {16: b"\x10v=STSv1; id=one;", 1: b"\x7f\0\0\1"}.get(kind)
        head = m[:2] + b"\x81\x80\0\1" + bytes((0, bool(data), 0, 0, 0, 0))
        answer = (b"\xc0\x0c" + m[end + 1:end + 5] + b"\0\0\0\x3c\0"
                  + bytes((len(data),)) + data) if data else b""
        return head + m[12:end + 5] + answer


def trace(binary, folder):
    """Runs the daemon under strace, as a service. Returns the trace."""
    out = folder + "/trace"
    dns, host = Publisher(), PolicyHost()
    tcp, address = agent.listener()
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(folder + "/notify")
    os.mkdir(folder + "/state")
    os.mkdir(folder + "/run")
    daemon = agent.Agent(
        ["strace", "-f", "-qq", "-y", "-o", out,
         # The descriptors are for the process that strace starts.
         "/bin/sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh", binary],
        [dns.line, "journal %s/state/journal" % folder,
         "listen unix:%s/run/socket" % folder, "fetch_allow 127.0.0.0/8",
         "metrics unix:%s/run/metrics" % folder,
         "control unix:%s/run/control" % folder,
         "policy_port %d" % host.port],
        (tcp.fileno(),), folder + "/notify",
        {"WATCHDOG_USEC": "100000"}).ready()
    client = agent.Postfix(address)
    agent.check(client.ask("example.com") == "NOTFOUND ", "an answer")
    agent.check(host.came > 0, "nothing was fetched:\n" + daemon.log())
    agent.check(agent.Postfix(folder + "/run/socket").ask(".x") ==
                "NOTFOUND ", "an answer")
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(folder + "/run/metrics")
        s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        agent.check(b" 200 " in s.recv(4096), "no metrics")
    control = "control unix:%s/run/control" % folder
    held = agent.run(binary, "cache", "-o", control, "list")
    agent.check("example.com" in held, held)
    subprocess.run([binary, "cache", "-o", control, "refresh", "example.com"],
                   check=False, stdout=subprocess.DEVNULL)
    pid = int(subprocess.check_output(
        ["pgrep", "-o", "-f", "-P", str(daemon.pid), binary + " serve"]))
    os.kill(pid, signal.SIGHUP)
    daemon.logged("reload: done")
    notify.settimeout(agent.PATIENCE)
    heard = [notify.recv(64)]
    while heard[-1] != b"WATCHDOG=1":
        heard.append(notify.recv(64))
    os.kill(pid, signal.SIGTERM)
    agent.check(daemon.wait() == 0, daemon.log())
    with open(out) as f:
        return f.read()


def after_exec(text, binary):
    """The lines from the daemon's execve on."""
    at = text.find('execve("%s"' % binary)
    agent.check(at >= 0, "no execve of the daemon")
    return [line.split(maxsplit=1)[1]
            for line in text[at:].splitlines()[1:] if " " in line]


def reported(binary, settings):
    """Whether the agent, run as by its unit, sees that reports are Postfix's: its
    user is named in a file that the daemon alone has in the place of /etc/passwd."""
    if os.getuid() != 0:
        return "not run without root"
    hidden = settings.get("PrivateUsers", ["no"])[-1] == "yes"
    with agent.Folder(0o755) as folder:
        names, place = agent.NameServer(), folder + "/tlsrpt"
        users = folder + "/passwd"
        with open("/etc/passwd", encoding="utf-8") as f:
            others = [x for x in f if not x.startswith("postfix:")]
        with open(users, "w", encoding="utf-8") as f:
            f.writelines(others + ["postfix:x:%d:%d::/:/\n" % (POSTFIX, POSTFIX)])
        daemon = agent.Agent(
            ["unshare", "--mount", "sh", "-c",
             'mount --bind "$0" /etc/passwd && exec "$@"', users] +
            (["unshare", "--user", "--map-root-user"] if hidden else []) + [binary],
            [names.line, "journal off", "listen unix:%s/ask" % folder,
             "contact tls@gateway.example", "report_relay off",
             "tlsrpt unix:%s mode=0666" % place]).ready()
        pid = os.fork()
        if pid == 0:
            os.setuid(POSTFIX)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                s.sendto(b"no report", place)
            os._exit(0)
        os.waitpid(pid, 0)
        daemon.logged("event=report-bad")  # it was read
        agent.check("refused" not in daemon.log(), daemon.log())
        daemon.kill()
        daemon.wait()
    return "Postfix's are taken"


def main():
    binary = os.path.abspath(sys.argv[1])
    for tool in ("strace", "systemd-analyze", "pgrep"):
        if shutil.which(tool) is None:
            agent.not_run("sandbox: %s is not installed" % tool)
    if subprocess.run(["strace", "-qq", "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        agent.not_run("sandbox: strace may not trace here")
    settings = unit()
    with agent.Folder() as folder:
        lines = after_exec(trace(binary, folder), binary)
        calls = {m.group(1) for m in
                 (re.match(r"([a-z0-9_]+)\(", line) for line in lines) if m}
        agent.check({"flock", "epoll_wait", "epoll_pwait", "poll"} & calls
                    and ({"fork", "clone"} & calls), "a thin trace: %s"
                    % sorted(calls))
        over = calls - allowed(settings)
        agent.check(not over, "not allowed by the unit: %s" % sorted(over))

        families = {m.group(1) for m in
                    (re.match(r"socket(?:pair)?\((AF_[A-Z0-9]+)", line)
                     for line in lines) if m}
        granted = set(settings["RestrictAddressFamilies"][0].split())
        agent.check(families == {"AF_INET", "AF_UNIX"} and families <= granted,
                    "address families %s, granted %s" % (families, granted))

        for line in lines:
            agent.check(not re.match(r"(mmap|mprotect)\(.*PROT_WRITE.*"
                                     r"PROT_EXEC|personality\(", line),
                        "MemoryDenyWriteExecute: " + line)
            m = re.match(r'(?:openat\([^"]*|open\(|rename\(|unlink\(|creat\()'
                         r'"([^"]*)".*', line)
            if m and re.search("O_WRONLY|O_RDWR|O_CREAT|^rename|^unlink", line):
                path = m.group(1)
                agent.check(path == "/dev/null" or
                            path.startswith((folder + "/state/",
                                             folder + "/run/")),
                            "written outside of its folders: " + line)
    print("sandbox: %d system calls, all allowed; families %s; reports: %s"
          % (len(calls), " ".join(sorted(families)), reported(binary, settings)))


main()
