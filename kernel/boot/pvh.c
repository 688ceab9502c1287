/* Reading a PVH loader's tables. */
#include "pvh.h"

#include <string.h>

enum { MAGIC = 0x336ec578, PAGE = 0x1000, MEMMAP_RAM = 1, MEMMAP_ENTRIES = 1024, MODULES = 64 };

struct start_info {
    uint32_t magic, version, flags, modules;
    uint64_t module_list, command_line, rsdp, memmap;
    uint32_t memmap_entries, reserved;
};

struct module {
    uint64_t at, bytes, command_line, reserved;
};

struct memmap_entry {
    uint64_t at, bytes;
    uint32_t type, reserved;
};

static bool copy(void *out, uint64_t at, uint64_t bytes, pvh_memory *memory) {
    const void *from = memory(at, bytes);
    if (from != NULL)
        memcpy(out, from, bytes);
    return from != NULL;
}

static bool wraps(uint64_t at, uint64_t bytes) {
    return bytes > UINT64_MAX - PAGE || at > UINT64_MAX - PAGE - bytes;
}

static uint64_t down(uint64_t at) {
    return at & ~(uint64_t)(PAGE - 1);
}

static uint64_t up(uint64_t at) {
    return down(at + PAGE - 1);
}

/* The entries of one kind: RAM is added, then what is not RAM is taken away, so
 * that of two that overlap the careful one counts. */
static const char *read_entries(struct pvh_boot *boot, const struct start_info *info, bool ram,
                                pvh_memory *memory) {
    for (uint32_t i = 0; i < info->memmap_entries; i++) {
        struct memmap_entry e;
        if (!copy(&e, info->memmap + i * sizeof e, sizeof e, memory))
            return "the memory map cannot be read";
        if ((e.type == MEMMAP_RAM) != ram)
            continue;
        if (wraps(e.at, e.bytes))
            return "an entry of the memory map goes past the end of the address space";
        uint64_t start = ram ? up(e.at) : down(e.at);
        uint64_t end = ram ? down(e.at + e.bytes) : up(e.at + e.bytes);
        if (end > PVH_MEMORY_END)
            end = PVH_MEMORY_END;
        if (start >= end)
            continue;
        if (!(ram ? spans_add : spans_remove)(&boot->ram, start, end))
            return "the memory map has too many pieces";
    }
    return NULL;
}

static const char *read_memory_map(struct pvh_boot *boot, const struct start_info *info,
                                   pvh_memory *memory) {
    if (info->version < 1 || info->memmap_entries == 0)
        return "the loader gives no memory map";
    if (info->memmap_entries > MEMMAP_ENTRIES || wraps(info->memmap, MEMMAP_ENTRIES * 24))
        return "the memory map is absurd";
    const char *wrong = read_entries(boot, info, true, memory);
    if (wrong == NULL)
        wrong = read_entries(boot, info, false, memory);
    if (wrong == NULL && boot->ram.count == 0)
        wrong = "the memory map has no usable memory";
    return wrong;
}

static const char *read_modules(struct pvh_boot *boot, const struct start_info *info,
                                pvh_memory *memory) {
    if (info->modules == 0)
        return NULL;
    struct module m;
    if (info->modules > MODULES || !copy(&m, info->module_list, sizeof m, memory))
        return "the list of modules cannot be read";
    if (m.bytes == 0)
        return NULL;
    if (wraps(m.at, m.bytes))
        return "the image module goes past the end of the address space";
    if (m.at % PAGE != 0)
        return "the image module is not page aligned";
    boot->image = m.at;
    boot->image_bytes = m.bytes;
    return NULL;
}

static const char *read_command_line(struct pvh_boot *boot, const struct start_info *info,
                                     pvh_memory *memory) {
    if (info->command_line == 0)
        return NULL;
    for (size_t i = 0; i < sizeof boot->command_line; i++) {
        const char *c = memory(info->command_line + i, 1);
        if (c == NULL)
            return "the command line cannot be read";
        boot->command_line[i] = *c;
        if (*c == 0) {
            boot->command_line_bytes = i;
            return NULL;
        }
    }
    return "the command line is too long";
}

const char *pvh_read(struct pvh_boot *boot, uint64_t start_info, pvh_memory *memory) {
    memset(boot, 0, sizeof *boot);
    boot->ram = (struct spans){.span = boot->ram_span, .capacity = PVH_RAM};
    struct start_info info;
    if (!copy(&info, start_info, sizeof info, memory) || info.magic != MAGIC)
        return "the loader gives no PVH start information";
    const char *wrong = read_command_line(boot, &info, memory); /* may say where to complain */
    if (wrong == NULL)
        wrong = read_memory_map(boot, &info, memory);
    if (wrong == NULL)
        wrong = read_modules(boot, &info, memory);
    boot->command_line[sizeof boot->command_line - 1] = 0;
    return wrong;
}
