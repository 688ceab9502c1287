/*
 * save.c - saving the image through the tender. A call may name low memory only,
 * so the data go through a buffer there, and as few calls as possible are made.
 */
#include "tender.h"

#include <string.h>

enum { BUFFER_BYTES = 64 * 1024 };

static uint8_t buffer[BUFFER_BYTES];
static size_t filled;
static uint64_t filled_at; /* offset in the file, ~0: the end */

static int as_error(int64_t result) {
    return result < 0 ? (int)result : 0;
}

static int flush(void) {
    size_t size = filled;
    filled = 0;
    if (size == 0)
        return 0;
    return as_error(tender_call(MOTE_CALL_SAVE_WRITE, (uintptr_t)buffer, size, filled_at));
}

int tender_save_begin(void) {
    filled = 0;
    return as_error(tender_call(MOTE_CALL_SAVE_BEGIN, 0, 0, 0));
}

int tender_save_write(const void *data, size_t size, uint64_t offset) {
    const uint8_t *from = data;
    bool follows = offset == UINT64_MAX ? filled_at == UINT64_MAX
                                        : filled_at != UINT64_MAX && offset == filled_at + filled;
    int error = filled != 0 && !follows ? flush() : 0;
    while (error == 0 && size > 0) {
        if (filled == 0)
            filled_at = offset;
        size_t n = size < BUFFER_BYTES - filled ? size : BUFFER_BYTES - filled;
        memcpy(buffer + filled, from, n);
        filled += n;
        from += n;
        size -= n;
        if (offset != UINT64_MAX)
            offset += n;
        if (filled == BUFFER_BYTES)
            error = flush();
    }
    return error;
}

int tender_save_commit(void) {
    int error = flush();
    return error != 0 ? error : as_error(tender_call(MOTE_CALL_SAVE_COMMIT, 0, 0, 0));
}

void tender_save_abort(void) {
    filled = 0;
    tender_call(MOTE_CALL_SAVE_ABORT, 0, 0, 0);
}
