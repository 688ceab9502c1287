/*
 * panic.c - the end when the kernel itself cannot go on: one line on standard
 * error, status 70.
 */
#include "console.h"
#include "parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void put_line(const char *line, size_t size, bool through_console) {
    struct console *c = kernel.errors != NULL ? kernel.errors : kernel.console;
    if (through_console && c != NULL)
        c->write(c, line, size);
    else if (kernel.door != NULL && kernel.door->early_write != NULL)
        kernel.door->early_write(line, size);
}

_Noreturn void kernel_panic(const char *format, ...) {
    static unsigned depth;
    unsigned level = depth++;
    if (level < 2) { /* the console may be what is broken: the second time without it */
        char line[512] = "mote: kernel: ";
        size_t head = strlen(line);
        va_list args;
        va_start(args, format);
        vsnprintf(line + head, sizeof line - head - 1, format, args);
        va_end(args);
        size_t size = strlen(line);
        line[size++] = '\n';
        put_line(line, size, level == 0);
    }
    if (level == 0)
        streams_flush();
    if (kernel.door != NULL)
        kernel.door->exit(EXIT_CRASH);
    __builtin_trap();
}
