# SPDX-License-Identifier: MIT
"""moving.py MTASTS: the lines that postfix-mta-sts-resolver and postfix-tlspol
document for Postfix, unchanged, work with our client and, where it is
installed, with Postfix's own (postmap). As root it runs in a network namespace
of its own, so that the ports are free."""
import os
import shutil
import subprocess
import sys

import agent

PLAIN = "secure match=mx.example.com servername=hostname"

# The document; its smtp_tls_policy_maps, word for word except the folder of
# unix sockets; the matching line of mtasts.conf, if any.
LINES = [
    ("postfix-mta-sts-resolver README",
     "socketmap:inet:127.0.0.1:8461:postfix", None),
    ("postfix-mta-sts-resolver, unix socket",
     "socketmap:unix:{}/mta-sts.sock:postfix",
     "listen unix:{}/mta-sts.sock mode=0666"),
    ("postfix-tlspol README, before 3.10",
     "socketmap:inet:127.0.0.1:8642:QUERY", "listen inet:127.0.0.1:8642"),
    ("postfix-tlspol README, 3.10 and later",
     "socketmap:inet:127.0.0.1:8642:QUERYwithTLSRPT",
     "listen inet:127.0.0.1:8642"),
    ("postfix-tlspol, unix socket",
     "socketmap:unix:{}/tlspol.sock:QUERYwithTLSRPT",
     "listen unix:{}/tlspol.sock"),
]


def as_namespace():
    """Moves to a network namespace with its own ports, if possible."""
    if os.geteuid() == 0 and subprocess.run(
            ["unshare", "-n", "true"], check=False).returncode == 0:
        os.execvp("unshare", ["unshare", "-n", "sh", "-c",
                              "ip link set lo up && exec \"$@\"", "sh",
                              sys.executable, *sys.argv, "inside"])


def by_postmap(line, key, folder):
    r = subprocess.run(["postmap", "-c", folder, "-q", key, line],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True, check=False)
    agent.check(r.stderr == "", "postmap %s: %s" % (line, r.stderr))
    return r.stdout.rstrip("\n") if r.returncode == 0 else None


def by_client(line, key):
    _, kind, rest = line.split(":", 2)
    where, name = rest.rsplit(":", 1)
    if kind == "inet":
        host, port = where.rsplit(":", 1)
        where = (host, int(port))
    got = agent.Postfix(where, name).ask(key)
    return None if got == "NOTFOUND " else got.partition(" ")[2]


def main():
    binary = os.path.abspath(sys.argv[1])
    if len(sys.argv) < 3:
        as_namespace()
    os.environ["PATH"] += ":/usr/sbin"
    dns = agent.NameServer()
    postmap = shutil.which("postmap")
    with agent.Folder(0o755) as folder:
        with open(folder + "/main.cf", "w") as f:
            f.write("compatibility_level = 2\n")
        for who, line, listen in LINES:
            line = line.format(folder)
            options = [dns.line, "journal off",
                       "override example.com postfix " + PLAIN]
            daemon = agent.Agent(
                [binary], options + ([listen.format(folder)] if listen
                                     else [])).ready()
            for key, want in (("example.com", PLAIN), ("other.example", None),
                              (".example.com", None), ("[192.0.2.1]", None)):
                got = by_client(line, key)
                agent.check(got == want, "%s: %s: %r" % (who, key, got))
                if postmap:
                    got = by_postmap(line, key, folder)
                    agent.check(got == want, "%s: postmap: %s: %r"
                                % (who, key, got))
            agent.check("zone-unknown" not in daemon.log(), daemon.log())
            daemon.stop()
    print("moving: %d documented lines work unchanged%s"
          % (len(LINES), "" if postmap else " (no postmap here)"))


main()
