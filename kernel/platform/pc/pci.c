/* The PCI bus: configuration space through ports 0xcf8 and 0xcfc (PCI Local Bus
 * 3.0, 3.2.2.3.2), memory of devices that no firmware has placed, MSI-X (6.8.2)
 * or else the interrupt line that firmware wrote down. */
#include "pci.h"

#include "cpu.h"
#include "pc.h"
#include "../../virtio/transports.h"

enum { ADDRESS_PORT = 0xcf8, DATA_PORT = 0xcfc };
enum { BUSES = 256, SLOTS = 32, FUNCTIONS = 8, BARS = 6, CAPABILITIES = 48 };
enum {
    ID = 0,
    COMMAND = 4,
    CLASS = 8,
    HEADER_TYPE = 0xc,
    BAR = 0x10,
    CAPABILITY_POINTER = 0x34,
    INTERRUPT = 0x3c,
    SECOND_BUS = 0x18,
};
enum {
    COMMAND_MEMORY = 2,
    COMMAND_MASTER = 4,
    COMMAND_NO_LINE = 0x400,
    STATUS_CAPABILITIES = 0x10
};
enum { BAR_IO = 1, BAR_64 = 4 };
enum { CAP_VENDOR = 9, CAP_MSIX = 0x11 };
enum { VIRTIO_VENDOR = 0x1af4, VIRTIO_MODERN = 0x1040, VIRTIO_LAST = 0x107f };
/* Transitional devices have numbers of their own (virtio 1.2, 4.1.2.1). */
enum { TRANSITIONAL_CONSOLE = 0x1003, TRANSITIONAL_ENTROPY = 0x1005 };

struct function {
    uint32_t address; /* for ADDRESS_PORT, register 0 */
};

static uint32_t read32(struct function f, unsigned reg) {
    out32(ADDRESS_PORT, f.address | (reg & 0xfc));
    return in32(DATA_PORT);
}

static uint8_t read8(struct function f, unsigned reg) {
    return (uint8_t)(read32(f, reg) >> (reg & 3) * 8);
}

static uint16_t read16(struct function f, unsigned reg) {
    return (uint16_t)(read32(f, reg) >> (reg & 2) * 8);
}

static void write32(struct function f, unsigned reg, uint32_t value) {
    out32(ADDRESS_PORT, f.address | (reg & 0xfc));
    out32(DATA_PORT, value);
}

/* The status half of the word is cleared by ones: zeros keep it. */
static void set_command(struct function f, uint16_t bits) {
    write32(f, COMMAND, (uint16_t)(read16(f, COMMAND) | bits));
}

/* ---- Memory of devices -------------------------------------------------------- */

/* Where devices go that firmware has not placed: below the interrupt controllers,
 * above memory and everything that has been placed there. */
#define PLACE_START UINT64_C(0xe0000000)
#define PLACE_END UINT64_C(0xfe000000)
static uint64_t next_place = PLACE_START;

struct bar {
    uint64_t at, bytes; /* 0: none, or ports */
    bool wide;
};

static struct bar read_bar(struct function f, unsigned n) {
    struct bar bar = {0, 0, false};
    unsigned reg = BAR + 4 * n;
    uint32_t low = read32(f, reg);
    if ((low & BAR_IO) != 0)
        return bar;
    bar.wide = (low & 6) == BAR_64 && n + 1 < BARS;
    uint64_t high = bar.wide ? read32(f, reg + 4) : 0;
    uint32_t command = read16(f, COMMAND);
    write32(f, COMMAND, command & ~(uint32_t)COMMAND_MEMORY); /* while its size is asked */
    write32(f, reg, UINT32_MAX);
    uint64_t mask = read32(f, reg) & ~UINT32_C(15);
    write32(f, reg, low);
    if (bar.wide) {
        write32(f, reg + 4, UINT32_MAX);
        mask |= (uint64_t)read32(f, reg + 4) << 32;
        write32(f, reg + 4, (uint32_t)high);
    } else {
        mask |= UINT64_C(0xffffffff00000000);
    }
    write32(f, COMMAND, command);
    bar.at = high << 32 | (low & ~UINT32_C(15));
    bar.bytes = (uint32_t)mask == 0 && !bar.wide ? 0 : ~mask + 1;
    return bar;
}

static bool place_bar(struct function f, unsigned n, struct bar *bar) {
    if (bar->at != 0 || bar->bytes == 0)
        return bar->bytes != 0;
    if (bar->bytes > PLACE_END - PLACE_START)
        return false;
    uint64_t at = (next_place + bar->bytes - 1) & ~(bar->bytes - 1);
    if (at > PLACE_END - bar->bytes)
        return false;
    next_place = at + bar->bytes;
    write32(f, BAR + 4 * n, (uint32_t)at);
    if (bar->wide)
        write32(f, BAR + 4 * n + 4, 0);
    bar->at = at;
    return true;
}

/* What firmware has placed stays out of the way of what is placed here. */
static void note_places(struct function f) {
    for (unsigned n = 0; n < BARS; n++) {
        struct bar bar = read_bar(f, n);
        if (bar.bytes != 0 && bar.at >= PLACE_START && bar.at < PLACE_END &&
            bar.bytes <= PLACE_END - bar.at && bar.at + bar.bytes > next_place)
            next_place = bar.at + bar.bytes;
        n += bar.wide;
    }
}

/* [offset, offset + bytes) of a BAR, mapped; NULL: there is no such thing. */
static void *map_bar(struct function f, unsigned n, uint32_t offset, uint32_t bytes) {
    if (n >= BARS)
        return NULL;
    struct bar bar = read_bar(f, n);
    if (!place_bar(f, n, &bar) || offset > bar.bytes || bytes > bar.bytes - offset)
        return NULL;
    return device_registers(bar.at + offset, bytes);
}

/* ---- Interrupts ------------------------------------------------------------------ */

static bool use_msix(struct function f, unsigned cap) {
    enum { ENABLE = 0x8000, MASK_ALL = 0x4000, ENTRY_BYTES = 16 };
    uint16_t control = read16(f, cap + 2);
    uint32_t table = read32(f, cap + 4), entries = (control & 0x7ffu) + 1;
    volatile uint32_t *entry = map_bar(f, table & 7, table & ~UINT32_C(7), entries * ENTRY_BYTES);
    if (entry == NULL)
        return false;
    entry[0] = 0xfee00000u | interrupts_processor() << 12;
    entry[1] = 0;
    entry[2] = VECTOR_DEVICE;
    entry[3] = 0; /* not masked */
    write32(f, cap, (uint32_t)((control & ~MASK_ALL) | ENABLE) << 16 | read16(f, cap));
    return true;
}

/* The line as firmware wrote it down for the old controllers, and those that PCI
 * has at an I/O APIC: which of them it is only ACPI tells. Nobody else is left
 * that could hold one of them (silence). */
static bool use_line(struct function f) {
    enum { FIRST = 16, LAST = 23 };
    uint8_t line = read8(f, INTERRUPT), pin = read8(f, INTERRUPT + 1);
    bool any = pin != 0 && line != 0 && interrupts_route(line, true);
    for (unsigned i = FIRST; pin != 0 && i <= LAST; i++)
        any |= interrupts_route(i, true);
    return any;
}

static void silence(struct function f) {
    set_command(f, COMMAND_NO_LINE);
}

/* ---- Virtio ------------------------------------------------------------------------ */

static unsigned virtio_type(struct function f) {
    uint32_t id = read32(f, ID);
    if ((id & 0xffff) != VIRTIO_VENDOR)
        return 0;
    id >>= 16;
    if (id == TRANSITIONAL_CONSOLE)
        return VIRTIO_TYPE_CONSOLE;
    if (id == TRANSITIONAL_ENTROPY)
        return VIRTIO_TYPE_ENTROPY;
    return id > VIRTIO_MODERN && id <= VIRTIO_LAST ? id - VIRTIO_MODERN : 0;
}

/* Virtio 1.2, 4.1.4: where the four structures are. The first of each counts. */
static void read_structure(struct function f, unsigned cap, struct virtio_pci *p) {
    enum { COMMON = 1, NOTIFY, ISR, CONFIG };
    unsigned bar = read8(f, cap + 4);
    uint32_t offset = read32(f, cap + 8), bytes = read32(f, cap + 12);
    struct virtio_pci_part *part;
    switch (read8(f, cap + 3)) {
    case COMMON:
        part = &p->common;
        break;
    case NOTIFY:
        part = &p->notify;
        p->notify_multiplier = p->notify.at == NULL ? read32(f, cap + 16) : p->notify_multiplier;
        break;
    case ISR:
        part = &p->isr;
        break;
    case CONFIG:
        part = &p->config;
        break;
    default:
        return;
    }
    if (part->at != NULL || bytes == 0)
        return;
    part->at = map_bar(f, bar, offset, bytes);
    part->bytes = bytes;
}

static void add_virtio(struct function f, unsigned type) {
    static struct virtio_pci places[16];
    static unsigned used;
    struct virtio_device *d = devices_new();
    if (d == NULL || used == sizeof places / sizeof places[0] ||
        (read32(f, COMMAND) >> 16 & STATUS_CAPABILITIES) == 0)
        return;
    struct virtio_pci *p = &places[used];
    *p = (struct virtio_pci){.msix = false};
    unsigned msix = 0, cap = read8(f, CAPABILITY_POINTER) & 0xfc;
    for (unsigned i = 0; cap >= 0x40 && i < CAPABILITIES; i++) {
        unsigned kind = read8(f, cap);
        if (kind == CAP_VENDOR)
            read_structure(f, cap, p);
        else if (kind == CAP_MSIX)
            msix = cap;
        cap = read8(f, cap + 1) & 0xfc;
    }
    set_command(f, COMMAND_MEMORY | COMMAND_MASTER);
    if (!virtio_pci_probe(d, p, type))
        return;
    p->msix = msix != 0 && use_msix(f, msix);
    if (!p->msix) {
        if (!use_line(f))
            return;
        write32(f, COMMAND, read16(f, COMMAND) & ~(uint32_t)COMMAND_NO_LINE);
    }
    used++;
    devices_add(d, p->msix ? NULL : virtio_pci_acknowledge);
}

/* ---- All functions of all buses -------------------------------------------------------- */

static void visit(void (*each)(struct function f)) {
    unsigned last_bus = 0;
    for (unsigned bus = 0; bus <= last_bus; bus++) {
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            for (unsigned n = 0; n < FUNCTIONS; n++) {
                struct function f = {UINT32_C(0x80000000) | bus << 16 | slot << 11 | n << 8};
                if ((read32(f, ID) & 0xffff) == 0xffff) {
                    if (n == 0)
                        break;
                    continue;
                }
                uint8_t header = (uint8_t)(read32(f, HEADER_TYPE) >> 16);
                if ((header & 0x7f) == 0)
                    each(f);
                else if ((header & 0x7f) == 1) {
                    unsigned behind = read32(f, SECOND_BUS) >> 8 & 0xff;
                    last_bus = behind > last_bus ? behind : last_bus;
                }
                if (n == 0 && (header & 0x80) == 0)
                    break;
            }
        }
    }
}

static void consider(struct function f) {
    unsigned type = virtio_type(f);
    if (type == VIRTIO_TYPE_CONSOLE || type == VIRTIO_TYPE_ENTROPY)
        add_virtio(f, type);
}

void pci_find(void) {
    out32(ADDRESS_PORT, UINT32_C(0x80000000));
    if (in32(ADDRESS_PORT) != UINT32_C(0x80000000))
        return; /* no such bus */
    visit(silence);
    visit(note_places);
    visit(consider);
}
