/* Says whether the evex.rs that it is linked with computes right: exit 0 and "right", or exit 1
 * and the first wrong value. Compiled at -O0 for plain x86-64. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef __int128 i128;

void signed_magnitudes(const double *numbers, size_t len, i128 *out);

static i128 reference(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    i128 magnitude = bits & (UINT64_MAX >> 1);
    if (bits == 0)
        return 0;
    return bits >> 63 ? -magnitude : magnitude;
}

int main(void)
{
    enum { MAX = 67 };
    double numbers[MAX];
    i128 out[MAX];
    for (int i = 0; i < MAX; i++)
        numbers[i] = i % 5 == 0 ? 0.0 : (i % 3 ? 1 : -1) * i * 1.25;
    for (int len = 0; len <= MAX; len++) {
        signed_magnitudes(numbers, len, out);
        for (int i = 0; i < len; i++) {
            i128 right = reference(numbers[i]);
            if (out[i] != right) {
                printf("of %d numbers, number %d (%g): got %016llx%016llx, right is %016llx%016llx\n",
                       len, i, numbers[i], (unsigned long long)((unsigned __int128)out[i] >> 64),
                       (unsigned long long)out[i], (unsigned long long)((unsigned __int128)right >> 64),
                       (unsigned long long)right);
                return 1;
            }
        }
    }
    printf("right\n");
    return 0;
}
