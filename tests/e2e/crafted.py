"""Charts that the tests make themselves: as files, as tar entries, as archives, byte by byte."""

import os
import pathlib
import zlib

BLOCK = 512


def chart_yaml(name="tiny", version="0.1.0", more=""):
    return f"apiVersion: v2\nname: {name}\nversion: {version}\n{more}".encode()


TINY = {"Chart.yaml": chart_yaml(), "values.yaml": b"a: 1\n"}


def write_files(directory, files):
    """Writes {relative path: bytes} below a directory, which is made; returns it."""
    for name, body in files.items():
        path = pathlib.Path(directory) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return directory


def _number(value, width):
    """As GNU tar writes it: octal where it fits, else base 256 (negative numbers too)."""
    if 0 <= value < 8 ** (width - 1):
        return f"{value:0{width - 1}o}".encode() + b"\0"
    coded = bytearray((value & ((1 << 8 * width) - 1)).to_bytes(width, "big"))
    coded[0] |= 0x80
    return bytes(coded)


def _bytes(text):
    return text if isinstance(text, bytes) else os.fsencode(text)


def entry(name, body=b"", kind="0", *, link="", mode=0o644, uid=0, mtime=0, size=None,
          prefix="", magic=b"ustar\x0000", devices=(0, 0), checksum=None):
    """One tar entry: header, body, padding. `size` and `checksum` may lie."""
    header = bytearray(b"".join([
        _bytes(name).ljust(100, b"\0")[:100], _number(mode, 8), _number(uid, 8), _number(0, 8),
        _number(len(body) if size is None else size, 12), _number(mtime, 12), b" " * 8,
        _bytes(kind), _bytes(link).ljust(100, b"\0")[:100], magic, b"\0" * 64,
        _number(devices[0], 8), _number(devices[1], 8), _bytes(prefix).ljust(155, b"\0")[:155],
        b"\0" * 12]))
    assert len(header) == BLOCK
    total = sum(header) if checksum is None else checksum
    header[148:156] = f"{total:06o}\0 ".encode()
    return bytes(header) + padded(body)


def padded(body):
    return body + b"\0" * (-len(body) % BLOCK)


def pax(*records, kind="x"):
    """A pax extended header: records are (key, value)."""
    text = b""
    for key, value in records:
        line = b" " + _bytes(key) + b"=" + _bytes(value) + b"\n"
        length = len(line) + 1
        while length != len(str(length)) + len(line):
            length += 1
        text += str(length).encode() + line
    return entry("pax", text, kind)


def long_name(name, kind="L"):
    """GNU tar's way to give the next entry a long name (kind L) or link (kind K)."""
    return entry("././@LongLink", _bytes(name) + b"\0", kind)


def tar(*entries):
    return b"".join(entries) + b"\0" * (2 * BLOCK)


def tar_files(files, top="tiny"):
    return tar(*(entry(f"{top}/{name}", body) for name, body in files.items()))


def gzip(data, *, crc=None, length=None, level=9):
    """One gzip member with a plain header; CRC and length may lie."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    crc = zlib.crc32(data) if crc is None else crc
    length = len(data) if length is None else length
    return (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body
            + crc.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little"))


def archive(files, top="tiny"):
    """A chart archive of {relative path: bytes}."""
    return gzip(tar_files(files, top))


def write_archive(path, files=None, top="tiny"):
    path = pathlib.Path(path)
    path.write_bytes(archive(TINY if files is None else files, top))
    return path
