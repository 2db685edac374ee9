# SPDX-License-Identifier: MIT
"""A terminal on which the tests run a command."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios

import agent


class Screen:
    """A terminal of this size on which a command runs."""

    def __init__(self, argv, columns, rows, kind="xterm"):
        self.fd, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        self.child = subprocess.Popen(argv, stdin=there, stdout=there,
                                      stderr=there,
                                      env=dict(os.environ, TERM=kind))
        os.close(there)
        self.text = ""

    def more(self):
        """Returns false when it has ended."""
        ready, _, _ = select.select([self.fd], [], [], agent.PATIENCE)
        agent.check(ready, "nothing more: %r" % self.text)
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            data = b""
        self.text += data.decode().replace("\r\n", "\n")
        return data != b""

    def end(self):
        while self.more():
            pass
        os.close(self.fd)
        return self.child.wait()

    def kill(self):
        self.child.terminate()
        self.child.wait()
        os.close(self.fd)
