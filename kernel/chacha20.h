/* chacha20.h - the block function of RFC 8439, section 2.3. */
#ifndef MOTE_KERNEL_CHACHA20_H
#define MOTE_KERNEL_CHACHA20_H

#include <stdint.h>

/* 64 bytes of key stream, as little-endian words. */
void chacha20_block(uint32_t out[16], const uint32_t key[8], uint32_t counter,
                    const uint32_t nonce[3]);

#endif
