/* What a mote's address space is under KVM: every mapping there is, found by a walk
 * over all page tables, compared with abi.h. What needs a virtual machine is
 * skipped where there is none. */
#include "tender_fixture.h"

#include "../../host/tender/kvm/kvm.h"
#include "../../include/mote/platform.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

enum { RODATA = TEXT + 0x10000, IMAGE_PAGES = 5, MEMORY = 16 << 20, MOST = 4096 };

struct rig {
    struct rig_tender base;
    struct kvm k;
    bool machine;
};

static int file_with_pages(unsigned pages, uint8_t first) {
    int fd = memfd_create("test", MFD_CLOEXEC);
    uint8_t page[MOTE_PAGE];
    assert_true(fd >= 0);
    for (unsigned i = 0; i < pages; i++) {
        memset(page, first + (int)i, sizeof page);
        assert_int_equal(write(fd, page, sizeof page), sizeof page);
    }
    return fd;
}

/* Text of two pages, read-only data of one, data of one and three more of zeros;
 * the file's pages hold 0x10, 0x11, 0x12, 0x13, the image's 0x20, 0x21 .. */
static void open_rig(struct rig *r, bool image, bool machine) {
    rig_open(&r->base);
    struct tender *t = &r->base.t;
    munmap(t->low, MOTE_LOW_END);
    t->memory = memfd_create("memory", MFD_CLOEXEC);
    assert_int_equal(ftruncate(t->memory, MOTE_LOW_END), 0);
    t->low = mmap(NULL, MOTE_LOW_END, PROT_READ | PROT_WRITE, MAP_SHARED, t->memory, 0);
    t->program.fd = file_with_pages(4, 0x10);
    t->program.segments = 3;
    t->program.segment[0] = (struct elf_segment){
        .address = TEXT, .bytes = 0x1800, .file_bytes = 0x1800, .executable = true};
    t->program.segment[1] = (struct elf_segment){
        .address = RODATA, .bytes = 0x1000, .file_bytes = 0x1000, .file_offset = 0x2000};
    t->program.segment[2] = (struct elf_segment){.address = DATA + 0x10000,
                                                 .bytes = 0x3800,
                                                 .file_bytes = 0x1000,
                                                 .file_offset = 0x3000,
                                                 .writable = true};
    /* boot_build has been there before the door. */
    const struct elf_segment *data = &t->program.segment[2];
    assert_int_equal(
        pread(t->program.fd, t->low + data->address, data->file_bytes, (off_t)data->file_offset),
        (ssize_t)data->file_bytes);
    t->image_end = MOTE_IMAGE_BASE;
    t->arena_end = MOTE_IMAGE_BASE + UINT64_C(0x40000000);
    r->base.config.memory = MEMORY;
    if (image) {
        r->base.config.image = file_with_pages(IMAGE_PAGES, 0x20);
        r->base.config.image_bytes = IMAGE_PAGES * MOTE_PAGE;
        t->image_end += (IMAGE_PAGES - 1) * MOTE_PAGE;
    }
    r->k = (struct kvm){.machine = -1};
    t->door_state = &r->k;
    r->machine = machine;
    if (!machine) {
        assert_int_equal(memory_lay_out(t), 0);
        return;
    }
    const char *why = NULL;
    r->k.system = machine_open(&why);
    if (r->k.system < 0) {
        printf("SKIP: %s\n", why);
        skip();
    }
    assert_int_equal(machine_create(t), 0);
    assert_int_equal(memory_create(t), 0);
}

static void close_rig(struct rig *r) {
    struct tender *t = &r->base.t;
    munmap(r->k.memory, r->k.memory_end);
    close(t->memory);
    close(t->program.fd);
    if (r->base.config.image >= 0)
        close(r->base.config.image);
    if (r->machine) {
        close(r->k.machine);
        close(r->k.system);
    }
    rig_close(&r->base);
}

struct range {
    uint64_t at, bytes, target;
    char access; /* r, w, x */
};

/* All that is mapped, as ranges of equal access; every entry has the user bit and
 * nothing is writable and executable. */
static unsigned all_ranges(const struct rig *r, struct range *out, uint64_t table, int shift,
                           uint64_t base, unsigned count) {
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t entry, at = base + (i << shift);
        memcpy(&entry, r->k.memory + table + i * 8, 8);
        if ((entry & 1) == 0)
            continue;
        assert_true((entry & 4) != 0);
        uint64_t target = entry & UINT64_C(0xffffffffff000);
        if (shift > 12 && (entry & 0x80) == 0) {
            count = all_ranges(r, out, target, shift - 9, at, count);
            continue;
        }
        bool writable = (entry & 2) != 0, executable = entry >> 63 == 0;
        assert_false(writable && executable);
        char access = writable ? 'w' : executable ? 'x' : 'r';
        struct range *last = count == 0 ? NULL : &out[count - 1];
        if (last && last->access == access && last->at + last->bytes == at &&
            last->target + last->bytes == target) {
            last->bytes += UINT64_C(1) << shift;
            continue;
        }
        assert_true(count < MOST);
        out[count++] = (struct range){at, UINT64_C(1) << shift, target, access};
    }
    return count;
}

static unsigned ranges_of(const struct rig *r, struct range *out) {
    return all_ranges(r, out, r->k.tables.root, 39, 0, 0);
}

static const struct range low[] = {
    {MOTE_BOOT, MOTE_BOOT_BYTES, MOTE_BOOT, 'r'},
    {MOTE_CLOCK, MOTE_PAGE, MOTE_CLOCK, 'r'},
    {MOTE_GATE, MOTE_GATE_BYTES, MOTE_GATE, 'x'},
    {MOTE_TRAPS, 2 * MOTE_PAGE, MOTE_TRAPS, 'r'},
    {MOTE_TRAPS + 2 * MOTE_PAGE, MOTE_PAGE, MOTE_TRAPS + 2 * MOTE_PAGE, 'x'},
    {MOTE_SHARED, MOTE_SHARED_BYTES, MOTE_SHARED, 'w'},
    {MOTE_RINGS, MOTE_RINGS_BYTES, MOTE_RINGS, 'w'},
    {MOTE_IMAGE_HEADER, MOTE_PAGE, MOTE_IMAGE_HEADER, 'r'}, /* with an image */
    {TEXT, 0x2000, TEXT, 'x'},
    {RODATA, 0x1000, RODATA, 'r'},
    {DATA + 0x10000, 0x4000, DATA + 0x10000, 'w'},
};
enum { LOW = sizeof low / sizeof *low, HEADER = 7 };

static void check_layout(bool image) {
    struct rig r;
    open_rig(&r, image, false);
    static struct range found[MOST];
    unsigned count = ranges_of(&r, found), at = 0;
    for (unsigned i = 0; i < LOW; i++) {
        if (i == HEADER && !image)
            continue;
        assert_int_equal(found[at].at, low[i].at);
        assert_int_equal(found[at].bytes, low[i].bytes);
        assert_int_equal(found[at].target, low[i].target);
        assert_int_equal(found[at].access, low[i].access);
        at++;
    }
    assert_int_equal(found[at].at, MOTE_STACK_TOP - MOTE_STACK_BYTES);
    assert_int_equal(found[at].bytes, MOTE_STACK_BYTES);
    assert_int_equal(found[at++].access, 'w');
    for (uint64_t stripe = MOTE_ARENA; stripe < MOTE_IMAGE_BASE; stripe += MOTE_STRIPE) {
        assert_int_equal(found[at].at, stripe);
        assert_int_equal(found[at].bytes, MOTE_GRANULE);
        assert_int_equal(found[at++].access, 'w');
    }
    uint64_t arena = 0; /* the image with its granule, and the granule after that */
    assert_int_equal(found[at].at, MOTE_IMAGE_BASE);
    for (; at < count; at++) {
        assert_int_equal(found[at].at, MOTE_IMAGE_BASE + arena);
        assert_int_equal(found[at].access, 'w');
        arena += found[at].bytes;
    }
    assert_int_equal(arena, image ? 2 * MOTE_GRANULE : MOTE_GRANULE);
    close_rig(&r);
}

static void layout_is_that_of_abi_h(void **state) {
    (void)state;
    check_layout(false);
    check_layout(true);
}

static void no_memory_is_mapped_twice_and_no_table_at_all(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, true, false);
    static struct range found[MOST];
    unsigned count = ranges_of(&r, found);
    for (unsigned i = 0; i < count; i++) {
        assert_true(found[i].target + found[i].bytes <= r.k.next || found[i].target < r.k.high_at);
        assert_true(found[i].target >= MOTE_BOOT);
        assert_true(r.k.tables.next <= MOTE_BOOT);
        for (unsigned j = 0; j < i; j++)
            assert_true(found[i].target >= found[j].target + found[j].bytes ||
                        found[j].target >= found[i].target + found[i].bytes);
    }
    close_rig(&r);
}

static uint8_t byte_at(struct rig *r, uint64_t address) {
    uint8_t byte = 0xee;
    assert_int_equal(memory_read(&r->base.t, address, &byte, 1), 1);
    return byte;
}

static void files_are_where_they_belong(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, true, false);
    assert_int_equal(byte_at(&r, TEXT), 0x10);
    assert_int_equal(byte_at(&r, TEXT + 0x17ff), 0x11);
    assert_int_equal(byte_at(&r, RODATA), 0x12);
    assert_int_equal(byte_at(&r, DATA + 0x10fff), 0x13);
    assert_int_equal(byte_at(&r, DATA + 0x11000), 0);
    for (unsigned i = 1; i < IMAGE_PAGES; i++)
        assert_int_equal(byte_at(&r, MOTE_IMAGE_BASE + (i - 1) * MOTE_PAGE), 0x20 + i);
    assert_int_equal(byte_at(&r, r.base.t.image_end), 0);
    /* What is written to the image stays out of its file. */
    r.k.memory[r.k.image_at] = 0x77;
    uint8_t byte = 0;
    assert_int_equal(pread(r.base.config.image, &byte, 1, MOTE_PAGE), 1);
    assert_int_equal(byte, 0x21);
    assert_int_equal(byte_at(&r, MOTE_IMAGE_BASE), 0x77);
    close_rig(&r);
}

static void low_memory_is_the_tenders(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, false, false);
    static const uint64_t shared[] = {MOTE_BOOT, MOTE_SHARED, MOTE_RINGS + 0xffff, DATA + 0x12000};
    for (unsigned i = 0; i < sizeof shared / sizeof *shared; i++) {
        r.base.t.low[shared[i]] = 0x5a;
        assert_int_equal(byte_at(&r, shared[i]), 0x5a);
    }
    r.base.t.low[MOTE_STACK_TOP - 1] = 0x5b;
    assert_int_equal(byte_at(&r, MOTE_STACK_TOP - 1), 0x5b);
    close_rig(&r);
}

static void reading_stops_at_the_first_hole(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, true, false);
    struct tender *t = &r.base.t;
    static uint8_t buffer[3 * MOTE_GRANULE];
    assert_int_equal(memory_read(t, 0, buffer, 16), 0);
    assert_int_equal(memory_read(t, TEXT + 0x1ff0, buffer, 100), 16);
    assert_int_equal(memory_read(t, MOTE_STACK_TOP - 8, buffer, 48), 8);
    assert_int_equal(memory_read(t, MOTE_STACK_TOP, buffer, 8), 0);
    assert_int_equal(memory_read(t, MOTE_IMAGE_BASE, buffer, sizeof buffer), 2 * MOTE_GRANULE);
    static const uint64_t wild[] = {UINT64_MAX, UINT64_MAX - 7, UINT64_C(1) << 63,
                                    UINT64_C(0xffff800000000000), TRAPS_NOWHERE};
    for (unsigned i = 0; i < sizeof wild / sizeof *wild; i++)
        assert_int_equal(memory_read(t, wild[i], buffer, 64), 0);
    close_rig(&r);
}

static void an_image_file_that_shrank_only_ends_the_reading(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, true, false);
    assert_int_equal(ftruncate(r.base.config.image, 2 * MOTE_PAGE), 0);
    uint8_t buffer[3 * MOTE_PAGE];
    assert_int_equal(memory_read(&r.base.t, MOTE_IMAGE_BASE, buffer, sizeof buffer), MOTE_PAGE);
    close_rig(&r);
}

static bool is_mapped(struct rig *r, uint64_t address) {
    struct tables_entry found;
    return tables_find(&r->k.tables, address, &found) && found.access == TABLES_WRITE;
}

static void granules_are_mapped_on_demand(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, true, true);
    struct tender *t = &r.base.t;
    uint64_t at = MOTE_ARENA + MOTE_GRANULE;
    assert_false(is_mapped(&r, at));
    assert_int_equal(memory_map(t, at + MOTE_PAGE, MOTE_PAGE), 0);
    assert_true(is_mapped(&r, at) && is_mapped(&r, at + MOTE_GRANULE - 1));
    assert_false(is_mapped(&r, at + MOTE_GRANULE));
    assert_int_equal(byte_at(&r, at), 0);
    uint64_t next = r.k.next;
    assert_int_equal(memory_map(t, MOTE_ARENA, 2 * MOTE_GRANULE), 0);
    assert_int_equal(r.k.next, next);
    assert_true(r.k.next <= r.k.slot_end);
    close_rig(&r);
}

static void there_is_as_much_as_was_asked_for_and_no_more(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, false, true);
    struct tender *t = &r.base.t;
    uint64_t granules = 0, at = MOTE_IMAGE_BASE + MOTE_GRANULE;
    while (memory_map(t, at + granules * MOTE_GRANULE, MOTE_GRANULE) == 0)
        granules++;
    assert_true(granules >= MEMORY / MOTE_GRANULE);
    assert_true(granules <= MEMORY / MOTE_GRANULE + 2);
    assert_false(is_mapped(&r, at + granules * MOTE_GRANULE));
    assert_int_equal(r.k.next, r.k.memory_end);
    assert_int_equal(memory_map(t, at + granules * MOTE_GRANULE, MOTE_GRANULE), PLATFORM_ENOMEM);
    assert_int_equal(memory_map(t, at, granules * MOTE_GRANULE), 0);
    assert_int_equal(memory_map(t, at, UINT64_C(0x20000000)), PLATFORM_ENOMEM);
    close_rig(&r);
}

static void no_memory_leaves_nothing_half_done(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, false, true);
    uint64_t at = MOTE_IMAGE_BASE + MOTE_GRANULE;
    assert_int_equal(memory_map(&r.base.t, at, 4 * (uint64_t)MEMORY), PLATFORM_ENOMEM);
    for (unsigned i = 0; i < 4 * MEMORY / MOTE_GRANULE; i++)
        assert_false(is_mapped(&r, at + i * MOTE_GRANULE));
    assert_int_equal(memory_map(&r.base.t, at, MEMORY), 0);
    close_rig(&r);
}

static uint8_t *host_of(struct rig *r, uint64_t address) {
    struct tables_entry found;
    assert_true(tables_find(&r->k.tables, address, &found));
    return r->k.memory + found.target;
}

static void discarded_pages_are_zero_and_others_stay(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, true, true);
    struct tender *t = &r.base.t;
    uint64_t at = MOTE_ARENA + 3 * MOTE_GRANULE;
    assert_int_equal(memory_map(t, at, MOTE_GRANULE), 0);
    assert_int_equal(memory_map(t, at - MOTE_GRANULE, MOTE_GRANULE), 0);
    uint64_t rest = t->image_end; /* in the image's granule, behind it */
    const uint64_t pages[] = {MOTE_ARENA,     at - MOTE_PAGE, at,
                              at + MOTE_PAGE, rest,           rest + MOTE_PAGE};
    for (unsigned i = 0; i < 6; i++)
        *host_of(&r, pages[i]) = 0x33;
    assert_int_equal(memory_discard(t, at - MOTE_PAGE, 2 * MOTE_PAGE), 0);
    assert_int_equal(memory_discard(t, rest, MOTE_PAGE), 0);
    assert_int_equal(byte_at(&r, at - MOTE_PAGE), 0);
    assert_int_equal(byte_at(&r, at), 0);
    assert_int_equal(byte_at(&r, rest), 0);
    assert_int_equal(byte_at(&r, at + MOTE_PAGE), 0x33);
    assert_int_equal(byte_at(&r, rest + MOTE_PAGE), 0x33);
    assert_int_equal(byte_at(&r, MOTE_ARENA), 0x33);
    assert_int_equal(byte_at(&r, MOTE_IMAGE_BASE), 0x21);
    /* Over holes: what is there goes. */
    assert_int_equal(memory_discard(t, MOTE_ARENA, MOTE_IMAGE_BASE - MOTE_ARENA), 0);
    assert_int_equal(byte_at(&r, MOTE_ARENA), 0);
    assert_int_equal(byte_at(&r, at + MOTE_PAGE), 0);
    assert_int_equal(byte_at(&r, rest + MOTE_PAGE), 0x33);
    close_rig(&r);
}

static void page_tables_go_on_in_a_granule(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, false, true);
    struct tender *t = &r.base.t;
    t->arena_end = MOTE_IMAGE_BASE + (UINT64_C(1) << 40);
    r.k.tables.next = r.k.tables.end - MOTE_PAGE;
    uint64_t far = MOTE_IMAGE_BASE + (UINT64_C(1) << 39);
    assert_int_equal(memory_map(t, far, MOTE_GRANULE), 0);
    assert_true(is_mapped(&r, far));
    assert_true(r.k.tables.end > MOTE_LOW_END);
    static struct range found[MOST];
    unsigned count = ranges_of(&r, found);
    for (unsigned i = 0; i < count; i++)
        assert_true(found[i].target >= r.k.tables.end ||
                    found[i].target + found[i].bytes <= r.k.tables.end - MOTE_GRANULE);
    close_rig(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_is_that_of_abi_h),
        cmocka_unit_test(no_memory_is_mapped_twice_and_no_table_at_all),
        cmocka_unit_test(files_are_where_they_belong),
        cmocka_unit_test(low_memory_is_the_tenders),
        cmocka_unit_test(reading_stops_at_the_first_hole),
        cmocka_unit_test(an_image_file_that_shrank_only_ends_the_reading),
        cmocka_unit_test(granules_are_mapped_on_demand),
        cmocka_unit_test(there_is_as_much_as_was_asked_for_and_no_more),
        cmocka_unit_test(no_memory_leaves_nothing_half_done),
        cmocka_unit_test(discarded_pages_are_zero_and_others_stay),
        cmocka_unit_test(page_tables_go_on_in_a_granule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
