# SPDX-License-Identifier: MIT
"""dane.py MTASTS: what is logged about DANE when the trusted name server turns
out not to validate: log, query, its JSON, metrics, status."""
import json
import os
import socket
import subprocess
import sys

import agent


class Blind(agent.NameServer):
    """Every name exists, with no records; nothing is authenticated."""

    def reply(self, m):
        return super().reply(m)[:3] + b"\x80" + super().reply(m)[4:]


def metrics(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: s.recv(65536), b"")).decode()


def main():
    binary = os.path.abspath(sys.argv[1])
    dns = Blind()
    with agent.Folder(0o755) as folder:
        where = f"control unix:{folder}/control"
        daemon = agent.Agent([binary], [
            dns.line, "dane on", "journal off", where,
            f"listen unix:{folder}/ask", f"metrics unix:{folder}/metrics"])
        daemon.ready().logged("event=dane-blind")

        def command(*words):
            return subprocess.run(
                [binary, words[0], "-o", where, *words[1:]],
                stdout=subprocess.PIPE, text=True, check=False).stdout

        got = agent.Postfix(f"{folder}/ask", "QUERY").ask("example.com")
        agent.check(got == "NOTFOUND ", "without DANE: " + got)
        got = json.loads(command("query", "--json", "example.com"))
        agent.check(got.get("dane") == "none" and got.get("dane_blind") is True
                    and got.get("dane_implicit") is True,
                    "query --json: %s" % got)
        got = command("query", "example.com")
        agent.check("BLIND: the trusted name servers do not validate" in got,
                    "query:\n" + got)
        got = json.loads(command("status", "--json").splitlines()[0])
        agent.check(got["dane"]["resolver"] == "blind", "status: %s" % got)
        agent.check("\nmtasts_dane_resolver_state 2" in
                    metrics(f"{folder}/metrics"), "no such metric")
        daemon.stop()
    print("dane: passed")


main()
