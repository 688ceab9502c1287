/* The bytes of the status port. */
#include "status.h"

#include <string.h>

enum { MAGIC = sizeof MOTE_DUMP_MAGIC - 1 };

static bool may_be_dump(const struct status *s) {
    size_t n = s->used < MAGIC ? s->used : MAGIC;
    if (memcmp(s->dump.bytes, MOTE_DUMP_MAGIC, n) != 0)
        return false;
    uint64_t stack = s->dump.head.stack_bytes;
    return s->used < sizeof s->dump.head || (stack >= MOTE_DUMP_LEAST && stack <= MOTE_DUMP_MOST);
}

bool status_take(struct status *s, uint8_t byte) {
    s->dump.bytes[s->used++] = byte;
    if (!may_be_dump(s)) { /* it may be the first of one */
        s->used = 0;
        s->dump.bytes[0] = byte;
        s->used = byte == MOTE_DUMP_MAGIC[0];
    }
    s->has_value = s->used <= 1;
    s->value = byte;
    if (s->used < sizeof s->dump.head || s->used < sizeof s->dump.head + s->dump.head.stack_bytes)
        return false;
    s->used = 0;
    return true;
}

bool status_in_dump(const struct status *s) {
    return s->used > 1;
}
