"""Makes an image what the network takes: `prepare.py IMAGE OUT.npy`, with Pillow.

The middle square of the image, resized to 224 by 224 (bicubic), as RGB in 0..1 minus
(0.485, 0.456, 0.406) over (0.229, 0.224, 0.225): f32[1, 3, 224, 224].
"""

import array
import os
import sys

from PIL import Image

SIZE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def prepare(path):
    image = Image.open(path).convert("RGB")
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    pixels = square.resize((SIZE, SIZE), Image.Resampling.BICUBIC).tobytes()
    planes = array.array("f")
    for channel in range(3):
        mean, deviation = MEAN[channel], DEVIATION[channel]
        planes.extend((value / 255 - mean) / deviation for value in pixels[channel::3])
    return planes


def write_npy(path, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, {SIZE}, {SIZE}), }}"
    length = -(10 + len(header) + 1) % 64 + len(header) + 1
    if sys.byteorder == "big":
        values.byteswap()
    with open(path + ".part", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little"))
        file.write(header.ljust(length - 1).encode() + b"\n")
        values.tofile(file)
    os.replace(path + ".part", path)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: prepare.py IMAGE OUT.npy")
    write_npy(sys.argv[2], prepare(sys.argv[1]))
