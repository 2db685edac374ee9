# SPDX-License-Identifier: MIT
"""Sendmail 8.18 with FEATURE(sts), as the handbook configures it."""

import os
import re
import socket
import threading

from base import read, readme, write

# What the lab needs besides, before and after.
BEFORE = """\
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
define(`confDOMAIN_NAME', `client.test')dnl
define(`confTO_CONNECT', `3s')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
"""
AFTER = "MAILER(`smtp')dnl\n"


class SystemLog:
    """Records what a server sends to /dev/log."""

    def __init__(self, system, log):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        place, self.log = system.lab.path("syslog"), log
        self.socket.bind(place)
        os.chmod(place, 0o666)
        system.cover(place, "/dev/log")
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        with open(self.log, "ab", buffering=0) as f:
            while True:
                f.write(self.socket.recv(65536).rstrip(b"\0\n") + b"\n")


class Sendmail:
    name = "sendmail"

    def __init__(self, system):
        self.system, self.log = system, system.lab.path("sendmail.log")
        SystemLog(system, self.log)
        system.user("smmta")
        system.user("smmsp")
        etc = system.folder("sendmail/etc", "/etc/mail")
        system.folder("sendmail/queue", "/var/spool/mqueue")
        write(f"{etc}/sendmail.mc", BEFORE + readme("dnl sendmail.mc") + AFTER)
        write(f"{etc}/sendmail.cf", system.run("m4", "/etc/mail/sendmail.mc"))
        write(f"{etc}/local-host-names", "")

    def start(self):
        pass

    def stop(self):
        pass

    def version(self):
        text = self.system.run("/usr/libexec/sendmail/sendmail", "-d0.4", "-bt",
                               input="")
        return "Sendmail " + re.search(r"Version (\S+)", text).group(1)

    def send(self, recipient):
        # In the foreground: queued, and tried once when this returns.
        self.system.run("/usr/libexec/sendmail/sendmail", "-Am", "-odi",
                        "-f", "from@client.test", recipient,
                        input="Subject: the lab\n\ntext\n")

    def outcome(self, recipient):
        found = re.findall(
            rf"to=<?{re.escape(recipient)}>?,.*relay=([^,[]*?)\.? .*"
            r"stat=(.*)", read(self.log))
        if not found:
            return None
        relay, what = found[-1]
        # The ruleset's own words are on another line.
        words = re.findall(rf"relay={re.escape(relay)}\.?, reject=(.*)",
                           read(self.log))
        return ("sent" if what.startswith("Sent") else "deferred",
                "; ".join([what] + words), relay)

    def verified(self, mx):
        return re.search(rf"STARTTLS=client, relay={re.escape(mx)}\.?, .*"
                         "verify=OK", read(self.log))
