/*
 * file_state.h - what a VM remembers about the files of its image: the session
 * in which handles are valid, bytes read ahead from streams, open directories.
 *
 * Ownership: made when first asked for, freed by file_state_close (vm_close
 * calls it). The image holds handles only, never pointers.
 */
#ifndef MOTE_PRIMS_FILE_STATE_H
#define MOTE_PRIMS_FILE_STATE_H

#include "prim.h"

#define FILE_PATH_MAX 4096u /* bytes of a path, its final 0 included */
#define FILE_STREAMS 1024u  /* handles that can take a byte back */
#define FILE_DIRECTORIES 1024u

/* A pipe or terminal cannot seek: the byte that was looked at to answer
 * whether it is at its end waits here for the next read. */
struct file_stream {
    bool has_byte, ended;
    uint8_t byte;
};

struct file_directory {
    struct platform_dir *dir; /* NULL: not in use */
    uint32_t serial;          /* of this use */
    uint32_t path_size;       /* ends with '/' */
    char path[FILE_PATH_MAX];
};

struct file_state {
    int32_t session;                        /* never 0 */
    bool access_denied, image_write_denied; /* by the image itself; for good */
    struct file_stream streams[FILE_STREAMS];

    /* Where primitiveDirectoryLookup was left, so that a listing by index
     * takes one pass. */
    struct platform_dir *lookup;
    uint64_t lookup_index; /* of the next entry, from 1 */
    char lookup_path[FILE_PATH_MAX];

    uint32_t serial;
    uint32_t directory_count; /* entries ever used; memory is committed for them */
    struct file_directory directories[FILE_DIRECTORIES];
};

struct file_state *file_state(struct vm *vm); /* NULL without memory */
void file_state_close(struct vm *vm);
/* May the image be saved (and renamed)? */
bool file_state_can_write_image(const struct vm *vm);

/* A path argument as a C string. PRIM_OK, or why not: no bytes object, a zero
 * byte inside, too long, access given up. */
int file_path(struct vm *vm, oop path, char out[FILE_PATH_MAX]);

/* Seconds since 1901-01-01, local or (by a flag of the image) UTC. */
int64_t file_time(struct vm *vm, int64_t unix_seconds);

#endif
