/*
 * entropy.c - random bytes: a ChaCha20 generator whose key is replaced by its own
 * output at every request ("fast key erasure", D. J. Bernstein, 2017), so that
 * the memory of a mote does not betray what it has given out.
 *
 * It is seeded when it is first asked, not at the start (asking the processor
 * and a device takes longer than starting), and again when the clock's
 * generation says that the mote is a copy of another: then the two must part.
 */
#include "chacha20.h"
#include "kernel.h"
#include "virtio/virtio.h"

#include <cpuid.h>
#include <string.h>

static struct {
    uint32_t key[8];
    uint64_t generation;
    bool seeded;
} generator;

static const uint32_t zero_nonce[3];

/* Mix up to 32 bytes in: one who does not know the key before, or not the
 * bytes, does not know the key after. */
static void absorb(const void *data, size_t size) {
    uint32_t block[16] = {0};
    memcpy(block, data, size);
    for (unsigned i = 0; i < 8; i++)
        generator.key[i] ^= block[i];
    chacha20_block(block, generator.key, 0, zero_nonce);
    memcpy(generator.key, block, sizeof generator.key);
    memset(block, 0, sizeof block);
    __asm__ volatile("" : : "r"(block) : "memory");
}

static void absorb_tsc(void) {
    uint64_t tsc = __builtin_ia32_rdtsc();
    absorb(&tsc, sizeof tsc);
}

/* Intel SDM, volume 1, 7.3.17: either instruction may have nothing at the moment. */
static bool step_rdseed(uint64_t *out) {
    bool ok;
    __asm__ volatile("rdseed %0" : "=r"(*out), "=@ccc"(ok));
    return ok;
}

static bool step_rdrand(uint64_t *out) {
    bool ok;
    __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
    return ok;
}

static void absorb_instruction(bool (*step)(uint64_t *out)) {
    uint64_t words[4] = {0};
    for (unsigned i = 0; i < 4; i++)
        for (unsigned tries = 0; tries < 10 && !step(&words[i]); tries++)
            __builtin_ia32_pause();
    absorb(words, sizeof words);
}

static void absorb_processor(void) {
    unsigned a, b = 0, c = 0, d;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_RDSEED) != 0)
        absorb_instruction(step_rdseed);
    if (__get_cpuid(1, &a, &b, &c, &d) && (c & bit_RDRND) != 0)
        absorb_instruction(step_rdrand);
}

static void absorb_device(void) {
    uint8_t bytes[32];
    if (kernel.entropy == NULL)
        return;
    size_t n = virtio_entropy_read(kernel.entropy, bytes, sizeof bytes);
    absorb(bytes, n);
}

static void seed(uint64_t generation) {
    uint8_t bytes[32];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = kernel.clock->seed[i];
    absorb_tsc();
    absorb(bytes, sizeof bytes);
    absorb(&generation, sizeof generation);
    absorb_processor();
    absorb_device();
    absorb_tsc();
    generator.generation = generation;
    generator.seeded = true;
}

void platform_entropy(struct platform *p, void *data, size_t size) {
    uint64_t generation = p->clock->generation;
    if (!generator.seeded || generation != generator.generation)
        seed(generation);
    /* The first half of block 0 is the next key; output starts at block 1. */
    uint32_t block[16], next[8];
    chacha20_block(block, generator.key, 0, zero_nonce);
    memcpy(next, block, sizeof next);
    uint8_t *to = data;
    for (uint32_t i = 1; size > 0; i++) {
        size_t n = size < sizeof block ? size : sizeof block;
        chacha20_block(block, generator.key, i, zero_nonce);
        memcpy(to, block, n);
        to += n;
        size -= n;
        if (i == UINT32_MAX) { /* 256 GiB at once: a new key */
            memcpy(generator.key, next, sizeof next);
            chacha20_block(block, generator.key, 0, zero_nonce);
            memcpy(next, block, sizeof next);
            i = 0;
        }
    }
    memcpy(generator.key, next, sizeof next);
    memset(block, 0, sizeof block);
    memset(next, 0, sizeof next);
    __asm__ volatile("" : : "r"(block), "r"(next) : "memory");
}
