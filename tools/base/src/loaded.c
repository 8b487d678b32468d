/* An audit module for glibc's loader (rtld-audit(7)). Every process that starts with it appends to
 * $ZCOMPAT_LOADED_LOG: once its own name, then each libz or libzstd as the loader maps it, at
 * start-up or by dlopen. Children inherit the environment and so report too.
 *
 * LD_DEBUG=libs says as much, but keeps a descriptor open in the process for its log and writes to
 * it until the last destructor; a program that puts a file of its own on that number (`exec 3>f` in
 * a shell) then finds the loader's words in it. This opens, writes one record and closes.
 *
 * A record is four fields, each ended by a NUL: PID, executable, library as the loader names it,
 * file as the kernel's map names it. The last two are empty in the record of the process itself. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t put(char *at, const char *text) {
    size_t length = strlen(text) + 1;
    memcpy(at, text, length);
    return length;
}

static void report(const char *name, const char *file) {
    const char *log = getenv("ZCOMPAT_LOADED_LOG");
    char exe[PATH_MAX];
    char record[3 * PATH_MAX + 32];
    ssize_t length = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (!log || strlen(name) >= PATH_MAX || strlen(file) >= PATH_MAX) return;
    exe[length < 0 ? 0 : length] = '\0';
    char *at = record + sprintf(record, "%ld", (long)getpid()) + 1;
    at += put(at, exe);
    at += put(at, name);
    at += put(at, file);
    int fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return;
    /* One write, so that processes that start together do not mix their records. */
    if (write(fd, record, (size_t)(at - record)) < 0) { /* the reader sees the record missing */ }
    close(fd);
}

/* The file whose mapping starts at `base`, from the kernel's own list. */
static int mapped_file(uintptr_t base, char file[PATH_MAX]) {
    static char line[PATH_MAX + 128];
    FILE *maps = fopen("/proc/self/maps", "re");
    int found = 0;
    while (maps && !found && fgets(line, sizeof line, maps)) {
        unsigned long start;
        int path = 0;
        if (sscanf(line, "%lx-%*x %*s %*x %*s %*d %n", &start, &path) == 1 && path &&
            start == base && line[path] == '/') {
            line[strcspn(line, "\n")] = '\0';
            snprintf(file, PATH_MAX, "%s", line + path);
            found = 1;
        }
    }
    if (maps) fclose(maps);
    return found;
}

unsigned int la_version(unsigned int version) {
    return version < LAV_CURRENT ? version : LAV_CURRENT;
}

unsigned int la_objopen(struct link_map *map, Lmid_t lmid, uintptr_t *cookie) {
    (void)lmid;
    (void)cookie;
    if (!map->l_name || !*map->l_name) {
        report("", "");
        return 0;
    }
    const char *slash = strrchr(map->l_name, '/');
    const char *base = slash ? slash + 1 : map->l_name;
    if (strncmp(base, "libz.so", 7) == 0 || strncmp(base, "libzstd.so", 10) == 0) {
        char file[PATH_MAX];
        report(map->l_name, mapped_file(map->l_addr, file) ? file : map->l_name);
    }
    return 0;
}
