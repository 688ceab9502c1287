/* FilePlugin: directories by index and by name. */
#include "file.h"

#include <stdio.h>

#define ENTRY_SLOTS 5 /* name, created, modified, is directory, size */
#define MODE_TYPE 0170000u
#define MODE_DIRECTORY 0040000u

int file_prim_create_directory(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    if (file_path(vm, file_arg(argv, argc, 0), path) != PRIM_OK)
        return PRIM_FAIL;
    return platform_mkdir(vm->platform, path) == 0 ? PRIM_OK : PRIM_FAIL;
}

static void forget_lookup(struct file_state *s) {
    if (s->lookup != NULL)
        platform_dir_close(s->lookup);
    s->lookup = NULL;
}

int file_prim_delete_directory(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    if (file_path(vm, file_arg(argv, argc, 0), path) != PRIM_OK)
        return PRIM_FAIL;
    forget_lookup(file_state(vm));
    return platform_rmdir(vm->platform, path) == 0 ? PRIM_OK : PRIM_FAIL;
}

int file_prim_delimiter(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    (void)argc;
    return prim_answer(argv, character('/'));
}

/* An entry whose status cannot be had is listed with zeros. */
static oop make_entry(struct vm *vm, const char *name, const struct platform_stat *st) {
    bool is_directory = (st->mode & MODE_TYPE) == MODE_DIRECTORY;
    bool known = st->mode != 0;
    struct heap *h = &vm->heap;
    oop slots[ENTRY_SLOTS] = {
        heap_new_string(h, name, strlen(name)),
        prim_new_int64(vm, known ? file_time(vm, st->change_time) : 0),
        prim_new_int64(vm, known ? file_time(vm, st->modify_time) : 0),
        boolean(vm, is_directory),
        prim_new_uint64(vm, is_directory ? 0 : st->size),
    };
    oop entry = heap_new_pointers(h, ENTRY_SLOTS, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    for (unsigned i = 0; i < ENTRY_SLOTS && entry != 0; i++) {
        if (slots[i] == 0)
            return 0;
        heap_store(h, entry, i, slots[i]);
    }
    return entry;
}

/* What the name stands for, or the link itself when it points nowhere. False:
 * neither is there. */
static bool status_of(struct vm *vm, const char *directory, const char *name,
                      struct platform_stat *out) {
    char path[2 * FILE_PATH_MAX];
    *out = (struct platform_stat){0};
    int n = snprintf(path, sizeof path, "%s/%s", directory[0] == 0 ? "." : directory, name);
    if (n < 0 || (unsigned)n >= FILE_PATH_MAX)
        return false;
    return platform_stat(vm->platform, path, true, out) == 0 ||
           platform_stat(vm->platform, path, false, out) == 0;
}

/* Leave `s->lookup` so that the next name read is entry `index` of `path`. */
static bool seek_entry(struct vm *vm, struct file_state *s, const char *path, uint64_t index) {
    char name[FILE_PATH_MAX];
    if (s->lookup != NULL && s->lookup_index == index && strcmp(s->lookup_path, path) == 0)
        return true;
    forget_lookup(s);
    if (platform_dir_open(vm->platform, path[0] == 0 ? "." : path, &s->lookup) != 0) {
        s->lookup = NULL;
        return false;
    }
    memcpy(s->lookup_path, path, strlen(path) + 1);
    for (s->lookup_index = 1; s->lookup_index < index; s->lookup_index++)
        if (platform_dir_next(s->lookup, name, sizeof name) <= 0)
            break;
    return true;
}

int file_prim_lookup(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX], name[FILE_PATH_MAX];
    struct platform_stat st;
    if (argc < 2)
        return PRIM_FAIL;
    oop index_oop = file_arg(argv, argc, 0);
    if (!is_smallint(index_oop) || smallint_value(index_oop) < 1 ||
        file_path(vm, file_arg(argv, argc, 1), path) != PRIM_OK)
        return PRIM_FAIL;
    uint64_t index = (uint64_t)smallint_value(index_oop);
    struct file_state *s = file_state(vm);
    if (!seek_entry(vm, s, path, index))
        return PRIM_FAIL;
    if (s->lookup_index != index || platform_dir_next(s->lookup, name, sizeof name) <= 0) {
        forget_lookup(s);
        return prim_answer(argv, vm->heap.nil);
    }
    s->lookup_index++;
    status_of(vm, path, name, &st);
    return prim_answer(argv, make_entry(vm, name, &st));
}

int file_prim_entry(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX], name[FILE_PATH_MAX];
    struct platform_stat st;
    if (argc < 2)
        return PRIM_FAIL;
    if (file_path(vm, file_arg(argv, argc, 1), path) != PRIM_OK ||
        file_path(vm, file_arg(argv, argc, 0), name) != PRIM_OK)
        return PRIM_FAIL;
    if (!status_of(vm, path, name, &st))
        return prim_answer(argv, vm->heap.nil);
    return prim_answer(argv, make_entry(vm, name, &st));
}

/* Types and creators are a Macintosh affair: checked, and left as they are. */
static int check_mac_arguments(const oop *argv, unsigned argc) {
    if (argc < 3)
        return PRIM_FAIL;
    for (unsigned n = 0; n < 2; n++) {
        oop code = file_arg(argv, argc, n);
        if (!is_bytes(code) || num_bytes(code) != 4)
            return PRIM_FAIL;
    }
    return is_bytes(file_arg(argv, argc, 2)) ? PRIM_OK : PRIM_FAIL;
}

int file_prim_get_mac_type(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    return check_mac_arguments(argv, argc);
}

int file_prim_set_mac_type(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    return check_mac_arguments(argv, argc);
}
