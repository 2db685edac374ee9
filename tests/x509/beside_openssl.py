#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts every chain that must be accepted to `openssl verify`, too.

Purpose sslserver, strict host name check, the case's date and anchors. Prints
the cases that OpenSSL refuses: each must have the reason in a line `openssl`,
or it is a failure. OpenSSL must refuse cases with a line `both`, too. Run from
the top of the tree; part of `make test`.
"""
import calendar
import pathlib
import subprocess
import sys
import tempfile
import time

BEGIN = "-----BEGIN CERTIFICATE-----"


def read(path):
    text = path.read_text()
    head, *certs = text.split(BEGIN)
    fields = dict(line.split(" ", 1) for line in head.splitlines() if " " in line)
    return fields, [BEGIN + c for c in certs]


def refused(fields, certs, folder):
    leaf, rest = folder / "leaf.pem", folder / "rest.pem"
    leaf.write_text(certs[0])
    rest.write_text("\n".join(certs[1:]))
    when = calendar.timegm(time.strptime(fields["date"], "%Y%m%d%H%M%SZ"))
    command = ["openssl", "verify", "-purpose", "sslserver",
               "-verify_hostname", fields["host"], "-attime", str(when),
               "-CAfile", "tests/x509/anchors/" + fields["anchors"], "-partial_chain"]
    if certs[1:]:
        command += ["-untrusted", str(rest)]
    run = subprocess.run(command + [str(leaf)], capture_output=True, text=True)
    if run.returncode == 0:
        return None
    lines = [l for l in (run.stderr + run.stdout).splitlines() if "error" in l]
    return lines[0] if lines else "refused"


def main():
    failed = asked = 0
    with tempfile.TemporaryDirectory() as name:
        for path in sorted(pathlib.Path("tests/x509/cases").iterdir()):
            fields, certs = read(path)
            if fields["want"] != "ok" and "both" not in fields:
                continue
            asked += 1
            why = refused(fields, certs, pathlib.Path(name))
            if "both" in fields:
                if not why:
                    failed += 1
                    print(f"{path.name}: {fields['intent']}: accepted by OpenSSL")
            elif why and "openssl" not in fields:
                failed += 1
                print(f"{path.name}: {fields['intent']}: {why}")
    print(f"{asked - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
