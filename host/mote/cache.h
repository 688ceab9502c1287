/*
 * cache.h - canonical forms of images from elsewhere, rewritten once.
 *
 * The cache is $XDG_CACHE_HOME/mote, or ~/.cache/mote, private to its user.
 * An entry's name says which file it was made from (device, inode, size, times
 * of modification and change) and in which format of the cache, so an entry is
 * right when it exists. It is verified in full before it appears. Beyond
 * CACHE_LIMIT bytes the entries that were used longest ago are removed.
 */
#ifndef MOTE_HOST_CACHE_H
#define MOTE_HOST_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_LIMIT (UINT64_C(1) << 30)

enum cache_answer {
    CACHE_OK = 0,   /* `out` is a canonical image: the file itself, or its entry */
    CACHE_NONE = 1, /* no entry can be had: load the image as it is */
    CACHE_BAD_IMAGE = 65,
    CACHE_NO_INPUT = 66,
};

/* Answers an enum cache_answer; unless it is CACHE_OK, `error` holds one line
 * "FILE: PLACE: CAUSE". Another process may remove the entry before it is
 * opened: then load the image as it is. */
int cache_canonical_path(const char *image, char *out, size_t size, char *error, size_t error_size);

#endif
