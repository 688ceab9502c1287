/* Following a guest address. */
#include "guest.h"

static bool within(uint64_t address, uint64_t bytes, uint64_t from, uint64_t to) {
    return address >= from && address <= to && bytes <= to - address;
}

void *guest_at(const struct tender *t, guest_t g, uint64_t bytes) {
    uint64_t a = g.address;
    bool ok = within(a, bytes, MOTE_RINGS, MOTE_RINGS + MOTE_RINGS_BYTES) ||
              within(a, bytes, MOTE_STACK_TOP - MOTE_STACK_BYTES, MOTE_STACK_TOP);
    for (unsigned i = 0; !ok && i < t->program.segments; i++) {
        const struct elf_segment *s = &t->program.segment[i];
        ok = s->writable && within(a, bytes, s->address, s->address + s->bytes);
    }
    return ok ? t->low + a : NULL;
}
