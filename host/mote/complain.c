/* complain.c - see complain.h. */
#include "complain.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

static void say(const char *format, va_list arguments) {
    char line[2 * PATH_MAX + 512];
    vsnprintf(line, sizeof line, format, arguments);
    for (char *c = line; *c != 0; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    fprintf(stderr, "mote: %s\n", line);
}

void complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

int complain_with(int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return status;
}
