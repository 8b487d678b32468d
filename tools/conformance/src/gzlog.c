/* Drives zlib's examples/gzlog.c: `gzlog PREFIX FILE COUNT` logs FILE's bytes COUNT times in pieces
 * of growing size, with the log closed and opened again between rounds. */
#include <stdio.h>
#include <stdlib.h>
#include "gzlog.h"

static char data[8 << 20];

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    FILE *file = fopen(argv[2], "rb");
    if (!file) return 2;
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    for (int round = 0; round < atoi(argv[3]); round++) {
        gzlog *log = gzlog_open(argv[1]);
        if (!log) return 3;
        size_t piece = 1;
        for (size_t at = 0; at < size; at += piece, piece = piece * 3 / 2 + 1) {
            if (piece > size - at) piece = size - at;
            int code = gzlog_write(log, data + at, piece);
            if (code) {
                fprintf(stderr, "gzlog_write: %d\n", code);
                return 1;
            }
        }
        if (round % 2 && gzlog_compress(log)) return 1;
        if (gzlog_close(log)) return 1;
    }
    return 0;
}
