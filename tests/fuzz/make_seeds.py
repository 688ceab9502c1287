#!/usr/bin/env python3
"""make_seeds.py DIRECTORY [IMAGE...] - seeds for the image fuzz targets: lists
of changes to the synthetic images (see image_input.h) and small real images.
tests/fuzz/seeds/ holds what it wrote."""
import os, struct, sys

out, images = sys.argv[1], sys.argv[2:]
os.makedirs(out, exist_ok=True)

def seed(name, kind, *changes):
    data = kind.encode() + b''.join(
        struct.pack('<B', k) + struct.pack('<I', w)[:3] + struct.pack('<I', v & 0xffffffff)
        for k, w, v in changes)
    with open(os.path.join(out, name), 'wb') as f:
        f.write(data)

for kind in 'PS':
    seed('whole-' + kind, kind)
    seed('bits-' + kind, kind, *[(2, w, 24 + w % 40) for w in range(0, 800, 37)])
    for i, w in enumerate(range(0, 1000, 250)):
        seed('word%d-%s' % (i, kind), kind, (i % 8, w, 0x810000 + 8 * w), (6, w + 3, 0x8f05))
for image in images:
    data = open(image, 'rb').read()
    if len(data) < 400000:
        with open(os.path.join(out, os.path.basename(image)), 'wb') as f:
            f.write(data)
