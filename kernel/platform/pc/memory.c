/* Memory of the pc door: the layout of abi.h on page tables of the kernel's own,
 * and the arena, whose pages get a frame when they are first touched.
 *
 * An entry of the arena is 0 (not accessible), present, DEMAND: a frame is
 * promised to it, or RELEASED: it gets one if there is one (platform_release:
 * the program bounds that itself). DEMAND and RELEASED one level up stand for
 * all 512 pages, DEMAND with a frame promised for their table too. */
#include "pc.h"

#include "cpu.h"

enum { PAGES = GRANULE / PAGE };
enum { DEMAND = 0x200, RELEASED = 0x400 }; /* ignored by the processor */
enum { FAULT_PRESENT = 1 };
#define READ_WRITE (TABLE_WRITE | TABLE_NO_EXECUTE)

extern const uint8_t __text_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[],
    __bss_end[];

static uint64_t round_up(uint64_t at, uint64_t to) {
    return (at + to - 1) / to * to;
}

static void map(uint64_t at, uint64_t physical, uint64_t bytes, uint64_t flags) {
    if (!tables_map(at, physical, bytes, flags))
        kernel_panic("no memory for page tables");
}

static void map_kernel(const uint8_t *start, const uint8_t *end, uint64_t flags) {
    map((uint64_t)start, (uint64_t)start, (uint64_t)(end - start), flags | TABLE_SMALL);
}

static void map_image(const struct pvh_boot *boot) {
    if (boot->image_bytes == 0)
        return;
    map(MOTE_IMAGE_HEADER, boot->image, PAGE, TABLE_NO_EXECUTE);
    uint64_t bytes = round_up(boot->image_bytes, PAGE);
    if (bytes > PAGE)
        map(MOTE_IMAGE_BASE, boot->image + PAGE, bytes - PAGE, READ_WRITE | TABLE_SMALL);
}

/* Make the entry of a granule a table whose entries are as it was. */
static bool split(uint64_t *large) {
    uint64_t kind = *large, table = frame_take(kind == DEMAND);
    if (table == 0)
        return false;
    uint64_t *entry = frame_at(table);
    for (unsigned i = 0; i < PAGES; i++)
        entry[i] = kind;
    *large = table | TABLE_PRESENT | TABLE_WRITE;
    return true;
}

static uint64_t min(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t granule_end(uint64_t at) {
    return at - at % GRANULE + GRANULE;
}

/* All of [at, at + size) becomes DEMAND where it is not that or present. The
 * promise has been made. */
static bool demand(uint64_t at, uint64_t size) {
    for (uint64_t end = at + size, stop; at < end; at = stop) {
        stop = min(granule_end(at), end);
        uint64_t *large = tables_large_entry(at, true);
        if (large == NULL)
            return false;
        if (*large == DEMAND)
            continue;
        if ((*large & TABLE_PRESENT) == 0) {
            if (stop - at == GRANULE) {
                *large = DEMAND;
                continue;
            }
            if (!split(large))
                return false;
        }
        for (; at < stop; at += PAGE) {
            uint64_t *entry = tables_entry(at, false);
            if ((*entry & TABLE_PRESENT) == 0)
                *entry = DEMAND;
        }
    }
    return true;
}

static void demand_stack(void) {
    uint64_t bottom = MOTE_STACK_TOP - MOTE_STACK_BYTES;
    if (!frames_promise(MOTE_STACK_BYTES / PAGE) || !demand(bottom, MOTE_STACK_BYTES - PAGE))
        kernel_panic("no memory for the stack");
    /* The first page now: the way there has no room for errors. */
    map(MOTE_STACK_TOP - PAGE, frame_take(true), PAGE, READ_WRITE);
}

/* The rest of the image's last page belongs to nobody. */
static void clear_tail(uint64_t image, uint64_t bytes) {
    uint8_t *at = frame_at(image + bytes);
    for (uint64_t i = bytes; i % PAGE != 0; i++)
        *at++ = 0;
}

static void check_places(const struct pvh_boot *boot, uint64_t start, uint64_t end) {
    uint64_t image_end = boot->image + round_up(boot->image_bytes, PAGE);
    if (spans_count(&boot->ram, start, end) != end - start)
        kernel_panic("the memory map has no memory where the kernel is");
    if (spans_count(&boot->ram, boot->image, image_end) != image_end - boot->image)
        kernel_panic("the memory map has no memory where the image is");
    if (boot->image_bytes > 0 && boot->image < end && start < image_end)
        kernel_panic("the image module lies over the kernel");
}

void memory_start(const struct pvh_boot *boot) {
    uint64_t start = (uint64_t)__rodata_start, end = (uint64_t)__bss_end;
    check_places(boot, start, end);
    if (!frames_start(boot, start, end))
        kernel_panic("the memory map has too many pieces");
    tables_start();
    map_kernel(__rodata_start, __rodata_end, TABLE_NO_EXECUTE);
    map_kernel(__text_start, __text_end, 0);
    map_kernel(__data_start, __bss_end, READ_WRITE);
    const struct spans *ram = frames_all();
    for (unsigned i = 0; i < ram->count; i++) {
        uint64_t from = ram->span[i].from;
        map(PC_DIRECT + from, from, ram->span[i].to - from, READ_WRITE);
    }
    tables_load();
    frames_direct();
    map_image(boot);
    clear_tail(boot->image, boot->image_bytes);
    demand_stack();
}

void *device_registers(uint64_t physical, uint64_t bytes) {
    uint64_t start = physical & ~(uint64_t)(PAGE - 1);
    uint64_t end = round_up(physical + bytes, PAGE);
    if (end < start || end > UINT64_C(1) << 45)
        return NULL;
    if (!tables_map(PC_DEVICES + start, start, end - start, READ_WRITE | TABLE_DEVICE))
        return NULL;
    return (void *)(PC_DEVICES + physical);
}

/* ---- The arena ------------------------------------------------------------- */

static bool in_arena(uint64_t at, uint64_t size) {
    return at >= MOTE_ARENA && at <= kernel.arena_end && size <= kernel.arena_end - at;
}

/* Frames that [at, at + size) will need when it is touched; *tables: how many
 * tables have to be made at once. */
static uint64_t cost(uint64_t at, uint64_t size, uint64_t *tables) {
    uint64_t frames = 0;
    *tables = (size >> 30) + 6; /* above the granules' */
    for (uint64_t end = at + size, stop; at < end; at = stop) {
        stop = min(granule_end(at), end);
        const uint64_t *large = tables_large_entry(at, false);
        if (large == NULL || *large == 0 || *large == RELEASED) {
            bool whole = stop - at == GRANULE;
            frames += (stop - at) / PAGE + whole;
            *tables += !whole;
        } else if (*large != DEMAND) {
            for (; at < stop; at += PAGE) {
                uint64_t entry = *tables_entry(at, false);
                frames += entry == 0 || entry == RELEASED;
            }
        }
    }
    return frames;
}

int memory_make_accessible(uintptr_t at, size_t size) {
    if (at % PAGE != 0 || size % PAGE != 0 || !in_arena(at, size))
        return PLATFORM_EINVAL;
    uint64_t tables, frames = cost(at, size, &tables);
    if (frames == 0)
        return 0;
    if (frames + tables > frames_free() || !frames_promise(frames))
        return PLATFORM_ENOMEM;
    return demand(at, size) ? 0 : PLATFORM_ENOMEM;
}

bool memory_fault(uint64_t address, uint64_t error) {
    if ((error & FAULT_PRESENT) != 0)
        return false;
    uint64_t *large = tables_large_entry(address, false);
    if (large == NULL || *large == 0)
        return false;
    if ((*large & TABLE_PRESENT) == 0 && !split(large))
        return false;
    uint64_t *entry = tables_entry(address, false);
    if (entry == NULL || (*entry != DEMAND && *entry != RELEASED))
        return false;
    uint64_t frame = frame_take(*entry == DEMAND);
    if (frame == 0)
        return false;
    *entry = frame | TABLE_PRESENT | READ_WRITE;
    return true;
}

bool memory_is_promised(uint64_t address) {
    const uint64_t *large = tables_large_entry(address, false);
    if (large == NULL || (*large & TABLE_PRESENT) == 0)
        return large != NULL && *large != 0;
    const uint64_t *entry = tables_entry(address, false);
    return entry != NULL && (*entry == DEMAND || *entry == RELEASED);
}

static void discard_page(uint64_t at, uint64_t *entry) {
    if ((*entry & TABLE_PRESENT) != 0) {
        uint64_t frame = *entry & TABLE_ADDRESS;
        *entry = RELEASED;
        flush_page(at);
        frame_give(frame);
    } else if (*entry == DEMAND) {
        *entry = RELEASED;
        frames_unpromise(1);
    }
}

void memory_discard(uintptr_t at, size_t size) {
    if (!in_arena(at, size))
        return;
    for (uint64_t end = at + size, stop; at < end; at = stop) {
        stop = min(granule_end(at), end);
        uint64_t *large = tables_large_entry(at, false);
        if (large == NULL || *large == 0 || *large == RELEASED)
            continue;
        if (*large == DEMAND && stop - at == GRANULE) {
            *large = RELEASED;
            frames_unpromise(PAGES + 1);
            continue;
        }
        if (*large == DEMAND && !split(large))
            continue;
        for (; at < stop; at += PAGE)
            discard_page(at, tables_entry(at, false));
    }
}
