/* Calls one function of the archive: what else comes with it? */
#include <stdio.h>
#include <zlib.h>

int main(void)
{
    printf("%lx\n", crc32(0, (const Bytef *)"123456789", 9));
    return 0;
}
