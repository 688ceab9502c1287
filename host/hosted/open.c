/* Opening and closing a hosted platform; its arguments and environment. */
#include "state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct platform *hosted_open(const struct hosted_config *config) {
    struct platform *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    if (config != NULL)
        p->config = *config;
    p->deadline = PLATFORM_NEVER;
    p->utc_offset_asked = INT64_MIN;
    p->mailbox = mailbox_take();
    if (p->mailbox == NULL) {
        free(p);
        return NULL;
    }
    if (p->config.catch_signals)
        signals_catch(p->mailbox);
    return p;
}

void hosted_close(struct platform *p) {
    if (p == NULL)
        return;
    output_flush(p);
    timer_close(p);
    for (unsigned i = 3; i < p->file_capacity; i++)
        platform_file_close(p, (int)i);
    free(p->files);
    if (p->config.catch_signals)
        signals_release(p->mailbox);
    mailbox_give_back(p->mailbox);
    free(p);
}

enum platform_request platform_request(struct platform *p) {
    bool report = atomic_exchange(&p->mailbox->report, false);
    if (atomic_exchange(&p->mailbox->stops, 0) > 0)
        return PLATFORM_REQUEST_STOP;
    return report ? PLATFORM_REQUEST_REPORT : PLATFORM_REQUEST_NONE;
}

unsigned platform_argc(struct platform *p) {
    return p->config.argc;
}

const char *platform_argv(struct platform *p, unsigned i) {
    return i < p->config.argc ? p->config.argv[i] : NULL;
}

const char *platform_getenv(struct platform *p, const char *name) {
    size_t length = strlen(name);
    for (const char *const *s = p->config.settings; s != NULL && *s != NULL; s++)
        if (strncmp(*s, name, length) == 0 && (*s)[length] == '=')
            return *s + length + 1;
    return getenv(name);
}

const char *platform_program_path(struct platform *p) {
    return p->config.program_path != NULL ? p->config.program_path : "";
}

const char *platform_image_path(struct platform *p) {
    return p->config.image_path;
}

const char *platform_image_name(struct platform *p) {
    return p->config.image_name != NULL ? p->config.image_name : p->config.image_path;
}

void platform_on_crash(struct platform *p, void (*report)(void *arg), void *arg) {
    (void)p;
    (void)report;
    (void)arg;
}
