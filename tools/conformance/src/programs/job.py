"""zlib, gzip and zipfile at work: `self INPUT`, `write INPUT DIR`, `read INPUT DIR`.

`self` prints what must be equal on every library: checksums and digests of decoded data. What
`write` leaves in DIR, `read` decodes and compares with the files of INPUT.
"""

import gzip
import hashlib
import itertools
import os
import sys
import zipfile
import zlib

LEVELS = range(-1, 10)
STRATEGIES = [
    zlib.Z_DEFAULT_STRATEGY,
    zlib.Z_FILTERED,
    zlib.Z_HUFFMAN_ONLY,
    zlib.Z_RLE,
    zlib.Z_FIXED,
]


def files(folder):
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            yield name, file.read()


def in_pieces(codec, data, size):
    out = [codec(data[i : i + size]) for i in range(0, len(data), size)]
    return b"".join(out)


def bounded(decoder, data, limit):
    """Decodes with a bound on each piece of output, as a reader of hostile data does."""
    out = []
    while not decoder.eof:
        piece = decoder.decompress(data, limit)
        assert len(piece) <= limit
        data = decoder.unconsumed_tail
        out.append(piece)
        assert piece or data or decoder.eof, "no progress"
    return b"".join(out)


def check_itself(folder):
    streams = 0
    for name, data in files(folder):
        print(name, len(data), zlib.crc32(data), zlib.adler32(data), hashlib.sha256(data).hexdigest())
        short = data[:60000]
        for level, wbits in itertools.product(LEVELS, [9, 12, 15, -9, -15, 25, 31]):
            coder = zlib.compressobj(level, zlib.DEFLATED, wbits)
            packed = in_pieces(coder.compress, short, 7001) + coder.flush()
            reader = zlib.decompressobj(wbits)
            assert in_pieces(reader.decompress, packed, 997) + reader.flush() == short
            assert reader.eof and reader.unused_data == b""
            if wbits > 0:
                assert zlib.decompress(packed, 47) == short
            streams += 1
        for memory, strategy in itertools.product(range(1, 10), STRATEGIES):
            coder = zlib.compressobj(6, zlib.DEFLATED, -15, memory, strategy)
            packed = coder.compress(short)
            packed += coder.flush(zlib.Z_SYNC_FLUSH) + coder.compress(short)
            packed += coder.flush(zlib.Z_FULL_FLUSH)
            copy = coder.copy()
            rest = copy.compress(short) + copy.flush()
            assert coder.compress(short) + coder.flush() == rest, "a copied stream differs"
            decoder = zlib.decompressobj(-15)
            assert decoder.decompress(packed) == short + short, "a flush held data back"
            twin = decoder.copy()
            assert decoder.decompress(rest) == twin.decompress(rest) == short
            streams += 1
        packed = zlib.compress(data, 6)
        assert bounded(zlib.decompressobj(), packed + b"tail", 4096) == data
        decoder = zlib.decompressobj()
        assert decoder.decompress(packed + b"tail") == data and decoder.unused_data == b"tail"
        words = data[:3000]
        coder = zlib.compressobj(zdict=words)
        packed = coder.compress(data) + coder.flush()
        assert zlib.decompressobj(zdict=words).decompress(packed) == data
        if words:
            expect_error(lambda: zlib.decompress(packed), "Error 2 while decompressing data")
        expect_error(lambda: zlib.decompress(zlib.compress(data)[:-1]), "Error -5 while")
    expect_error(lambda: zlib.decompress(b"\x78\x9c\x07\x00"), "Error -3 while")
    expect_error(lambda: zlib.decompress(b"\x00\x01"), "Error -3 while decompressing data: incorrect")
    print(streams, "streams")


def expect_error(call, words):
    try:
        call()
    except zlib.error as error:
        assert words in str(error), f"{error} instead of {words}"
    else:
        raise AssertionError(f"no {words}")


def write(folder, to):
    for name, data in files(folder):
        for level in [0, 1, 6, 9]:
            path = os.path.join(to, f"{name}-{level}")
            with open(path + ".z", "wb") as file:
                file.write(zlib.compress(data, level))
            # Two members, the second appended in pieces.
            half = len(data) // 2
            with gzip.open(path + ".gz", "wb", level) as file:
                file.write(data[:half])
            with gzip.open(path + ".gz", "ab", level) as file:
                for at in range(half, len(data), 10000):
                    file.write(data[at : at + 10000])
    with zipfile.ZipFile(os.path.join(to, "all.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files(folder):
            archive.writestr(name, data, compresslevel=9)
            with archive.open(f"streamed/{name}", "w") as file:
                for at in range(0, len(data), 5000):
                    file.write(data[at : at + 5000])


def read(folder, where):
    with zipfile.ZipFile(os.path.join(where, "all.zip")) as archive:
        assert archive.testzip() is None
        for name, data in files(folder):
            for level in [0, 1, 6, 9]:
                path = os.path.join(where, f"{name}-{level}")
                with open(path + ".z", "rb") as file:
                    packed = file.read()
                assert zlib.decompress(packed) == data
                assert bounded(zlib.decompressobj(), packed, 1000) == data
                with gzip.open(path + ".gz") as file:
                    assert file.read() == data
                with gzip.open(path + ".gz") as file:
                    half = len(data) // 2
                    file.seek(half)
                    assert file.read(100) == data[half : half + 100]
            assert archive.read(name) == data
            with archive.open(f"streamed/{name}") as file:
                assert b"".join(iter(lambda: file.read(777), b"")) == data


if __name__ == "__main__":
    action, *folders = sys.argv[1:]
    {"self": check_itself, "write": write, "read": read}[action](*folders)
