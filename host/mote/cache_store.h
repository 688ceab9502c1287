/*
 * cache_store.h - the cache's directory and the names in it.
 */
#ifndef MOTE_HOST_CACHE_STORE_H
#define MOTE_HOST_CACHE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct cache_store {
    char directory[3072];
};

/* Find the directory, create it (0700) when missing. False when there is none
 * that is ours alone. */
bool cache_store_open(struct cache_store *store);
/* The path of the entry for a file of that status; false when it is too long. */
bool cache_store_entry(const struct cache_store *store, const struct stat *status, char *out,
                       size_t size);
/* Note that an entry was used. */
void cache_store_touch(const char *entry);
/* Remove what can never match again (other formats of the cache, earlier states
 * of the file that `keep` was made from, leftovers of interrupted writers), then
 * entries by age until `limit` bytes are left. `keep` stays. */
void cache_store_trim(const struct cache_store *store, const char *keep, uint64_t limit);

#endif
