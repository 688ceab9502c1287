/*
 * The Smalltalk VM as a program on platform.h: opens the image that the launcher
 * was given and runs it to its end. Linked with the kernel it is mote-vm.elf;
 * linked with the hosted platform it is what `mote run --on hosted` runs.
 *
 * Settings come as environment variables: MOTE_GC_STRESS=N, MOTE_COUNT_PRIMITIVES=1.
 */
#include "mote/platform.h"
#include "mote/vm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_SOFTWARE = 70, EXIT_MEMORY = 71, EXIT_INTERRUPTED = 130 };

/* The end of the process gives all memory back at once, faster than vm_close
 * piece by piece; a sanitizer wants to see that nothing has been forgotten. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CLOSE_BEFORE_EXIT true
#endif
#endif
#ifndef CLOSE_BEFORE_EXIT
#define CLOSE_BEFORE_EXIT false
#endif

static void put_error(void *platform, const char *text, size_t size) {
    platform_console_write(platform, 2, text, size);
}

__attribute__((format(printf, 2, 3))) static void say(struct platform *p, const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size > 0)
        put_error(p, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}

/* What platform_on_crash hands back. */
struct running {
    struct platform *platform;
    struct vm *vm;
};

static void report_crash(void *arg) {
    struct running *r = arg;
    say(r->platform, "Smalltalk stack:\n");
    vm_print_stack(r->vm, false, put_error, r->platform);
}

/* True: run on. An interrupt is either a question, or the end. */
static bool answer_interrupt(const struct running *r) {
    bool goes_on = platform_request(r->platform) == PLATFORM_REQUEST_REPORT;
    vm_print_stack(r->vm, goes_on, put_error, r->platform);
    return goes_on;
}

static int run(const struct running *r, const char *name) {
    int status = 0;
    for (;;) {
        enum vm_outcome outcome = vm_run(r->vm, PLATFORM_NEVER, &status);
        platform_file_flush(r->platform, 1); /* before anything on standard error */
        switch (outcome) {
        case VM_EXITED:
            return status & 0xff;
        case VM_DEADLINE:
            break;
        case VM_INTERRUPTED:
            if (answer_interrupt(r))
                break;
            say(r->platform, "mote: %s: interrupted\n", name);
            return EXIT_INTERRUPTED;
        case VM_NO_PROCESS:
            say(r->platform, "mote: %s: nothing left to run\n", name);
            return EXIT_SOFTWARE;
        case VM_EXHAUSTED:
            say(r->platform, "mote: %s: %s\n", name, vm_error(r->vm));
            return EXIT_MEMORY;
        default:
            say(r->platform, "mote: %s: %s\n", name, vm_error(r->vm));
            vm_print_stack(r->vm, false, put_error, r->platform);
            return EXIT_SOFTWARE;
        }
    }
}

/* Decimal digits, as far as they go; NULL: 0. */
static uint64_t read_number(const char *text) {
    uint64_t value = 0;
    for (; text != NULL && *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

static enum vm_outcome open_vm(struct vm **vm, struct platform *p) {
    char error[512];
    const char *path = platform_image_path(p), *name = platform_image_name(p);
    const char *stress = platform_getenv(p, "MOTE_GC_STRESS");
    const struct vm_config config = {
        .gc_stress = read_number(stress),
        .count_primitives = platform_getenv(p, "MOTE_COUNT_PRIMITIVES") != NULL,
        .image_name = name,
    };
    enum vm_outcome outcome = vm_open(vm, p, path, &config, error, sizeof error);
    /* Another process may have cleaned up the cache meanwhile. */
    if (outcome == VM_NO_IMAGE && strcmp(path, name) != 0)
        outcome = vm_open(vm, p, name, &config, error, sizeof error);
    if (outcome != VM_OK)
        say(p, "mote: %s\n", error);
    return outcome;
}

int mote_main(struct platform *p) {
    if (platform_image_path(p) == NULL) {
        say(p, "mote: no image: the VM was started without one\n");
        return VM_NO_IMAGE;
    }
    struct running r = {.platform = p};
    enum vm_outcome outcome = open_vm(&r.vm, p);
    if (outcome != VM_OK)
        return (int)outcome;
    platform_on_crash(p, report_crash, &r);
    int status = run(&r, platform_image_name(p));
    platform_on_crash(p, NULL, NULL);
    if (platform_getenv(p, "MOTE_COUNT_PRIMITIVES") != NULL)
        vm_print_primitive_counts(r.vm, put_error, p);
    if (CLOSE_BEFORE_EXIT)
        vm_close(r.vm);
    return status;
}
