#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`mtasts publish sts ... --mode enforce` among faulty mail servers:
enforce.py MTASTS

A policy is enforced only if every MX host passes what MTA-STS demands of it.
Faults of the current policy, or of DANE, do not count. Each row has what is
planted (as in faults.tsv), the exit code, and words of the lines that give the
reason.
"""
import os
import shutil
import sys
import tempfile

import check
from check import Blind, Row, World, arguments, fail, run

# name, planted, exit code, words; none for 0
ROWS = [
    ("good", "", 0, []),
    ("dane-only-wrong", "tlsa=\"3 1 1 other\"", 0, []),
    ("no-policy-yet", "txt=none web=404", 0, []),
    ("expired", "smtp=expired", 1, ["mx.expired.example [", "x509-expired"]),
    ("wrong-name", "smtp=wrong", 1, ["mx.wrong-name.example [", "x509-name-mismatch"]),
    ("untrusted", "smtp=untrusted tlsa=\"3 1 1 ec\"", 1, ["x509-unknown-issuer"]),
    ("rsa-expired", "smtp=rsaexpired", 1, ["x509-expired"]),
    ("plain", "smtp=plain", 1, ["mx.plain.example [", "smtp-no-starttls"]),
    ("second-host", "smtp2=plain", 1, ["mx2.second-host.example [", "smtp-no-starttls"]),
    ("second-address", "addr=mx:mx,closed", 1, ["connect-refused"]),
    ("later", "smtp=421", 2, ["mx.later.example [", "smtp-greeting-later"]),
    # With or without a route by IPv6, no host has this address.
    ("six", "six=mx:2001:db8::1", 2, ["mx.six.example [[2001:db8::1]"]),
    ("no-address", "dns=mx/A:nodata", 1, ["mx-no-address"]),
    ("address-servfail", "dns=mx/A:servfail", 2, ["dns-servfail"]),
    ("servfail", "dns=@/MX:servfail", 2, ["dns-servfail"]),
    ("gone", "dns=@/MX:nxdomain", 1, ["dns-nxdomain"]),
    ("null", "mx=\"0 .\"", 1, ["mx-null"]),
    ("many", " ".join("mx=\"10 mx.@\" mx=\"20 h%d.@\"" % i for i in range(12)), 1, ["mx-no-address"]),
]
# The policy's patterns, where they differ from the MX records of the DNS.
PATTERNS = {
    "servfail": ["mx.servfail.example"],
    "gone": ["mx.gone.example"],
    "null": ["mx.null.example"],
}


def publish(command, world, blind, row, *more):
    out = os.path.join(world.folder, row.name + ".txt")
    a = arguments(world, blind, row)
    options = a[1:a.index("--helo")]
    p = run(command, ["publish", "sts", row.domain, "--mode", "enforce",
                      "--out", out, *options, *more])
    return p, os.path.exists(out)


def play(command, world, blind, row, code, words):
    mx = [x for m in PATTERNS.get(row.name, []) for x in ("--mx", m)]
    p, written = publish(command, world, blind, row, *mx)
    output = p.stderr.decode()
    if p.returncode != code:
        fail(row.name, "exit code %d, expected %d: %s" % (p.returncode, code, output))
    if written != (code == 0):
        fail(row.name, "the file is written: %s" % written)
    for w in words:
        if w not in output:
            fail(row.name, "%r does not stand in %r" % (w, output))


def others(command, world, blind, rows):
    """Hosts that the policy does not name, and the operator's override."""
    row = rows["good"]
    p, _ = publish(command, world, blind, row, "--mx", "mx.elsewhere.example")
    if p.returncode != 1 or b"mx.good.example: the MX host is not in the policy" not in p.stderr:
        fail("unnamed", "%d %r" % (p.returncode, p.stderr))
    p, written = publish(command, world, blind, rows["plain"], "--unchecked")
    if p.returncode != 0 or not written:
        fail("--unchecked", "%d %r" % (p.returncode, p.stderr))


def main():
    command = sys.argv[1]
    check.ports_free()
    rows = {r[0]: Row(i, "%s\t%s\t-\t- - - 0" % (r[0], r[1]))
            for i, r in enumerate(ROWS)}
    folder = tempfile.mkdtemp(prefix="mtasts-enforce-")
    os.chmod(folder, 0o755)
    try:
        world = World(folder, rows.values())
        blind = Blind(world)
        for name, _, code, words in ROWS:
            play(command, world, blind, rows[name], code, words)
        others(command, world, blind, rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("enforce: %d rows, %d wrong" % (len(ROWS) + 2, len(set(check.failures))))
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
