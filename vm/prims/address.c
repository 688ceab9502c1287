/* Internet addresses as text and as socket addresses. */
#include "address.h"

#include <stdio.h>
#include <string.h>

enum { FAMILY_V4 = 2, FAMILY_V6 = 10 }; /* as in Linux */

struct prefix { /* of every socket address */
    int32_t session, size;
};
#define V4_SIZE 16u /* family, port, address, 8 zero bytes */
#define V6_SIZE 28u /* family, port, flow, address, scope */
#define V6_ADDRESS_AT 8u

/* ---- IPv4 ----------------------------------------------------------------------- */

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 0x: hexadecimal, 0: octal. NULL: no number, or above 32 bits. */
static const char *parse_number(const char *text, uint32_t *out) {
    int base = 10;
    uint64_t n = 0;
    if (text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        text += 2;
    } else if (text[0] == '0') {
        base = 8;
    }
    const char *start = text;
    for (int digit; (digit = digit_of(*text)) >= 0 && digit < base; text++)
        if ((n = n * (unsigned)base + (unsigned)digit) > UINT32_MAX)
            return NULL;
    *out = (uint32_t)n;
    return text > start ? text : NULL;
}

bool address_parse_v4(const char *text, struct address *out) {
    uint32_t n, value = 0;
    for (unsigned part = 0; part < 4; part++) {
        text = parse_number(text, &n);
        if (text == NULL)
            return false;
        bool last = *text == 0;
        uint32_t limit = last ? UINT32_MAX >> 8 * part : 255;
        if (n > limit || (!last && *text++ != '.'))
            return false;
        value |= last ? n : n << (24 - 8 * part);
        if (last) {
            out->v6 = false;
            for (unsigned i = 0; i < 4; i++)
                out->bytes[i] = (uint8_t)(value >> (24 - 8 * i));
            return true;
        }
    }
    return false;
}

/* ---- IPv6 ----------------------------------------------------------------------- */

/* Four decimal numbers, as the end of an IPv6 address. */
static bool parse_dotted(const char *text, uint8_t *out) {
    for (unsigned part = 0; part < 4; part++) {
        unsigned n = 0, digits = 0;
        for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
            n = n * 10 + (unsigned)(*text - '0');
        if (digits == 0 || n > 255 || *text != (part < 3 ? '.' : 0))
            return false;
        out[part] = (uint8_t)n;
        text++;
    }
    return true;
}

bool address_parse_v6(const char *text, struct address *out) {
    uint8_t bytes[16] = {0};
    size_t at = 0, gap = SIZE_MAX; /* where "::" stands */
    if (text[0] == ':' && *++text != ':')
        return false;
    while (*text != 0) {
        if (*text == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = at;
            text++;
            continue;
        }
        unsigned n = 0, digits = 0;
        const char *start = text;
        for (; digit_of(*text) >= 0 && digits < 5; text++, digits++)
            n = n * 16 + (unsigned)digit_of(*text);
        if (*text == '.' && at <= 12 && parse_dotted(start, bytes + at)) {
            at += 4;
            break;
        }
        if (digits == 0 || digits > 4 || at == sizeof bytes)
            return false;
        bytes[at++] = (uint8_t)(n >> 8);
        bytes[at++] = (uint8_t)n;
        if (*text == 0)
            break;
        if (*text++ != ':' || *text == 0)
            return false;
    }
    if ((gap == SIZE_MAX) != (at == sizeof bytes))
        return false;
    out->v6 = true;
    memset(out->bytes, 0, sizeof out->bytes);
    if (gap == SIZE_MAX)
        gap = at;
    memcpy(out->bytes, bytes, gap);
    memcpy(out->bytes + sizeof bytes - (at - gap), bytes + gap, at - gap);
    return true;
}

static unsigned group_of(const struct address *a, unsigned i) {
    return (unsigned)a->bytes[2 * i] << 8 | a->bytes[2 * i + 1];
}

/* The longest run of at least two zero groups is written "::". */
static void print_v6(const struct address *a, char *out) {
    unsigned best = 8, best_size = 1;
    for (unsigned i = 0; i < 8; i++) {
        unsigned end = i;
        while (end < 8 && group_of(a, end) == 0)
            end++;
        if (end - i > best_size) {
            best = i;
            best_size = end - i;
        }
    }
    for (unsigned i = 0; i < 8;) {
        if (i == best) {
            out += sprintf(out, i == 0 ? "::" : ":");
            i += best_size;
        } else {
            out += sprintf(out, i == 7 ? "%x" : "%x:", group_of(a, i));
            i++;
        }
    }
}

void address_print(const struct address *a, char out[ADDRESS_TEXT_MAX]) {
    if (a->v6) {
        print_v6(a, out);
        return;
    }
    const uint8_t *b = a->bytes;
    snprintf(out, ADDRESS_TEXT_MAX, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
}

bool address_is_loopback(const struct address *a) {
    static const uint8_t loopback[16] = {[15] = 1};
    return a->v6 ? memcmp(a->bytes, loopback, sizeof loopback) == 0 : a->bytes[0] == 127;
}

/* ---- Socket addresses ----------------------------------------------------------- */

size_t address_size(const struct address *a) {
    return sizeof(struct prefix) + (a->v6 ? V6_SIZE : V4_SIZE);
}

size_t address_write(const struct address *a, int32_t session, uint8_t *out) {
    size_t size = address_size(a);
    struct prefix prefix = {session, (int32_t)(size - sizeof prefix)};
    memset(out, 0, size);
    memcpy(out, &prefix, sizeof prefix);
    uint8_t *socket = out + sizeof prefix;
    socket[0] = a->v6 ? FAMILY_V6 : FAMILY_V4;
    socket[2] = (uint8_t)(a->port >> 8);
    socket[3] = (uint8_t)a->port;
    memcpy(socket + (a->v6 ? V6_ADDRESS_AT : 4), a->bytes, a->v6 ? 16 : 4);
    return size;
}

bool address_read(const uint8_t *bytes, size_t size, int32_t session, struct address *out) {
    struct prefix prefix;
    if (size < sizeof prefix)
        return false;
    memcpy(&prefix, bytes, sizeof prefix);
    size -= sizeof prefix;
    const uint8_t *socket = bytes + sizeof prefix;
    if (session == 0 || prefix.session != session || prefix.size < 0 ||
        (size_t)prefix.size != size || size < V4_SIZE || socket[1] != 0)
        return false;
    *out = (struct address){.v6 = socket[0] == FAMILY_V6,
                            .port = (uint16_t)(socket[2] << 8 | socket[3])};
    if (socket[0] != (out->v6 ? FAMILY_V6 : FAMILY_V4) || size < (out->v6 ? V6_SIZE : V4_SIZE))
        return false;
    memcpy(out->bytes, socket + (out->v6 ? V6_ADDRESS_AT : 4), out->v6 ? 16 : 4);
    return true;
}
