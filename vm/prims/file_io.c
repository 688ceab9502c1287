/* FilePlugin: reading, writing, positions. Nothing is buffered here: images
 * keep buffers of their own. */
#include "file.h"

static bool is_terminal_input(const struct file_record *r) {
    return r->is_stdio && !r->writable;
}

/* ---- Reading and writing ranges of an object --------------------------------- */

struct range {
    struct file_record record;
    uint8_t *bytes;
    uint64_t size;         /* in bytes */
    uint64_t element_size; /* bytes of an element: counts are in elements */
};

/* Arguments, the last first: count, start index, bits object, handle. */
static int read_range(struct vm *vm, const oop *argv, unsigned argc, bool modify,
                      struct range *out) {
    if (argc < 4 - 1)
        return PRIM_BAD_ARGUMENT;
    uint64_t count, start;
    oop array = file_arg(argv, argc, 2);
    int status = file_open_record(vm, file_arg(argv, argc, 3), &out->record);
    if (!prim_read_uint64(file_arg(argv, argc, 0), &count) ||
        !prim_read_uint64(file_arg(argv, argc, 1), &start) || status == PRIM_BAD_ARGUMENT ||
        !is_object(array) || !is_bits_format(format_of(array)))
        return PRIM_BAD_ARGUMENT;
    unsigned format = format_of(array);
    out->element_size = format >= FORMAT_BYTES ? 1
                        : format >= FORMAT_16  ? 2
                        : format >= FORMAT_32  ? 4
                                               : 8;
    uint64_t elements = num_bytes(array) / out->element_size;
    if (start < 1 || start - 1 > elements || count > elements - (start - 1))
        return PRIM_BAD_INDEX;
    if (status != PRIM_OK)
        return status;
    if (modify && is_immutable(array))
        return PRIM_NO_MODIFICATION;
    out->bytes = object_bytes(array) + (start - 1) * out->element_size;
    out->size = count * out->element_size;
    return PRIM_OK;
}

/* Until all is read or the file ends; a terminal gives what it has. */
static int64_t read_fully(struct vm *vm, struct range *r) {
    int file = file_number(&r->record);
    struct file_stream *stream = file_stream(vm, file);
    bool terminal = is_terminal_input(&r->record);
    uint64_t wanted = terminal && r->size > 1 ? 1 : r->size;
    uint64_t done = 0;
    if (wanted > 0 && stream != NULL && stream->has_byte) {
        stream->has_byte = false;
        r->bytes[done++] = stream->byte;
    }
    while (done < wanted) {
        int64_t n = platform_file_read(vm->platform, file, r->bytes + done, wanted - done);
        if (n < 0 && done == 0)
            return n;
        if (stream != NULL)
            stream->ended = n == 0;
        if (n <= 0)
            break;
        done += (uint64_t)n;
    }
    return (int64_t)done;
}

int file_prim_read(struct vm *vm, oop *argv, unsigned argc) {
    struct range range;
    int status = read_range(vm, argv, argc, true, &range);
    if (status != PRIM_OK)
        return status;
    if (range.record.is_stdio && range.record.writable)
        return PRIM_FAIL;
    int64_t n = read_fully(vm, &range);
    if (n < 0)
        return PRIM_FAIL;
    if (is_terminal_input(&range.record) && n > 0) {
        range.record.last_char = range.bytes[n - 1];
        file_store_record(file_arg(argv, argc, 3), &range.record);
    }
    return prim_answer(argv, smallint(n / (int64_t)range.element_size));
}

int file_prim_write(struct vm *vm, oop *argv, unsigned argc) {
    struct range range;
    int status = read_range(vm, argv, argc, false, &range);
    if (status != PRIM_OK)
        return status;
    if (!range.record.writable)
        return PRIM_FAIL;
    int64_t n =
        platform_file_write(vm->platform, file_number(&range.record), range.bytes, range.size);
    if (n < 0 || (uint64_t)n != range.size)
        return PRIM_FAIL;
    return prim_answer(argv, smallint(n / (int64_t)range.element_size));
}

/* ---- Positions ---------------------------------------------------------------- */

/* A byte is looked at where the size does not tell (pipes, devices). */
static bool nothing_left(struct vm *vm, int file) {
    struct file_stream *stream = file_stream(vm, file);
    if (stream != NULL && stream->has_byte)
        return false;
    int64_t at = platform_file_position(vm->platform, file);
    int64_t size = platform_file_size(vm->platform, file);
    if (at >= 0 && size > at)
        return false;
    if (stream == NULL || (at >= 0 && size > 0))
        return true;
    stream->has_byte = platform_file_read(vm->platform, file, &stream->byte, 1) == 1;
    stream->ended = !stream->has_byte;
    return stream->ended;
}

int file_prim_at_end(struct vm *vm, oop *argv, unsigned argc) {
    struct file_record record;
    int status = file_open_record(vm, file_arg(argv, argc, 0), &record);
    if (status != PRIM_OK)
        return status;
    int file = file_number(&record);
    struct file_stream *stream = file_stream(vm, file);
    bool at_end;
    if (file == 1 || file == 2)
        at_end = false;
    else if (record.is_stdio) /* must not wait for somebody to type */
        at_end = stream != NULL && stream->ended && !stream->has_byte;
    else
        at_end = nothing_left(vm, file);
    return prim_answer(argv, boolean(vm, at_end));
}

int file_prim_size(struct vm *vm, oop *argv, unsigned argc) {
    struct file_record record;
    int status = file_open_record(vm, file_arg(argv, argc, 0), &record);
    if (status != PRIM_OK)
        return status;
    int64_t size = record.is_stdio ? 0 : platform_file_size(vm->platform, file_number(&record));
    if (size < 0)
        return PRIM_FAIL;
    return prim_answer(argv, prim_new_int64(vm, size));
}

int file_prim_position(struct vm *vm, oop *argv, unsigned argc) {
    struct file_record record;
    int status = file_open_record(vm, file_arg(argv, argc, 0), &record);
    if (status != PRIM_OK)
        return status;
    if (is_terminal_input(&record))
        return prim_answer(argv, smallint(record.last_char != FILE_NO_CHAR));
    int64_t at = platform_file_position(vm->platform, file_number(&record));
    if (at < 0)
        return PRIM_FAIL;
    return prim_answer(argv, prim_new_int64(vm, at));
}

/* A terminal takes its last character back, nothing more. */
static int reposition_terminal(struct vm *vm, oop handle, struct file_record *record,
                               uint64_t position) {
    struct file_stream *stream = file_stream(vm, file_number(record));
    if (record->writable || record->last_char == FILE_NO_CHAR || position > 1 || stream == NULL)
        return PRIM_FAIL;
    if (position == 0) {
        stream->byte = record->last_char;
        stream->has_byte = true;
        record->last_char = FILE_NO_CHAR;
        file_store_record(handle, record);
    }
    return PRIM_OK;
}

int file_prim_set_position(struct vm *vm, oop *argv, unsigned argc) {
    struct file_record record;
    uint64_t position;
    if (argc < 1)
        return PRIM_FAIL;
    oop handle = file_arg(argv, argc, 1);
    if (!prim_read_uint64(file_arg(argv, argc, 0), &position))
        return PRIM_FAIL;
    int status = file_open_record(vm, handle, &record);
    if (status != PRIM_OK)
        return status;
    if (record.is_stdio)
        return reposition_terminal(vm, handle, &record, position);
    int file = file_number(&record);
    struct file_stream *stream = file_stream(vm, file);
    /* A pipe stays where it is, as with the C library, and keeps its byte. */
    if (platform_file_seek(vm->platform, file, position) == 0 && stream != NULL)
        *stream = (struct file_stream){0};
    return PRIM_OK;
}

int file_prim_truncate(struct vm *vm, oop *argv, unsigned argc) {
    struct file_record record;
    uint64_t size;
    if (argc < 1)
        return PRIM_FAIL;
    if (!prim_read_uint64(file_arg(argv, argc, 0), &size))
        return PRIM_FAIL;
    int status = file_open_record(vm, file_arg(argv, argc, 1), &record);
    if (status != PRIM_OK)
        return status;
    return platform_file_truncate(vm->platform, file_number(&record), size) == 0 ? PRIM_OK
                                                                                 : PRIM_FAIL;
}

/* For standard output only: nothing else is held back. */
int file_prim_flush(struct vm *vm, oop *argv, unsigned argc) {
    struct file_record record;
    int status = file_open_record(vm, file_arg(argv, argc, 0), &record);
    if (status != PRIM_OK)
        return status;
    return platform_file_flush(vm->platform, file_number(&record)) == 0 ? PRIM_OK : PRIM_FAIL;
}

int file_prim_sync(struct vm *vm, oop *argv, unsigned argc) {
    struct file_record record;
    int status = file_open_record(vm, file_arg(argv, argc, 0), &record);
    if (status != PRIM_OK)
        return status;
    return platform_file_sync(vm->platform, file_number(&record)) == 0 ? PRIM_OK : PRIM_FAIL;
}
