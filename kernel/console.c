/* console.c - which console is which; see console.h. */
#include "console.h"
#include "parts.h"

void console_attach(struct console *c) {
    if (kernel.console == NULL)
        kernel.console = c;
    else if (kernel.errors == NULL)
        kernel.errors = c;
}

void kernel_flush(void) {
    streams_flush();
    if (kernel.console != NULL)
        kernel.console->flush(kernel.console);
    if (kernel.errors != NULL)
        kernel.errors->flush(kernel.errors);
}
