/* cache_store.c - see cache_store.h. */
#include "cache_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Raise it when canonical images change their form, or the verification gets
 * stricter. */
#define VERSION "v2-"
#define SUFFIX ".image"
#define DAY 86400

/* mkdir -p, with 0700 for what is missing. */
static bool make_directories(char *path) {
    for (char *p = path + 1; *p != 0; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
        *p = '/';
        if (!made && access(path, F_OK) != 0 && errno != ENOENT)
            return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

bool cache_store_open(struct cache_store *store) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length;
    if (base != NULL && base[0] == '/')
        length = snprintf(store->directory, sizeof store->directory, "%s/mote", base);
    else if (home != NULL && home[0] == '/')
        length = snprintf(store->directory, sizeof store->directory, "%s/.cache/mote", home);
    else
        return false;
    if (length < 0 || (size_t)length >= sizeof store->directory ||
        !make_directories(store->directory))
        return false;
    /* What others may write, others may replace: it is mapped and run. */
    struct stat st;
    return stat(store->directory, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & 022) == 0 && access(store->directory, W_OK | X_OK) == 0;
}

/* What an entry's name says of the file itself, and then of its state. */
static int file_prefix(const struct stat *s, char *out, size_t size) {
    return snprintf(out, size, VERSION "%llx-%llx-", (unsigned long long)s->st_dev,
                    (unsigned long long)s->st_ino);
}

bool cache_store_entry(const struct cache_store *store, const struct stat *s, char *out,
                       size_t size) {
    char prefix[64];
    file_prefix(s, prefix, sizeof prefix);
    int n = snprintf(out, size, "%s/%s%llx-%llx.%lx-%llx.%lx" SUFFIX, store->directory, prefix,
                     (unsigned long long)s->st_size, (unsigned long long)s->st_mtim.tv_sec,
                     (unsigned long)s->st_mtim.tv_nsec, (unsigned long long)s->st_ctim.tv_sec,
                     (unsigned long)s->st_ctim.tv_nsec);
    return n > 0 && (size_t)n < size;
}

void cache_store_touch(const char *entry) {
    struct stat st;
    /* Once a day is enough to tell the ages of entries. */
    if (stat(entry, &st) == 0 && time(NULL) - st.st_mtime > DAY)
        utimensat(AT_FDCWD, entry, NULL, 0);
}

/* ---- Trimming ------------------------------------------------------------------ */

struct entry {
    char name[256];
    uint64_t bytes;
    struct timespec used;
};

struct entries {
    struct entry *list;
    size_t count, capacity;
};

static void remember(struct entries *e, const char *name, const struct stat *st) {
    if (e->count == e->capacity) {
        size_t capacity = e->capacity == 0 ? 32 : e->capacity * 2;
        void *p = realloc(e->list, capacity * sizeof *e->list);
        if (p == NULL)
            return;
        e->list = p;
        e->capacity = capacity;
    }
    struct entry *n = &e->list[e->count++];
    snprintf(n->name, sizeof n->name, "%s", name);
    n->bytes = (uint64_t)st->st_blocks * 512;
    n->used = st->st_mtim;
}

static int by_use(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec)
        return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Looks like something that this or another version of the cache made. */
static bool is_ours(const char *name) {
    return name[0] == 'v' && name[1] >= '0' && name[1] <= '9' && strstr(name, SUFFIX) != NULL;
}

static bool is_useless(const char *name, const struct stat *st, const char *same_file) {
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    bool complete = length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
    if (!complete) /* a writer's temporary file: dead after a day */
        return time(NULL) - st->st_mtime > DAY;
    return !starts_with(name, VERSION) || starts_with(name, same_file);
}

/* The part of an entry's name up to what says which state the file was in. */
static void same_file_prefix(const char *name, char *out, size_t size) {
    snprintf(out, size, "%s", name);
    unsigned dashes = 0;
    for (char *p = out; *p != 0; p++)
        if (*p == '-' && ++dashes == 3) {
            p[1] = 0;
            return;
        }
}

void cache_store_trim(const struct cache_store *store, const char *keep, uint64_t limit) {
    const char *slash = strrchr(keep, '/'), *kept = slash == NULL ? keep : slash + 1;
    char same_file[256];
    same_file_prefix(kept, same_file, sizeof same_file);
    DIR *directory = opendir(store->directory);
    if (directory == NULL)
        return;
    int fd = dirfd(directory);
    struct entries entries = {0};
    uint64_t total = 0;
    for (struct dirent *d = readdir(directory); d != NULL; d = readdir(directory)) {
        struct stat st;
        if (!is_ours(d->d_name) || fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        if (strcmp(d->d_name, kept) == 0) {
            total += (uint64_t)st.st_blocks * 512;
        } else if (is_useless(d->d_name, &st, same_file)) {
            unlinkat(fd, d->d_name, 0);
        } else {
            total += (uint64_t)st.st_blocks * 512;
            remember(&entries, d->d_name, &st);
        }
    }
    if (total > limit && entries.count > 1)
        qsort(entries.list, entries.count, sizeof *entries.list, by_use);
    for (size_t i = 0; i < entries.count && total > limit; i++) {
        if (unlinkat(fd, entries.list[i].name, 0) == 0)
            total -= entries.list[i].bytes;
    }
    free(entries.list);
    closedir(directory);
}
