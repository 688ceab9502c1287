/* Descriptor tables, the local and the I/O interrupt controller.
 *
 * Sources: AMD64 Architecture Programmer's Manual 2, chapters 8 (exceptions), 12
 * (task state) and 16 (local APIC); Intel 82093AA data sheet (I/O APIC). */
#include "pc.h"

#include "cpu.h"

enum { GATES = 256, EXCEPTIONS = 32 };
enum { CODE = 8, DATA = 16, TASK = 24 };
enum { DOUBLE_FAULT = 8, PAGE_FAULT = 14 };

struct gate {
    uint16_t low, selector;
    uint8_t ist, type;
    uint16_t middle;
    uint32_t high, reserved;
};

struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

/* Written once, then read-only. */
static struct {
    struct gate gate[GATES];
    uint64_t descriptor[5];
    struct task_state task;
} __attribute__((aligned(PAGE))) tables;

/* A page without access below each stack. */
enum { STACK_ABORT = 1, STACK_FAULT, STACK_EXCEPTION, STACK_INTERRUPT, STACK_CRASH, STACKS = 5 };
enum { STACK_BYTES = 2 * PAGE, CRASH_STACK_BYTES = 16 * PAGE };
static struct {
    uint8_t guard[PAGE], stack[STACK_BYTES];
} __attribute__((aligned(PAGE))) stacks[STACKS - 1];
static struct {
    uint8_t guard[PAGE], stack[CRASH_STACK_BYTES];
} __attribute__((aligned(PAGE))) crash_area;

extern const uint64_t trap_stubs[EXCEPTIONS];
void trap_timer(void), trap_device(void), trap_nothing(void);
void trap(struct trap *t);

uint64_t crash_stack_top(void) {
    return (uint64_t)crash_area.stack + CRASH_STACK_BYTES;
}

static void set_gate(unsigned vector, uint64_t to, unsigned stack) {
    enum { INTERRUPT_GATE = 0x8e }; /* present, level 0, interrupts off */
    tables.gate[vector] = (struct gate){.low = (uint16_t)to,
                                        .selector = CODE,
                                        .ist = (uint8_t)stack,
                                        .type = INTERRUPT_GATE,
                                        .middle = (uint16_t)(to >> 16),
                                        .high = (uint32_t)(to >> 32)};
}

static void set_gates(void) {
    for (unsigned v = 0; v < GATES; v++)
        set_gate(v, (uint64_t)trap_nothing, STACK_INTERRUPT);
    for (unsigned v = 0; v < EXCEPTIONS; v++)
        set_gate(v, trap_stubs[v], STACK_EXCEPTION);
    set_gate(2, trap_stubs[2], STACK_ABORT);
    set_gate(DOUBLE_FAULT, trap_stubs[DOUBLE_FAULT], STACK_ABORT);
    set_gate(18, trap_stubs[18], STACK_ABORT);
    set_gate(PAGE_FAULT, trap_stubs[PAGE_FAULT], STACK_FAULT);
    set_gate(VECTOR_TIMER, (uint64_t)trap_timer, STACK_INTERRUPT);
    set_gate(VECTOR_DEVICE, (uint64_t)trap_device, STACK_INTERRUPT);
}

static void set_descriptors(void) {
    uint64_t task = (uint64_t)&tables.task, limit = sizeof tables.task - 1;
    tables.descriptor[CODE / 8] = 0x00af9b000000ffff;
    tables.descriptor[DATA / 8] = 0x00cf93000000ffff;
    tables.descriptor[TASK / 8] =
        limit | (task & 0xffffff) << 16 | UINT64_C(0x89) << 40 | (task >> 24 & 0xff) << 56;
    tables.descriptor[TASK / 8 + 1] = task >> 32;
    tables.task.io_map = sizeof tables.task;
    for (unsigned i = 1; i < STACKS; i++)
        tables.task.ist[i - 1] = (uint64_t)stacks[i - 1].stack + STACK_BYTES;
}

void traps_start(void) {
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } idt = {sizeof tables.gate - 1, (uint64_t)tables.gate},
      gdt = {sizeof tables.descriptor - 1, (uint64_t)tables.descriptor};
    set_gates();
    set_descriptors();
    __asm__ volatile("lgdt %0; lidt %1; ltr %w2" : : "m"(gdt), "m"(idt), "r"(TASK) : "memory");
}

void traps_protect(void) {
    for (unsigned i = 1; i < STACKS; i++)
        tables_unmap_page((uint64_t)stacks[i - 1].guard);
    tables_unmap_page((uint64_t)crash_area.guard);
    uint64_t at = (uint64_t)&tables, end = at + sizeof tables;
    for (; at < end; at += PAGE)
        if (!tables_map(at, at, PAGE, TABLE_NO_EXECUTE))
            kernel_panic("no memory for page tables");
    tables_load();
}

/* ---- The local APIC -------------------------------------------------------- */

enum {
    LAPIC_ID = 0x20,
    LAPIC_PRIORITY = 0x80,
    LAPIC_END = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_ERROR_ENTRY = 0x370,
    LAPIC_LINT0 = 0x350,
    LAPIC_LINT1 = 0x360,
    LAPIC_ENABLED = 0x100,
    LAPIC_MASKED = 0x10000,
    APIC_BASE_MSR = 0x1b,
    APIC_BASE_ENABLED = 0x800,
    APIC_BASE_X2 = 0x400,
    X2APIC_MSRS = 0x800,
};
#define APIC_BASE_ADDRESS UINT64_C(0x000ffffffffff000)

static volatile uint32_t *lapic; /* NULL: by machine-specific registers (x2APIC) */

void lapic_write(unsigned reg, uint32_t value) {
    if (lapic != NULL)
        lapic[reg / 4] = value;
    else
        write_msr(X2APIC_MSRS + reg / 16, value);
}

uint32_t lapic_read(unsigned reg) {
    return lapic != NULL ? lapic[reg / 4] : (uint32_t)read_msr(X2APIC_MSRS + reg / 16);
}

uint32_t interrupts_processor(void) {
    uint32_t id = lapic_read(LAPIC_ID);
    return lapic != NULL ? id >> 24 : id;
}

static void lapic_start(void) {
    uint64_t base = read_msr(APIC_BASE_MSR);
    if ((base & APIC_BASE_X2) == 0) {
        lapic = device_registers(base & APIC_BASE_ADDRESS, PAGE);
        if (lapic == NULL)
            kernel_panic("no memory for page tables");
        write_msr(APIC_BASE_MSR, base | APIC_BASE_ENABLED);
    }
    lapic_write(LAPIC_PRIORITY, 0);
    lapic_write(LAPIC_LINT0, LAPIC_MASKED);
    lapic_write(LAPIC_LINT1, LAPIC_MASKED);
    lapic_write(LAPIC_ERROR_ENTRY, LAPIC_MASKED);
    lapic_write(LAPIC_SPURIOUS, LAPIC_ENABLED | VECTOR_SPURIOUS);
}

/* ---- The I/O APIC ---------------------------------------------------------- */

#define IO_APIC UINT64_C(0xfec00000) /* where all these machines have it */
enum { IO_SELECT = 0, IO_WINDOW = 4, IO_VERSION = 1, IO_ENTRIES = 0x10 };
enum { IO_MASKED = 0x10000, IO_LEVEL = 0x8000 };

static volatile uint32_t *io_apic;
static unsigned io_lines;

static void io_write(unsigned reg, uint32_t value) {
    io_apic[IO_SELECT] = reg;
    io_apic[IO_WINDOW] = value;
}

static void io_apic_start(void) {
    io_apic = device_registers(IO_APIC, PAGE);
    if (io_apic == NULL)
        kernel_panic("no memory for page tables");
    io_apic[IO_SELECT] = IO_VERSION;
    uint32_t version = io_apic[IO_WINDOW];
    if (version == UINT32_MAX || version == 0)
        return; /* there is none */
    io_lines = (version >> 16 & 0xff) + 1;
    for (unsigned i = 0; i < io_lines; i++)
        io_write(IO_ENTRIES + 2 * i, IO_MASKED);
}

bool interrupts_route(unsigned line, bool level) {
    if (line >= io_lines)
        return false;
    io_write(IO_ENTRIES + 2 * line + 1, interrupts_processor() << 24);
    io_write(IO_ENTRIES + 2 * line, VECTOR_DEVICE | (level ? (uint32_t)IO_LEVEL : 0));
    return true;
}

/* ---- The old controllers ----------------------------------------------------- */

/* Their vectors would be exceptions: move them away, then shut them up. */
static void pic_mask(void) {
    enum { COMMAND = 0x20, DATA_PORT = 0x21, SECOND = 0x80, INIT = 0x11, UNUSED = 0x20 };
    out8(COMMAND, INIT);
    out8(COMMAND + SECOND, INIT);
    out8(DATA_PORT, UNUSED);
    out8(DATA_PORT + SECOND, UNUSED + 8);
    out8(DATA_PORT, 4);
    out8(DATA_PORT + SECOND, 2);
    out8(DATA_PORT, 1);
    out8(DATA_PORT + SECOND, 1);
    out8(DATA_PORT, 0xff);
    out8(DATA_PORT + SECOND, 0xff);
}

void interrupts_start(void) {
    pic_mask();
    lapic_start();
    io_apic_start();
}

/* ---- What came in -------------------------------------------------------------- */

void trap(struct trap *t) {
    if (t->vector == VECTOR_TIMER) {
        events_timer();
        lapic_write(LAPIC_END, 0);
        return;
    }
    if (t->vector == VECTOR_DEVICE) {
        devices_acknowledge();
        pc_preempt = 1;
        lapic_write(LAPIC_END, 0);
        return;
    }
    if (t->vector == PAGE_FAULT) {
        uint64_t address;
        __asm__ volatile("mov %%cr2, %0" : "=r"(address));
        if (memory_fault(address, t->error))
            return;
    }
    crash(t);
}
