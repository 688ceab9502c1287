#!/usr/bin/env python3
"""Make large_vectors.h: calls of the LargeIntegers primitives with the answers
that Python's integers give. Run it again only to change the cases:

    python3 tests/unit/large_vectors.py > tests/unit/large_vectors.h

Operands are signed hexadecimal. Answers: "s" and a SmallInteger; "+" or "-", the
size in bytes, ":" and the magnitude of a LargeInteger; two of these for a
quotient and remainder; "true", "false", or "fail" and the status.
"""
import random

SMALL = 1 << 60
random.seed(20)


def size(x):
    return max(1, (abs(x).bit_length() + 7) // 8)


def large(x, negative, size_in_bytes=None):
    n = size(x) if size_in_bytes is None else size_in_bytes
    return "%s%d:%s" % ("-" if negative else "+", n, abs(x).to_bytes(n, "big").hex())


def normal(x):
    if -SMALL <= x < SMALL:
        return "s%x" % x
    return large(x, x < 0)


def digits(x):
    return (size(x) + 3) // 4


def sign(x):
    return -1 if x < 0 else 1


def operand(most=600):
    bits = random.choice([1, 31, 32, 33, 59, 60, 61, 63, 64, 65, 128, random.randrange(1, most)])
    kind = random.randrange(4)
    if kind == 0:
        value = random.getrandbits(bits)
    elif kind == 1:
        value = (1 << bits) - random.randrange(1, 3)
    elif kind == 2:
        value = 1 << bits
    else:  # what makes quotient estimates wrong
        value = 0
        for _ in range((bits + 31) // 32):
            value = value << 32 | random.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
    return -value if random.random() < 0.3 else value


def divide(a, b, negative):
    if b == 0:
        return "fail 1"
    if digits(a) < digits(b):
        return "s0 " + large(a, a < 0)
    q, r = divmod(abs(a), abs(b))
    return (large(q, negative, (digits(a) - digits(b) + 1) * 4) + " "
            + large(r, a < 0, (r.bit_length() + 7) // 8))


def any_bit(a, start, stop):
    if start < 1 or stop < 1:
        return "fail 1"
    mask = (1 << stop) - 1 >> (start - 1) << (start - 1)
    return "true" if start <= stop and abs(a) & mask else "false"


def montgomery(a, b, m):
    inverse = -pow(m, -1, 1 << 32) % (1 << 32)
    shift = 1 << (32 * digits(m))
    return inverse, normal(a * b * pow(shift, -1, m) % m)


def cases():
    for _ in range(30):
        a, b = operand(), operand()
        negative = random.random() < 0.5
        flag = "true" if negative else "false"
        yield "primDigitAdd", (a, b), normal(sign(a) * (abs(a) + abs(b)))
        yield "primDigitSubtract", (a, b), normal(sign(a) * (abs(a) - abs(b)))
        yield "primDigitMultiplyNegative", (a, b, flag), normal((-1 if negative else 1) * abs(a * b))
        yield "primDigitCompare", (a, b), normal((abs(a) > abs(b)) - (abs(a) < abs(b)))
        for name, result in (("And", a & b), ("Or", a | b), ("Xor", a ^ b)):
            yield "primDigitBit" + name, (a, b), "fail 1" if a < 0 or b < 0 else normal(result)
        by = random.choice([0, 1, 7, 32, 63, 64, 65, random.randrange(700)])
        left = abs(a) << by
        yield "primDigitBitShiftMagnitude", (a, by), large(left, a < 0)
        right = abs(a) >> by
        yield "primDigitBitShiftMagnitude", (a, -by), large(a, a < 0) if by == 0 else normal(sign(a) * right)
        start, stop = random.randrange(200), random.randrange(200)
        yield "primAnyBitFromTo", (a, start, stop), any_bit(a, start, stop)
    for _ in range(60):
        a, b = operand(900), operand()
        negative = random.random() < 0.5
        yield "primDigitDivNegative", (a, b, "true" if negative else "false"), divide(a, b, negative)
    for _ in range(20):
        m = abs(operand()) | 5
        a, b = abs(operand()) % m, abs(operand()) % m
        inverse, expected = montgomery(a, b, m)
        yield "primMontgomeryTimesModulo", (a, b, m, inverse), expected


def main():
    print("/* Made by large_vectors.py. */\n/* clang-format off */")
    for name, arguments, expected in cases():
        text = " ".join(x if isinstance(x, str) else "%x" % x for x in arguments)
        print('{"%s", "%s",\n "%s"},' % (name, text, expected))


main()
