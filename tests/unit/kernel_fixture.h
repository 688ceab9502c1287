/* kernel_fixture.h - what a test of one kernel file, included as source, needs of
 * the rest: the state, and a kernel_panic that comes back to expect_panic. */
#ifndef MOTE_TEST_KERNEL_FIXTURE_H
#define MOTE_TEST_KERNEL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../kernel/kernel.h"

struct platform kernel;

static jmp_buf panicked;
static char panic_text[256];

_Noreturn void kernel_panic(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(panic_text, sizeof panic_text, format, args);
    va_end(args);
    longjmp(panicked, 1);
}

#define expect_panic(statement, words)              \
    do {                                            \
        panic_text[0] = 0;                          \
        if (setjmp(panicked) == 0)                  \
            statement;                              \
        assert_non_null(strstr(panic_text, words)); \
    } while (0)

#endif
