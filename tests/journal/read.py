#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A reader of journals, written from core/journal/README.md ("The journal's bytes")
and from nothing else: if it and the agent disagree, one of them, or the text,
is wrong.

    read.py JOURNAL [AREAS]    what is kept, a line a domain, sorted

    stamp 1800000000 since 1790000000 off 0
    example.com enforce max_age 604800 fetched 1799999000 id 1 mx mx1.example.com mx2.example.com
"""

import struct
import sys
import zlib

MAGIC = b"mtasts-j"
VERSION = 1
POLICY, FORGET, STAMP = 1, 2, 3
MODES = ["none", "testing", "enforce"]


class Newer(Exception):
    """Of this format only the head of an area is known."""


def padded(n, unit):
    return -(-n // unit) * unit


def area_head(data):
    """(revision, stamp, unit, since), or None."""
    if len(data) < 32 or data[:8] != MAGIC:
        return None
    (crc,) = struct.unpack_from("<I", data, 28)
    if crc != zlib.crc32(data[:28]):
        return None
    version, _, revision, stamp, unit, since = struct.unpack_from(
        "<HHIIII", data, 8)
    if version > VERSION:
        raise Newer(version)
    if version < 1:
        return None
    if unit < 1 or unit > len(data) // 2:
        return None
    return revision, stamp, unit, since


def records(data, revision, unit):
    """Each whole record: (head, body), body None when it is damaged."""
    seed = zlib.crc32(struct.pack("<I", revision))
    pos = padded(32, unit)
    while len(data) - pos >= 36:
        head = data[pos:pos + 32]
        (crc,) = struct.unpack_from("<I", head, 28)
        if crc != zlib.crc32(head[:28], seed):
            return
        kind, flags, domain_len, mode, payload_len = struct.unpack_from(
            "<BBBBI", head)
        size = 32 + domain_len + payload_len + 4
        if (kind not in (POLICY, FORGET, STAMP) or flags > 7 or mode > 2
                or domain_len > 253 or payload_len > 1 << 24
                or (domain_len > 0) != (kind != STAMP)
                or (payload_len > 0 and kind != POLICY)
                or padded(size, unit) > len(data) - pos):
            return
        body = data[pos + 32:pos + size - 4]
        (want,) = struct.unpack_from("<I", data, pos + size - 4)
        good = zlib.crc32(body, zlib.crc32(struct.pack("<I", crc))) == want
        yield head, body if good else None
        pos += padded(size, unit)


def later(a, b):
    """Whether revision a is newer than b, in sequence arithmetic."""
    return 0 < (a - b) % (1 << 32) < 1 << 31


def patterns(payload):
    """The id and the patterns."""
    words = []
    while payload:
        n = payload[0]
        words.append(payload[1:1 + n].decode("ascii"))
        payload = payload[1 + n:]
    return words[0], words[1:]


def read(image, areas=2):
    """(stamp, since, off, {domain: (mode, max_age, fetched, id, [mx])})"""
    size = len(image) // areas
    best = None
    for i in range(areas):
        data = image[i * size:(i + 1) * size]
        head = area_head(data)
        if head and (best is None or later(head[0], best[0][0])):
            best = head, data
    if best is None:
        return 0, 0, 0, {}
    (revision, stamp, unit, since), data = best
    held, off = {}, 0
    for head, body in records(data, revision, unit):
        (kind, _, domain_len, mode, _, now, fetched, max_age, mx_count, _,
         _) = struct.unpack_from("<BBBBIIIIHHI", head)
        stamp = max(stamp, now)
        if kind == STAMP:
            since, off = fetched, max_age
        if body is None or kind == STAMP or domain_len > 244:
            continue
        domain = body[:domain_len].decode("ascii")
        if kind == FORGET:
            held.pop(domain, None)
            continue
        policy_id, mx = patterns(body[domain_len:])
        if len(mx) != mx_count:
            raise ValueError("%s: %d patterns, not %d" %
                             (domain, len(mx), mx_count))
        held[domain] = MODES[mode], max_age, fetched, policy_id, mx
    return stamp, since, off, held


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: read.py JOURNAL [AREAS]")
    with open(sys.argv[1], "rb") as f:
        image = f.read()
    try:
        stamp, since, off, held = read(image, *map(int, sys.argv[2:]))
    except Newer as newer:
        sys.exit("format %s" % newer)
    print("stamp %d since %d off %d" % (stamp, since, off))
    for domain in sorted(held):
        mode, max_age, fetched, policy_id, mx = held[domain]
        print(domain, mode, "max_age", max_age, "fetched", fetched, "id",
              policy_id, "mx", *mx)


main()
