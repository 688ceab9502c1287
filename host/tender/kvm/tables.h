/*
 * tables.h - 4-level page tables of a mote (Intel SDM volume 3, 4.5), built and
 * changed by the tender only. Every entry has the user bit: nothing in a mote
 * runs at another ring. Large pages of 2 MiB where address, target and size allow.
 *
 * Owner: the caller gives the memory for tables and keeps it.
 */
#ifndef MOTE_TENDER_KVM_TABLES_H
#define MOTE_TENDER_KVM_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tables_access { TABLES_READ, TABLES_WRITE, TABLES_EXECUTE };

struct tables {
    uint8_t *memory; /* where guest-physical address 0 is */
    uint64_t root;   /* guest-physical, for CR3 */
    uint64_t next, end;
};

/* What one address means. */
struct tables_entry {
    uint64_t target; /* guest-physical address of the byte asked for */
    uint64_t bytes;  /* from there to the end of the page */
    enum tables_access access;
};

/* Tables go into [start, end) of `memory`, which is zero; pages. */
void tables_init(struct tables *p, uint8_t *memory, uint64_t start, uint64_t end);
/* At most this many tables are taken by a map of large pages. */
uint64_t tables_needed(uint64_t address, uint64_t bytes);
/* Whole pages. False: no room for a table, or a large page is in the way; what
 * comes before is mapped. Mapping a page again replaces what it was. */
bool tables_map(struct tables *p, uint64_t address, uint64_t bytes, uint64_t target,
                enum tables_access access);
bool tables_find(const struct tables *p, uint64_t address, struct tables_entry *out);

#endif
