/*
 * args.c - the command line, at every door the same text (kernel.h, docs/porting.md).
 */
#include "kernel.h"

#include <string.h>

#define TEXT_BYTES MOTE_BOOT_BYTES
#define UTC_OFFSET_MAX 86400

static char text_copy[TEXT_BYTES];

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool read_number(const char *s, int64_t *out) {
    bool negative = *s == '-';
    s += negative || *s == '+';
    int64_t value = 0;
    if (*s == 0)
        return false;
    for (; *s != 0; s++) {
        if (*s < '0' || *s > '9' || value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (*s - '0');
    }
    *out = negative ? -value : value;
    return true;
}

static bool read_kind(const char *s, enum platform_kind *out) {
    static const char *const names[] = {[PLATFORM_KIND_NONE] = "none",
                                        [PLATFORM_KIND_TERMINAL] = "terminal",
                                        [PLATFORM_KIND_PIPE] = "pipe",
                                        [PLATFORM_KIND_FILE] = "file"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(s, names[i]) == 0) {
            *out = (enum platform_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_memory(struct platform *p, const char *value) {
    int64_t bytes;
    if (!read_number(value, &bytes) || bytes <= 0)
        return false;
    if (p->memory == 0 || (uint64_t)bytes < p->memory)
        p->memory = (uint64_t)bytes;
    return true;
}

static bool read_utc_offset(struct platform *p, const char *value) {
    int64_t seconds;
    if (!read_number(value, &seconds) || seconds < -UTC_OFFSET_MAX || seconds > UTC_OFFSET_MAX)
        return false;
    p->utc_offset = (int32_t)seconds;
    return true;
}

static bool setting(struct platform *p, const char *key, char *value) {
    if (strcmp(key, "arg") == 0) {
        if (p->argc == KERNEL_ARGS)
            return false;
        p->argv[p->argc++] = value;
        return true;
    }
    if (strcmp(key, "env") == 0) {
        if (p->envc == KERNEL_ENV || value[0] == '=' || strchr(value, '=') == NULL)
            return false;
        p->env[p->envc++] = value;
        return true;
    }
    if (strcmp(key, "image") == 0)
        p->image_name = value;
    else if (strcmp(key, "program") == 0)
        p->program_path = value;
    else if (strcmp(key, "utc_offset") == 0)
        return read_utc_offset(p, value);
    else if (strcmp(key, "memory") == 0)
        return read_memory(p, value);
    else if (strcmp(key, "stdin") == 0)
        return read_kind(value, &p->kind[0]);
    else if (strcmp(key, "stdout") == 0)
        return read_kind(value, &p->kind[1]);
    else if (strcmp(key, "stderr") == 0)
        return read_kind(value, &p->kind[2]);
    return true; /* somebody else's */
}

/* Take the quotes and escapes off a value that starts with a quote, in place.
 * Answers what follows the closing quote; NULL when there is none, when text
 * follows it directly, or for an escape that does not exist. */
static char *unquote(char *value) {
    char *to = value, *from = value + 1;
    for (; *from != '"'; from++) {
        if (*from == 0)
            return NULL;
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        from++;
        if (*from == 'n')
            *to++ = '\n';
        else if (*from == '"' || *from == '\\')
            *to++ = *from;
        else
            return NULL;
    }
    from++;
    if (*from != 0 && !is_blank(*from))
        return NULL;
    *to = 0;
    return from;
}

int args_parse(struct platform *p, const char *text, size_t size, size_t *where) {
    *where = 0;
    for (unsigned i = 0; i < 3; i++) /* a stream that nobody describes is taken for a pipe */
        p->kind[i] = PLATFORM_KIND_PIPE;
    size = strnlen(text, size);
    if (size >= TEXT_BYTES)
        return PLATFORM_EINVAL;
    memcpy(text_copy, text, size);
    text_copy[size] = 0;
    char *at = text_copy;
    for (;;) {
        while (is_blank(*at))
            at++;
        if (*at == 0)
            return 0;
        *where = (size_t)(at - text_copy);
        char *key = at;
        while (*at != 0 && *at != '=' && !is_blank(*at))
            at++;
        if (*at != '=')
            continue; /* a word without a value is somebody else's */
        *at++ = 0;
        char *value = at;
        bool more;
        if (*value == '"') {
            char *end = unquote(value);
            if (end == NULL)
                return PLATFORM_EINVAL;
            more = *end != 0;
            at = end;
        } else {
            while (*at != 0 && !is_blank(*at))
                at++;
            more = *at != 0;
            *at = 0;
        }
        if (!setting(p, key, value))
            return PLATFORM_EINVAL;
        at += more;
    }
}

/* ---- What the program asks ------------------------------------------------------------ */

unsigned platform_argc(struct platform *p) {
    return p->argc;
}

const char *platform_argv(struct platform *p, unsigned i) {
    return i < p->argc ? p->argv[i] : NULL;
}

const char *platform_getenv(struct platform *p, const char *name) {
    size_t n = strlen(name);
    for (unsigned i = 0; i < p->envc; i++)
        if (strncmp(p->env[i], name, n) == 0 && p->env[i][n] == '=')
            return p->env[i] + n + 1;
    return NULL;
}

const char *platform_program_path(struct platform *p) {
    return p->program_path != NULL ? p->program_path : "";
}
