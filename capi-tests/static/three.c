/* Both archives and another Rust one in one program. */
#include <stdio.h>
#include <zcompat.h>
#include <zlib.h>
#include <zstd.h>

size_t different_bytes(const char *text);

int main(void) {
    if (crc32(0, (const Bytef *)"123456789", 9) != 0xcbf43926) return 1;
    if (ZSTD_versionNumber() != ZSTD_VERSION_NUMBER) return 2;
    if (different_bytes("zcompat") != 7) return 3;
    puts(zcompat_version());
    return 0;
}
