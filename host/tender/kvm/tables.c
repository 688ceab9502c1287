/* Page tables: see tables.h. */
#include "tables.h"

#include "mote/abi.h"

enum { ENTRIES = 512, LEVELS = 4, PAGE_BITS = 12, LEVEL_BITS = 9 };

/* SDM volume 3, tables 4-15 to 4-20. Accessed and dirty are set from the start,
 * so that no processor has to write here. */
#define PRESENT UINT64_C(0x1)
#define WRITABLE UINT64_C(0x2)
#define USER UINT64_C(0x4)
#define ACCESSED UINT64_C(0x20)
#define DIRTY UINT64_C(0x40)
#define LARGE UINT64_C(0x80)
#define NO_EXECUTE (UINT64_C(1) << 63)
#define TARGET UINT64_C(0x000ffffffffff000)
#define LOWER_HALF (UINT64_C(1) << 47)

static unsigned shift_of(unsigned level) { /* of an entry: 0 is the lowest table */
    return PAGE_BITS + LEVEL_BITS * level;
}

static uint64_t *table_at(const struct tables *p, uint64_t at) {
    return (uint64_t *)(void *)(p->memory + at);
}

void tables_init(struct tables *p, uint8_t *memory, uint64_t start, uint64_t end) {
    *p = (struct tables){memory, start, start + MOTE_PAGE, end};
}

uint64_t tables_needed(uint64_t address, uint64_t bytes) {
    uint64_t count = 0;
    for (unsigned level = 2; level < LEVELS; level++)
        count += ((address + bytes - 1) >> shift_of(level)) - (address >> shift_of(level)) + 1;
    return count;
}

/* The entry for `address` in the table of `level`, with the tables above it made. */
static uint64_t *entry_for(struct tables *p, uint64_t address, unsigned level) {
    uint64_t table = p->root;
    for (unsigned at = LEVELS - 1;; at--) {
        uint64_t *entry = &table_at(p, table)[(address >> shift_of(at)) % ENTRIES];
        if (at == level)
            return entry;
        if (*entry & LARGE)
            return NULL;
        if (!(*entry & PRESENT)) {
            if (p->next >= p->end)
                return NULL;
            *entry = p->next | PRESENT | WRITABLE | USER | ACCESSED;
            p->next += MOTE_PAGE;
        }
        table = *entry & TARGET;
    }
}

static uint64_t bits_of(enum tables_access access) {
    uint64_t bits = PRESENT | USER | ACCESSED | DIRTY;
    if (access == TABLES_WRITE)
        bits |= WRITABLE;
    if (access != TABLES_EXECUTE)
        bits |= NO_EXECUTE;
    return bits;
}

bool tables_map(struct tables *p, uint64_t address, uint64_t bytes, uint64_t target,
                enum tables_access access) {
    uint64_t end = address + bytes;
    while (address < end) {
        bool large = (address | target) % MOTE_GRANULE == 0 && end - address >= MOTE_GRANULE;
        uint64_t *entry = entry_for(p, address, large ? 1 : 0);
        if (!entry)
            return false;
        *entry = target | bits_of(access) | (large ? LARGE : 0);
        uint64_t step = large ? MOTE_GRANULE : MOTE_PAGE;
        address += step;
        target += step;
    }
    return true;
}

bool tables_find(const struct tables *p, uint64_t address, struct tables_entry *out) {
    if (address >= LOWER_HALF)
        return false;
    uint64_t table = p->root;
    for (unsigned level = LEVELS - 1;; level--) {
        uint64_t entry = table_at(p, table)[(address >> shift_of(level)) % ENTRIES];
        if (!(entry & PRESENT))
            return false;
        if (level == 0 || (entry & LARGE)) {
            uint64_t inside = address & ((UINT64_C(1) << shift_of(level)) - 1);
            out->target = (entry & TARGET) + inside;
            out->bytes = (UINT64_C(1) << shift_of(level)) - inside;
            out->access = entry & WRITABLE       ? TABLES_WRITE
                          : (entry & NO_EXECUTE) ? TABLES_READ
                                                 : TABLES_EXECUTE;
            return true;
        }
        table = entry & TARGET;
    }
}
