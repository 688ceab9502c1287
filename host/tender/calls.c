/* The calls of a mote, abi.h's enum mote_call. The shared page is hostile: every
 * word is read once. */
#include "tender.h"

#include "guest.h"
#include "mote/platform.h"

/* [address, address + bytes) is whole pages of the arena. */
static bool in_arena(const struct tender *t, uint64_t address, uint64_t bytes) {
    return (address | bytes) % MOTE_PAGE == 0 && address >= MOTE_ARENA && address <= t->arena_end &&
           bytes <= t->arena_end - address;
}

static bool meets_image(const struct tender *t, uint64_t address, uint64_t bytes) {
    return address < t->image_end && address + bytes > MOTE_IMAGE_BASE;
}

static int64_t map(struct tender *t, uint64_t address, uint64_t bytes) {
    if (t->door->map == NULL)
        return PLATFORM_ENOTSUP;
    if (!in_arena(t, address, bytes))
        return PLATFORM_EINVAL;
    return bytes == 0 ? 0 : t->door->map(t, address, bytes);
}

static int64_t discard(struct tender *t, uint64_t address, uint64_t bytes) {
    if (!in_arena(t, address, bytes) || meets_image(t, address, bytes))
        return PLATFORM_EINVAL;
    return bytes == 0 ? 0 : t->door->discard(t, address, bytes);
}

static int64_t leave(struct tender *t, uint64_t status) {
    if (!t->exiting) {
        t->exiting = true;
        if (!t->crashed)
            t->status = (int)(status & 0xff);
    }
    return 0;
}

static int64_t perform(struct tender *t, uint32_t number, const uint64_t argument[4]) {
    switch (number) {
    case MOTE_CALL_EXIT:
        return leave(t, argument[0]);
    case MOTE_CALL_MAP:
        return map(t, argument[0], argument[1]);
    case MOTE_CALL_DISCARD:
        return discard(t, argument[0], argument[1]);
    case MOTE_CALL_SAVE_BEGIN:
        return save_begin(t);
    case MOTE_CALL_SAVE_WRITE:
        return save_write(t, argument[0], argument[1], argument[2]);
    case MOTE_CALL_SAVE_COMMIT:
        return save_commit(t);
    case MOTE_CALL_SAVE_ABORT:
        return save_abort(t);
    case MOTE_CALL_DOORBELL: /* these two have ways of their own */
    case MOTE_CALL_WAIT:
        return PLATFORM_EINVAL;
    default:
        return PLATFORM_ENOTSUP;
    }
}

void tender_call(struct tender *t) {
    volatile struct mote_shared *shared = t->shared;
    uint32_t number = shared->call.number;
    uint64_t argument[4];
    for (unsigned i = 0; i < 4; i++)
        argument[i] = shared->call.argument[i];
    shared->call.result = perform(t, number, argument);
    __atomic_store_n(&t->shared->call.state, MOTE_CALL_DONE, __ATOMIC_SEQ_CST);
}
