/* The mote's memory: what is where, with which rights, and the slots through
 * which KVM reaches it. The tender maps t->memory whole, once: it costs nothing
 * before it is touched, and no mapping is made once the sandbox is up. */
#include "kvm.h"

#include "mote/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    EX_OSERR = 71,
    HIGH = MOTE_STACK_TOP - MOTE_STACK_BYTES, /* nothing between the program and here */
    /* The first granule of each stripe, those with the image's end and after it,
     * and one for page tables. */
    STARTING = (MOTE_IMAGE_BASE - MOTE_ARENA) / MOTE_STRIPE + 3,
};
_Static_assert(HIGH % MOTE_GRANULE == 0, "guest-physical granules are aligned");

static uint64_t round_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

static int failed(const struct tender *t, const char *what) {
    tender_complain(t, "kvm: %s: %s", what, strerror(errno));
    return EX_OSERR;
}

/* What was added before stays: a slot cannot grow, and each new one waits for the
 * vCPU and for a worker of the kernel, so they are few. */
static bool add_slot(struct kvm *k, uint64_t bytes) {
    struct kvm_userspace_memory_region slot = {.slot = k->slots,
                                               .guest_phys_addr = k->slot_end,
                                               .memory_size = bytes,
                                               .userspace_addr =
                                                   (uint64_t)(uintptr_t)(k->memory + k->slot_end)};
    if (ioctl(k->machine, KVM_SET_USER_MEMORY_REGION, &slot) != 0)
        return false;
    k->slots++;
    k->slot_end += bytes;
    return true;
}

/* Where guest-physical memory lies in t->memory; the image's own pages do not. */
static uint64_t offset_of(const struct kvm *k, uint64_t at) {
    if (at < k->image_at)
        return at;
    if (at < k->high_at)
        return k->image_rest + at % MOTE_GRANULE;
    return at - k->high_at + HIGH;
}

/* ---- At the start ------------------------------------------------------------ */

static bool map_file(struct kvm *k, uint64_t at, uint64_t bytes, int protection, int flags,
                     int file, uint64_t offset) {
    return bytes == 0 || mmap(k->memory + at, bytes, protection, flags | MAP_FIXED, file,
                              (off_t)offset) != MAP_FAILED;
}

/* Guest-physical memory as the tender sees it, all at one place. */
static int map_memory(struct tender *t) {
    struct kvm *k = kvm_of(t);
    const struct elf_segment *last = &t->program.segment[t->program.segments - 1];
    uint64_t file = t->image_end - MOTE_IMAGE_BASE;
    uint64_t granules = STARTING + (t->config->memory + MOTE_GRANULE - 1) / MOTE_GRANULE;
    uint64_t high = MOTE_LOW_END - HIGH + granules * MOTE_GRANULE;
    k->image_at = round_up(last->address + last->bytes, MOTE_GRANULE);
    k->high_at = k->image_at + round_up(file, MOTE_GRANULE);
    k->next = k->high_at + MOTE_LOW_END - HIGH;
    k->memory_end = k->high_at + high;
    if (ftruncate(t->memory, (off_t)(HIGH + high)) != 0)
        return failed(t, "no memory");
    const int none = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, shared = MAP_SHARED;
    const int both = PROT_READ | PROT_WRITE, copied = MAP_PRIVATE | MAP_NORESERVE;
    k->memory = mmap(NULL, k->memory_end, PROT_NONE, none, -1, 0);
    if (k->memory == MAP_FAILED || !map_file(k, 0, k->image_at, both, shared, t->memory, 0) ||
        !map_file(k, k->high_at, high, both, shared, t->memory, HIGH))
        return failed(t, "no address space; ask for less memory (-m)");
    if (!map_file(k, k->image_at, file, both, copied, t->config->image, MOTE_PAGE))
        return failed(t, "cannot map the image");
    if (file == 0)
        return 0;
    k->image_rest = offset_of(k, k->next);
    k->next += MOTE_GRANULE;
    uint64_t end = k->image_at + file;
    if (!map_file(k, end, k->high_at - end, both, shared, t->memory, offset_of(k, end)))
        return failed(t, "cannot map memory behind the image");
    return 0;
}

/* Text and read-only data straight from the file; the rest is in low memory
 * already (boot_build). */
static int map_segments(struct tender *t) {
    struct kvm *k = kvm_of(t);
    for (unsigned i = 0; i < t->program.segments; i++) {
        const struct elf_segment *s = &t->program.segment[i];
        uint64_t mapped = s->writable ? 0 : round_up(s->file_bytes, MOTE_PAGE);
        if (!map_file(k, s->address, mapped, PROT_READ, MAP_PRIVATE, t->program.fd, s->file_offset))
            return failed(t, "cannot map the program");
    }
    return 0;
}

static bool map_next_granule(struct kvm *k, uint64_t address) {
    uint64_t at = k->next;
    k->next += MOTE_GRANULE;
    return tables_map(&k->tables, address, MOTE_GRANULE, at, TABLES_WRITE);
}

static bool map_program(struct tender *t) {
    bool room = true;
    for (unsigned i = 0; room && i < t->program.segments; i++) {
        const struct elf_segment *s = &t->program.segment[i];
        enum tables_access access = s->writable     ? TABLES_WRITE
                                    : s->executable ? TABLES_EXECUTE
                                                    : TABLES_READ;
        room = tables_map(&kvm_of(t)->tables, s->address, round_up(s->bytes, MOTE_PAGE), s->address,
                          access);
    }
    return room;
}

static bool map_low(struct tender *t) {
    static const struct {
        uint32_t at, bytes;
        enum tables_access access;
    } fixed[] = {
        {MOTE_BOOT, MOTE_BOOT_BYTES, TABLES_READ},
        {MOTE_CLOCK, MOTE_PAGE, TABLES_READ},
        {MOTE_GATE, MOTE_GATE_BYTES, TABLES_EXECUTE},
        {TRAPS_GDT, MOTE_PAGE, TABLES_READ},
        {TRAPS_IDT, MOTE_PAGE, TABLES_READ},
        {TRAPS_STUBS, MOTE_PAGE, TABLES_EXECUTE},
        {MOTE_SHARED, MOTE_SHARED_BYTES, TABLES_WRITE},
        {MOTE_RINGS, MOTE_RINGS_BYTES, TABLES_WRITE},
        {MOTE_IMAGE_HEADER, MOTE_PAGE, TABLES_READ},
    };
    struct tables *tables = &kvm_of(t)->tables;
    bool room = true;
    for (size_t i = 0; room && i < sizeof fixed / sizeof *fixed; i++)
        if (fixed[i].at != MOTE_IMAGE_HEADER || t->config->image_bytes != 0)
            room = tables_map(tables, fixed[i].at, fixed[i].bytes, fixed[i].at, fixed[i].access);
    return room;
}

static bool map_high(struct tender *t) {
    struct kvm *k = kvm_of(t);
    uint64_t stack = MOTE_STACK_TOP - MOTE_STACK_BYTES,
             after = round_up(t->image_end, MOTE_GRANULE);
    bool room =
        tables_map(&k->tables, stack, MOTE_STACK_BYTES, k->high_at + stack - HIGH, TABLES_WRITE) &&
        tables_map(&k->tables, MOTE_IMAGE_BASE, k->high_at - k->image_at, k->image_at,
                   TABLES_WRITE);
    for (uint64_t at = MOTE_ARENA; room && at < MOTE_IMAGE_BASE; at += MOTE_STRIPE)
        room = map_next_granule(k, at);
    return room && (after >= t->arena_end || map_next_granule(k, after));
}

int memory_lay_out(struct tender *t) {
    struct kvm *k = kvm_of(t);
    int status = map_memory(t);
    if (status == 0)
        status = map_segments(t);
    if (status != 0)
        return status;
    traps_build(k->memory);
    tables_init(&k->tables, k->memory, TABLES_BASE, MOTE_BOOT);
    if (map_program(t) && map_low(t) && map_high(t))
        return 0;
    tender_complain(t, "kvm: no room for page tables");
    return EX_OSERR;
}

int memory_create(struct tender *t) {
    struct kvm *k = kvm_of(t);
    int status = memory_lay_out(t);
    if (status != 0)
        return status;
    k->growth = FIRST_GROWTH;
    uint64_t first = k->next + (t->config->image_bytes != 0 ? FIRST_GROWTH : 0);
    if (first > k->memory_end)
        first = k->memory_end;
    return add_slot(k, first) ? 0 : failed(t, "no memory slot");
}

/* ---- Later ---------------------------------------------------------------------- */

/* The next `bytes` of memory lie in slots. */
static bool grow(struct kvm *k, uint64_t bytes) {
    if (k->next + bytes > k->memory_end)
        return false;
    while (k->next + bytes > k->slot_end) {
        uint64_t size = k->growth;
        if (size > k->memory_end - k->slot_end)
            size = k->memory_end - k->slot_end;
        if (!add_slot(k, size))
            return false;
        if (k->growth < LAST_GROWTH)
            k->growth *= 2;
    }
    return true;
}

/* Room for page tables: the pages below MOTE_BOOT, then a granule, once. */
static bool grow_tables(struct kvm *k, uint64_t count) {
    struct tables *p = &k->tables;
    if (p->next + count * MOTE_PAGE <= p->end)
        return true;
    if (p->end != MOTE_BOOT || count * MOTE_PAGE > MOTE_GRANULE || !grow(k, MOTE_GRANULE))
        return false;
    p->next = k->next;
    p->end = p->next + MOTE_GRANULE;
    k->next += MOTE_GRANULE;
    return true;
}

int64_t memory_map(struct tender *t, uint64_t address, uint64_t bytes) {
    struct kvm *k = kvm_of(t);
    uint64_t start = address / MOTE_GRANULE * MOTE_GRANULE;
    uint64_t end = round_up(address + bytes, MOTE_GRANULE), missing = 0;
    uint64_t room = (k->memory_end - k->next) / MOTE_GRANULE;
    struct tables_entry found;
    for (uint64_t at = start; at < end && missing <= room; at += MOTE_GRANULE)
        missing += !tables_find(&k->tables, at, &found);
    if (missing == 0)
        return 0;
    if (missing > room || !grow_tables(k, tables_needed(start, end - start)) ||
        !grow(k, missing * MOTE_GRANULE))
        return PLATFORM_ENOMEM;
    for (uint64_t at = start; at < end; at += MOTE_GRANULE)
        if (!tables_find(&k->tables, at, &found) && !map_next_granule(k, at))
            return PLATFORM_ENOMEM;
    return 0;
}

static bool punch(struct tender *t, uint64_t offset, uint64_t bytes) {
    return bytes == 0 || fallocate(t->memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                   (off_t)offset, (off_t)bytes) == 0;
}

int64_t memory_discard(struct tender *t, uint64_t address, uint64_t bytes) {
    struct kvm *k = kvm_of(t);
    uint64_t end = address + bytes, run = 0, run_bytes = 0;
    for (uint64_t next; address < end; address = next) {
        next = (address / MOTE_GRANULE + 1) * MOTE_GRANULE;
        if (next > end)
            next = end;
        struct tables_entry found;
        if (!tables_find(&k->tables, address, &found))
            continue;
        uint64_t offset = offset_of(k, found.target);
        if (run_bytes == 0 || offset != run + run_bytes) {
            if (!punch(t, run, run_bytes))
                return PLATFORM_EIO;
            run = offset;
            run_bytes = 0;
        }
        run_bytes += next - address;
    }
    return punch(t, run, run_bytes) ? 0 : PLATFORM_EIO;
}

/* The kernel copies: where a file shrank under a mapping it only stops early. */
size_t memory_read(struct tender *t, uint64_t address, void *out, size_t bytes) {
    struct kvm *k = kvm_of(t);
    size_t done = 0;
    struct tables_entry found;
    while (done < bytes && tables_find(&k->tables, address + done, &found)) {
        size_t size = found.bytes < bytes - done ? (size_t)found.bytes : bytes - done;
        struct iovec to = {(uint8_t *)out + done, size}, from = {k->memory + found.target, size};
        ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
        if (got <= 0)
            break;
        done += (size_t)got;
        if ((size_t)got < size)
            break;
    }
    return done;
}
