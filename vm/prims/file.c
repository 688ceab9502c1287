/* FilePlugin: handles, opening, closing, renaming, deleting, standard streams,
 * and the plugin's table. */
#include "file.h"
#include "tables.h"

int file_open_record(struct vm *vm, oop handle, struct file_record *out) {
    if (!is_bytes(handle) || num_bytes(handle) != sizeof *out)
        return PRIM_BAD_ARGUMENT;
    const struct file_state *s = file_state(vm);
    if (s == NULL)
        return PRIM_NO_C_MEMORY;
    memcpy(out, object_bytes(handle), sizeof *out);
    if (out->session != s->session || out->file == 0 || out->file > INT32_MAX)
        return PRIM_FAIL;
    return PRIM_OK;
}

void file_store_record(oop handle, const struct file_record *record) {
    memcpy(object_bytes(handle), record, sizeof *record);
}

oop file_new_handle(struct vm *vm, const struct file_record *record) {
    oop handle = heap_new_bytes(&vm->heap, sizeof *record, CLASS_INDEX_BYTE_ARRAY);
    if (handle != 0)
        file_store_record(handle, record);
    return handle;
}

struct file_stream *file_stream(struct vm *vm, int file) {
    struct file_state *s = file_state(vm);
    return s != NULL && (unsigned)file < FILE_STREAMS ? &s->streams[file] : NULL;
}

static bool read_boolean(struct vm *vm, oop o, bool *out) {
    *out = o == vm->heap.true_;
    return *out || o == vm->heap.false_;
}

static int open_path(struct vm *vm, oop *argv, const char *path, enum platform_open how) {
    int file = platform_file_open(vm->platform, path, how);
    if (file < 0)
        return PRIM_FAIL;
    struct file_record record = {.session = file_state(vm)->session,
                                 .file = (uint64_t)file + 1,
                                 .writable = how != PLATFORM_READ};
    struct file_stream *stream = file_stream(vm, file);
    if (stream != NULL)
        *stream = (struct file_stream){0};
    oop handle = file_new_handle(vm, &record);
    if (handle == 0)
        platform_file_close(vm->platform, file);
    return prim_answer(argv, handle);
}

static int prim_open(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    bool writable;
    if (argc < 2)
        return PRIM_FAIL;
    if (!read_boolean(vm, file_arg(argv, argc, 0), &writable) ||
        file_path(vm, file_arg(argv, argc, 1), path) != PRIM_OK)
        return PRIM_FAIL;
    return open_path(vm, argv, path, writable ? PLATFORM_WRITE : PLATFORM_READ);
}

static int prim_open_new(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    if (argc < 1)
        return PRIM_FAIL;
    if (file_path(vm, file_arg(argv, argc, 0), path) != PRIM_OK)
        return PRIM_FAIL;
    int status = open_path(vm, argv, path, PLATFORM_CREATE);
    return status == PRIM_FAIL ? PRIM_INAPPROPRIATE : status;
}

static int prim_close(struct vm *vm, oop *argv, unsigned argc) {
    struct file_record record;
    oop handle = file_arg(argv, argc, 0);
    int status = file_open_record(vm, handle, &record);
    if (status != PRIM_OK)
        return status;
    int error = platform_file_close(vm->platform, file_number(&record));
    record = (struct file_record){0};
    file_store_record(handle, &record);
    if (error == PLATFORM_EINVAL)
        return PRIM_FAIL;
    if (error != 0) {
        vm->os_error = error;
        return PRIM_OS_ERROR;
    }
    return PRIM_OK;
}

static int prim_rename(struct vm *vm, oop *argv, unsigned argc) {
    char from[FILE_PATH_MAX], to[FILE_PATH_MAX];
    if (argc < 2)
        return PRIM_FAIL;
    if (file_path(vm, file_arg(argv, argc, 1), from) != PRIM_OK ||
        file_path(vm, file_arg(argv, argc, 0), to) != PRIM_OK)
        return PRIM_FAIL;
    return platform_rename(vm->platform, from, to) == 0 ? PRIM_OK : PRIM_FAIL;
}

/* Empty directories too, as remove() does. */
static int prim_delete(struct vm *vm, oop *argv, unsigned argc) {
    char path[FILE_PATH_MAX];
    int status = file_path(vm, file_arg(argv, argc, 0), path);
    if (status != PRIM_OK)
        return status;
    int error = platform_unlink(vm->platform, path);
    if (error == PLATFORM_EISDIR)
        error = platform_rmdir(vm->platform, path);
    return error == 0 ? PRIM_OK : PRIM_FAIL;
}

static int prim_stdio_handles(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct file_state *s = file_state(vm);
    if (s == NULL)
        return PRIM_NO_C_MEMORY;
    if (s->access_denied)
        return PRIM_UNSUPPORTED;
    oop handles = heap_new_pointers(&vm->heap, 3, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    for (unsigned i = 0; i < 3; i++) {
        bool terminal = platform_file_kind(vm->platform, (int)i) == PLATFORM_KIND_TERMINAL;
        struct file_record record = {.session = s->session,
                                     .file = i + 1,
                                     .writable = i != 0,
                                     .last_op = i == 0 ? 1 : 2,
                                     .last_char = FILE_NO_CHAR,
                                     .is_stdio = i != 0 || terminal};
        oop handle = handles == 0 ? 0 : file_new_handle(vm, &record);
        if (handle == 0)
            return PRIM_NO_MEMORY;
        heap_store(&vm->heap, handles, i, handle);
    }
    return prim_answer(argv, handles);
}

static int prim_descriptor_type(struct vm *vm, oop *argv, unsigned argc) {
    oop number = file_arg(argv, argc, 0);
    if (!is_smallint(number))
        return PRIM_BAD_ARGUMENT;
    int64_t n = smallint_value(number);
    if (n < 0 || n > INT32_MAX)
        n = INT32_MAX;
    return prim_answer(argv, smallint(platform_file_kind(vm->platform, (int)n)));
}

static int prim_has_access(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct file_state *s = file_state(vm);
    return prim_answer(argv, boolean(vm, s != NULL && !s->access_denied));
}

static int prim_disable_access(struct vm *vm, oop *argv, unsigned argc) {
    (void)argv;
    (void)argc;
    struct file_state *s = file_state(vm);
    if (s == NULL)
        return PRIM_NO_C_MEMORY;
    s->access_denied = true;
    return PRIM_OK;
}

/* A C stream or a descriptor of the host's is nothing that a mote has. */
static int prim_connect(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    (void)argv;
    (void)argc;
    return PRIM_UNSUPPORTED;
}

const struct named_prim named_file[] = {
    {"FilePlugin", "primitiveFileOpen", prim_open},
    {"FilePlugin", "primitiveFileOpenNew", prim_open_new},
    {"FilePlugin", "primitiveFileClose", prim_close},
    {"FilePlugin", "primitiveFileRead", file_prim_read},
    {"FilePlugin", "primitiveFileWrite", file_prim_write},
    {"FilePlugin", "primitiveFileAtEnd", file_prim_at_end},
    {"FilePlugin", "primitiveFileSize", file_prim_size},
    {"FilePlugin", "primitiveFileGetPosition", file_prim_position},
    {"FilePlugin", "primitiveFileSetPosition", file_prim_set_position},
    {"FilePlugin", "primitiveFileTruncate", file_prim_truncate},
    {"FilePlugin", "primitiveFileFlush", file_prim_flush},
    {"FilePlugin", "primitiveFileSync", file_prim_sync},
    {"FilePlugin", "primitiveFileRename", prim_rename},
    {"FilePlugin", "primitiveFileDelete", prim_delete},
    {"FilePlugin", "primitiveFileStdioHandles", prim_stdio_handles},
    {"FilePlugin", "primitiveFileDescriptorType", prim_descriptor_type},
    {"FilePlugin", "primitiveHasFileAccess", prim_has_access},
    {"FilePlugin", "primitiveDisableFileAccess", prim_disable_access},
    {"FilePlugin", "primitiveConnectToFile", prim_connect},
    {"FilePlugin", "primitiveConnectToFileDescriptor", prim_connect},
    {"FilePlugin", "primitiveDirectoryCreate", file_prim_create_directory},
    {"FilePlugin", "primitiveDirectoryDelete", file_prim_delete_directory},
    {"FilePlugin", "primitiveDirectoryDelimitor", file_prim_delimiter},
    {"FilePlugin", "primitiveDirectoryDelimiter", file_prim_delimiter},
    {"FilePlugin", "primitiveDirectoryLookup", file_prim_lookup},
    {"FilePlugin", "primitiveDirectoryEntry", file_prim_entry},
    {"FilePlugin", "primitiveDirectoryGetMacTypeAndCreator", file_prim_get_mac_type},
    {"FilePlugin", "primitiveDirectorySetMacTypeAndCreator", file_prim_set_mac_type},
    {NULL, NULL, NULL},
};
