/* run_words.c - see run_words.h. */
#include "run_words.h"

#include <string.h>

static void put(struct words *w, char c) {
    if (w->size + 1 >= w->room) {
        w->overflow = true;
        return;
    }
    w->text[w->size++] = c;
    w->text[w->size] = 0;
}

static void put_all(struct words *w, const char *text) {
    while (*text != 0)
        put(w, *text++);
}

void words_add(struct words *w, const char *key, const char *value) {
    if (w->size > 0)
        put(w, ' ');
    put_all(w, key);
    put_all(w, "=\"");
    for (; *value != 0; value++) {
        if (*value == '"' || *value == '\\')
            put(w, '\\');
        if (*value == '\n')
            put_all(w, "\\n");
        else
            put(w, *value);
    }
    put(w, '"');
}
