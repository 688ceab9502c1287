/* The page tables: four levels (AMD64 Architecture Programmer's Manual 2, 5.3),
 * of frames, reached through the direct map. */
#include "pc.h"

#include "cpu.h"

enum { ENTRIES = 512 };

static uint64_t root;

void tables_start(void) {
    root = frame_take(false);
    if (root == 0)
        kernel_panic("no memory for page tables");
}

void tables_load(void) {
    load_tables(root);
}

static uint64_t *entry_in(uint64_t table, uint64_t at, unsigned shift) {
    return (uint64_t *)frame_at(table) + (at >> shift) % ENTRIES;
}

/* The table that an entry points to. Rights are given by the last level. */
static uint64_t next(uint64_t *entry, bool create) {
    if ((*entry & TABLE_PRESENT) == 0) {
        uint64_t table = create ? frame_take(false) : 0;
        if (table == 0)
            return 0;
        *entry = table | TABLE_PRESENT | TABLE_WRITE;
    }
    return *entry & TABLE_ADDRESS;
}

uint64_t *tables_large_entry(uint64_t at, bool create) {
    uint64_t table = root;
    for (unsigned shift = 39; shift > 21; shift -= 9) {
        table = next(entry_in(table, at, shift), create);
        if (table == 0)
            return NULL;
    }
    return entry_in(table, at, 21);
}

uint64_t *tables_entry(uint64_t at, bool create) {
    uint64_t *large = tables_large_entry(at, create);
    if (large == NULL || (*large & (TABLE_PRESENT | TABLE_LARGE)) == (TABLE_PRESENT | TABLE_LARGE))
        return NULL;
    uint64_t table = next(large, create);
    return table == 0 ? NULL : entry_in(table, at, 12);
}

bool tables_map(uint64_t at, uint64_t physical, uint64_t bytes, uint64_t flags) {
    uint64_t end = at + bytes;
    while (at < end) {
        bool large =
            (flags & TABLE_SMALL) == 0 && (at | physical) % GRANULE == 0 && end - at >= GRANULE;
        uint64_t *entry = large ? tables_large_entry(at, true) : tables_entry(at, true);
        if (entry == NULL)
            return false;
        *entry = physical | flags | TABLE_PRESENT | (large ? TABLE_LARGE : 0);
        uint64_t step = large ? GRANULE : PAGE;
        at += step;
        physical += step;
    }
    return true;
}

void tables_unmap_page(uint64_t at) {
    uint64_t *entry = tables_entry(at, false);
    if (entry != NULL)
        *entry = 0;
    flush_page(at);
}
