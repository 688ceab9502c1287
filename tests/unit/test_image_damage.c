/* Files cut short or damaged at random never crash the loader or the checker:
 * they load, or one line says why not. What is loaded is sound. */
#include "image_fixture.h"

static uint64_t random_state = 88172645463325252u;
static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* True when it loaded. The copy has no byte to spare, so that a sanitizer sees
 * every read beyond it. */
static bool try_to_load(const uint8_t *file, size_t size) {
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    struct bytes out = {0}, again = {0};
    struct image_error e = {0};
    memcpy(copy, file, size);
    bool loaded = image_canonicalize(copy, size, false, append, &out, &e);
    if (!loaded) {
        assert_true(strlen(e.text) > 8);
        assert_null(strchr(e.text, '\n'));
    } else {
        struct image_header h;
        assert_true(image_header_read(out.at, out.size, out.size, &h, &e));
        assert_true(image_is_canonical(&h, out.size));
        if (!image_check_roots(out.at + h.header_size, h.data_size, &h, &e) ||
            !image_canonicalize(out.at, out.size, false, append, &again, &e))
            fail_msg("the canonical form of a damaged image: %s", e.text);
        assert_int_equal(out.size, again.size);
        assert_memory_equal(out.at, again.at, out.size);
    }
    struct lines lines = {0};
    image_check(copy, size, 5, keep_line, &lines);
    free(copy);
    free(out.at);
    free(again.at);
    return loaded;
}

static void cut_anywhere(const uint8_t *file, size_t size) {
    for (size_t cut = 0; cut < size; cut += 64)
        assert_false(try_to_load(file, cut));
    assert_true(try_to_load(file, size));
}

static void flip_anywhere(uint8_t *file, size_t size, unsigned rounds, unsigned most) {
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t at[16], count = 1 + next_random() % most;
        uint8_t good[16];
        for (uint64_t k = 0; k < count; k++) {
            at[k] = next_random() % size;
            good[k] = file[at[k]];
            file[at[k]] = (uint8_t)(next_random() % 3 == 0 ? next_random()
                                                           : good[k] ^ 1u << next_random() % 8);
        }
        try_to_load(file, size);
        while (count-- > 0)
            file[at[count]] = good[count];
    }
}

static void synthetic_images_cut_short_are_refused(void **state) {
    (void)state;
    for (int spread = 0; spread < 2; spread++) {
        struct tiny t;
        size_t size;
        tiny_standard(&t, spread != 0);
        uint8_t *file = tiny_finish(&t, &size);
        cut_anywhere(file, size);
        free(file);
        tiny_free(&t);
    }
}

static void synthetic_images_with_flipped_bytes_never_crash(void **state) {
    (void)state;
    struct tiny t;
    size_t size;
    tiny_standard(&t, true);
    uint8_t *file = tiny_finish(&t, &size);
    flip_anywhere(file, size, 3000, 4);
    /* Most of the file is the class table: aim at the objects behind it too. */
    for (unsigned i = 0; i < 6000; i++) {
        uint64_t at = 43000 + next_random() % (size - 43000);
        uint8_t good = file[at];
        file[at] ^= (uint8_t)(1u << next_random() % 8);
        try_to_load(file, size);
        file[at] = good;
    }
    free(file);
    tiny_free(&t);
}

static void a_real_image_cut_short_is_refused(void **state) {
    (void)state;
    struct bytes file = real_image("candle.image");
    cut_anywhere(file.at, file.size);
    free(file.at);
}

static void a_real_image_with_flipped_bytes_never_crashes(void **state) {
    (void)state;
    struct bytes file = real_image("candle.image");
    flip_anywhere(file.at, file.size, 1500, 8);
    free(file.at);
}

static void relocating_damaged_data_never_leaves_them(void **state) {
    (void)state;
    struct tiny t;
    size_t size;
    struct image_error e;
    tiny_standard(&t, false);
    uint8_t *file = tiny_finish(&t, &size);
    struct bytes out = canonical(file, size);
    uint64_t data_size = out.size - IMAGE_CANONICAL_HEADER, special;
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t *data = malloc(data_size);
        memcpy(data, out.at + IMAGE_CANONICAL_HEADER, data_size);
        for (unsigned k = 0; k < 4; k++)
            data[next_random() % data_size] = (uint8_t)next_random();
        special = HEAP_IMAGE_BASE + 64;
        image_relocate(data, data_size, HEAP_IMAGE_BASE, 0x10000, &special, &e);
        free(data);
    }
    free(out.at);
    free(file);
    tiny_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synthetic_images_cut_short_are_refused),
        cmocka_unit_test(synthetic_images_with_flipped_bytes_never_crash),
        cmocka_unit_test(a_real_image_cut_short_is_refused),
        cmocka_unit_test(a_real_image_with_flipped_bytes_never_crashes),
        cmocka_unit_test(relocating_damaged_data_never_leaves_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
