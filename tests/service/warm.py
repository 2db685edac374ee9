# SPDX-License-Identifier: MIT
"""warm.py MTASTS: mtasts warm beside a running daemon: how it reads files of
each format, and its progress, on a terminal and nowhere else."""
import os
import re
import subprocess
import sys
import time

import agent
from screen import Screen

LONG = ":".join("mx%d.example.net" % i for i in range(40))

# A file; the domains that the name server is asked for; how many lines are not
# domains.
FILES = {
    "names, one a line":
        (b"# our partners\na1.example\n\n  a2.example # by contract\r\n"
         b"a3.example", "a1 a2 a3", 0),
    "what mtasts cache export writes":
        (b"# The policies in force at 2026-01-01T00:00:00Z: each until it "
         b"expires.\n# fetched 2026-01-01T00:00:00Z, expires "
         b"2026-02-01T00:00:00Z\nb1.example secure match=mx.b1.example:.b1."
         b"example servername=hostname\nb2.example secure match=" +
         LONG.encode() + b" servername=hostname\nb3.example secure match=x\n",
         "b1 b2 b3", 0),
    "what postfix-tlspol -export writes":
        (b"c1.example                   dane-only\n"
         b"c2.example                   secure match=mx.c2.example "
         b"servername=hostname\n", "c1 c2", 0),
    "a table by hand, of lines that go on":
        (b"d1.example\tsecure\n\tmatch=mx.d1.example\n# x\n"
         b"  servername=hostname\n[d2.example]:587 encrypt\n"
         b".d3.example may\nd4.example encrypt,protocols=TLSv1.2\n"
         b"d5.example\n d6.example\n", "d1 d2 d4 d5 d6", 1),
    "what nobody means":
        (b"e1.example e2.example\ne3.example  17  secure\n" + b"e" * 256 +
         b"\n" + b"e" * 2000 + b"\ne4.example\0\ne5.example secured\n"
         b"e6.example\n", "e6", 6),
    "what is no text":
        (b"\xff" * 255 + b"\n" + b"\x7f" * 255 + b"\n" +
         "\u00e9".encode() * 127 + b"\nf1.example\n", "f1", 3),
}


class Slow(agent.NameServer):
    """Answers slowly; notes the names that were asked for."""

    def __init__(self):
        self.names = set()
        super().__init__()

    def reply(self, m):
        time.sleep(0.03)
        n = m[12]
        if m[13:13 + n] == b"_mta-sts":
            self.names.add(m[14 + n:14 + n + m[13 + n]].decode())
        return super().reply(m)


def warm(binary, where, text, folder):
    path = os.path.join(folder, "names")
    with open(path, "wb") as f:
        f.write(text)
    return [binary, "warm", "-o", where, path]


def files(binary, where, dns, folder):
    for what, (text, asked, bad) in FILES.items():
        dns.names.clear()
        r = subprocess.run(warm(binary, where, text, folder), check=False,
                           capture_output=True, text=True,
                           timeout=agent.PATIENCE)
        want = "%d asked for: 0 with a policy, %d are not domains\n" % (
            len(asked.split()) + bad, bad)
        agent.check(r.returncode == 0 and r.stdout == want,
                    "%s: %s%s" % (what, r.stdout, r.stderr))
        agent.check(r.stderr == "", "%s: %r" % (what, r.stderr))
        agent.check(dns.names == set(asked.split()),
                    "%s: %s" % (what, dns.names))


def progress(binary, where, folder):
    """Progress begins at once, grows, ends with all, stays in one row, and is
    followed by the result."""
    for columns in 80, 20:
        text = "".join("f%d-%d.example\n" % (columns, i) for i in range(30))
        s = Screen(warm(binary, where, text.encode(), folder), columns, 24)
        agent.check(s.end() == 0, s.text)
        rows = re.findall(r"\r\x1b\[K\x1b\[\?7l(\d+) of 30, 0 with a policy"
                          r"\x1b\[\?7h", s.text)
        shown = [int(n) for n in rows]
        agent.check(len(shown) == s.text.count("\r"), repr(s.text))
        agent.check(shown == sorted(shown) and shown[0] == 0
                    and shown[-1] == 30 and len(set(shown)) > 2, str(shown))
        agent.check(s.text.endswith("\n30 asked for: 0 with a policy, "
                                    "0 are not domains\n"), repr(s.text))
    s = Screen(warm(binary, where, b"g.example\n", folder), 80, 24, "dumb")
    agent.check(s.end() == 0 and s.text == "1 asked for: 0 with a policy, "
                "0 are not domains\n", repr(s.text))


def main():
    binary = os.path.abspath(sys.argv[1])
    dns = Slow()
    with agent.Folder() as folder:
        where = "control unix:%s/control" % folder
        daemon = agent.Agent([binary], [
            where, "journal off", dns.line, "listen inet:127.0.0.1:0"]).ready()
        files(binary, where, dns, folder)
        progress(binary, where, folder)
        daemon.stop()


main()
