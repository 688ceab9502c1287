/* Words of the command line that are the machine's: numbers, and Linux's way to
 * announce virtio-mmio devices (admin-guide/kernel-parameters.txt). Text in
 * double quotes is the program's and is skipped. */
#include "words.h"

#include <string.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The start of the first word at or after `at`; its end too. */
static const char *word(const char *at, const char **end) {
    while (is_blank(*at))
        at++;
    const char *e = at;
    for (bool quoted = false; *e != 0 && (quoted || !is_blank(*e)); e++) {
        if (quoted && *e == '\\' && e[1] != 0)
            e++;
        else if (*e == '"')
            quoted = !quoted;
    }
    *end = e;
    return at;
}

static int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Decimal, or hexadecimal after 0x; `suffixes`: K, M or G may follow. */
static bool number(const char **at, bool suffixes, uint64_t *value) {
    const char *s = *at;
    int base = s[0] == '0' && (s[1] | 0x20) == 'x' ? 16 : 10;
    s += base == 16 ? 2 : 0;
    if (digit(*s) >= base)
        return false;
    *value = 0;
    for (; digit(*s) < base; s++) {
        if (*value > (UINT64_MAX - 15) / 16)
            return false;
        *value = *value * (unsigned)base + (unsigned)digit(*s);
    }
    static const char units[] = "kmg";
    for (unsigned i = 0; suffixes && i < 3; i++) {
        if ((*s | 0x20) == units[i]) {
            unsigned shift = 10 * (i + 1);
            if (*value > UINT64_MAX >> shift)
                return false;
            *value <<= shift;
            s++;
            break;
        }
    }
    *at = s;
    return true;
}

static bool parse_mmio(const char *s, const char *end, struct mmio_word *w) {
    uint64_t irq;
    if (!number(&s, true, &w->bytes) || *s++ != '@' || !number(&s, false, &w->address) ||
        *s++ != ':' || !number(&s, false, &irq) || (s != end && *s != ':') || irq > 255)
        return false;
    w->irq = (unsigned)irq;
    return w->bytes != 0 && w->address <= UINT64_MAX - w->bytes;
}

bool words_next_mmio(const char **at, struct mmio_word *w) {
    static const char name[] = "virtio_mmio.device=";
    const char *start, *end;
    for (; *(start = word(*at, &end)) != 0;) {
        *at = end;
        if (strncmp(start, name, sizeof name - 1) == 0 &&
            parse_mmio(start + sizeof name - 1, end, w))
            return true;
    }
    return false;
}

bool words_number(const char *line, const char *name, uint64_t *value) {
    size_t length = strlen(name);
    const char *start, *end;
    for (; *(start = word(line, &end)) != 0; line = end) {
        if (strncmp(start, name, length) != 0 || start[length] != '=')
            continue;
        const char *s = start + length + 1;
        if (number(&s, false, value) && s == end)
            return true;
    }
    return false;
}
