"""Times compression and decompression through Python modules; a process for each figure.

    codecs_bench.py prepare DIR SIZES [FILE]       writes the data, raw and compressed, to DIR
    codecs_bench.py time DIR SIZES CODECS SETTINGS prints one JSON object a figure
    codecs_bench.py keep LABEL FILE                reads such lines and writes pyperf's format

`cargo xtask bench python` runs it, in turn with each interpreter, so that what disturbs the machine
disturbs all of them alike. As with pyperf every figure has a process of its own: what an allocator
keeps from one operation makes the next one up to three times as quick.
"""

import json
import random
import sys
import time
from importlib import import_module
from pathlib import Path

LEVEL_ZLIB, LEVEL_ZSTD = 6, 3


def text(size):
    """Words of an invented language, the frequent ones short, as likely as in English (Zipf)."""
    rng = random.Random(9)
    letters = "eeeeettttaaaooiinnsshhrrdlcumwfgypbvk"
    words = []
    for rank in range(20_000):
        length = 1 + min(11, int(rank**0.22) + rng.randrange(4))
        words.append("".join(rng.choice(letters) for _ in range(length)).encode())
    weights = [1 / (rank + 3) for rank in range(len(words))]
    out, left = [], size
    while left > 0:
        piece = b" ".join(rng.choices(words, weights, k=200_000)) + b".\n"
        out.append(piece[:left])
        left -= len(out[-1])
    return b"".join(out)


def zstd_module():
    try:
        return import_module("compression.zstd")
    except ImportError:
        return import_module("backports.zstd")


def codecs(name):
    """The format and the functions of a codec, or ImportError."""
    if name == "zlib":
        m = import_module("zlib")
        return "zlib", lambda d: m.compress(d, LEVEL_ZLIB), m.decompress
    if name == "zlib-ng":
        m = import_module("zlib_ng.zlib_ng")
        return "zlib", lambda d: m.compress(d, LEVEL_ZLIB), m.decompress
    if name == "isal":
        # Its levels are 0 to 3; 2 is its default.
        m = import_module("isal.isal_zlib")
        return "zlib", lambda d: m.compress(d, 2), m.decompress
    if name == "cramjam-zlib":
        m = import_module("cramjam").zlib
        return "zlib", lambda d: m.compress(d, LEVEL_ZLIB), m.decompress
    if name == "zstd":
        m = zstd_module()
        return "zstd", lambda d: m.compress(d, LEVEL_ZSTD), m.decompress
    if name == "backports.zstd":
        m = import_module("backports.zstd")
        return "zstd", lambda d: m.compress(d, LEVEL_ZSTD), m.decompress
    if name == "zstandard":
        m = import_module("zstandard")
        return (
            "zstd",
            lambda d: m.ZstdCompressor(level=LEVEL_ZSTD).compress(d),
            lambda d: m.ZstdDecompressor().decompress(d),
        )
    if name == "pyzstd":
        m = import_module("pyzstd")
        return "zstd", lambda d: m.compress(d, LEVEL_ZSTD), m.decompress
    if name == "cramjam-zstd":
        m = import_module("cramjam").zstd
        return "zstd", lambda d: m.compress(d, LEVEL_ZSTD), m.decompress
    raise SystemExit(f"no codec {name}")


def prepare(folder, sizes, source=None):
    whole = Path(source).read_bytes() if source else text(max(sizes))
    for size in sizes:
        data = whole[:size]
        if len(data) < size:
            raise SystemExit(f"{source} has {len(data)} bytes, {size} are asked for")
        (folder / f"{size}.raw").write_bytes(data)
        (folder / f"{size}.zlib").write_bytes(codecs("zlib")[1](data))
        try:
            (folder / f"{size}.zstd").write_bytes(codecs("zstd")[1](data))
        except ImportError:
            pass


def best(call, clock, seconds):
    """Seconds a call takes: the shortest of several loops within about `seconds`."""
    loops = 1
    while True:
        start = clock()
        for _ in range(loops):
            call()
        spent = clock() - start
        if spent > seconds / 8 or spent > 0.05:
            break
        loops *= 4
    values = [spent / loops]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = clock()
        for _ in range(loops):
            call()
        values.append((clock() - start) / loops)
    return values


def measure(folder, sizes, names, settings):
    clock = time.thread_time if settings.get("cpu_time") else time.perf_counter
    for name in names:
        try:
            kind, compress, decompress = codecs(name)
        except ImportError as error:
            print(json.dumps({"codec": name, "missing": str(error)}), flush=True)
            continue
        for size in sizes:
            compressed = folder / f"{size}.{kind}"
            if not compressed.exists():
                continue
            data, packed = (folder / f"{size}.raw").read_bytes(), compressed.read_bytes()
            operation = settings["operation"]
            # A wrong answer is no result, however quick.
            if operation == "compress":
                assert bytes(decompress(bytes(compress(data)))) == data, f"{name}: no way back"
                values = best(lambda: compress(data), clock, settings["seconds"])
            else:
                assert bytes(decompress(packed)) == data, f"{name}: wrong content"
                values = best(lambda: decompress(packed), clock, settings["seconds"])
            figure = {"codec": name, "format": kind, "operation": operation}
            print(json.dumps({**figure, "size": size, "values": values}), flush=True)


def keep(label, file):
    import pyperf

    runs = {}
    for line in sys.stdin:
        figure = json.loads(line)
        if "values" in figure:
            name = f"{figure['codec']}.{figure['operation']}({figure['size']})"
            run = pyperf.Run(figure["values"], metadata={"name": name}, collect_metadata=False)
            runs.setdefault(name, []).append(run)
    suite = pyperf.BenchmarkSuite([pyperf.Benchmark(r) for r in runs.values()])
    suite.dump(file, replace=True)
    print(f"{label}: {file}")


def main():
    command, *rest = sys.argv[1:]
    if command == "keep":
        return keep(*rest)
    folder, sizes = Path(rest[0]), [int(size) for size in rest[1].split(",")]
    if command == "prepare":
        return prepare(folder, sizes, *rest[2:])
    measure(folder, sizes, rest[2].split(","), json.loads(rest[3]))


main()
