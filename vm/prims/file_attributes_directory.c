/* FileAttributesPlugin: reading directories. The image holds a byte array with
 * the session, a slot of the VM's table and the serial number of its use: a
 * stale, closed or forged one fails. */
#include "file_attributes.h"

#include <stdio.h>

struct directory_handle { /* as large as the OpenSmalltalk VM's */
    int32_t session;
    uint32_t serial;
    uint64_t slot;
};

enum { LISTED_NAME, LISTED_ATTRIBUTES, LISTED_HANDLE, LISTED_SLOTS };

static int find(struct vm *vm, oop handle, struct directory_handle *read,
                struct file_directory **out) {
    struct directory_handle d;
    if (!is_bytes(handle) || num_bytes(handle) != sizeof d)
        return PRIM_BAD_ARGUMENT;
    struct file_state *s = file_state(vm);
    if (s == NULL)
        return PRIM_NO_C_MEMORY;
    memcpy(&d, object_bytes(handle), sizeof d);
    if (d.session != s->session)
        return attributes_fail(vm, ATTRIBUTES_BAD_SESSION_ID);
    if (d.slot >= s->directory_count || s->directories[d.slot].dir == NULL ||
        s->directories[d.slot].serial != d.serial)
        return attributes_fail(vm, ATTRIBUTES_CORRUPT_VALUE);
    *read = d;
    *out = &s->directories[d.slot];
    return PRIM_OK;
}

/* The next entry as name, attributes (nil when they cannot be had) and room
 * for a handle; nil at the end. */
static int next_entry(struct vm *vm, struct file_directory *d, oop *out) {
    struct heap *h = &vm->heap;
    char name[FILE_PATH_MAX], path[2 * FILE_PATH_MAX];
    int64_t size = platform_dir_next(d->dir, name, sizeof name);
    if (size < 0)
        return attributes_fail(vm, ATTRIBUTES_CANT_READ_DIR);
    if (size == 0) {
        *out = h->nil;
        return PRIM_OK;
    }
    snprintf(path, sizeof path, "%s%s", d->path, name);
    if (strlen(path) >= FILE_PATH_MAX)
        return attributes_fail(vm, ATTRIBUTES_STRING_TOO_LONG);
    oop attributes = h->nil;
    int status = attributes_array(vm, path, false, &attributes);
    if (status != PRIM_OK &&
        !(status == PRIM_OS_ERROR && vm->os_error == ATTRIBUTES_CANT_STAT_PATH))
        return status;
    oop bytes = heap_new_bytes(h, (uint64_t)size, CLASS_INDEX_BYTE_ARRAY);
    oop entry = heap_new_pointers(h, LISTED_SLOTS, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    if (bytes == 0 || entry == 0)
        return PRIM_NO_MEMORY;
    memcpy(object_bytes(bytes), name, (size_t)size);
    heap_store(h, entry, LISTED_NAME, bytes);
    heap_store(h, entry, LISTED_ATTRIBUTES, attributes);
    *out = entry;
    return PRIM_OK;
}

static void close_slot(struct file_directory *d) {
    platform_dir_close(d->dir);
    d->dir = NULL;
}

static struct file_directory *free_slot(struct file_state *s, uint64_t *slot) {
    uint32_t i = 0;
    while (i < s->directory_count && s->directories[i].dir != NULL)
        i++;
    if (i == FILE_DIRECTORIES)
        return NULL;
    if (i == s->directory_count)
        s->directory_count++;
    *slot = i;
    return &s->directories[i];
}

int attributes_prim_open_directory(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    int status = attributes_path(vm, argv[argc], path);
    if (status != PRIM_OK)
        return status;
    size_t size = strlen(path);
    if (size == 0 || path[size - 1] != '/') {
        if (size + 2 > sizeof path)
            return attributes_fail(vm, ATTRIBUTES_STRING_TOO_LONG);
        path[size++] = '/';
        path[size] = 0;
    }
    struct file_state *s = file_state(vm);
    struct directory_handle handle = {.session = s->session};
    struct file_directory *d = free_slot(s, &handle.slot);
    if (d == NULL)
        return attributes_fail(vm, ATTRIBUTES_CANT_ALLOCATE_MEMORY);
    if (platform_dir_open(vm->platform, path, &d->dir) != 0) {
        d->dir = NULL;
        return attributes_fail(vm, ATTRIBUTES_CANT_OPEN_DIR);
    }
    handle.serial = d->serial = ++s->serial;
    d->path_size = (uint32_t)size;
    memcpy(d->path, path, size + 1);

    oop entry = vm->heap.nil;
    status = next_entry(vm, d, &entry);
    oop bytes = 0;
    if (status == PRIM_OK && entry != vm->heap.nil) {
        bytes = heap_new_bytes(&vm->heap, sizeof handle, CLASS_INDEX_BYTE_ARRAY);
        if (bytes == 0)
            status = PRIM_NO_MEMORY;
    }
    if (bytes == 0) { /* an empty directory needs no handle */
        close_slot(d);
        return status == PRIM_OK ? prim_answer(argv, entry) : status;
    }
    memcpy(object_bytes(bytes), &handle, sizeof handle);
    heap_store(&vm->heap, entry, LISTED_HANDLE, bytes);
    return prim_answer(argv, entry);
}

int attributes_prim_read_directory(struct vm *vm, oop *argv, unsigned argc) {
    struct directory_handle handle;
    struct file_directory *d;
    oop entry;
    int status = find(vm, argv[argc], &handle, &d);
    if (status == PRIM_OK)
        status = next_entry(vm, d, &entry);
    return status == PRIM_OK ? prim_answer(argv, entry) : status;
}

int attributes_prim_rewind_directory(struct vm *vm, oop *argv, unsigned argc) {
    struct directory_handle handle;
    struct file_directory *d;
    oop entry;
    int status = find(vm, argv[argc], &handle, &d);
    if (status != PRIM_OK)
        return status;
    platform_dir_rewind(d->dir);
    status = next_entry(vm, d, &entry);
    return status == PRIM_OK ? prim_answer(argv, entry) : status;
}

/* Answers the handle, which is no longer good. */
int attributes_prim_close_directory(struct vm *vm, oop *argv, unsigned argc) {
    struct directory_handle handle;
    struct file_directory *d;
    oop bytes = argv[argc];
    int status = find(vm, bytes, &handle, &d);
    if (status != PRIM_OK)
        return status;
    close_slot(d);
    return prim_answer(argv, bytes);
}
