"""Archives and files that nobody sends who means well: data, the same on every run."""

import json
import random
import stat
import struct
import zlib
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile, ZipInfo

from tests.favorites.transfer.files import LETTERBOXD, RATINGS, zipped

HEADER = "Date,Name,Year,Letterboxd URI,Rating\n"
MIB = 1024 * 1024


def archives():
    """By name; one dice makes them all."""
    dice = random.Random(20_26)
    good, single = zipped(LETTERBOXD), zipped({"ratings.csv": RATINGS})
    odd_name = single.replace(b"ratings.csv", b"\xff\xfe\xfd\xfc\xfb.csv.")
    wide = HEADER.strip() + "," * 50_000 + "\n" + "2024-01-01,a,1999,,4\n" * 300
    found = {
        "empty": b"",
        "a signature alone": b"PK\x03\x04",
        "an empty archive": zipped({}),
        "the end of an archive alone": b"PK\x05\x06" + bytes(18),
        "zeros, a thousandth of their size": zipped({"ratings.csv": HEADER + "\0" * (40 * MIB)}),
        "more than 50 MiB": zipped({f"{n}.csv": bytes(6 * MIB) for n in range(9)}),
        "the same text over and over": zipped({"ratings.csv": HEADER + "2024-01-01,a,1999,,4\n" * 1_000_000}),
        "a million rows": zipped({"ratings.csv": HEADER + rows(dice, 1_000_000)}),
        "101 files": zipped({f"{n}.csv": "x" for n in range(101)}),
        "5,000 files": zipped({f"{n}.csv": "" for n in range(5000)}),
        "an archive in an archive": zipped({"export.zip": good}),
        "an archive in an archive as a table": zipped({"ratings.csv": good}),
        "a link": _with(lambda entry: setattr(entry, "external_attr", (stat.S_IFLNK | 0o777) << 16)),
        "two files of one name": _twice("ratings.csv", "ratings.csv"),
        "two files of nearly one name": _twice("ratings.csv", "RATINGS.CSV"),
        "bzip2": zipped({"ratings.csv": RATINGS}, ZIP_BZIP2),
        "lzma": zipped({"ratings.csv": RATINGS}, ZIP_LZMA),
        "a password": _patched(single, b"PK\x01\x02", 8, b"\x01\x00"),
        "a directory that is elsewhere": good[:-6] + bytes([good[-6] + 5]) + good[-5:],
        "a name that is no UTF-8": _patched(odd_name, b"PK\x01\x02", 8, b"\x00\x08"),
        "50,000 columns": zipped({"ratings.csv": wide}),
        "a method that nobody has": _patched(single, b"PK\x01\x02", 10, b"\x63\x00"),
        "a size too small": _patched(single, b"PK\x01\x02", 24, struct.pack("<I", 3)),
        "a size too large": _patched(single, b"PK\x01\x02", 24, struct.pack("<I", 40 * MIB)),
        "a size of 4 GiB": _patched(single, b"PK\x01\x02", 24, b"\xff\xff\xff\xff"),
        "a place outside the file": _patched(single, b"PK\x01\x02", 42, b"\xff\xff\xff\x7f"),
        "a wrong checksum": _patched(single, b"PK\x01\x02", 16, b"\0\0\0\0"),
        "a directory of 4 GiB": _patched(good, b"PK\x05\x06", 12, b"\xff\xff\xff\xff"),
        "a directory somewhere else": _patched(good, b"PK\x05\x06", 16, b"\x07\0\0\0"),
        "all entries one stretch of bytes": _overlapping(90),
        "no text": zipped({"ratings.csv": HEADER.encode() + dice.randbytes(4096)}),
        "Windows-1252": zipped({"ratings.csv": RATINGS.encode("cp1252")}),
        "UTF-32": zipped({"ratings.csv": RATINGS.encode("utf-32")}),
        "a line of a million cells": zipped({"ratings.csv": HEADER + _noise(dice, 1_000_000) + "\n"}),
        "a header of a million cells": zipped({"ratings.csv": HEADER.strip() + _noise(dice, 1_000_000)}),
        "a quote that never ends": zipped({"ratings.csv": HEADER + '2024-01-01,"' + _noise(dice, 500_000)}),
        "many quotes that never end": zipped({"ratings.csv": HEADER + ',"\n' * 8_000}),
        "deep lists": zipped({"history.json": "[" * 100_000}),
        "deep objects": zipped({"history.json": '[{"a":' * 50_000}),
        "an endless number": zipped({"history.json": "[" + str(dice.randrange(10**4000)) * 100 + "]"}),
        "small lists": zipped({"history.json": "[" + "[]," * 200_000 + "[]]"}),
        "a NUL in a name": _patched(good, b"ratings.csv", 2, b"\0"),
    }
    for name in ("../ratings.csv", "/etc/ratings.csv", "a\\..\\ratings.csv", "C:ratings.csv", "x" * 3000 + ".csv"):
        found[f"the path {name[:20]}"] = zipped({name: RATINGS})
    for n in range(8):
        found[f"cut off, {n}"] = good[: dice.randrange(4, len(good))]
    for n in range(12):
        spoilt = bytearray(good)
        for _ in range(1 + 4 * n):
            spoilt[dice.randrange(4, len(spoilt))] = dice.randrange(256)
        found[f"spoilt, {n}"] = bytes(spoilt)
    return found


def rows(dice, number):
    """Lines that do not shrink too well, none like another."""
    return "".join(f"2024-01-01,{n * 7919 % 1_000_003:x}{n:x},1999,,4\n" for n in range(number))


def largest():
    """The largest file that is taken: 50,000 rows with titles of 300 letters that take four bytes each in memory."""
    dice = random.Random(7)
    words = ["".join(dice.choices("abcdefghij", k=60)) for _ in range(400)]
    lines = (f"2024-01-01,{n}🎬{dice.choice(words)}{dice.choice(words)}{'x' * 170},1999,,4\n" for n in range(50_000))
    return zipped({"ratings.csv": HEADER + "".join(lines)})


def _noise(dice, commas):
    return "".join(f",{letter}" for letter in dice.choices("abcdefghijklmnop", k=commas))


def _with(change):
    target = BytesIO()
    with ZipFile(target, "w") as archive:
        entry = ZipInfo("ratings.csv")
        change(entry)
        archive.writestr(entry, RATINGS)
    return target.getvalue()


def _twice(first, second):
    """The same bytes under a name of the same length, which a ZipFile would warn of or refuse to write."""
    data = zipped({first: RATINGS, "z" * len(second): RATINGS})
    return data.replace(b"z" * len(second), second.encode())


def _patched(data, mark, offset, new):
    """With other bytes ``offset`` behind the first ``mark``."""
    at = data.index(mark) + offset
    return data[:at] + new + data[at + len(new) :]


def _overlapping(number):
    """A directory all entries of which are the same megabyte of zeros: Fifield's bomb, the simple kind."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(MIB)
    packed = packer.compress(zeros) + packer.flush()
    sizes = struct.pack("<III", zlib.crc32(zeros), len(packed), len(zeros))
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, ZIP_DEFLATED, 0, 0x21) + sizes
    body = local + struct.pack("<HH", 11, 0) + b"ratings.csv" + packed
    directory = b""
    for n in range(number):
        name = f"{n}.csv".encode()
        head = struct.pack("<HHHHHH", 20, 20, 0, ZIP_DEFLATED, 0, 0x21) + sizes
        directory += b"PK\x01\x02" + head + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<HHHHIIH", 0, 0, number, number, len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def bombs():
    """What would fill memory if it were read as a whole, by name; sent as they are."""
    return {
        "stored, not packed": ("export.zip", zipped({"ratings.csv": bytes(9 * MIB)}, ZIP_STORED)),
        "lists in JSON": ("history.json", b"[" + b"[]," * (3 * MIB) + b"[]]"),
        "numbers in JSON": ("history.json", b"[" + b"1.5," * (2 * MIB) + b"1]"),
        "one text in JSON": ("history.json", json.dumps(["🎬" + "x" * (9 * MIB)], ensure_ascii=False).encode()),
        "one line": ("ratings.csv", HEADER.encode() + "🎬".encode() + b"x" * (9 * MIB)),
        "one quoted cell": ("ratings.csv", HEADER.encode() + b'"' + b"x\n" * (4 * MIB)),
    }
