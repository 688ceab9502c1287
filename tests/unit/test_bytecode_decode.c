/* Lengths, operands, stack effects and targets of both bytecode sets. */
#include "../../vm/bytecode/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct row {
    uint8_t code[8], size; /* what it is, and how long it must be */
    enum bytecode_kind kind;
    uint32_t index, pops, pushes;
    int64_t target; /* jumps and closures, from position 8 */
};

static void check_rows(bool sista, const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[8 + sizeof rows[i].code] = {0};
        struct bytecode b;
        memcpy(bytes + 8, rows[i].code, sizeof rows[i].code);
        if (!bytecode_decode(sista, bytes, 8u + rows[i].size, 8, &b) || b.length != rows[i].size ||
            b.kind != rows[i].kind || b.index != rows[i].index || b.pops != rows[i].pops ||
            b.pushes != rows[i].pushes || b.target != rows[i].target)
            fail_msg("row %zu: kind %d length %u index %u pops %u pushes %u target %lld", i, b.kind,
                     b.length, b.index, b.pops, b.pushes, (long long)b.target);
        /* One byte less is not enough. */
        assert_false(bytecode_decode(sista, bytes, 7u + rows[i].size, 8, &b));
    }
}

static void v3_bytecodes_are_what_the_table_says(void **state) {
    (void)state;
    static const struct row rows[] = {
        {{15}, 1, BYTECODE_PUSH_INST_VAR, 15, 0, 1, 0},
        {{31}, 1, BYTECODE_PUSH_TEMP, 15, 0, 1, 0},
        {{63}, 1, BYTECODE_PUSH_LITERAL, 31, 0, 1, 0},
        {{95}, 1, BYTECODE_PUSH_VARIABLE, 31, 0, 1, 0},
        {{103}, 1, BYTECODE_STORE_INST_VAR, 7, 1, 0, 0},
        {{111}, 1, BYTECODE_STORE_TEMP, 7, 1, 0, 0},
        {{112}, 1, BYTECODE_PUSH, 0, 0, 1, 0},
        {{119}, 1, BYTECODE_PUSH, 0, 0, 1, 0},
        {{120}, 1, BYTECODE_RETURN, 0, 0, 0, 0},
        {{124}, 1, BYTECODE_RETURN, 0, 1, 0, 0},
        {{125}, 1, BYTECODE_BLOCK_RETURN, 0, 1, 0, 0},
        {{127}, 1, BYTECODE_UNUSED, 0, 0, 0, 0},
        {{128, 0x45}, 2, BYTECODE_PUSH_TEMP, 5, 0, 1, 0},
        {{128, 0xff}, 2, BYTECODE_PUSH_VARIABLE, 63, 0, 1, 0},
        {{129, 0x05}, 2, BYTECODE_STORE_INST_VAR, 5, 1, 1, 0},
        {{129, 0x85}, 2, BYTECODE_UNUSED, 0, 0, 0, 0},
        {{130, 0xc5}, 2, BYTECODE_STORE_VARIABLE, 5, 1, 0, 0},
        {{131, 0x63}, 2, BYTECODE_SEND, 3, 4, 1, 0},
        {{132, 0x05, 200}, 3, BYTECODE_SEND, 200, 6, 1, 0},
        {{132, 0x22, 200}, 3, BYTECODE_SUPER_SEND, 200, 3, 1, 0},
        {{132, 0x40, 200}, 3, BYTECODE_PUSH_INST_VAR, 200, 0, 1, 0},
        {{132, 0x60, 200}, 3, BYTECODE_PUSH_LITERAL, 200, 0, 1, 0},
        {{132, 0x80, 200}, 3, BYTECODE_PUSH_VARIABLE, 200, 0, 1, 0},
        {{132, 0xa0, 200}, 3, BYTECODE_STORE_INST_VAR, 200, 1, 1, 0},
        {{132, 0xc0, 200}, 3, BYTECODE_STORE_INST_VAR, 200, 1, 0, 0},
        {{132, 0xe0, 200}, 3, BYTECODE_STORE_VARIABLE, 200, 1, 1, 0},
        {{133, 0x21}, 2, BYTECODE_SUPER_SEND, 1, 2, 1, 0},
        {{134, 0xc1}, 2, BYTECODE_SEND, 1, 4, 1, 0},
        {{135}, 1, BYTECODE_POP, 0, 1, 0, 0},
        {{136}, 1, BYTECODE_DUP, 0, 1, 2, 0},
        {{137}, 1, BYTECODE_PUSH, 0, 0, 1, 0},
        {{138, 0x83}, 2, BYTECODE_NEW_ARRAY, 3, 3, 1, 0},
        {{138, 0x03}, 2, BYTECODE_NEW_ARRAY, 3, 0, 1, 0},
        {{139, 0x75, 2}, 3, BYTECODE_CALL_PRIMITIVE, 0x275, 0, 0, 0},
        {{140, 3, 1}, 3, BYTECODE_PUSH_REMOTE, 3, 0, 1, 0},
        {{141, 3, 1}, 3, BYTECODE_STORE_REMOTE, 3, 1, 1, 0},
        {{142, 3, 1}, 3, BYTECODE_STORE_REMOTE, 3, 1, 0, 0},
        {{143, 0x21, 1, 2}, 4, BYTECODE_CLOSURE, 0, 2, 1, 8 + 4 + 258},
        {{144}, 1, BYTECODE_JUMP, 0, 0, 0, 10},
        {{151}, 1, BYTECODE_JUMP, 0, 0, 0, 17},
        {{159}, 1, BYTECODE_JUMP_IF, 0, 1, 0, 17},
        {{160, 5}, 2, BYTECODE_JUMP, 0, 0, 0, 10 - 1024 + 5},
        {{167, 5}, 2, BYTECODE_JUMP, 0, 0, 0, 10 + 768 + 5},
        {{171, 5}, 2, BYTECODE_JUMP_IF, 0, 1, 0, 10 + 768 + 5},
        {{172, 5}, 2, BYTECODE_JUMP_IF, 0, 1, 0, 10 + 5},
        {{176}, 1, BYTECODE_SPECIAL_SEND, 0, 2, 1, 0},
        {{193}, 1, BYTECODE_SPECIAL_SEND, 17, 3, 1, 0},
        {{199}, 1, BYTECODE_SPECIAL_SEND, 23, 1, 1, 0},
        {{207}, 1, BYTECODE_SPECIAL_SEND, 31, 1, 1, 0},
        {{208}, 1, BYTECODE_SEND, 0, 1, 1, 0},
        {{239}, 1, BYTECODE_SEND, 15, 2, 1, 0},
        {{255}, 1, BYTECODE_SEND, 15, 3, 1, 0},
    };
    check_rows(false, rows, sizeof rows / sizeof rows[0]);
}

static void sista_bytecodes_are_what_the_table_says(void **state) {
    (void)state;
    static const struct row rows[] = {
        {{15}, 1, BYTECODE_PUSH_INST_VAR, 15, 0, 1, 0},
        {{31}, 1, BYTECODE_PUSH_VARIABLE, 15, 0, 1, 0},
        {{63}, 1, BYTECODE_PUSH_LITERAL, 31, 0, 1, 0},
        {{75}, 1, BYTECODE_PUSH_TEMP, 11, 0, 1, 0},
        {{82}, 1, BYTECODE_PUSH, 0, 0, 1, 0},
        {{225, 1, 82}, 3, BYTECODE_PUSH, 0, 0, 1, 0},
        {{225, 2, 82}, 3, BYTECODE_UNUSED, 0, 0, 0, 0},
        {{83}, 1, BYTECODE_DUP, 0, 1, 2, 0},
        {{84}, 1, BYTECODE_UNUSED, 0, 0, 0, 0},
        {{88}, 1, BYTECODE_RETURN, 0, 0, 0, 0},
        {{92}, 1, BYTECODE_RETURN, 0, 1, 0, 0},
        {{93}, 1, BYTECODE_BLOCK_RETURN, 0, 0, 0, 0},
        {{94}, 1, BYTECODE_BLOCK_RETURN, 0, 1, 0, 0},
        {{95}, 1, BYTECODE_NOTHING, 0, 0, 0, 0},
        {{111}, 1, BYTECODE_SPECIAL_SEND, 15, 2, 1, 0},
        {{121}, 1, BYTECODE_SPECIAL_SEND, 25, 1, 1, 0},
        {{143}, 1, BYTECODE_SEND, 15, 1, 1, 0},
        {{159}, 1, BYTECODE_SEND, 15, 2, 1, 0},
        {{175}, 1, BYTECODE_SEND, 15, 3, 1, 0},
        {{183}, 1, BYTECODE_JUMP, 0, 0, 0, 17},
        {{184}, 1, BYTECODE_JUMP_IF, 0, 1, 0, 10},
        {{199}, 1, BYTECODE_JUMP_IF, 0, 1, 0, 17},
        {{207}, 1, BYTECODE_STORE_INST_VAR, 7, 1, 0, 0},
        {{215}, 1, BYTECODE_STORE_TEMP, 7, 1, 0, 0},
        {{216}, 1, BYTECODE_POP, 0, 1, 0, 0},
        {{217}, 1, BYTECODE_UNUSED, 0, 0, 0, 0},
        {{223}, 1, BYTECODE_UNUSED, 0, 0, 0, 0},
        {{224, 1, 226, 2}, 4, BYTECODE_PUSH_INST_VAR, 258, 0, 1, 0},
        {{224, 1, 224, 2, 228, 3}, 6, BYTECODE_PUSH_LITERAL, 0x10203, 0, 1, 0},
        {{227, 9}, 2, BYTECODE_PUSH_VARIABLE, 9, 0, 1, 0},
        {{229, 40}, 2, BYTECODE_PUSH_TEMP, 40, 0, 1, 0},
        {{230, 0}, 2, BYTECODE_UNUSED, 0, 0, 0, 0},
        {{231, 0x84}, 2, BYTECODE_NEW_ARRAY, 4, 4, 1, 0},
        {{225, 255, 232, 255}, 4, BYTECODE_PUSH, 0, 0, 1, 0},
        {{233, 65}, 2, BYTECODE_PUSH, 0, 0, 1, 0},
        {{234, 0x12}, 2, BYTECODE_SEND, 2, 3, 1, 0},
        {{224, 1, 225, 1, 234, 0x12}, 6, BYTECODE_SEND, 34, 11, 1, 0},
        {{225, 2, 234, 0x12}, 4, BYTECODE_UNUSED, 0, 0, 0, 0},
        {{235, 0x12}, 2, BYTECODE_SUPER_SEND, 2, 3, 1, 0},
        {{225, 64, 235, 0x12}, 4, BYTECODE_DIRECTED_SUPER, 2, 4, 1, 0},
        {{236, 0}, 2, BYTECODE_UNUSED, 0, 0, 0, 0},
        {{237, 5}, 2, BYTECODE_JUMP, 0, 0, 0, 15},
        {{225, 255, 237, 250}, 4, BYTECODE_JUMP, 0, 0, 0, 12 - 6},
        {{225, 1, 225, 0, 238, 0}, 6, BYTECODE_JUMP_IF, 0, 1, 0, 14 + 65536},
        {{239, 5}, 2, BYTECODE_JUMP_IF, 0, 1, 0, 15},
        {{240, 5}, 2, BYTECODE_STORE_INST_VAR, 5, 1, 0, 0},
        {{241, 5}, 2, BYTECODE_STORE_VARIABLE, 5, 1, 0, 0},
        {{242, 5}, 2, BYTECODE_STORE_TEMP, 5, 1, 0, 0},
        {{243, 5}, 2, BYTECODE_STORE_INST_VAR, 5, 1, 1, 0},
        {{244, 5}, 2, BYTECODE_STORE_VARIABLE, 5, 1, 1, 0},
        {{245, 5}, 2, BYTECODE_STORE_TEMP, 5, 1, 1, 0},
        {{248, 0x75, 0}, 3, BYTECODE_CALL_PRIMITIVE, 0x75, 0, 0, 0},
        {{249, 2, 0x83}, 3, BYTECODE_FULL_CLOSURE, 2, 4, 1, 0},
        {{249, 2, 0x43}, 3, BYTECODE_FULL_CLOSURE, 2, 3, 1, 0},
        {{250, 0x11, 4}, 3, BYTECODE_CLOSURE, 0, 2, 1, 15},
        {{251, 3, 1}, 3, BYTECODE_PUSH_REMOTE, 3, 0, 1, 0},
        {{252, 3, 1}, 3, BYTECODE_STORE_REMOTE, 3, 1, 1, 0},
        {{253, 3, 1}, 3, BYTECODE_STORE_REMOTE, 3, 1, 0, 0},
        {{254, 0, 0}, 3, BYTECODE_UNUSED, 0, 0, 0, 0},
    };
    check_rows(true, rows, sizeof rows / sizeof rows[0]);
}

static void only_returns_jumps_and_unused_bytecodes_end_a_way(void **state) {
    (void)state;
    for (unsigned set = 0; set < 2; set++)
        for (unsigned code = 0; code < 256; code++) {
            uint8_t bytes[8] = {(uint8_t)code, 0, 0, 0, 0, 0, 0, 0};
            struct bytecode b;
            assert_true(bytecode_decode(set == 1, bytes, sizeof bytes, 0, &b));
            assert_int_equal(b.ends, b.kind == BYTECODE_RETURN || b.kind == BYTECODE_BLOCK_RETURN ||
                                         b.kind == BYTECODE_JUMP || b.kind == BYTECODE_UNUSED);
        }
}

static void long_runs_of_prefixes_are_no_bytecode(void **state) {
    (void)state;
    uint8_t bytes[4096];
    struct bytecode b;
    memset(bytes, 224, sizeof bytes);
    for (uint64_t pos = 0; pos + 64 < sizeof bytes; pos++) {
        assert_true(bytecode_decode(true, bytes, sizeof bytes, pos, &b));
        assert_int_equal(b.kind, BYTECODE_UNUSED);
        assert_true(b.length <= 40);
    }
}

static void no_bytes_are_read_beyond_the_end(void **state) {
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 200000; round++) {
        uint64_t size = (uint64_t)(rand() % 12);
        uint8_t *bytes = malloc(size == 0 ? 1 : size); /* a sanitizer guards its end */
        struct bytecode b;
        for (uint64_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(rand() % 3 == 0 ? 224 + rand() % 2 : rand());
        for (uint64_t pos = 0; pos <= size; pos++)
            if (bytecode_decode(round % 2 == 0, bytes, size, pos, &b))
                assert_true(b.length >= 1 && pos + b.length <= size);
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v3_bytecodes_are_what_the_table_says),
        cmocka_unit_test(sista_bytecodes_are_what_the_table_says),
        cmocka_unit_test(only_returns_jumps_and_unused_bytecodes_end_a_way),
        cmocka_unit_test(long_runs_of_prefixes_are_no_bytecode),
        cmocka_unit_test(no_bytes_are_read_beyond_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
