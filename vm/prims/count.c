/*
 * count.c - see count.h. Numbered primitives are counted in an array, named ones
 * in an open hash table.
 */
#include "count.h"
#include "prim.h"
#include <stdio.h>
#include <stdlib.h>

#define NAME_BYTES 96u /* longer "module name" texts are cut */
#define TABLE_SIZE (2 * PRIM_COUNT_NAMES)

struct entry {
    uint64_t calls, failures, missing;
    uint32_t number;
    uint32_t name_size; /* 0: numbered, or not in use */
    char name[NAME_BYTES];
};

struct prim_counts {
    struct entry numbers[PRIM_COUNT_NUMBERS];
    struct entry names[TABLE_SIZE];
    struct entry others; /* names for which there was no room */
    uint32_t name_count;
    const struct entry *sorted[PRIM_COUNT_NUMBERS + TABLE_SIZE + 1];
};

struct prim_counts *prim_counts_new(struct vm *vm) {
    size_t size = sizeof(struct prim_counts);
    struct prim_counts *counts = platform_reserve(vm->platform, 0, size);
    if (counts == NULL)
        return NULL;
    if (platform_commit(vm->platform, counts, size) != 0) {
        platform_unreserve(vm->platform, counts, size);
        return NULL;
    }
    return counts;
}

void prim_counts_free(struct vm *vm, struct prim_counts *counts) {
    if (counts)
        platform_unreserve(vm->platform, counts, sizeof *counts);
}

static uint32_t hash_of(const char *text, size_t size) { /* FNV-1a */
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * UINT32_C(16777619);
    return hash;
}

static struct entry *entry_of_name(struct prim_counts *counts, const char *text, size_t size) {
    for (uint32_t i = hash_of(text, size);; i++) {
        struct entry *e = &counts->names[i % TABLE_SIZE];
        if (e->name_size == size && memcmp(e->name, text, size) == 0)
            return e;
        if (e->name_size != 0)
            continue;
        if (counts->name_count == PRIM_COUNT_NAMES)
            return &counts->others;
        counts->name_count++;
        e->name_size = (uint32_t)size;
        memcpy(e->name, text, size);
        return e;
    }
}

/* "module name", or "name" of the VM's own; answers its size, at least 1. */
static size_t join(char *out, const char *module, size_t module_size, const char *name,
                   size_t name_size) {
    size_t at = 0;
    for (size_t i = 0; i < module_size && at < NAME_BYTES; i++)
        out[at++] = module[i];
    if (at > 0 && at < NAME_BYTES)
        out[at++] = ' ';
    for (size_t i = 0; i < name_size && at < NAME_BYTES; i++)
        out[at++] = name[i];
    if (at == 0) /* nameless: a damaged method */
        out[at++] = '?';
    return at;
}

void prim_counts_note(struct prim_counts *counts, unsigned number, const char *module,
                      size_t module_size, const char *name, size_t name_size,
                      enum prim_call outcome) {
    struct entry *e;
    if (name) {
        char text[NAME_BYTES];
        e = entry_of_name(counts, text, join(text, module, module_size, name, name_size));
    } else {
        e = number < PRIM_COUNT_NUMBERS ? &counts->numbers[number] : &counts->others;
    }
    e->number = number;
    e->calls++;
    if (outcome == PRIM_CALL_FAILED)
        e->failures++;
    if (outcome == PRIM_MISSING)
        e->missing++;
}

static int more_calls_first(const void *a, const void *b) {
    const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
    if (x->calls != y->calls)
        return x->calls < y->calls ? 1 : -1;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void print_entry(const struct prim_counts *counts, const struct entry *e, vm_put_fn *put,
                        void *arg) {
    char line[NAME_BYTES + 80];
    int size;
    if (e == &counts->others) {
        size = snprintf(line, sizeof line, "%12llu %12llu %12llu  all others\n",
                        (unsigned long long)e->calls, (unsigned long long)e->failures,
                        (unsigned long long)e->missing);
    } else {
        const char *name = e->name_size ? e->name : prim_number_name(e->number);
        int name_size = e->name_size ? (int)e->name_size : name ? (int)strlen(name) : 0;
        size = snprintf(line, sizeof line, "%12llu %12llu %12llu %5u %.*s\n",
                        (unsigned long long)e->calls, (unsigned long long)e->failures,
                        (unsigned long long)e->missing, e->number, name_size, name ? name : "");
    }
    put(arg, line, size < (int)sizeof line ? (size_t)size : sizeof line - 1);
}

static size_t collect(const struct entry *entries, size_t count, const struct entry **out,
                      size_t at) {
    for (size_t i = 0; i < count; i++)
        if (entries[i].calls != 0)
            out[at++] = &entries[i];
    return at;
}

void prim_counts_print(struct prim_counts *counts, vm_put_fn *put, void *arg) {
    static const char heading[] = "       calls       failed      missing number primitive\n";
    const struct entry **sorted = counts->sorted;
    size_t n = collect(counts->numbers, PRIM_COUNT_NUMBERS, sorted, 0);
    n = collect(counts->names, TABLE_SIZE, sorted, n);
    n = collect(&counts->others, 1, sorted, n);
    qsort(sorted, n, sizeof *sorted, more_calls_first);
    put(arg, heading, sizeof heading - 1);
    for (size_t i = 0; i < n; i++)
        print_entry(counts, sorted[i], put, arg);
}
