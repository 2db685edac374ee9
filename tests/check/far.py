#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long `mtasts check` takes among servers that are far away: far.py MTASTS
[MS]

A domain of 4 MX hosts with 2 addresses each, a policy host and a name server,
each MS (50) of round trip away. The kernel's own delay (netem) needs root and
a module. Here relays stand before the servers and hold back everything as long
as a wire would: the SYN, SYN-ACK and ACK of a connection, every octet, and a
name server's answers.
"""
import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
import time

import check
from check import Blind, Row, World, arguments, fail, run

HOSTS, ADDRESSES = 4, 2
ROUND_TRIP_S = 0.05
ROW = "many\t\t-\tenforced complete ok 0"


class Relays:
    """Relays of one loop, in a thread."""

    def __init__(self, round_trip_s):
        self.way_s = round_trip_s / 2
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def add(self, address, port, to):
        """Listens there, and connects to the same port of another address."""
        async def one(reader, writer):
            # The client counts as connected at once. What it gained by that,
            # the time of SYN, SYN-ACK and ACK, is held back here.
            await asyncio.sleep(3 * self.way_s)
            there, away = await asyncio.open_connection(to, port)
            await asyncio.gather(self.pump(reader, away),
                                 self.pump(there, writer))

        asyncio.run_coroutine_threadsafe(
            asyncio.start_server(one, address, port), self.loop).result()

    async def pump(self, reader, writer):
        """Each octet arrives one way later than it was read."""
        wire = asyncio.Queue()

        async def arrive():
            while True:
                at, data = await wire.get()
                await asyncio.sleep(max(0, at - self.loop.time()))
                if not data:
                    writer.close()
                    return
                writer.write(data)

        arriving = asyncio.ensure_future(arrive())
        data = b"-"
        while data:
            try:
                data = await reader.read(65536)
            except OSError:
                data = b""
            wire.put_nowait((self.loop.time() + self.way_s, data))
        await arriving


def build(world, row, round_trip_s):
    relays = Relays(round_trip_s)
    world.build(row)
    records, d = world.dns.records, row.domain
    hosts = ["mx%d" % i for i in range(HOSTS)]
    records[(d, "MX")] = ["10 %s.%s" % (h, d) for h in hosts]

    def far(number):
        """An address that leads to address number + 100."""
        relays.add(row.address(number), far.port, row.address(number + 100))
        return row.address(number)

    for i, host in enumerate(hosts):
        numbers = [10 * i + k + 10 for k in range(ADDRESSES)]
        far.port = check.SMTP_PORT
        for n in numbers:
            check.smtpd.Server(row.address(n + 100), far.port, "good",
                               world.certs)
        records[(host + "." + d, "A")] = [far(n) for n in numbers]
        records[("_%d._tcp.%s.%s" % (check.SMTP_PORT, host, d), "TLSA")] = \
            world.tlsa(["3 1 1 ec", "3 1 1 rsa"])
    far.port = check.WEB_PORT
    check.web.Server(row.address(109), far.port, "good", world.certs,
                     "version: STSv1\nmode: enforce\nmax_age: 2592000\n"
                     + "".join("mx: %s.%s\n" % (h, d) for h in hosts))
    records[("mta-sts." + d, "A")] = [far(9)]


def play(command, world, blind, row, round_trip_s=ROUND_TRIP_S):
    """Checks that everything is found; the time it took is printed, not
    judged."""
    build(world, row, round_trip_s)
    world.dns.delay = round_trip_s
    begun = time.monotonic()
    p = run(command, arguments(world, blind, row, "--json", row.domain))
    took = time.monotonic() - begun
    world.dns.delay = 0
    out = json.loads(p.stdout)
    if p.returncode != 0 or len(out["mx"]) != HOSTS or not all(
            len(m["addresses"]) == ADDRESSES
            and all(len(a["certificates"]) == 2 for a in m["addresses"])
            for m in out["mx"]):
        fail("many hosts", p.stdout)
    print("check: %d hosts of %d addresses, %.0f ms away: %.2f s"
          % (HOSTS, ADDRESSES, round_trip_s * 1000, took))


def main():
    command = os.path.abspath(sys.argv[1])
    round_trip_s = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 \
        else ROUND_TRIP_S
    row = Row(0, ROW)
    check.ports_free()
    folder = tempfile.mkdtemp(prefix="mtasts-check-")
    os.chmod(folder, 0o755)
    try:
        world = World(folder, [], names=[row.domain, "*." + row.domain])
        play(command, world, Blind(world), row, round_trip_s)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
