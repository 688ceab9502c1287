/* chacha20.c - see chacha20.h. */
#include "chacha20.h"

static uint32_t rotate(uint32_t x, unsigned by) {
    return x << by | x >> (32 - by);
}

/* RFC 8439, 2.1. */
static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
    *d = rotate(*d ^ (*a += *b), 16);
    *b = rotate(*b ^ (*c += *d), 12);
    *d = rotate(*d ^ (*a += *b), 8);
    *b = rotate(*b ^ (*c += *d), 7);
}

void chacha20_block(uint32_t out[16], const uint32_t key[8], uint32_t counter,
                    const uint32_t nonce[3]) {
    const uint32_t start[16] = {
        0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0],  key[1],   key[2],   key[3],
        key[4],     key[5],     key[6],     key[7],     counter, nonce[0], nonce[1], nonce[2],
    };
    for (unsigned i = 0; i < 16; i++)
        out[i] = start[i];
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned k = 0; k < 4; k++) /* columns */
            quarter_round(&out[k], &out[4 + k], &out[8 + k], &out[12 + k]);
        for (unsigned k = 0; k < 4; k++) /* diagonals */
            quarter_round(&out[k], &out[4 + (k + 1) % 4], &out[8 + (k + 2) % 4],
                          &out[12 + (k + 3) % 4]);
    }
    for (unsigned i = 0; i < 16; i++)
        out[i] += start[i];
}
