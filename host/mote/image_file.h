/*
 * image_file.h - whole image files in memory, and files written all or nothing.
 *
 * Errors: 0 on success, else the exit status (EXIT_NO_INPUT, EXIT_CANNOT_WRITE)
 * with one line "FILE: PLACE: CAUSE" in `error`.
 */
#ifndef MOTE_HOST_IMAGE_FILE_H
#define MOTE_HOST_IMAGE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum image_exit {
    EXIT_USAGE = 64,     /* the command line */
    EXIT_BAD_IMAGE = 65, /* damaged, or no image */
    EXIT_NO_INPUT = 66,  /* cannot be read */
    EXIT_NO_MEMORY = 71,
    EXIT_CANNOT_WRITE = 73,
};

struct image_file {
    uint8_t *bytes; /* private memory: the file may change meanwhile */
    size_t size;
    struct stat status; /* before it was read */
    bool changed;       /* it did while it was read */
};

int image_file_read(const char *path, struct image_file *out, char *error, size_t error_size);
void image_file_free(struct image_file *f);

/* A file that appears under its name only when it is complete and on disk. */
struct image_output {
    int fd;
    char path[4096], temporary[4096 + 16];
};
int image_output_begin(struct image_output *o, const char *path, char *error, size_t error_size);
/* An image_write_fn; arg is the struct image_output. */
bool image_output_write(void *arg, const void *data, size_t size);
/* `mode`: permissions, 0: as the umask says. Ends the output in any case. */
int image_output_commit(struct image_output *o, mode_t mode, char *error, size_t error_size);
void image_output_abort(struct image_output *o);

#endif
