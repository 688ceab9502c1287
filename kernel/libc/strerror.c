/* strerror.c - for printf's %m: nothing here reports the C library's error
 * numbers to a user, so they do without musl's table of texts. */
#include <stdio.h>
#include <string.h>

char *strerror(int number) {
    static char text[32];
    snprintf(text, sizeof text, "error %d", number);
    return text;
}
