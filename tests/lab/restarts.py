# SPDX-License-Identifier: MIT
"""An agent that restarts costs no deferral, if a supervisor holds its
listening sockets or the agent is back at once."""

import os
import signal
import socket

from base import Row, check, read, until
from daemon import PORT

DOMAINS, MAILS = 50, 200
PATIENCE_S = 120


class Restarts:
    def __init__(self, lab):
        self.lab = lab
        self.crowd = [Row(f"d{i}.crowd.test", "", "mx=good")
                      for i in range(DOMAINS)]
        self.stale = [Row(f"{s.name.lower()}.{m}.test", "policy=two-mx",
                          "mx1=silent mx2=good")
                      for m in ("postfix", "tlsrpt")
                      for s in (signal.SIGKILL, signal.SIGTERM)]
        self.rows = self.crowd + self.stale

    def play(self, daemon, sinks, old, new):
        self.hand_over(daemon)
        self.queue(daemon, sinks, new, 1)
        self.dead_connection(daemon, sinks, new)
        daemon.stop()
        os.remove(self.lab.path("journal"))
        daemon.serve()
        self.dead_connection(daemon, sinks, old)
        old.configure("# main.cf, Postfix 3.4 and later",
                      "# main.cf, for the unix socket")
        self.queue(daemon, sinks, old, MAILS // 2)

    def hand_over(self, daemon):
        """Holds the listening sockets, as a supervisor would."""
        inet = socket.socket()
        inet.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        daemon.stop()
        inet.bind(("127.0.0.1", PORT))
        inside = "/var/spool/postfix/mtasts"  # smtp(8) is chrooted there
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(inside)
        os.chmod(inside, 0o666)
        for s in (inet, unix):
            s.listen(128)
        daemon.hand_over(inet, unix)
        daemon.serve()

    def again(self, daemon, how):
        daemon.stop(how)
        daemon.serve()

    def queue(self, daemon, sinks, server, kill_at):
        """Many mails to many domains at once; the agent is killed when so many
        have arrived. (Only once: Postfix tries a lookup twice, not three
        times.)"""
        sinks.mark()
        to = [f"{server.name}{kill_at}-{i}@{self.crowd[i % DOMAINS].domain}"
              for i in range(MAILS)]
        for recipient in to:  # the mail is kept until a mail system is up
            server.send(recipient)
        server.start()

        def there():
            return [e for e in sinks.events("mail") if e["to"] in to]

        def deferred():
            return server.deferred("crowd.test")

        until(lambda: len(there()) >= kill_at, PATIENCE_S)
        self.again(daemon, signal.SIGKILL)
        until(lambda: len(there()) >= MAILS or deferred(), PATIENCE_S)
        name = f"{server.name}: {MAILS} mails, agent killed at {kill_at}: "
        check(name + "none deferred", not deferred(),
              server.troubles())
        mails = there()
        check(name + "each delivered once",
              sorted(e["to"] for e in mails) == sorted(to), len(mails))
        check(name + "all verified",
              all(e["tls"] and server.verified(e["mx"]) for e in mails))
        server.stop()

    def dead_connection(self, daemon, sinks, server):
        """smtp(8) waits for a silent MX while the agent is restarted; then it
        asks again by the connection that is gone, with the MX's ETIMEDOUT
        still in errno."""
        server.start()
        for how in (signal.SIGKILL, signal.SIGTERM):
            domain = f"{how.name.lower()}.{server.name}.test"
            to = f"lab@{domain}"
            server.send(to)
            log = self.lab.path("mtasts.log")
            until(lambda: f"event=answer domain={domain}" in read(log))
            self.again(daemon, how)
            until(lambda: server.outcome(to), PATIENCE_S)
            name = f"{server.name}: {how.name} while it waits: "
            outcome = server.outcome(to)
            check(name + "delivered", outcome and outcome[0] == "sent", outcome)
            check(name + "there was a wait",
                  f"connect to mx1.{domain}" in read(server.log))
            check(name + "verified", server.verified(f"mx2.{domain}"))
        server.stop()
