#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Field arithmetic compared with Python's integers: field.py PROGRAM [COUNT]

Every limb at its edges: 0, 1, -1, the largest of a product, the largest
allowed, both signs; each alone, all together, and drawn. The program is built
with UBSan, so that an overflow anywhere ends it.
"""
import itertools
import random
import subprocess
import sys

FIELDS = {
    "p256": (5, 52, 2**256 - 2**224 + 2**192 + 2**96 - 1, 256, 64),
    "p384": (7, 56, 2**384 - 2**128 - 2**96 + 2**32 - 1, 384, 128),
}


def main():
    name = sys.argv[1].rsplit("_", 1)[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    limbs, bits, p, size, most = FIELDS[name]
    r = 1 << limbs * bits
    top = size - (limbs - 1) * bits
    draw = random.Random(1)

    def value(a):
        return sum(v << bits * i for i, v in enumerate(a))

    def magnitude(a):
        return abs(value(a)) / (1 << size)

    # Allowed inputs: limbs below 2^60, the highest as the magnitude requires.
    low = [0, 1, -1, 2**bits - 1, 2**bits, -2**bits, 2**60 - 1, 1 - 2**60]
    high = [0, 1, -1, 2**top - 1, 2**top, -2**top, 7 << top, -7 << top]
    edges = [[0] * limbs]
    for i in range(limbs):
        for v in high if i == limbs - 1 else low:
            for rest in 0, 2**bits - 1, 1 - 2**60:
                edges.append([v if j == i else
                              min(rest, 2**top - 1) if j == limbs - 1
                              and rest > 0 else rest if j < limbs - 1 else 0
                              for j in range(limbs)])
    for v, w in itertools.product(low, high):
        edges.append([v] * (limbs - 1) + [w])
    for v in 0, 1, p - 1, p, p + 1, -p, 1 - p, 2 * p, 3 * p, r % p, r * r % p:
        sign = -1 if v < 0 else 1
        edges.append([sign * (abs(v) >> bits * i & 2**bits - 1)
                      for i in range(limbs - 1)]
                     + [sign * (abs(v) >> bits * (limbs - 1))])

    def drawn():
        if draw.random() < 0.3:
            return draw.choice(edges)
        return [draw.choice(low) if draw.random() < 0.3
                else draw.randrange(-2**60 + 1, 2**60)
                for _ in range(limbs - 1)] + [
                    draw.randrange(-7 << top, 7 << top)]

    asked = [("square", a, a) for a in edges] + [("settle", a, a) for a in edges]
    asked += [("zero", a, a) for a in edges]
    asked += [("mul", a, b) for a in edges for b in draw.sample(edges, 40)]
    asked += [("mul", drawn(), drawn()) for _ in range(count)]
    asked += [("square", a, a) for a in (drawn() for _ in range(count))]
    # Numbers that are 0 modulo p in limbs that do not show it.
    for a in (drawn() for _ in range(500)):
        rest = value(a) % p
        fixed = a[:]
        for i in range(limbs):
            fixed[i] -= rest >> bits * i & (2**bits - 1 if i < limbs - 1
                                            else 2**64 - 1)
        assert value(fixed) % p == 0
        if max(map(abs, fixed)) < 2**60:
            asked += [("zero", fixed, fixed)]
            asked += [("zero", [fixed[0] + 1] + fixed[1:], fixed)]
    limit = {"mul": most, "square": most, "settle": most, "zero": 14}
    asked = [(op, a, b) for op, a, b in asked
             if magnitude(a) * magnitude(a if op == "square" else
                                         b if op == "mul" else [0] * limbs)
             <= most and (op in ("mul", "square") or
                          magnitude(a) <= limit[op])]
    lines = [" ".join(map(str, [op] + a + (b if op == "mul" else [])))
             for op, a, b in asked]
    done = subprocess.run([sys.argv[1]], input="\n".join(lines) + "\n",
                          text=True, stdout=subprocess.PIPE, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(asked), "an answer for each line"
    inverse = pow(r, -1, p)
    for (op, a, b), line in zip(asked, answers):
        got = list(map(int, line.split()))
        if op == "zero":
            good = got == [int(value(a) % p == 0)]
        elif op == "settle":
            good = value(got) % p == value(a) % p and (
                name != "p256" or magnitude(got) < 1.1)
        else:
            want = value(a) * value(b) * inverse % p
            m = abs(value(a) * value(b)) // r + 1
            good = value(got) % p == want and all(
                0 <= v < 1 << bits for v in got[:-1]) and (
                    -m <= value(got) <= m + p)
        if not good:
            sys.exit(f"{sys.argv[1]}: {op} {a} {b}: got {line}")
    print(f"{name}: {len(asked)} operations as Python has them")


main()
