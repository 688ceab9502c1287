/* Faults, reported from an alternate stack with nothing but write(). */
#include "crash.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_OWN_REPORT 1
#endif
#endif

#ifdef HAS_OWN_REPORT
void crash_contain(const char *name) {
    (void)name;
}
#else

static const char *image_name;
static char stack[64 * 1024];

static void put(const char *text) {
    ssize_t n = write(STDERR_FILENO, text, strlen(text));
    (void)n;
}

static void put_hex(uintptr_t value) {
    char text[2 * sizeof value + 3];
    char *p = text + sizeof text - 1;
    *p = 0;
    do
        *--p = "0123456789abcdef"[value & 15];
    while ((value >>= 4) != 0);
    *--p = 'x';
    *--p = '0';
    put(p);
}

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    put("mote: ");
    put(image_name);
    put(number == SIGSEGV  ? ": invalid memory access at "
        : number == SIGBUS ? ": memory error (was the image file cut short?) at "
        : number == SIGILL ? ": illegal instruction at "
                           : ": arithmetic fault at ");
    put_hex((uintptr_t)info->si_addr);
    put(": the image is damaged (try: mote image check), or this VM has an error\n");
    _exit(EX_SOFTWARE);
}

void crash_contain(const char *name) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND};
    image_name = name;
    sigaltstack(&alternate, NULL);
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigaction(faults[i], &action, NULL);
}
#endif
