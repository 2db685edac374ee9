# SPDX-License-Identifier: MIT
"""The mail servers that accept everything, as the checks see them."""

import json
import os
import sys

from base import HERE, read, wait_for, write
from world import mx_hosts


class Sinks:
    """The processes of sink.py, and the events that they report."""

    def __init__(self, world):
        self.lab, self.journal = world.lab, world.lab.path("sink.journal")
        self.seen = 0
        certificates, listing = world.certificates, world.lab.path("sink.json")
        sinks = []
        for name, kind in sorted({h for r in world.rows for h in mx_hosts(r)}):
            entry = {"name": name, "kind": kind, "address": world.mx[name]}
            if kind == "sni":
                entry["good"], _ = certificates.of(name, "good")
                kind = "untrusted"
            if kind not in ("own", "wrong", "untrusted", "expired",
                            "notyet", "client", "chain", "deep", "self"):
                kind = "good"
            entry["pem"], entry["key"] = world.own.files(name) \
                if kind == "own" else certificates.of(name, kind)
            sinks.append(entry)
        write(listing, json.dumps({"journal": self.journal, "sinks": sinks}))
        self.lab.start(sys.executable, "-B", f"{HERE}/sink.py", listing,
                       log="sink.log")
        wait_for("the sinks", lambda: os.path.exists(listing + ".up"))

    def mark(self):
        """Only events from now on count."""
        self.seen = len(read(self.journal))

    def events(self, event):
        lines = read(self.journal)[self.seen:].splitlines()
        return [e for e in map(json.loads, lines) if e["event"] == event]

    def mails(self, recipient):
        return [e for e in self.events("mail") if e["to"] == recipient]
