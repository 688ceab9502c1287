/* hello - the smallest mote: greets whom its first argument names. */
#include "mote/platform.h"

#include <stdio.h>

int mote_main(struct platform *p) {
    char line[256];
    const char *whom = platform_argc(p) > 0 ? platform_argv(p, 0) : "world";
    int size = snprintf(line, sizeof line, "Hello, %.200s!\n", whom);
    platform_console_write(p, 1, line, (size_t)size);
    return 0;
}
