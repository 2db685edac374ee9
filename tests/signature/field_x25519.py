#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The field of X25519 compared with Python's integers: field_x25519.py PROGRAM
[COUNT]

Every limb at its edges, loose or tight in the words of the head of
tls/x25519.c: each alone, all together, and drawn. The program is built with
UBSan.
"""
import itertools
import random
import subprocess
import sys

LIMBS, BITS = 5, 51
P = 2**255 - 19
TIGHT = 2**51 + 2**13 - 1  # the largest
LOOSE = 2**54 - 1
A24 = 121665


def value(a):
    return sum(v << BITS * i for i, v in enumerate(a))


def limbs(v):
    return [v >> BITS * i & 2**BITS - 1 for i in range(LIMBS)]


def edges(top):
    """Numbers whose limbs are at most top."""
    at = [0, 1, 2**51 - 20, 2**51 - 19, 2**51 - 18, 2**51 - 1, 2**51,
          2**51 + 1, TIGHT, top - 1, top]
    for i, v, rest in itertools.product(range(LIMBS), at, (0, 2**51 - 1, top)):
        yield [v if j == i else rest for j in range(LIMBS)]
    for v in (0, 1, 9, 18, 19, P - 1, P, P + 1, P + 18, 2**255 - 1):
        yield limbs(v)
    for v in range(P, P + 19):  # only the lowest limb is too large
        yield [2**51 - 19 + v - P + 1] + [2**51 - 1] * 4


def questions(count):
    draw = random.Random(1)
    tight, loose = list(edges(TIGHT)), list(edges(LOOSE))

    def drawn(some, top):
        if draw.random() < 0.3:
            return draw.choice(some)
        return [draw.choice((0, top, draw.randrange(top + 1)))
                for _ in range(LIMBS)]

    for a in loose:
        yield "square", a, None
        yield "times", a, draw.choice((0, 1, 9, A24, A24 + 1, 2**17 - 1))
        for b in draw.sample(loose, 40):
            yield "mul", a, b
    for a in tight:
        yield "write", a, None
        yield "invert", a, None
        for b in draw.sample(tight, 20):
            yield "add", a, b
            yield "sub", a, b
    for _ in range(count):
        yield "mul", drawn(loose, LOOSE), drawn(loose, LOOSE)
        yield "square", drawn(loose, LOOSE), None
        yield "sub", drawn(tight, TIGHT), drawn(tight, TIGHT)
        yield "write", drawn(tight, TIGHT), None
        yield "read", None, draw.choice((
            draw.randbytes(32), bytes(draw.choice((0, 255)) for _ in range(32)),
            (1 << draw.randrange(256)).to_bytes(32, "little")))


def line(op, a, b):
    words = [op] + (a or [])
    if isinstance(b, bytes):
        words.append(b.hex())
    elif isinstance(b, list):
        words += b
    elif b is not None:
        words.append(b)
    return " ".join(map(str, words))


def good(op, a, b, answer):
    if op == "write":
        return answer == (value(a) % P).to_bytes(32, "little").hex()
    got = list(map(int, answer.split()))
    if op == "read":
        return got == limbs(int.from_bytes(b, "little") % 2**255)
    want = {"mul": lambda: value(a) * value(b),
            "square": lambda: value(a)**2,
            "times": lambda: value(a) * b,
            "invert": lambda: pow(value(a), P - 2, P),
            "add": lambda: value(a) + value(b),
            "sub": lambda: value(a) - value(b)}[op]()
    limit = 2**53 if op in ("add", "sub") else TIGHT + 1
    return value(got) % P == want % P and max(got) < limit


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    asked = list(questions(count))
    done = subprocess.run([sys.argv[1]], text=True, stdout=subprocess.PIPE,
                          input="".join(line(*q) + "\n" for q in asked),
                          check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(asked), "an answer for each line"
    for (op, a, b), answer in zip(asked, answers):
        if not good(op, a, b, answer):
            sys.exit(f"{sys.argv[1]}: {line(op, a, b)}: got {answer}")
    print(f"x25519: {len(asked)} operations as Python has them")


main()
