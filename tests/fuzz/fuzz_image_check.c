/*
 * fuzz_image_check.c - the full check and the statistics of any file; what the
 * check finds sound is loaded.
 */
#include "image_input.h"

#include <stdio.h>

static void take_line(void *arg, const struct image_error *problem) {
    if (strchr(problem->text, '\n') != NULL || strlen(problem->text) < 8)
        abort();
    ++*(uint64_t *)arg;
}

static bool drop(void *arg, const void *data, size_t size) {
    (void)data;
    *(uint64_t *)arg += size;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_size) {
    size_t size;
    uint64_t lines = 0, written = 0;
    uint8_t *file = image_from_input(data, data_size, &size);
    struct image_error e = {0};
    uint64_t problems = image_check(file, size, 16, take_line, &lines);
    if (lines != (problems < 16 ? problems : 16))
        abort();
    if (!image_canonicalize(file, size, true, drop, &written, &e) && problems == 0) {
        fprintf(stderr, "%llu problems, but: %s\n", (unsigned long long)problems, e.text);
        abort();
    }
    struct image_info info;
    if (image_info_read(file, size, &info, &e))
        image_info_free(&info);
    else if (problems == 0)
        abort();
    free(file);
    return 0;
}
