#!/usr/bin/env python3
# The numbers of ec_p256.c and ec_p384.c: ec_tables.py p256 > ec_p256_table.h
# Odd multiples of the generator, in affine coordinates, times R modulo p
# (Montgomery's form for the field's R), and the curve's constants. `make check`
# compares what this writes with what is committed.
import sys

CURVES = {
    # bits, limbs and bits of one, p, n, b, generator (SEC 2, 2.4.2 and 2.5.1)
    'p256': (
        256, 5, 52,
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
        0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
        0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
        0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5),
    'p384': (
        384, 7, 56,
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        int('ffffffffffffffffffffffffffffffffffffffffffffffff'
            'c7634d81f4372ddf581a0db248b0a77aecec196accc52973', 16),
        int('b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a'
            'c656398d8a2ed19d2a85c8edd3ec2aef', 16),
        int('aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38'
            '5502f25dbf55296c3a545e3872760ab7', 16),
        int('3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0'
            '0a60b1ce1d7e819d7a431d7c90ea0e5f', 16)),
}
WIDTH = 7  # of the digits that multiply the generator


def add(p, a, b):
    if a == b:
        m = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, p)
    else:
        m = (b[1] - a[1]) * pow(b[0] - a[0], -1, p)
    x = (m * m - a[0] - b[0]) % p
    return x, (m * (a[0] - x) - a[1]) % p


def words(v, size):
    return [v >> i & (1 << size) - 1 for i in range(0, v.bit_length() or 1, size)]


def row(v, size, count):
    w = words(v, size)
    w += [0] * (count - len(w))
    return ['UINT64_C(0x%016x)' % x if size == 64 else 'INT64_C(0x%014x)' % x
            for x in w]


def fill(items, indent):
    lines, line = [], indent
    for i in items:
        if len(line) + len(i) + 1 > 78:
            lines.append(line.rstrip())
            line = indent
        line += i + ', '
    return '\n'.join(lines + [line.rstrip()])


def main():
    name = sys.argv[1]
    bits, limbs, limb, p, n, b, gx, gy = CURVES[name]
    r = 1 << limbs * limb
    assert (gy * gy - gx**3 + 3 * gx - b) % p == 0
    print('/* SPDX-License-Identifier: MIT */')
    print('/* Written by ec_tables.py %s; not to be edited. */' % name)
    print('/* clang-format off */\n')
    print('static const struct sts_ec_curve numbers = {')
    print('\t%d,' % (bits // 64))
    for v in p, n:
        print('\t{ {\n%s\n\t} },' % fill(row(v, 64, bits // 64), '\t\t'))
    print('\t%s,\n};\n' % row(-pow(n, -1, 2**64) % 2**64, 64, 1)[0])
    for what, v in (('one', r), ('r_squared', r * r), ('curve_b', b * r)):
        print('static const struct fe %s = { {\n%s\n} };\n'
              % (what, fill(row(v % p, limb, limbs), '\t')))
    print('static const struct fe prime = { {\n%s\n} };\n'
          % fill(row(p, limb, limbs), '\t'))
    print('/* (2 i + 1) * G: x, then y. */')
    print('static const uint64_t generator[%d][2][%d] = {'
          % (1 << WIDTH - 2, bits // 64))
    g = (gx, gy)
    twice, at = add(p, g, g), g
    for i in range(1 << WIDTH - 2):
        print('\t{')
        for v in at:
            print('\t\t{\n%s\n\t\t},'
                  % fill(row(v * r % p, 64, bits // 64), '\t\t\t'))
        print('\t},')
        at = add(p, at, twice)
    print('};')


main()
