/*
 * platform.h - the whole contract between a program (the Smalltalk VM, or a C
 * program) and what it runs on: the mote kernel (kernel/), or the hosted
 * platform (host/hosted/), which is a Linux process.
 *
 * Errors: a function that can fail returns 0 (or a count) on success and a
 * negative PLATFORM_E* on failure, never a host errno. Functions without an
 * error in their description cannot fail. Nothing here calls exit or abort.
 *
 * Ownership: `struct platform` belongs to whoever opened it (see the header of
 * the implementation, e.g. host/hosted/hosted.h). Strings returned stay valid
 * until the platform is closed. Sizes are in bytes.
 *
 * A program blocks in one place only: platform_wait().
 */
#ifndef MOTE_PLATFORM_H
#define MOTE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct platform;

enum platform_error {
    PLATFORM_ENOMEM = -1,     /* the host or the configured limit has no more memory */
    PLATFORM_ENOENT = -2,     /* no such file or directory */
    PLATFORM_EACCES = -3,     /* not permitted */
    PLATFORM_EEXIST = -4,     /* it is there already */
    PLATFORM_EIO = -5,        /* the device or file failed */
    PLATFORM_EINVAL = -6,     /* argument out of range, or handle not open */
    PLATFORM_ENOTSUP = -7,    /* this platform has no such thing */
    PLATFORM_ENOTDIR = -8,    /* a path component is not a directory */
    PLATFORM_EISDIR = -9,     /* a directory where a file was wanted */
    PLATFORM_ENOTEMPTY = -10, /* directory not empty */
    PLATFORM_ENOSPC = -11,    /* device full */
    PLATFORM_EAGAIN = -12,    /* nothing to read right now (non-blocking streams) */
};

/* ---- Memory ------------------------------------------------------------- */

#define PLATFORM_PAGE 4096u

/* Reserve address space, no access, no memory. With hint != 0 the range starts
 * there or the call fails (NULL); with 0 it is placed anywhere, page aligned. */
void *platform_reserve(struct platform *p, uintptr_t hint, size_t size);
void platform_unreserve(struct platform *p, void *base, size_t size);

/* Make part of a reservation readable and writable; fresh pages read as zero
 * and cost memory only once touched. PLATFORM_ENOMEM. */
int platform_commit(struct platform *p, void *base, size_t size);

/* Give the memory of committed pages back to the host; the pages stay
 * accessible and read as zero again. */
void platform_release(struct platform *p, void *base, size_t size);

/* The most memory that this mote may use, in bytes. */
uint64_t platform_memory_limit(struct platform *p);

/* ---- Time --------------------------------------------------------------- */

uint64_t platform_monotonic_ns(struct platform *p);
/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t platform_wall_us(struct platform *p);
/* Local time minus UTC, in seconds. */
int32_t platform_utc_offset(struct platform *p);

/* ---- Events: one deadline, one byte, one blocking call ------------------- */

#define PLATFORM_NEVER UINT64_MAX

/* The preempt byte: non-zero when an event has come or the deadline passed.
 * The program reads it where it tests its stack limit, clears it, and then
 * looks what happened. The program may set it too. */
volatile uint8_t *platform_preempt(struct platform *p);

/* Ask for the preempt byte at that monotonic time (PLATFORM_NEVER: not at all).
 * Replaces the deadline asked for before. */
void platform_set_deadline(struct platform *p, uint64_t monotonic_ns);

/* Sleep until the deadline, an event, or platform_wake(). Returns at once when
 * the preempt byte is set. */
void platform_wait(struct platform *p, uint64_t monotonic_ns);

/* Set the preempt byte and end a platform_wait(). May be called from another
 * thread or from a signal handler. */
void platform_wake(struct platform *p);

/* Somebody outside (Ctrl-C, the tender) asks the program to stop or to report:
 * the number of requests since the last call. */
unsigned platform_interrupts(struct platform *p);

/* What those requests were, since the last call of this function: who gets an
 * interrupted program back asks here why. */
enum platform_request {
    PLATFORM_REQUEST_NONE = 0,
    PLATFORM_REQUEST_REPORT = 1, /* say what the program is doing, then go on */
    PLATFORM_REQUEST_STOP = 2,
};
enum platform_request platform_request(struct platform *p);

/* ---- Console, entropy, arguments ------------------------------------------ */

/* fd 1 is standard output, 2 standard error. Returns bytes written or an error. */
int64_t platform_console_write(struct platform *p, int fd, const void *data, size_t size);

void platform_entropy(struct platform *p, void *data, size_t size);

/* Arguments meant for the program, without options of the launcher. */
unsigned platform_argc(struct platform *p);
const char *platform_argv(struct platform *p, unsigned i);
/* NULL when not set. */
const char *platform_getenv(struct platform *p, const char *name);
/* Path of the launcher itself ("" where there is none). */
const char *platform_program_path(struct platform *p);
/* The image that the launcher was given, as a path for platform_image_open and
 * as the name by which the image knows itself. NULL: none. */
const char *platform_image_path(struct platform *p);
const char *platform_image_name(struct platform *p);

/* ---- The program ------------------------------------------------------------ */

/* What a C program defines. Its result (the low 8 bits) is the exit status. */
int mote_main(struct platform *p);

/* After a crash of the program (a wild access ...) `report` is called once, on
 * a small stack of its own, to say through the console what it still knows; the
 * mote then ends with status 70. Anything may be damaged: a second crash ends
 * the report. NULL: nothing is called. Hosted: ignored, the process has its own. */
void platform_on_crash(struct platform *p, void (*report)(void *arg), void *arg);

/* ---- Files ---------------------------------------------------------------
 * Paths are UTF-8 with '/' as the delimiter. Handles are small non-negative
 * integers; 0, 1, 2 are the standard streams. A platform without files answers
 * PLATFORM_ENOTSUP. */

enum platform_open {
    PLATFORM_READ = 0,   /* must exist */
    PLATFORM_WRITE = 1,  /* read and write, created when missing */
    PLATFORM_CREATE = 2, /* read and write, PLATFORM_EEXIST when it exists */
};

enum platform_kind {
    PLATFORM_KIND_UNKNOWN = -1,
    PLATFORM_KIND_NONE = 0,
    PLATFORM_KIND_TERMINAL = 1,
    PLATFORM_KIND_PIPE = 2,
    PLATFORM_KIND_FILE = 3,
};

struct platform_stat {
    uint64_t size, inode, device, links;
    uint32_t mode; /* POSIX st_mode bits, file type included */
    uint32_t uid, gid;
    int64_t access_time, modify_time, change_time; /* UTC seconds since 1970 */
    int64_t create_time;                           /* the same; change_time where unknown */
};

int platform_file_open(struct platform *p, const char *path, enum platform_open how);
int platform_file_close(struct platform *p, int file);
/* 0 at end of file. Reads from a terminal or pipe block. */
int64_t platform_file_read(struct platform *p, int file, void *data, size_t size);
int64_t platform_file_write(struct platform *p, int file, const void *data, size_t size);
int64_t platform_file_position(struct platform *p, int file);
int platform_file_seek(struct platform *p, int file, uint64_t position);
int64_t platform_file_size(struct platform *p, int file);
int platform_file_truncate(struct platform *p, int file, uint64_t size);
/* Standard output may be held back up to the end of a line, or until the
 * program waits, reads from a terminal or pipe, flushes or ends. */
int platform_file_flush(struct platform *p, int file);
int platform_file_sync(struct platform *p, int file);
enum platform_kind platform_file_kind(struct platform *p, int file);

int platform_stat(struct platform *p, const char *path, bool follow, struct platform_stat *out);
int platform_access(struct platform *p, const char *path,
                    int mode); /* POSIX R_OK 4, W_OK 2, X_OK 1 */
/* Bytes written without the final 0, or an error; PLATFORM_EINVAL when it does not fit. */
int64_t platform_readlink(struct platform *p, const char *path, char *out, size_t size);
int platform_rename(struct platform *p, const char *from, const char *to);
int platform_unlink(struct platform *p, const char *path);
int platform_mkdir(struct platform *p, const char *path);
int platform_rmdir(struct platform *p, const char *path);
int platform_symlink(struct platform *p, const char *target, const char *path);
int platform_chmod(struct platform *p, const char *path, uint32_t mode);
int platform_chown(struct platform *p, const char *path, uint32_t uid, uint32_t gid);
/* Of a symbolic link itself. */
int platform_lchown(struct platform *p, const char *path, uint32_t uid, uint32_t gid);
int64_t platform_cwd(struct platform *p, char *out, size_t size);

/* Directory enumeration: names in the host's order, without "." and "..".
 * platform_dir_next returns the name's length, 0 at the end, or an error. */
struct platform_dir;
int platform_dir_open(struct platform *p, const char *path, struct platform_dir **out);
int64_t platform_dir_next(struct platform_dir *d, char *name, size_t size);
void platform_dir_rewind(struct platform_dir *d);
void platform_dir_close(struct platform_dir *d);

/* ---- The image file ---------------------------------------------------------
 * What the program was started with. Under a tender the data are in place
 * already and map only checks the address. */
struct platform_image;
int platform_image_open(struct platform *p, const char *path, struct platform_image **out,
                        uint64_t *size);
/* Bytes read; fewer than asked for only at the end of the file. */
int64_t platform_image_read(struct platform_image *image, uint64_t at, void *data, size_t size);
/* Map part of the file, page aligned, over a reservation: readable, writable,
 * copy-on-write; writes never reach the file. */
int platform_image_map(struct platform_image *image, uint64_t at, void *base, size_t size);
void platform_image_close(struct platform_image *image); /* mappings stay */

/* ---- Saving the image -----------------------------------------------------
 * All or nothing: a kill at any moment leaves the old or the new file. Data
 * goes to a temporary file; commit syncs it and renames it over `path`. */
struct platform_save;
int platform_save_begin(struct platform *p, const char *path, struct platform_save **out);
int platform_save_write(struct platform_save *s, const void *data, size_t size);
int platform_save_write_at(struct platform_save *s, uint64_t at, const void *data, size_t size);
int platform_save_commit(struct platform_save *s); /* frees s, also on error */
void platform_save_abort(struct platform_save *s);

#endif
