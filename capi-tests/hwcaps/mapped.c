/* Uses both libraries and prints which files of theirs the process has mapped, one a line. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

int main(void) {
    char line[4096], last[4096] = "";
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps || crc32(0, (const Bytef *)"123456789", 9) != 0xcbf43926) return 1;
    if (ZSTD_versionNumber() != ZSTD_VERSION_NUMBER) return 2;
    while (fgets(line, sizeof line, maps)) {
        const char *path = strchr(line, '/');
        if (!path || !(strstr(path, "/libz.so") || strstr(path, "/libzstd.so"))) continue;
        if (strcmp(path, last) == 0) continue;
        fputs(path, stdout);
        strcpy(last, path);
    }
    fclose(maps);
    return 0;
}
