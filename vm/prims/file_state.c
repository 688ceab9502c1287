/* The state behind the file primitives. */
#include "file_state.h"

#define SECONDS_1901_TO_1970 INT64_C(2177452800) /* 69 years, 17 of them leap years */
#define FLAG_FILE_TIMES_IN_UTC 0x200u            /* of the image header */

struct file_state *file_state(struct vm *vm) {
    struct file_state *s = vm->file_state;
    if (s != NULL)
        return s;
    s = platform_reserve(vm->platform, 0, sizeof *s);
    if (s == NULL)
        return NULL;
    if (platform_commit(vm->platform, s, sizeof *s) != 0) {
        platform_unreserve(vm->platform, s, sizeof *s);
        return NULL;
    }
    do {
        platform_entropy(vm->platform, &s->session, sizeof s->session);
        s->session &= INT32_MAX;
    } while (s->session == 0);
    vm->file_state = s;
    return s;
}

void file_state_close(struct vm *vm) {
    struct file_state *s = vm->file_state;
    if (s == NULL)
        return;
    platform_dir_close(s->lookup);
    for (uint32_t i = 0; i < s->directory_count; i++)
        if (s->directories[i].dir != NULL)
            platform_dir_close(s->directories[i].dir);
    platform_unreserve(vm->platform, s, sizeof *s);
    vm->file_state = NULL;
}

bool file_state_can_write_image(const struct vm *vm) {
    const struct file_state *s = vm->file_state;
    return s == NULL || !s->image_write_denied;
}

int file_path(struct vm *vm, oop path, char out[FILE_PATH_MAX]) {
    if (!is_bytes(path))
        return PRIM_BAD_ARGUMENT;
    const struct file_state *s = file_state(vm);
    if (s == NULL)
        return PRIM_NO_C_MEMORY;
    uint64_t size = num_bytes(path);
    if (s->access_denied || size >= FILE_PATH_MAX || memchr(object_bytes(path), 0, size) != NULL)
        return PRIM_FAIL;
    memcpy(out, object_bytes(path), size);
    out[size] = 0;
    return PRIM_OK;
}

int64_t file_time(struct vm *vm, int64_t unix_seconds) {
    int64_t local =
        vm->header_flags & FLAG_FILE_TIMES_IN_UTC ? 0 : platform_utc_offset(vm->platform);
    return unix_seconds + local + SECONDS_1901_TO_1970;
}
