#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPU of a GET: our client beside BearSSL's engine: bench.py FOLDER OWN ENGINE

A row is a chain and a version of OpenSSL's server. Both clients run in turns,
so that other work of the machine affects both alike; the median of each round
counts, and then the least of the rounds. Exit 1 if ours takes more than 0.8 of
the engine's time on the RSA-2048 chain, at either version.
"""

import os
import shutil
import subprocess
import sys

from servers import HOST, Place, S, ec, make_certificates, make_leaf, run, \
    start, stop

COUNT, ROUNDS, LIMIT = 101, 5, 0.8
RSA = ["-newkey", "rsa:2048"]


def make_rsa_chain(folder):
    run("openssl", "req", "-x509", *RSA, "-nodes", "-keyout",
        f"{folder}/rsaca.key", "-out", f"{folder}/rsaca.pem", "-subj",
        "/CN=rsaca", "-days", "30", "-addext",
        "keyUsage=critical,keyCertSign")
    make_leaf(folder, "rsa", RSA, ca="rsaca")
    make_leaf(folder, "ec", ec("prime256v1"))
    with open(f"{folder}/ca.pem", "a") as out, \
            open(f"{folder}/rsaca.pem") as more:
        out.write(more.read())


def once(binary, port, folder):
    out = subprocess.run([binary, str(port), HOST, f"{folder}/ca.pem",
                          str(COUNT)], check=True, capture_output=True,
                         text=True).stdout.split()
    return float(out[3])


def row(place, name, text, pairs):
    """The least median of each (binary, server's options)."""
    running = [(b, start(place, text + options)) for b, options in pairs]
    best = [float("inf")] * len(pairs)
    for _ in range(ROUNDS):
        for i, (b, (_, port)) in enumerate(running):
            best[i] = min(best[i], once(b, port, place.folder))
    for _, (server, _) in running:
        stop(server)
    own12, own13, engine = best
    print(f"{name:10} {engine:9.0f} {own12:9.0f} {own13:9.0f} "
          f"{own12 / engine:9.2f} {own13 / engine:9.2f}", flush=True)
    return max(own12, own13) / engine


def main():
    place = Place(sys.argv[1])
    own, engine = sys.argv[2:]
    shutil.rmtree(place.folder, ignore_errors=True)
    os.makedirs(place.folder)
    make_certificates(place.folder)
    make_rsa_chain(place.folder)
    pairs = [(own, " -tls1_2"), (own, " -tls1_3"), (engine, " -tls1_2")]
    print("microseconds of CPU, and how many of the engine's")
    print(f"{'chain':10} {'engine':>9} {'own 1.2':>9} {'own 1.3':>9} "
          f"{'1.2':>9} {'1.3':>9}")
    ratio = row(place, "RSA-2048", S.replace("{ec}", "{rsa}"), pairs)
    row(place, "P-256", S, pairs)
    row(place, "P-384", S.replace("{ec}", "{p384}"), pairs)
    return 1 if ratio > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
