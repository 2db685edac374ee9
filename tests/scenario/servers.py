#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""servers.py SCENARIO: what each of three name servers can do, in every
combination: SCENARIO (build/scenario) plays a scenario for each.

The rule (dns/health.h): what is wrong with a server costs one delay an hour, and
not one a domain. So as many new domains as there are servers may wait, for each
kind of question; all that follow are answered without time passing, if any
server can answer at all.
"""
import itertools
import os
import subprocess
import sys
import tempfile

SERVERS = ["192.0.2.53", "192.0.2.54", "192.0.2.55"]
STATES = ["up", "silent", "closed", "no-edns", "formerr", "servfail", "no-tcp"]
DEAF = {"silent", "closed", "servfail"}
SLOW = 3  # domains that may wait
DOMAINS = 9
AT_ONCE = 100  # scenarios in one process


def can_answer(state, tcp):
    return state not in DEAF and not (tcp and state == "no-tcp")


def scenario(states, tcp, dane):
    """The lines; tcp: TXT records that need it."""
    lines = ["# %s%s%s" % (" ".join(states), ", over TCP" if tcp else "",
                           ", with DANE" if dane else ""), "once",
             "config nameservers " + " ".join(SERVERS[:len(states)])]
    if dane:
        lines.append("config dane on")
    lines += ["servers %s %s" % pair for pair in zip(states, SERVERS)]
    for i in range(DOMAINS):
        name = "d%d.example" % i
        lines.append("site %s 198.51.100.%d id=1 policy enforce mx=mx.%s" % (name, i, name))
        if tcp:
            lines.append('dns _mta-sts.%s TXT "v=STSv1; id=1" truncated' % name)
        if dane:
            lines += ['dns %s MX "10 mx.%s"' % (name, name), "dns mx.%s A 192.0.2.9" % name]
    for i in range(SLOW):
        lines += ["query c%d d%d.example" % (i, i), "time +40s", "leave c%d" % i]
    lines += ['ask d%d.example "OK secure *"' % i for i in range(SLOW, DOMAINS)]
    return "\n".join(lines) + "\n"


def main():
    player, failed, played = sys.argv[1], 0, 0
    with tempfile.TemporaryDirectory(prefix="mtasts-servers-") as folder:
        paths = []
        for count in 2, 3:
            for states in itertools.product(STATES, repeat=count):
                for tcp, dane in (False, False), (True, False), (True, True):
                    if not any(can_answer(s, tcp) for s in states):
                        continue
                    name = "%s%s%s.scn" % ("+".join(states), "-tcp" * tcp, "-dane" * dane)
                    paths.append(os.path.join(folder, name))
                    with open(paths[-1], "w", encoding="ascii") as f:
                        f.write(scenario(states, tcp, dane))
        for i in range(0, len(paths), AT_ONCE):
            p = subprocess.run([player, "-1", *paths[i:i + AT_ONCE]], capture_output=True, text=True, check=False)
            played += len(paths[i:i + AT_ONCE])
            for line in p.stdout.splitlines() + p.stderr.splitlines():
                if ".scn:" in line:
                    failed += 1
                    print("servers: FAILED:", line.replace(folder + "/", ""))
            if p.returncode not in (0, 1):
                failed += 1
                print("servers: FAILED: %s: %s" % (player, p.stderr[-300:]))
    print("servers: %d combinations, %d failed" % (played, failed))
    return 1 if failed or not played else 0


if __name__ == "__main__":
    sys.exit(main())
