/*
 * file_attributes.h - what the files of FileAttributesPlugin share.
 *
 * Source: FileAttributesPlugin (VMMaker), version 2.0.9; its error codes are
 * answered as operating system errors.
 */
#ifndef MOTE_PRIMS_FILE_ATTRIBUTES_H
#define MOTE_PRIMS_FILE_ATTRIBUTES_H

#include "file_state.h"

enum attributes_error {
    ATTRIBUTES_STRING_TOO_LONG = -1,
    ATTRIBUTES_CANT_STAT_PATH = -3,
    ATTRIBUTES_INVALID_ARGUMENTS = -6,
    ATTRIBUTES_CORRUPT_VALUE = -7,
    ATTRIBUTES_CANT_OPEN_DIR = -9,
    ATTRIBUTES_CANT_ALLOCATE_MEMORY = -10,
    ATTRIBUTES_CANT_READ_DIR = -16,
    ATTRIBUTES_BAD_SESSION_ID = -17,
};

static inline int attributes_fail(struct vm *vm, int64_t code) {
    vm->os_error = code;
    return PRIM_OS_ERROR;
}

/* As file_path, with this plugin's failures. */
int attributes_path(struct vm *vm, oop path, char out[FILE_PATH_MAX]);

/* The array of 13 attributes of what `path` names (link: of a symbolic link
 * itself). PRIM_OK and *out, or a failure. */
int attributes_array(struct vm *vm, const char *path, bool link, oop *out);

/* file_attributes_directory.c */
prim_fn attributes_prim_open_directory, attributes_prim_read_directory,
    attributes_prim_rewind_directory, attributes_prim_close_directory;

#endif
