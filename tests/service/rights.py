# SPDX-License-Identifier: MIT
"""rights.py MTASTS: which rights of the superuser are left, and who owns the
files. Needs root, for a mount namespace with users of its own."""
import os
import signal
import stat
import subprocess
import sys
import time

import agent

UID, GID, OTHERS = 64000, 64001, (64002, 64003)
USERS = """root:x:0:0::/:/bin/sh
agent:x:%d:%d::/:/bin/false
""" % (UID, GID)
GROUPS = """root:x:0:agented
agent:x:%d:
mail:x:%d:root,agent
certs:x:%d:agent
others:x:64009:agented,root
""" % (GID, *OTHERS)
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def as_namespace():
    """Runs itself again where /etc/passwd and /etc/group are the test's."""
    if os.geteuid() != 0:
        agent.not_run("rights: needs root")
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        agent.not_run("rights: needs a mount namespace")
    os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv,
                          "inside"])


def mount(folder):
    for name, text in (("passwd", USERS), ("group", GROUPS)):
        with open(folder + "/" + name, "w") as f:
            f.write(text)
        agent.run("mount", "--bind", folder + "/" + name, "/etc/" + name)


def status(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1)
                    for line in f if ":\t" in line)


def child_of(pid):
    """The process that writes the journal, which exists once the journal is
    read."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            children = f.read().split()
        if children:
            return int(children[0])
        time.sleep(0.02)
    raise SystemExit("rights: no process writes the journal")


def check_process(pid, root):
    s = status(pid)
    agent.check(s["Uid"].split() == [str(UID)] * 4, "Uid " + s["Uid"])
    agent.check(s["Gid"].split() == [str(GID)] * 4, "Gid " + s["Gid"])
    groups = sorted(int(g) for g in s["Groups"].split())
    agent.check(groups == [GID, *OTHERS], "Groups %s" % groups)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        agent.check(int(s[name], 16) == 0, "%s %s" % (name, s[name]))
    agent.check(os.readlink("/proc/%d/root" % pid) == root, "root folder")
    agent.check(os.readlink("/proc/%d/cwd" % pid) == root or root == "/",
                "working folder")


def check_file(path, kind, mode, uid, gid):
    st = os.lstat(path)
    have = (stat.S_IFMT(st.st_mode), stat.S_IMODE(st.st_mode), st.st_uid,
            st.st_gid)
    agent.check(have == (kind, mode, uid, gid), "%s: %o %o %d:%d"
                % (path, *have))


def lives(binary, folder, options):
    """As root, then as the user, then as root again: one journal."""
    journal = folder + "/state/journal"

    def run_once(command, more):
        daemon = agent.Agent(command, options + more).ready()
        agent.check("Permission denied" not in daemon.log() and
                    "journal " + journal in daemon.log(), daemon.log())
        check_file(journal, stat.S_IFREG, 0o600, UID, GID)
        return daemon

    # Root made the files first, before the daemon became the user.
    daemon = run_once([binary], ["user agent",
                                 "listen unix:%s/a mode=0660 owner=agent "
                                 "group=certs" % folder,
                                 "listen unix:%s/run/b" % folder,
                                 "metrics unix:%s/run/m mode=0660 "
                                 "group=mail" % folder,
                                 "control unix:%s/run/c" % folder])
    check_process(daemon.pid, "/")
    check_process(child_of(daemon.pid), "/")
    agent.check("superuser" not in daemon.log(), daemon.log())
    check_file(folder + "/a", stat.S_IFSOCK, 0o660, UID, OTHERS[1])
    check_file(folder + "/run/b", stat.S_IFSOCK, 0o666, 0, 0)
    check_file(folder + "/run/c", stat.S_IFSOCK, 0o600, 0, 0)
    check_file(folder + "/run/m", stat.S_IFSOCK, 0o660, 0, OTHERS[0])
    daemon.kill(signal.SIGHUP)
    daemon.logged("reload: done")
    agent.check("except for" not in daemon.log(), daemon.log())
    agent.check(agent.Postfix(folder + "/run/b").ask(".x") == "NOTFOUND ",
                "no answer after the reload")
    daemon.stop()
    # The one folder is the user's, the other is not.
    agent.check(os.listdir(folder + "/run") == [], "a socket is left")
    agent.check(os.path.exists(folder + "/a"), "removed without the right")

    user = ["setpriv", "--reuid", str(UID), "--regid", str(GID),
            "--init-groups", binary]
    daemon = run_once(user, ["listen unix:%s/run/b" % folder])
    check_process(daemon.pid, "/")
    daemon.stop()
    # The key may stay: the process is that user already.
    run_once(user, ["user agent", "listen unix:%s/run/b" % folder]).stop()
    # A user may not give sockets away, nor may a daemon in systemd's sandbox.
    for key in ("listen", "metrics"):
        refused(user, ["journal off", "listen unix:%s/run/b" % folder,
                       "%s unix:%s/run/g group=others" % (key, folder)] +
                options, "SocketGroup=")
    daemon = run_once(user, ["listen unix:%s/run/b" % folder,
                             "control unix:%s/run/c group=others" % folder])
    agent.check("control unix:%s/run/c: this process may not give it"
                % folder in daemon.log(), daemon.log())
    daemon.stop()
    # The socket left behind is replaced; the journal is there.
    run_once([binary], ["user agent", "listen unix:%s/a" % folder]).stop()
    print("rights: as root and as the user, one journal")


def refused(command, options, text, code=70):
    daemon = agent.Agent(command, options)
    got = daemon.wait()
    agent.check(got == code and text in daemon.log(),
                "%d, not %d with %r: %s" % (got, code, text, daemon.log()))


def other_folders(binary, folder, options):
    """A folder of the superuser's is no place for the user's journal, and
    nothing there is made or touched."""
    os.mkdir(folder + "/root", 0o755)
    for name in ("journal", "journal.new"):
        with open(folder + "/root/" + name, "w"):
            os.chmod(folder + "/root/" + name, 0o600)
    daemon = agent.Agent([binary], options + [
        "journal %s/root/journal" % folder, "user agent",
        "listen inet:127.0.0.1:0"]).ready()
    agent.check("Permission denied: policies do not outlive" in daemon.log(),
                daemon.log())
    daemon.stop()
    check_file(folder + "/root/journal", stat.S_IFREG, 0o600, 0, 0)
    agent.check(os.path.getsize(folder + "/root/journal") == 0, "written to")
    daemon = agent.Agent([binary], options + ["journal off",
                                              "listen inet:127.0.0.1:0"])
    daemon.logged("running as the superuser")
    daemon.ready().stop()
    refused([binary], options + ["user nobody-there"], "a user of /etc/passwd",
            78)
    refused([binary], options + ["journal off", "chroot " + folder + "/none",
                               "listen inet:127.0.0.1:0"], "chroot: No such")
    print("rights: what is not the user's stays as it was")


def rooted(binary, folder, options):
    """In its chroot: a reload reads files inside, and keeps what it cannot
    find there."""
    root = folder + "/chroot"
    for d in ("/etc/ssl/certs", "/dev"):
        os.makedirs(root + d)
    conf = folder + "/conf"
    with open(conf, "w") as f:
        f.write("\n".join(options + ["user agent", "chroot " + root, "control off",
                                     "journal %s/state/journal" % folder,
                                     "listen inet:127.0.0.1:0"]) + "\n")
    daemon = agent.Agent([binary], [], conf=conf).ready()
    check_process(daemon.pid, root)
    daemon.kill(signal.SIGHUP)
    daemon.logged("reload: configuration not changed: ")
    daemon.logged("reload: done, except for what is logged above")
    # With all files that the configuration names inside.
    os.makedirs(root + os.path.dirname(conf), exist_ok=True)
    for path in ("/etc/passwd", "/etc/group", BUNDLE, conf):
        agent.run("cp", path, root + path)
    agent.run("chmod", "-R", "a+rX", root)
    before = len(daemon.log())
    daemon.kill(signal.SIGHUP)
    agent.until(lambda: "reload: done" in daemon.log()[before:],
                "no second reload:\n" + daemon.log())
    agent.check("reload: done\n" in daemon.log()[before:],
                daemon.log()[before:])
    daemon.stop()
    print("rights: a chroot and what must be in it")


def looks_up(binary, dns, options, words, whose, code, text):
    """The command asks the name server in a process without rights; whose:
    which one, by the command's."""
    dns.mute = True
    argv = [binary, *words, "-o", "user agent"]
    for option in options:
        argv += ["-o", option]
    asked = dns.asked
    command = subprocess.Popen(argv, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    agent.until(lambda: dns.asked > asked, "nothing is asked")
    pid = whose(command.pid)
    check_process(pid, "/")
    s = status(pid)
    agent.check(s["NoNewPrivs"] == "1" and s["Seccomp"] == "2",
                "not confined: %s %s" % (s["NoNewPrivs"], s["Seccomp"]))
    dns.mute = False
    out = command.communicate()[0].decode()
    agent.check(command.returncode == code and text in out, out)


def commands(binary, dns, options):
    """What a command looks up by itself is parsed with the rights of a daemon,
    whoever called the command."""
    def itself(pid):
        return pid

    for words, whose, code, text in (
            (["query", "--fresh", "example.com"], itself, 1, "NOTFOUND"),
            (["publish", "tlsrpt", "example.com", "--rua", "mailto:a@example.net",
              "--check"], itself, 1, "something else"),
            (["publish", "sts", "example.com", "--mode", "testing"], child_of,
             1, "does not exist in the DNS")):
        looks_up(binary, dns, options, words, whose, code, text)
    print("rights: a command that looks up by itself has no more")


def main():
    binary = os.path.abspath(sys.argv[1])
    if len(sys.argv) < 3:
        as_namespace()
    dns = agent.NameServer()
    options = [dns.line, "trust_anchors " + BUNDLE]
    with agent.Folder(0o755) as folder:
        mount(folder)
        for name in ("state", "run"):
            os.mkdir(folder + "/" + name, 0o700)
            os.chown(folder + "/" + name, UID, GID)
        os.chmod(folder + "/run", 0o755)
        lives(binary, folder, options + ["journal %s/state/journal" % folder])
        other_folders(binary, folder, options)
        rooted(binary, folder, options)
        commands(binary, dns, options)
        for name in ("passwd", "group"):
            agent.run("umount", "/etc/" + name)


main()
