"""Frames whose headers lie about the size of their content, and honest ones of every shape.

Run by an interpreter whose zstd module has the presizing patch. Memory is limited from outside and
from within, so that believing a header fails and does not merely take longer.
"""

import resource
import sys
import tracemalloc

try:
    from compression import zstd
except ImportError:
    from backports import zstd

MIB = 1 << 20
LIMIT = 768 * MIB
MAGIC = b"\x28\xb5\x2f\xfd"
RAW, RLE = 0, 1


def block(kind, size, payload, last):
    return (size << 3 | kind << 1 | last).to_bytes(3, "little") + payload


def raw(data):
    """Blocks that hold `data` as it is."""
    pieces = [data[i : i + (128 << 10)] for i in range(0, len(data), 128 << 10)] or [b""]
    return b"".join(block(RAW, len(p), p, p is pieces[-1]) for p in pieces)


def rle(count):
    """`count` blocks of 128 KiB zeros, four bytes each: the most that a frame can expand."""
    return b"".join(block(RLE, 128 << 10, b"\0", i == count - 1) for i in range(count))


def frame(claim, blocks):
    """A frame with a window of 1 MiB and an eight-byte content size of `claim` (RFC 8878, 3.1.1)."""
    return MAGIC + b"\xc0\x50" + claim.to_bytes(8, "little") + blocks


def peak_of(call):
    """What Python's allocator held at most while `call` ran, and what it returned or raised."""
    tracemalloc.start()
    try:
        try:
            result = call()
        except Exception as error:
            result = error
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


def must_refuse(name, data, most):
    peak, result = peak_of(lambda: zstd.decompress(data))
    assert isinstance(result, zstd.ZstdError), f"{name}: {result!r:.80}"
    assert peak <= most, f"{name}: held {peak} bytes for {len(data)} of input, {most} allowed"
    print(f"{name}: refused, at most {peak >> 10} KiB held")


def must_decode(name, data, want):
    got = zstd.decompress(data)
    assert got == want, f"{name}: {len(got)} bytes, not {len(want)}"
    print(f"{name}: {len(got)} bytes")


def main():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    try:
        bytes(2 * LIMIT)
    except MemoryError:
        pass
    else:
        sys.exit("the memory limit is not in force")

    small, big = b"x" * 1000, bytes(range(256)) * 4096
    for claim in (1 << 33, 1 << 40, (1 << 62) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 3):
        must_refuse(f"1000 bytes that claim to be {claim}", frame(claim, raw(small)), MIB)
    must_refuse("1 MiB that claims to be 8 GiB", frame(1 << 33, raw(big)), 8 * MIB)
    # Could be allocated under the limit, but is not to be.
    must_refuse("64 KiB that claim to be 300 MiB", frame(300 * MIB, raw(big[: 64 << 10])), MIB)
    # Within the ratio that is believed: allocated, not touched, and released.
    must_refuse("1 MiB that claims to be 200 MiB", frame(200 * MIB, raw(big)), 201 * MIB)
    # Believed, but more than there is: it must fall back to growing, and then see the lie.
    must_refuse("4 MiB that claims to be 1000 MiB", frame(1000 * MIB, raw(big * 4)), 32 * MIB)
    must_refuse("1000 bytes that claim to be 10", frame(10, raw(small)), MIB)
    must_refuse("1000 bytes that claim to be none", frame(0, raw(small)), MIB)
    must_refuse("1 MiB cut off in the middle", frame(MIB, raw(big))[: MIB // 2], 4 * MIB)

    # Many small ones: each refusal gives back all it held, and no input adds up to more.
    lie = frame(32 << 10, raw(b"x"))
    must_refuse("4000 frames of a byte that claim 32 KiB each", lie * 4000, MIB)

    def in_turn():
        for _ in range(4000):
            try:
                zstd.decompress(lie)
            except zstd.ZstdError:
                continue
            raise AssertionError("a lie passed")

    peak, result = peak_of(in_turn)
    assert result is None, f"{result!r:.80}"
    assert peak <= MIB, f"4000 refusals in turn held {peak} bytes"
    cut = frame(1 << 40, raw(small))[:-1]
    open_ones = [zstd.ZstdDecompressor() for _ in range(200)]
    peak, result = peak_of(lambda: [d.decompress(cut) for d in open_ones])
    assert isinstance(result, list), f"{result!r:.80}"
    assert peak <= 8 * MIB, f"200 unfinished frames that claim 1 TiB hold {peak} bytes"
    honest = frame(1, raw(b"x")) * 4000
    peak, result = peak_of(lambda: zstd.decompress(honest))
    assert result == b"x" * 4000, f"{result!r:.80}"
    assert peak <= MIB, f"4000 frames of a byte held {peak} bytes"
    print("many small frames: bounded")

    must_decode("zeros that expand 32,000 times", frame(64 * MIB, rle(512)), bytes(64 * MIB))
    for size in (0, 1, 1000, 32 << 10, (32 << 10) + 1, MIB, 3 * MIB + 7, 9 * MIB + 1, 40 * MIB):
        data = (big * 40)[:size]
        must_decode(f"honest {size}", frame(size, raw(data)), data)
        must_decode(f"compressed {size}", zstd.compress(data), data)
        whole = zstd.compress(data)
        must_decode(f"two frames of {size}", whole + frame(size, raw(data)), data * 2)
        skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"abcde"
        must_decode(f"a skippable frame before {size}", skippable + whole, data)

        pieces, decompressor = [], zstd.ZstdDecompressor()
        for i in range(0, len(whole), 7 if size <= 1000 else 4097):
            pieces.append(decompressor.decompress(whole[i : i + (7 if size <= 1000 else 4097)]))
        assert decompressor.eof and b"".join(pieces) == data, f"in pieces: {size}"

        pieces, decompressor = [decompressor.unused_data], zstd.ZstdDecompressor()
        given = whole
        while not decompressor.eof:
            pieces.append(decompressor.decompress(given, max_length=1000))
            assert len(pieces[-1]) <= 1000
            given = b""
        assert b"".join(pieces) == data, f"with max_length: {size}"

    # Once refused, an object is usable again for another frame.
    decompressor = zstd.ZstdDecompressor()
    try:
        decompressor.decompress(frame(10, raw(small)))
    except zstd.ZstdError:
        pass
    assert decompressor.decompress(frame(len(big), raw(big))) == big
    # A limit that the caller set holds, although the content would fit at once.
    options = {zstd.DecompressionParameter.window_log_max: 12}
    peak, result = peak_of(lambda: zstd.decompress(frame(len(big), raw(big)), options=options))
    assert isinstance(result, zstd.ZstdError), "window_log_max was passed over"
    print("all as it must be")


main()
