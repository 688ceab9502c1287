/* cache.c - see cache.h. */
#include "cache.h"
#include "cache_store.h"
#include "image_file.h"
#include "../../vm/image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int say(int answer, char *error, size_t error_size, const char *path, const char *cause) {
    snprintf(error, error_size, "%s: %s", path, cause);
    return answer;
}

static int copy_path(const char *path, char *out, size_t size, char *error, size_t error_size) {
    if ((size_t)snprintf(out, size, "%s", path) >= size)
        return say(CACHE_NO_INPUT, error, error_size, path, "open: the path is too long");
    return CACHE_OK;
}

/* The header of the file, and its status. */
static int look(const char *path, struct stat *status, struct image_header *header, char *error,
                size_t error_size) {
    uint8_t bytes[IMAGE_HEADER_BYTES];
    char cause[256];
    /* Not blocking: the name may be a pipe's. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, status) != 0) {
        snprintf(cause, sizeof cause, "open: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return say(CACHE_NO_INPUT, error, error_size, path, cause);
    }
    ssize_t got = S_ISREG(status->st_mode) ? pread(fd, bytes, sizeof bytes, 0) : -1;
    int reason = S_ISDIR(status->st_mode) ? EISDIR : errno;
    close(fd);
    if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode))
        return say(CACHE_NO_INPUT, error, error_size, path, "open: not a regular file");
    if (got < 0) {
        snprintf(cause, sizeof cause, "read: %s", strerror(reason));
        return say(CACHE_NO_INPUT, error, error_size, path, cause);
    }
    struct image_error e;
    if (!image_header_read(bytes, (size_t)got, (uint64_t)status->st_size, header, &e))
        return say(CACHE_BAD_IMAGE, error, error_size, path, e.text);
    return CACHE_OK;
}

/* Still a whole canonical image, whatever happened to the disk. */
static bool entry_is_sound(const char *path) {
    struct stat status;
    struct image_header header;
    char ignored[512];
    return look(path, &status, &header, ignored, sizeof ignored) == CACHE_OK &&
           image_is_canonical(&header, (uint64_t)status.st_size);
}

static int rewrite(const char *image, const struct image_file *file, const char *entry, char *error,
                   size_t error_size) {
    struct image_output output;
    struct image_error e;
    if (image_output_begin(&output, entry, error, error_size) != 0)
        return CACHE_NONE;
    if (!image_canonicalize(file->bytes, file->size, true, image_output_write, &output, &e)) {
        image_output_abort(&output);
        bool ours = strncmp(e.text, "output:", 7) == 0 || strncmp(e.text, "memory:", 7) == 0;
        return say(ours ? CACHE_NONE : CACHE_BAD_IMAGE, error, error_size, image, e.text);
    }
    return image_output_commit(&output, 0600, error, error_size) == 0 ? CACHE_OK : CACHE_NONE;
}

/* Make the entry for a file that is read now. */
static int fill(const char *image, const struct cache_store *store, char *entry, size_t entry_size,
                char *error, size_t error_size) {
    struct image_file file;
    int status = image_file_read(image, &file, error, error_size);
    if (status != 0)
        return status == EXIT_NO_INPUT ? CACHE_NO_INPUT : CACHE_NONE;
    int answer;
    if (file.changed)
        answer = say(CACHE_NONE, error, error_size, image, "read: it is being written to");
    else if (!cache_store_entry(store, &file.status, entry, entry_size))
        answer = say(CACHE_NONE, error, error_size, image, "cache: the path is too long");
    else
        answer = rewrite(image, &file, entry, error, error_size);
    image_file_free(&file);
    return answer;
}

/* The entry for an image that is not canonical. */
static int find_entry(const char *image, const struct stat *status, char *entry, size_t entry_size,
                      char *error, size_t error_size) {
    struct cache_store store;
    if (!cache_store_open(&store))
        return say(CACHE_NONE, error, error_size, image, "cache: no directory for it can be used");
    if (!cache_store_entry(&store, status, entry, entry_size))
        return say(CACHE_NONE, error, error_size, image, "cache: the path is too long");
    if (entry_is_sound(entry)) {
        cache_store_touch(entry);
        return CACHE_OK;
    }
    int answer = fill(image, &store, entry, entry_size, error, error_size);
    if (answer == CACHE_OK)
        cache_store_trim(&store, entry, CACHE_LIMIT);
    return answer;
}

int cache_canonical_path(const char *image, char *out, size_t size, char *error,
                         size_t error_size) {
    struct stat status;
    struct image_header header;
    char entry[4096];
    int answer = look(image, &status, &header, error, error_size);
    if (answer != CACHE_OK)
        return answer;
    if (image_is_canonical(&header, (uint64_t)status.st_size))
        return copy_path(image, out, size, error, error_size);
    answer = find_entry(image, &status, entry, sizeof entry, error, error_size);
    return answer == CACHE_OK ? copy_path(entry, out, size, error, error_size) : answer;
}
