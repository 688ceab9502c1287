/*
 * file.h - the file handle as the image holds it: a byte array laid out like
 * the OpenSmalltalk VM's file record, and what the files of FilePlugin share.
 *
 * Source: FilePlugin (VMMaker), FilePlugin.h.
 */
#ifndef MOTE_PRIMS_FILE_H
#define MOTE_PRIMS_FILE_H

#include "file_state.h"

struct file_record {
    int32_t session; /* stale when it is not the VM's own: the image was saved with it */
    int32_t unused;
    uint64_t file; /* platform file + 1; 0: closed */
    uint8_t writable;
    uint8_t last_op;   /* kept for images that look; not used */
    uint8_t last_char; /* of a terminal: what it may take back; 0xff: nothing */
    uint8_t is_stdio;  /* a standard stream that cannot be positioned */
    uint8_t padding[4];
};
#define FILE_NO_CHAR 0xffu

/* The record in a handle argument. PRIM_BAD_ARGUMENT when it is no handle,
 * PRIM_FAIL when it is stale or closed. */
int file_open_record(struct vm *vm, oop handle, struct file_record *out);
/* Write a changed record back. */
void file_store_record(oop handle, const struct file_record *record);
/* A fresh handle; 0 without memory. */
oop file_new_handle(struct vm *vm, const struct file_record *record);
static inline int file_number(const struct file_record *r) {
    return (int)(r->file - 1);
}
struct file_stream *file_stream(struct vm *vm, int file); /* NULL: has none */

/* The nth argument from the last one, which is 0 (methods of the stream class
 * itself and of helper classes call alike). */
static inline oop file_arg(const oop *argv, unsigned argc, unsigned n) {
    return argv[argc - n];
}

/* file_io.c */
prim_fn file_prim_read, file_prim_write, file_prim_at_end, file_prim_size, file_prim_position,
    file_prim_set_position, file_prim_truncate, file_prim_flush, file_prim_sync;
/* file_directory.c */
prim_fn file_prim_create_directory, file_prim_delete_directory, file_prim_delimiter,
    file_prim_lookup, file_prim_entry, file_prim_get_mac_type, file_prim_set_mac_type;

#endif
