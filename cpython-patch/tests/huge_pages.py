"""Large results are backed by huge pages where the system gives them, and growing copies nothing.

Run by an interpreter that has the patches (in which case its zlib is tested, and its zstd if it has
one), or one with the patched backports.zstd. Nothing is timed: the kernel tells how a mapping was
advised and how many pages it had to supply.
"""

import ctypes
import mmap
import resource
import sys
from random import Random

MIB = 1 << 20
LARGE, SMALL = 64 * MIB, 4 * MIB


def modules():
    """Names, compression and decompression."""
    try:
        from compression import zstd
    except ImportError:
        try:
            from backports import zstd
        except ImportError:
            zstd = None
    if "backports.zstd" not in sys.modules:
        import zlib

        yield "zlib", zlib.compress, zlib.decompress
    if zstd is not None:

        def without_size(data):
            """A frame that does not tell its size, so that its output grows."""
            compressor = zstd.ZstdCompressor()
            return compressor.compress(data) + compressor.flush()

        yield "zstd, sized by the header", zstd.compress, zstd.decompress
        yield "zstd, growing", without_size, zstd.decompress


def can_be_advised():
    """Whether the kernel takes the advice at all, and tells so."""
    area = mmap.mmap(-1, SMALL)
    try:
        area.madvise(mmap.MADV_HUGEPAGE)
    except (AttributeError, OSError):
        return False
    return is_advised(ctypes.addressof(ctypes.c_char.from_buffer(area)))


def is_advised(address):
    """Whether the mapping that holds `address` was (proc(5), VmFlags)."""
    inside = False
    with open("/proc/self/smaps") as lines:
        for line in lines:
            word = line.split(None, 1)[0]
            if not word.endswith(":"):
                start, end = (int(part, 16) for part in word.split("-"))
                inside = start <= address < end
            elif inside and word == "VmFlags:":
                return "hg" in line.split()
    return False


def page_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def main():
    advice, pages = can_be_advised(), LARGE // mmap.PAGESIZE
    # A sixteenth of it random: a frame of less than its 256th part would not be believed.
    random, zeros = Random(5), bytes(60 << 10)
    data = b"".join(random.randbytes(4 << 10) + zeros for _ in range(LARGE >> 16))
    for name, compress, decompress in modules():
        packed = compress(data)
        assert decompress(packed) == data, f"{name}: wrong content"
        before = page_faults()
        result = decompress(packed)
        count = page_faults() - before
        # Every page once, and a few for the decompressor. When realloc() copies and does not
        # remap, what was written before each of the last steps counts again.
        assert count < 1.1 * pages, f"{name}: {count} page faults for {pages} pages"
        assert is_advised(id(result) + LARGE // 2) == advice, f"{name}: a large result, advised: {not advice}"
        del result
        result = decompress(compress(data[:SMALL]))
        assert not is_advised(id(result) + SMALL // 2), f"{name}: a small result was advised"
        print(f"{name}: {count} page faults for {pages} pages, advised: {advice}")
    print("all as it must be")


main()
