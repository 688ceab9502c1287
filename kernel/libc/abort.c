/* abort.c - the ways in which C code gives up. */
#include "kernel.h"

#include <stdlib.h>

_Noreturn void __assert_fail(const char *what, const char *file, int line, const char *function);
_Noreturn void __stack_chk_fail(void);

_Noreturn void abort(void) {
    kernel_panic("abort() was called");
}

_Noreturn void exit(int status) {
    kernel_exit(status);
}

_Noreturn void _Exit(int status) {
    kernel_exit(status);
}

_Noreturn void __assert_fail(const char *what, const char *file, int line, const char *function) {
    kernel_panic("%s:%d: %s: assertion failed: %s", file, line, function, what);
}

_Noreturn void __stack_chk_fail(void) {
    kernel_panic("a stack frame was overwritten");
}
