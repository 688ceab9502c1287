/* ChaCha20 against RFC 8439, and the generator on it. */
#include "kernel_fixture.h"

#include "../../kernel/chacha20.c"
#include "../../kernel/entropy.c"

static unsigned asked_device;

size_t virtio_entropy_read(struct virtio_device *d, void *data, size_t size) {
    (void)d;
    asked_device++;
    memset(data, 0x5a, size);
    return size;
}

/* RFC 8439, 2.3.2. */
static void block_function_of_the_rfc(void **state) {
    (void)state;
    uint32_t key[8], out[16];
    uint8_t key_bytes[32];
    for (unsigned i = 0; i < 32; i++)
        key_bytes[i] = (uint8_t)i;
    memcpy(key, key_bytes, sizeof key);
    static const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0};
    static const uint32_t expected[16] = {
        0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
        0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
        0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
    };
    chacha20_block(out, key, 1, nonce);
    assert_memory_equal(out, expected, sizeof expected);
}

/* RFC 8439, A.1, test vectors 1 and 2: key and nonce zero, blocks 0 and 1. */
static void blocks_of_zero(void **state) {
    (void)state;
    static const uint32_t key[8], nonce[3];
    static const uint32_t first[16] = {
        0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653, 0xb819d2bd, 0x1aed8da0,
        0xccef36a8, 0xc70d778b, 0x7c5941da, 0x8d485751, 0x3fe02477, 0x374ad8b8,
        0xf4b8436a, 0x1ca11815, 0x69b687c3, 0x8665eeb2,
    };
    static const uint32_t second[16] = {
        0xbee7079f, 0x7a385155, 0x7c97ba98, 0x0d082d73, 0xa0290fcb, 0x6965e348,
        0x3e53c612, 0xed7aee32, 0x7621b729, 0x434ee69c, 0xb03371d5, 0xd539d874,
        0x281fed31, 0x45fb0a51, 0x1f0ae1ac, 0x6f4d794b,
    };
    uint32_t out[16];
    chacha20_block(out, key, 0, nonce);
    assert_memory_equal(out, first, sizeof first);
    chacha20_block(out, key, 1, nonce);
    assert_memory_equal(out, second, sizeof second);
}

static struct mote_clock clock_record;

static void fresh(void) {
    memset(&generator, 0, sizeof generator);
    memset(&clock_record, 7, sizeof clock_record);
    clock_record.generation = 1;
    kernel.clock = &clock_record;
    kernel.entropy = (struct virtio_device *)(uintptr_t)8;
    asked_device = 0;
}

static void every_request_differs(void **state) {
    (void)state;
    uint8_t all[40][16];
    fresh();
    for (unsigned i = 0; i < 40; i++) {
        platform_entropy(&kernel, all[i], 16);
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(all[i], all[k], 16);
    }
    assert_int_equal(asked_device, 1);
}

static void odd_sizes_are_filled_exactly(void **state) {
    (void)state;
    fresh();
    for (unsigned size = 0; size < 300; size++) {
        uint8_t data[304], seen[300] = {0};
        for (unsigned round = 0; round < 12; round++) {
            memset(data, 0, sizeof data);
            platform_entropy(&kernel, data, size);
            for (unsigned i = 0; i < size; i++)
                seen[i] |= data[i];
            for (unsigned i = size; i < sizeof data; i++)
                assert_int_equal(data[i], 0);
        }
        for (unsigned i = 0; i < size; i++)
            assert_int_not_equal(seen[i], 0);
    }
}

/* Two copies of a mote part when their generation and seed are new. */
static void a_clone_is_seeded_again(void **state) {
    (void)state;
    uint8_t one[32], other[32];
    fresh();
    platform_entropy(&kernel, one, sizeof one);
    uint8_t snapshot[sizeof generator];
    memcpy(snapshot, &generator, sizeof generator);
    platform_entropy(&kernel, one, sizeof one);
    memcpy(&generator, snapshot, sizeof generator);
    platform_entropy(&kernel, other, sizeof other);
    assert_memory_equal(one, other, sizeof one); /* a copy that does not know it */
    memcpy(&generator, snapshot, sizeof generator);
    clock_record.generation = 2;
    clock_record.seed[3] ^= 1;
    platform_entropy(&kernel, other, sizeof other);
    assert_memory_not_equal(one, other, sizeof one);
    assert_int_equal(asked_device, 2);
}

/* What was given out cannot be computed from the state after it. */
static void the_key_is_replaced(void **state) {
    (void)state;
    uint8_t out[64];
    uint32_t block[16];
    fresh();
    platform_entropy(&kernel, out, sizeof out);
    for (uint32_t counter = 0; counter < 4; counter++) {
        chacha20_block(block, generator.key, counter, zero_nonce);
        assert_memory_not_equal(block, out, sizeof out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_function_of_the_rfc), cmocka_unit_test(blocks_of_zero),
        cmocka_unit_test(every_request_differs),     cmocka_unit_test(odd_sizes_are_filled_exactly),
        cmocka_unit_test(a_clone_is_seeded_again),   cmocka_unit_test(the_key_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
