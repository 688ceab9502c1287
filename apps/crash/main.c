/*
 * crash - does what a program must not do, as its first argument says, so that
 * one can see what becomes of it: a report, and exit status 70. With `again` as
 * the second argument it crashes once more in its own part of the report.
 * docs/debugging.md shows one.
 */
#include "mote/platform.h"

#include <stdio.h>
#include <string.h>

/* What the compiler must not see through. */
static volatile uintptr_t nowhere = 0x10;
static volatile int zero;
static char data[64];

static void write_to_null(void) {
    *(volatile int *)nowhere = 1;
}

static void write_to_text(void) {
    *(volatile char *)(uintptr_t)&write_to_null = 1;
}

static void copy_to_null(void) {
    data[zero] = 1;
    memmove((void *)nowhere, data, (size_t)(sizeof data - (unsigned)zero));
}

static void jump_to_null(void) {
    ((void (*)(void))(nowhere - 0x10))();
}

static void jump_to_data(void) {
    ((void (*)(void))(uintptr_t)data)();
}

/* The end is never reached; the addition afterwards keeps it from being a loop. */
__attribute__((noinline)) static int recurse(int n) {
    volatile char frame[200];
    frame[0] = (char)n;
    return n < zero ? 0 : recurse(n + 1) + frame[0];
}

static void overflow_stack(void) {
    recurse(zero);
}

static void divide(void) {
    zero = 7 / zero;
}

static void trap(void) {
    __builtin_trap();
}

static void read_wild(void) {
    zero = *(volatile int *)(nowhere + 0xdeadbeeefffffff0);
}

static void halt(void) {
    __asm__ volatile("hlt");
}

static const struct {
    const char *name;
    void (*run)(void);
} crashes[] = {
    {"null", write_to_null}, {"text", write_to_text}, {"copy", copy_to_null},
    {"jump", jump_to_null},  {"data", jump_to_data},  {"overflow", overflow_stack},
    {"divide", divide},      {"trap", trap},          {"halt", halt},
    {"wild", read_wild},
};

/* The program's own part of the report. */
static void report(void *arg) {
    struct platform *p = arg;
    char line[80];
    int size = snprintf(line, sizeof line, "crash: it was %s\n", platform_argv(p, 0));
    platform_console_write(p, 2, line, (size_t)size);
    if (platform_argc(p) > 1)
        write_to_null();
}

int mote_main(struct platform *p) {
    platform_on_crash(p, report, p);
    for (unsigned i = 0; platform_argc(p) > 0 && i < sizeof crashes / sizeof crashes[0]; i++)
        if (strcmp(platform_argv(p, 0), crashes[i].name) == 0)
            crashes[i].run();
    static const char usage[] = "crash: null, text, copy, jump, data, overflow, divide, trap, "
                                "halt or wild; again\n";
    platform_console_write(p, 2, usage, sizeof usage - 1);
    return 64;
}
