/* Arithmetic, string and plugin primitives get any arguments: they answer or
 * fail, change no failed call's arguments, no immutable object, and leave a
 * sound heap. */
#include "prims_fixture.h"
#include "../../vm/prims/tables.h"

#include <stdio.h>

static const struct numbered_prim *const numbered[] = {
    prims_integer, prims_integer64, prims_float, prims_strings, prims_words, prims_misc, prims_time,
};
static const struct named_prim *const named[] = {
    named_large,      named_misc,        named_bitmaps,       named_integer64,
    named_float_math, named_float_array, named_float64_array, named_uuid,
    named_dsa,        named_locale,      named_time,
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define POOL 120

/* Objects of every format, of classes that fit and that do not. */
static void fill_pool(struct fixture *f, oop *pool, uint64_t *seed) {
    static const unsigned formats[] = {0, 1, 2, 3, 4, 5, 9, 10, 12, 16, 16, 16, 16};
    static const uint32_t classes[] = {
        CLASS_INDEX_LARGE_NEGATIVE,
        CLASS_INDEX_LARGE_POSITIVE,
        CLASS_INDEX_FLOAT,
        CLASS_INDEX_CONTEXT,
        CLASS_INDEX_ARRAY,
        CLASS_INDEX_BYTE_STRING,
        CLASS_INDEX_BITMAP,
        POINT_INDEX,
        INDEXABLE_INDEX,
    };
    struct heap *h = &f->vm.heap;
    for (unsigned i = 0; i < POOL; i++) {
        uint64_t r = next_random(seed);
        int64_t small = (int64_t)(next_random(seed) >> (r >> 8) % 64);
        if (i % 4 == 0) {
            pool[i] = r & 1 ? smallint(small % 300 - 20) : smallint(small >> 4);
            continue;
        }
        if (i % 16 == 1) {
            oop others[] = {h->nil,
                            h->true_,
                            h->false_,
                            character((uint32_t)r & 0xffff),
                            smallfloat((double)small),
                            heap_new_float(h, (double)small * 1e-300)};
            pool[i] = others[r % COUNT(others)];
            continue;
        }
        unsigned format = formats[r % COUNT(formats)];
        uint64_t slots = format == 0 ? 0 : next_random(seed) % 45;
        unsigned padding = format >= 16 ? 7 : format >= 12 ? 3 : format == 10 ? 1 : 0;
        uint32_t class_index = classes[next_random(seed) % COUNT(classes)];
        pool[i] =
            format <= FORMAT_LAST_POINTERS
                ? heap_new_pointers(h, slots, format, class_index)
                : heap_new_bits(h, slots, format + (slots ? (unsigned)(r >> 32) & padding : 0),
                                class_index);
        for (uint64_t b = 0; format > FORMAT_LAST_POINTERS && b < num_bytes(pool[i]); b++)
            object_bytes(pool[i])[b] = (uint8_t)next_random(seed);
        if (r >> 40 & 1)
            make_immutable(pool[i]);
    }
}

static uint64_t checksum(oop o) {
    uint64_t sum = header_of(o);
    for (uint64_t i = 0; i < num_slots(o); i++)
        sum = sum * 31 + fetch_slot(o, i);
    return sum;
}

static void check_call(struct fixture *f, prim_fn *fn, const oop *pool, uint64_t *seed) {
    oop argv[6], before[6];
    uint64_t sums[6];
    unsigned argc = (unsigned)(next_random(seed) % 5);
    for (unsigned i = 0; i < 6; i++) {
        argv[i] = before[i] = pool[next_random(seed) % POOL];
        sums[i] = is_object(argv[i]) && is_immutable(argv[i]) ? checksum(argv[i]) : 0;
    }
    int status = fn(&f->vm, argv, argc);
    assert_in_range(status, PRIM_OK, PRIM_OPERATION_FAILED);
    for (unsigned i = status == PRIM_OK; i < 6; i++)
        assert_int_equal(argv[i], before[i]);
    for (unsigned i = 0; i < 6; i++)
        if (sums[i] != 0)
            assert_int_equal(checksum(before[i]), sums[i]);
}

static void print_problem(void *arg, const char *line) {
    (void)arg;
    print_error("%s\n", line);
}

static void any_arguments_leave_a_sound_heap(void **state) {
    struct fixture *f = *state;
    uint64_t seed = 12345;
    for (int round = 0; round < 400; round++) {
        oop pool[POOL];
        fill_pool(f, pool, &seed);
        for (size_t t = 0; t < COUNT(numbered); t++)
            for (const struct numbered_prim *p = numbered[t]; p->fn; p++)
                for (int i = 0; i < 10; i++)
                    check_call(f, p->fn, pool, &seed);
        for (size_t t = 0; t < COUNT(named); t++)
            for (const struct named_prim *p = named[t]; p->fn; p++)
                for (int i = 0; i < 10; i++)
                    check_call(f, p->fn, pool, &seed);
        if (round % 20 == 0)
            assert_int_equal(heap_verify(&f->vm.heap, print_problem, NULL), 0);
        fixture_forget(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_arguments_leave_a_sound_heap),
    };
    return cmocka_run_group_tests_name("any arguments", tests, setup_fixture, teardown_fixture);
}
