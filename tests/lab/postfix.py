# SPDX-License-Identifier: MIT
"""Postfix, with Debian's master.cf and the main.cf of the first page or the handbook."""

import re
import shutil

from base import read, readme, wait_for, write

# What the lab needs besides.
MAIN = """\
compatibility_level = 3.6
myhostname = client.test
mydestination = localhost
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_connect_timeout = 3s
maillog_file_prefixes = {folder}
maillog_file = {log}
"""
STARTED = "daemon started --"


class Postfix:
    def __init__(self, system, name, *titles):
        self.system, self.name = system, name
        self.log = system.lab.path(f"{name}.log")
        self.etc = etc = system.lab.path(f"{name}/etc")
        shutil.copytree(system.root + "/etc/postfix", etc)
        shutil.copy(system.root + "/usr/share/postfix/master.cf.dist",
                    f"{etc}/master.cf")
        self.configure(*titles)
        system.cover(etc, "/etc/postfix")
        self.spool = system.folder(f"{name}/spool", "/var/spool/postfix")
        system.folder(f"{name}/data", "/var/lib/postfix")

    def configure(self, *titles):
        """titles: first lines of blocks of those pages; later blocks win."""
        lines = MAIN.format(folder=self.system.lab.folder, log=self.log)
        lines += "".join(readme(title) for title in titles)
        words = dict(line.split(" = ", 1) for line in lines.splitlines()
                     if " = " in line)
        write(f"{self.etc}/main.cf",
              "".join(f"{k} = {v}\n" for k, v in words.items()))

    def settings(self, words):
        """Lines of main.cf that replace others."""
        kept = [line for line in read(f"{self.etc}/main.cf").splitlines(True)
                if line.split(" = ")[0] not in words]
        write(f"{self.etc}/main.cf", "".join(kept) + "".join(
            f"{k} = {v}\n" for k, v in words.items()))

    def start(self):
        self.system.run("chown", "postfix", "/var/lib/postfix")
        starts = read(self.log).count(STARTED)
        self.system.run("postfix", "check")
        # What Debian 12's service does; Debian 13's Postfix does it itself.
        setup = "/usr/lib/postfix/configure-instance.sh"
        if "internal script" not in self.system.read(setup):
            self.system.run(setup, "-")
        self.system.run("postfix", "start")
        wait_for(self.name, lambda:
                 read(self.log).count(STARTED) > starts)

    def stop(self):
        self.system.run("postfix", "stop")

    def reload(self):
        """Every process starts anew and forgets what it knew."""
        self.system.run("postfix", "reload")

    def version(self):
        return "Postfix " + self.system.run("postconf", "-h",
                                            "mail_version").strip()

    def send(self, *recipients):
        self.system.run("sendmail", "-f", "from@client.test", *recipients,
                        input="Subject: the lab\n\ntext\n")

    def outcome(self, recipient):
        """(sent or deferred, why, the MX) of the last attempt, or None."""
        found = re.findall(
            rf"to=<{re.escape(recipient)}>,.* relay=([^[,]*).*"
            r" status=(\w+) \((.*)\)", read(self.log))
        return (found[-1][1], found[-1][2], found[-1][0]) if found else None

    def verified(self, mx):
        """Whether its log reports that it verified that host's certificate."""
        return f"Verified TLS connection established to {mx}[" in \
            read(self.log)

    def troubles(self):
        """The first lines of its log that report failures of the agent."""
        lines = [line for line in read(self.log).splitlines()
                 if "lookup error" in line]
        return "\n".join(lines[:6])

    def deferred(self, below):
        """Deferrals so far of mail to domains below this one."""
        return re.findall(rf"to=<[^>]*\.{re.escape(below)}>,"
                          ".* status=deferred", read(self.log))
