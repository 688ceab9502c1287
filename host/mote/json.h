/*
 * json.h - strings of JSON output.
 */
#ifndef MOTE_HOST_JSON_H
#define MOTE_HOST_JSON_H

#include <stdio.h>

/* The text in quotes. Bytes beyond ASCII pass as they are. */
static inline void json_string(FILE *out, const char *text) {
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(out, "\\u%04x", *p);
        else
            fputc(*p, out);
    }
    fputc('"', out);
}

#endif
