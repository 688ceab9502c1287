/* start.c - from the PVH entry to the common start: what the machine is, checked
 * as far as the kernel would come to harm. */
#include "pc.h"

#include "cpu.h"

static struct pvh_boot boot;

/* What the program may not commit: page tables above its pages. */
enum { TABLE_SHARE = 512, TABLE_SLACK = 64 };
/* As large as a tender's at most. */
#define ARENA_BYTES (UINT64_C(1) << 41)

static unsigned no_requests(void) {
    return 0;
}

static const struct door pc_door = {
    .name = "pc",
    .make_accessible = memory_make_accessible,
    .discard = memory_discard,
    .arm = events_arm,
    .wait = events_wait,
    .stop_requests = no_requests,
    .report_requests = no_requests,
    .early_write = serial_write,
    .exit = exit_machine,
};

/* The boot page tables map the first 4 GiB where they are. */
static const void *boot_memory(uint64_t at, uint64_t bytes) {
    const uint64_t end = UINT64_C(1) << 32;
    return at != 0 && at < end && bytes <= end - at ? (const void *)at : NULL;
}

static void set_kernel(void) {
    uint64_t frames = frames_free(), tables = frames / TABLE_SHARE + TABLE_SLACK;
    kernel.memory = frames > tables ? (frames - tables) * PAGE : 0;
    kernel.arena_end = MOTE_ARENA + ARENA_BYTES;
    kernel.image_bytes = boot.image_bytes;
    kernel.image_header = boot.image_bytes != 0 ? (const void *)MOTE_IMAGE_HEADER : NULL;
    kernel.can_save = false;
    size_t where;
    if (args_parse(&kernel, boot.command_line, boot.command_line_bytes, &where) != 0)
        kernel_panic("command line, byte %zu: a value that cannot be, or too many words", where);
}

/* On the program's stack. */
static void start_on_stack(void) {
    interrupts_start();
    clock_begin();
    set_kernel();
    devices_start(boot.command_line);
    clock_finish(boot.command_line);
    kernel_run();
}

_Noreturn void pc_start(uint64_t start_info) {
    enum { FS_BASE = 0xc0000100 };
    write_msr(FS_BASE, (uint64_t)kernel_tls);
    kernel.door = &pc_door;
    kernel.preempt = &pc_preempt;
    kernel.clock = &pc_clock;
    serial_start();
    traps_start();
    const char *wrong = pvh_read(&boot, start_info, boot_memory);
    exit_start(boot.command_line);
    if (wrong != NULL)
        kernel_panic("%s", wrong);
    memory_start(&boot);
    traps_protect();
    pc_go_on(start_on_stack, MOTE_STACK_TOP);
}
