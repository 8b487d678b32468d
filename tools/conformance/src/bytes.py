"""Writes what Python compresses, with nothing in it that depends on the time: `INPUT DIR`."""

import gzip
import io
import os
import sys
import tarfile
import zipfile
import zlib

STRATEGIES = [
    zlib.Z_DEFAULT_STRATEGY,
    zlib.Z_FILTERED,
    zlib.Z_HUFFMAN_ONLY,
    zlib.Z_RLE,
    zlib.Z_FIXED,
]


def main(folder, to):
    def write(name, data):
        with open(os.path.join(to, name), "wb") as file:
            file.write(data)

    files = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            files[name] = file.read()
    for name, data in files.items():
        for level in range(-1, 10):
            write(f"{name}.{level}.z", zlib.compress(data, level))
            write(f"{name}.{level}.gz", gzip.compress(data, max(level, 0), mtime=0))
        for strategy in STRATEGIES:
            for memory, bits in [(8, -15), (1, 9), (9, 31), (9, 12)]:
                coder = zlib.compressobj(6, zlib.DEFLATED, bits, memory, strategy)
                out = [coder.compress(data[:50000]), coder.flush(zlib.Z_SYNC_FLUSH)]
                out += [coder.compress(data[50000:]), coder.flush()]
                write(f"{name}.{strategy}.{memory}.{bits}", b"".join(out))
        # In pieces, through the file object.
        packed = io.BytesIO()
        with gzip.GzipFile("", "wb", 6, packed, mtime=0) as file:
            for at in range(0, len(data), 10000):
                file.write(data[at : at + 10000])
        write(f"{name}.pieces.gz", packed.getvalue())
    for level in [1, 6, 9]:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, level)
        write(f"all.{level}.zip", packed.getvalue())
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, packed, mtime=0) as compressed:
        with tarfile.open(fileobj=compressed, mode="w") as archive:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    write("all.tar.gz", packed.getvalue())


main(*sys.argv[1:])
