/* FileAttributesPlugin: attributes, modes and owners of files by path. */
#include "file_attributes.h"
#include "tables.h"

#define ATTRIBUTE_SLOTS 13
#define MODE_TYPE 0170000u
#define MODE_SOCKET 0140000u
#define MODE_LINK 0120000u
#define MODE_REGULAR 0100000u
#define MODE_BLOCK 0060000u
#define MODE_DIRECTORY 0040000u
#define MODE_CHARACTER 0020000u
#define MODE_FIFO 0010000u

#define SPECIAL_CLASS_WORD_ARRAY 32 /* nil in images that have none */

enum { ACCESS_READ = 4, ACCESS_WRITE = 2, ACCESS_EXECUTE = 1, EXISTS = 0 };

/* The numbers of attributes that the image may ask for one by one. */
enum attribute {
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_MODE,
    ATTRIBUTE_INODE,
    ATTRIBUTE_DEVICE,
    ATTRIBUTE_LINKS,
    ATTRIBUTE_UID,
    ATTRIBUTE_GID,
    ATTRIBUTE_SIZE,
    ATTRIBUTE_ACCESSED,
    ATTRIBUTE_MODIFIED,
    ATTRIBUTE_CHANGED,
    ATTRIBUTE_CREATED,
    ATTRIBUTE_READABLE,
    ATTRIBUTE_WRITABLE,
    ATTRIBUTE_EXECUTABLE,
    ATTRIBUTE_IS_SYMLINK,
};

int attributes_path(struct vm *vm, oop path, char out[FILE_PATH_MAX]) {
    if (is_bytes(path) && num_bytes(path) >= FILE_PATH_MAX)
        return attributes_fail(vm, ATTRIBUTES_STRING_TOO_LONG);
    int status = file_path(vm, path, out);
    return status == PRIM_FAIL ? attributes_fail(vm, ATTRIBUTES_CANT_STAT_PATH) : status;
}

static oop byte_array(struct vm *vm, const char *data, size_t size) {
    oop bytes = heap_new_bytes(&vm->heap, size, CLASS_INDEX_BYTE_ARRAY);
    if (bytes != 0)
        memcpy(object_bytes(bytes), data, size);
    return bytes;
}

/* ---- Attributes ------------------------------------------------------------------ */

static oop stat_value(struct vm *vm, const struct platform_stat *st, enum attribute which) {
    switch (which) {
    case ATTRIBUTE_MODE:
        return smallint(st->mode);
    case ATTRIBUTE_INODE:
        return prim_new_uint64(vm, st->inode);
    case ATTRIBUTE_DEVICE:
        return prim_new_uint64(vm, st->device);
    case ATTRIBUTE_LINKS:
        return prim_new_uint64(vm, st->links);
    case ATTRIBUTE_UID:
        return smallint(st->uid);
    case ATTRIBUTE_GID:
        return smallint(st->gid);
    case ATTRIBUTE_SIZE:
        return (st->mode & MODE_TYPE) == MODE_DIRECTORY ? smallint(0)
                                                        : prim_new_uint64(vm, st->size);
    case ATTRIBUTE_ACCESSED:
        return prim_new_int64(vm, file_time(vm, st->access_time));
    case ATTRIBUTE_MODIFIED:
        return prim_new_int64(vm, file_time(vm, st->modify_time));
    case ATTRIBUTE_CHANGED:
        return prim_new_int64(vm, file_time(vm, st->change_time));
    default: /* a name is not to be had this way, nor a creation time on unix */
        return vm->heap.nil;
    }
}

int attributes_array(struct vm *vm, const char *path, bool link, oop *out) {
    struct platform_stat st;
    struct heap *h = &vm->heap;
    if (platform_stat(vm->platform, path, !link, &st) != 0)
        return attributes_fail(vm, ATTRIBUTES_CANT_STAT_PATH);
    oop target = h->nil;
    if (link && (st.mode & MODE_TYPE) == MODE_LINK) {
        char name[FILE_PATH_MAX];
        int64_t n = platform_readlink(vm->platform, path, name, sizeof name);
        if (n >= 0)
            target = byte_array(vm, name, (size_t)n);
    }
    /* Slots as on every platform: the link's target takes the place of the
     * name, the last one is for Windows. */
    oop array = heap_new_pointers(h, ATTRIBUTE_SLOTS, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    if (array == 0 || target == 0)
        return PRIM_NO_MEMORY;
    heap_store(h, array, 0, target);
    for (unsigned i = ATTRIBUTE_MODE; i <= ATTRIBUTE_CREATED; i++) {
        oop value = stat_value(vm, &st, i);
        if (value == 0)
            return PRIM_NO_MEMORY;
        heap_store(h, array, i - 1, value);
    }
    *out = array;
    return PRIM_OK;
}

static oop access_array(struct vm *vm, const char *path) {
    static const int modes[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE};
    oop array = heap_new_pointers(&vm->heap, 3, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    for (unsigned i = 0; i < 3 && array != 0; i++)
        heap_store(&vm->heap, array, i,
                   boolean(vm, platform_access(vm->platform, path, modes[i]) == 0));
    return array;
}

/* Which: bit 0 status, bit 1 access, bit 2 of the link itself. */
static int prim_attributes(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    if (argc < 1)
        return PRIM_BAD_ARGUMENT;
    oop name = argv[argc - 1], mask_oop = argv[argc];
    if (!is_smallint(mask_oop) || !is_bytes(name))
        return PRIM_BAD_ARGUMENT;
    int status = attributes_path(vm, name, path);
    if (status != PRIM_OK)
        return status;
    int64_t mask = smallint_value(mask_oop);
    oop attributes = 0, access = 0;
    if ((mask & 3) == 0)
        return attributes_fail(vm, ATTRIBUTES_INVALID_ARGUMENTS);
    if ((mask & 1) != 0) {
        status = attributes_array(vm, path, (mask & 4) != 0, &attributes);
        if (status != PRIM_OK)
            return status;
    }
    if ((mask & 2) != 0 && (access = access_array(vm, path)) == 0)
        return PRIM_NO_MEMORY;
    if ((mask & 3) != 3)
        return prim_answer(argv, attributes != 0 ? attributes : access);
    oop both = heap_new_pointers(&vm->heap, 2, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    if (both != 0) {
        heap_store(&vm->heap, both, 0, attributes);
        heap_store(&vm->heap, both, 1, access);
    }
    return prim_answer(argv, both);
}

static int prim_attribute(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    struct platform_stat st;
    if (argc < 1)
        return PRIM_BAD_ARGUMENT;
    oop name = argv[argc - 1], number = argv[argc];
    if (!is_smallint(number) || smallint_value(number) < ATTRIBUTE_NAME ||
        smallint_value(number) > ATTRIBUTE_IS_SYMLINK || !is_bytes(name))
        return PRIM_BAD_ARGUMENT;
    int status = attributes_path(vm, name, path);
    if (status != PRIM_OK)
        return status;
    enum attribute which = (enum attribute)smallint_value(number);
    if (which >= ATTRIBUTE_READABLE && which <= ATTRIBUTE_EXECUTABLE) {
        int mode = ACCESS_READ >> (which - ATTRIBUTE_READABLE);
        return prim_answer(argv, boolean(vm, platform_access(vm->platform, path, mode) == 0));
    }
    if (platform_stat(vm->platform, path, which != ATTRIBUTE_IS_SYMLINK, &st) != 0)
        return attributes_fail(vm, ATTRIBUTES_CANT_STAT_PATH);
    if (which == ATTRIBUTE_IS_SYMLINK)
        return prim_answer(argv, boolean(vm, (st.mode & MODE_TYPE) == MODE_LINK));
    return prim_answer(argv, stat_value(vm, &st, which));
}

static int prim_exists(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    int status = attributes_path(vm, argv[argc], path);
    if (status == PRIM_OS_ERROR && vm->os_error == ATTRIBUTES_CANT_STAT_PATH)
        return prim_answer(argv, vm->heap.false_);
    if (status != PRIM_OK)
        return status;
    return prim_answer(argv, boolean(vm, platform_access(vm->platform, path, EXISTS) == 0));
}

/* The class of arrays of 32-bit words, or 0. */
static oop word_array_class(struct vm *vm) {
    oop specials = vm->heap.special_objects;
    if (num_slots(specials) <= SPECIAL_CLASS_WORD_ARRAY)
        return 0;
    oop class = follow(fetch_slot(specials, SPECIAL_CLASS_WORD_ARRAY));
    if (!is_object(class) || class == vm->heap.nil || !is_pointers_format(format_of(class)) ||
        num_slots(class) <= CLASS_FORMAT || !is_smallint(fetch_slot(class, CLASS_FORMAT)) ||
        class_format_spec(smallint_value(fetch_slot(class, CLASS_FORMAT))) != FORMAT_32)
        return 0;
    return class;
}

static int prim_masks(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    static const uint32_t masks[8] = {MODE_TYPE,  MODE_SOCKET,    MODE_LINK,      MODE_REGULAR,
                                      MODE_BLOCK, MODE_DIRECTORY, MODE_CHARACTER, MODE_FIFO};
    oop class = word_array_class(vm);
    oop array;
    if (class != 0) {
        enum heap_error error;
        array = heap_instantiate(&vm->heap, class, 8, true, HEAP_INSTANTIATE_NEW, &error);
        if (array != 0)
            memcpy(object_bytes(array), masks, sizeof masks);
    } else {
        array = heap_new_pointers(&vm->heap, 8, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
        for (unsigned i = 0; i < 8 && array != 0; i++)
            put_slot(array, i, smallint(masks[i]));
    }
    return prim_answer(argv, array);
}

/* ---- Changing --------------------------------------------------------------------- */

/* The image expects the host's numbers. */
static int64_t host_error(int platform_error) {
    switch (platform_error) {
    case PLATFORM_ENOENT:
        return 2;
    case PLATFORM_ENOMEM:
        return 12;
    case PLATFORM_EACCES:
        return 1;
    case PLATFORM_EEXIST:
        return 17;
    case PLATFORM_ENOTDIR:
        return 20;
    case PLATFORM_EISDIR:
        return 21;
    case PLATFORM_EINVAL:
        return 22;
    case PLATFORM_ENOSPC:
        return 28;
    case PLATFORM_ENOTEMPTY:
        return 39;
    case PLATFORM_ENOTSUP:
        return 95;
    default:
        return 5;
    }
}

static int changed(struct vm *vm, oop *argv, int error) {
    return error == 0 ? prim_answer(argv, vm->heap.nil) : attributes_fail(vm, host_error(error));
}

static int prim_change_mode(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    if (argc < 1)
        return PRIM_BAD_ARGUMENT;
    if (!is_smallint(argv[argc]) || !is_bytes(argv[argc - 1]))
        return PRIM_BAD_ARGUMENT;
    int status = attributes_path(vm, argv[argc - 1], path);
    if (status != PRIM_OK)
        return status;
    uint32_t mode = (uint32_t)smallint_value(argv[argc]);
    return changed(vm, argv, platform_chmod(vm->platform, path, mode));
}

static int change_owner(struct vm *vm, oop *argv, unsigned argc, bool link) {
    char path[FILE_PATH_MAX];
    if (argc < 2)
        return PRIM_BAD_ARGUMENT;
    if (!is_smallint(argv[argc]) || !is_smallint(argv[argc - 1]) || !is_bytes(argv[argc - 2]))
        return PRIM_BAD_ARGUMENT;
    int status = attributes_path(vm, argv[argc - 2], path);
    if (status != PRIM_OK)
        return status;
    uint32_t uid = (uint32_t)smallint_value(argv[argc - 1]);
    uint32_t gid = (uint32_t)smallint_value(argv[argc]);
    return changed(vm, argv,
                   link ? platform_lchown(vm->platform, path, uid, gid)
                        : platform_chown(vm->platform, path, uid, gid));
}

static int prim_change_owner(struct vm *vm, oop *argv, unsigned argc) {
    return change_owner(vm, argv, argc, false);
}

static int prim_change_link_owner(struct vm *vm, oop *argv, unsigned argc) {
    return change_owner(vm, argv, argc, true);
}

/* ---- Paths ------------------------------------------------------------------------ */

static int prim_path_max(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    (void)argc;
    return prim_answer(argv, smallint(FILE_PATH_MAX));
}

/* Both are UTF-8 here. */
static int prim_convert_path(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    int status = attributes_path(vm, argv[argc], path);
    if (status != PRIM_OK)
        return status;
    return prim_answer(argv, byte_array(vm, path, strlen(path)));
}

static int prim_logical_drives(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    (void)argv;
    (void)argc;
    return PRIM_FAIL; /* Windows only */
}

static int prim_version(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, heap_new_string(&vm->heap, "2.0.9", 5));
}

#define MODULE "FileAttributesPlugin"
const struct named_prim named_file_attributes[] = {
    {MODULE, "primitiveFileExists", prim_exists},
    {MODULE, "primitiveFileAttribute", prim_attribute},
    {MODULE, "primitiveFileAttributes", prim_attributes},
    {MODULE, "primitiveFileMasks", prim_masks},
    {MODULE, "primitiveOpendir", attributes_prim_open_directory},
    {MODULE, "primitiveReaddir", attributes_prim_read_directory},
    {MODULE, "primitiveRewinddir", attributes_prim_rewind_directory},
    {MODULE, "primitiveClosedir", attributes_prim_close_directory},
    {MODULE, "primitiveChangeMode", prim_change_mode},
    {MODULE, "primitiveChangeOwner", prim_change_owner},
    {MODULE, "primitiveSymlinkChangeOwner", prim_change_link_owner},
    {MODULE, "primitivePathMax", prim_path_max},
    {MODULE, "primitivePlatToStPath", prim_convert_path},
    {MODULE, "primitiveStToPlatPath", prim_convert_path},
    {MODULE, "primitiveLogicalDrives", prim_logical_drives},
    {MODULE, "primitiveVersionString", prim_version},
    {NULL, NULL, NULL},
};
