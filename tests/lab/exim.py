# SPDX-License-Identifier: MIT
"""Exim, asking the agent by ${readsocket}, with the router and the transport of
the handbook (boards/posix/README.md)."""

import os
import re

from base import read, readme, write

# What the lab needs besides.
CONF = """\
primary_hostname = client.test
log_file_path = {log}
log_selector = +tls_certificate_verified +tls_sni +outgoing_port
keep_environment =
domainlist local_domains = @
acl_smtp_rcpt =
disable_ipv6 = true
never_users =

begin routers
{routers}
begin transports
{transports}
begin retry
* * F,2d,15m
"""


class Exim:
    name = "exim"

    def __init__(self, system):
        self.system, self.log = system, system.lab.path("exim.log")
        system.user("Debian-exim")
        logs = system.lab.path("exim/log")
        os.makedirs(logs)
        os.symlink(f"{logs}/main", self.log)
        etc = system.folder("exim/etc", "/etc/exim4")
        write(f"{etc}/exim4.conf", CONF.format(
            log=f"{logs}/%s", routers=readme("# exim4.conf, routers"),
            transports=readme("# exim4.conf, transports")))
        system.folder("exim/spool", "/var/spool/exim4")
        system.run("chown", "Debian-exim", logs, "/var/spool/exim4")
        system.cover(system.lab.path("run"), "/run/mtasts")

    def start(self):
        pass

    def stop(self):
        pass

    def version(self):
        return " ".join(self.system.run("exim4", "-bV").split()[:3])

    def send(self, recipient):
        # In the foreground: tried once when this returns.
        self.system.run("exim4", "-odf", "-f", "from@client.test", recipient,
                        input="Subject: the lab\n\ntext\n")

    def outcome(self, recipient):
        lines = [line for line in read(self.log).splitlines()
                 if re.search(rf" (=>|==|\*\*) {re.escape(recipient)} ", line)]
        if not lines:
            return None
        host = re.search(r" H=(\S+)", lines[-1])
        # The replies of the hosts before are in lines of their own.
        message = lines[-1].split()[2]
        words = [line for line in read(self.log).splitlines()
                 if f" {message} " in line]
        return ({"=>": "sent", "==": "deferred", "**": "bounced"}[
            lines[-1].split()[3]], "\n".join(words),
            host.group(1) if host else "none")

    def verified(self, mx):
        return re.search(rf" => .* H={re.escape(mx)} .* CV=yes",
                         read(self.log))
