/*
 * run.c - the one state of the kernel; from the door to the program and back.
 */
#include "console.h"
#include "parts.h"

struct platform kernel;

_Noreturn void kernel_exit(int status) {
    streams_flush();
    kernel.door->exit(status & 0xff);
    __builtin_trap(); /* not reached */
}

_Noreturn void kernel_run(void) {
    memory_open();
    kernel_exit(mote_main(&kernel));
}

void platform_on_crash(struct platform *p, void (*report)(void *arg), void *arg) {
    p->crash_argument = arg;
    p->crash_report = report;
}

_Noreturn void kernel_crashed(void) {
    void (*report)(void *arg) = kernel.crash_report;
    kernel.crash_report = NULL;
    streams_flush(); /* what came before the crash comes before the report */
    if (report != NULL)
        report(kernel.crash_argument);
    kernel_exit(EXIT_CRASH);
}
