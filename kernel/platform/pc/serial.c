/* The first serial port (National Semiconductor 16550): what is said before there
 * is a console, and the console where there is no other. As a console it is a
 * terminal's line: byte 4 (Ctrl-D) ends the input, and where the command line
 * says stdin=terminal or stdout=terminal, line ends are translated. */
#include "pc.h"

#include "../../console.h"
#include "cpu.h"

enum { PORT = 0x3f8, LINE = 4 };
enum { DATA, INTERRUPTS, FIFO, LINE_CONTROL, MODEM_CONTROL, LINE_STATUS, SCRATCH = 7 };
enum { RECEIVED = 1, ROOM = 0x20, IDLE = 0x40 };
enum { END_OF_INPUT = 4 };

static bool present, ended;
static int early = -1; /* a byte that was there before the FIFO was emptied */

static uint8_t in(unsigned reg) {
    return in8((uint16_t)(PORT + reg));
}

static void out(unsigned reg, uint8_t value) {
    out8((uint16_t)(PORT + reg), value);
}

void serial_start(void) {
    enum { DIVISOR = 0x80, BITS_8 = 3, FIFO_ON = 1, READY_AND_INTERRUPT = 0xb };
    out(SCRATCH, 0x5a);
    if (in(SCRATCH) != 0x5a)
        return;
    present = true;
    out(INTERRUPTS, 0);
    out(LINE_CONTROL, DIVISOR);
    out(DATA, 1); /* 115200 baud */
    out(INTERRUPTS, 0);
    out(LINE_CONTROL, BITS_8);
    if ((in(LINE_STATUS)&RECEIVED) != 0)
        early = in(DATA);
    out(FIFO, FIFO_ON);
    out(MODEM_CONTROL, READY_AND_INTERRUPT);
}

static void put(uint8_t byte) {
    for (unsigned tries = 0; (in(LINE_STATUS)&ROOM) == 0 && tries < 1000000; tries++)
        cpu_pause();
    out(DATA, byte);
}

void serial_write(const char *text, size_t size) {
    for (size_t i = 0; present && i < size; i++)
        put((uint8_t)text[i]);
}

/* ---- As a console ------------------------------------------------------------ */

static void write(struct console *c, const void *data, size_t size) {
    (void)c;
    const uint8_t *from = data;
    for (size_t i = 0; i < size; i++) {
        if (from[i] == '\n' && kernel.kind[1] == PLATFORM_KIND_TERMINAL)
            put('\r');
        put(from[i]);
    }
}

static void flush(struct console *c) {
    (void)c;
    for (unsigned tries = 0; (in(LINE_STATUS)&IDLE) == 0 && tries < 1000000; tries++)
        cpu_pause();
}

static bool has_come(void) {
    return early >= 0 || (in(LINE_STATUS)&RECEIVED) != 0;
}

static bool take(uint8_t *byte) {
    if (ended || !has_come())
        return false;
    *byte = early >= 0 ? (uint8_t)early : in(DATA);
    early = -1;
    ended = *byte == END_OF_INPUT;
    if (*byte == '\r' && kernel.kind[0] == PLATFORM_KIND_TERMINAL)
        *byte = '\n';
    return !ended;
}

static int64_t read(struct console *c, void *data, size_t size) {
    (void)c;
    uint8_t *to = data;
    size_t n = 0;
    while (n < size && take(&to[n]))
        n++;
    return n == 0 && ended ? -1 : (int64_t)n;
}

/* The interrupt stays silent until it has been asked for again: it would come
 * with every byte. */
static bool want_input(struct console *c) {
    (void)c;
    if (!ended)
        out(INTERRUPTS, RECEIVED);
    return ended || has_come();
}

void serial_interrupt(void) {
    if (present)
        out(INTERRUPTS, 0);
}

void serial_console(void) {
    static struct console console = {
        .write = write, .flush = flush, .read = read, .want_input = want_input};
    if (!present)
        return;
    interrupts_route(LINE, false);
    console_attach(&console);
}
