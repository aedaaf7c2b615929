#!/usr/bin/env python3
"""Count the pixels in which two PNG images differ.

    scripts/compare_png.py A.png B.png

You get one line, "N of M pixels differ", and exit status 1 when N is not 0 or when the sizes differ; 2
when a file is not a PNG that this can read (8 or 16 bits, RGB or RGBA, not interlaced). Pixels are
compared and not files, because Blender writes a time and a path into each PNG. An image without alpha
counts as opaque, and 8 bits are widened to 16 when the other image has those.
"""

import struct
import sys
import zlib


class NotReadable(Exception):
    """The file is not a PNG that this script can decode."""


def chunks(data: bytes):
    """Yields (kind, body) of each chunk, having checked its sum."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise NotReadable("not a PNG")
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if len(body) != length or data[at + 8 + length : at + 12 + length] != struct.pack(">I", zlib.crc32(kind + body)):
            raise NotReadable("a damaged chunk")
        yield kind, body
        if kind == b"IEND":
            return
        at += 12 + length
    raise NotReadable("cut short")


def unfilter(raw: bytes, rows: int, stride: int, step: int) -> list:
    """The rows without their filters; `step` is the number of bytes in a pixel."""
    above, out = bytearray(stride), []
    for y in range(rows):
        at = y * (stride + 1)
        kind, row = raw[at], bytearray(raw[at + 1 : at + 1 + stride])
        for i in range(stride if kind else 0):
            left = row[i - step] if i >= step else 0
            up = above[i]
            if kind == 1:
                guess = left
            elif kind == 2:
                guess = up
            elif kind == 3:
                guess = (left + up) >> 1
            elif kind == 4:
                corner = above[i - step] if i >= step else 0
                p = left + up - corner
                a, b, c = abs(p - left), abs(p - up), abs(p - corner)
                guess = left if a <= b and a <= c else up if b <= c else corner
            else:
                raise NotReadable("filter %d" % kind)
            row[i] = (row[i] + guess) & 255
        out.append(row)
        above = row
    return out


def read(path: str):
    """(width, height, pixels) of a PNG, each pixel four numbers of 16 bits."""
    with open(path, "rb") as f:
        data = f.read()
    head, packed = None, b""
    for kind, body in chunks(data):
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
    if not head:
        raise NotReadable("no header")
    width, height, depth, colour, _, _, interlaced = head
    if depth not in (8, 16) or colour not in (2, 6) or interlaced:
        raise NotReadable("depth %d, colour type %d, interlacing %d" % (depth, colour, interlaced))
    channels = 3 if colour == 2 else 4
    stride = width * channels * depth // 8
    try:
        raw = zlib.decompress(packed)
    except zlib.error as e:
        raise NotReadable(e) from e
    if len(raw) != height * (stride + 1):
        raise NotReadable("%d bytes of pixels where %d belong" % (len(raw), height * (stride + 1)))
    pixels = []
    for row in unfilter(raw, height, stride, channels * depth // 8):
        values = struct.unpack(">%dH" % (stride // 2), row) if depth == 16 else [v * 257 for v in row]
        for x in range(0, width * channels, channels):
            pixel = tuple(values[x : x + channels])
            pixels.append(pixel if channels == 4 else (*pixel, 65535))
    return width, height, pixels


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    images = []
    for path in sys.argv[1:]:
        try:
            images.append(read(path))
        except (OSError, NotReadable) as e:
            print("compare_png: %s: %s" % (path, e), file=sys.stderr)
            return 2
    (aw, ah, a), (bw, bh, b) = images
    if (aw, ah) != (bw, bh):
        print("sizes differ: %dx%d and %dx%d" % (aw, ah, bw, bh))
        return 1
    differ = sum(p != q for p, q in zip(a, b))
    print("%d of %d pixels differ" % (differ, len(a)))
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
