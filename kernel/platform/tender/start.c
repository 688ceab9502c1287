/*
 * start.c - from a tender's entry to the common start. The tender has checked
 * what it wrote; what it says about itself is checked here only as far as the
 * kernel would come to harm.
 */
#include "tender.h"

enum { CRASH_STACK_BYTES = 64 * 1024 };

static _Alignas(4096) uint8_t crash_stack[CRASH_STACK_BYTES];

static const struct door tender_door = {
    .name = "tender",
    .make_accessible = tender_make_accessible,
    .discard = tender_discard,
    .arm = tender_arm,
    .wait = tender_wait,
    .stop_requests = tender_stop_requests,
    .report_requests = tender_report_requests,
    .save_begin = tender_save_begin,
    .save_write = tender_save_write,
    .save_commit = tender_save_commit,
    .save_abort = tender_save_abort,
    .early_write = NULL,
    .exit = tender_exit,
};

static void read_command_line(const struct mote_boot *boot) {
    size_t where;
    if (boot->command_line > MOTE_BOOT_BYTES ||
        boot->command_line_bytes > MOTE_BOOT_BYTES - boot->command_line)
        kernel_panic("the command line lies outside the boot information");
    const char *text = (const char *)(uintptr_t)(MOTE_BOOT + boot->command_line);
    if (args_parse(&kernel, text, boot->command_line_bytes, &where) != 0)
        kernel_panic("command line, byte %zu: a value that cannot be, or too many words", where);
}

/* Called by start.S. */
_Noreturn void tender_run(void);
_Noreturn void tender_run(void) {
    const struct mote_boot *boot = tender_boot();
    volatile struct mote_shared *shared = tender_shared();
    kernel.door = &tender_door;
    kernel.preempt = &shared->preempt;
    kernel.clock = (const volatile struct mote_clock *)MOTE_CLOCK;
    shared->crash_stack = (uintptr_t)crash_stack + sizeof crash_stack;
    shared->crash_entry = (uintptr_t)tender_crashed;
    if (boot->magic != MOTE_BOOT_MAGIC || boot->version != MOTE_ABI_VERSION)
        kernel_panic("the tender speaks version %u of the ABI, this program %d", boot->version,
                     MOTE_ABI_VERSION);
    kernel.memory = boot->memory;
    kernel.arena_end = boot->arena_end;
    kernel.image_bytes = boot->image_bytes;
    kernel.image_header = boot->image_bytes != 0 ? (const void *)MOTE_IMAGE_HEADER : NULL;
    kernel.can_save = (boot->flags & MOTE_BOOT_CAN_SAVE) != 0;
    tender_devices_open();
    tender_memory_open();
    read_command_line(boot);
    kernel_run();
}
