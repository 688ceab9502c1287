/* run_source.c - see run_source.h. */
#include "run_source.h"
#include "cache.h"
#include "complain.h"
#include "image_file.h"
#include "../../vm/image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

static bool is_elf(const char *path) {
    char magic[4];
    /* Not blocking: the name may be a pipe's. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool yes = fd >= 0 && read(fd, magic, sizeof magic) == sizeof magic &&
               memcmp(magic, "\177ELF", sizeof magic) == 0;
    if (fd >= 0)
        close(fd);
    return yes;
}

/* argv[0] would be what the caller chose to say. */
static void find_launcher(struct run_source *s) {
    ssize_t n = readlink("/proc/self/exe", s->launcher, sizeof s->launcher - 1);
    s->launcher[n > 0 ? n : 0] = 0;
}

/* mote-vm.elf: where MOTE_VM says, beside the command, or where it is installed. */
static int find_vm(struct run_source *s) {
    const char *said = getenv("MOTE_VM"), *slash = strrchr(s->launcher, '/');
    if (said != NULL && *said != 0) {
        snprintf(s->program, sizeof s->program, "%s", said);
        return 0;
    }
    static const char *const places[] = {"mote-vm.elf", "../lib/mote/mote-vm.elf"};
    int directory = slash != NULL ? (int)(slash - s->launcher) : 0;
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        int n =
            snprintf(s->program, sizeof s->program, "%.*s/%s", directory, s->launcher, places[i]);
        if (n > 0 && (size_t)n < sizeof s->program && access(s->program, R_OK) == 0)
            return 0;
    }
    complain("mote-vm.elf is neither in %.*s nor in %.*s/../lib/mote: build it with `make`, "
             "name it in MOTE_VM, or use --on hosted",
             directory, s->launcher, directory, s->launcher);
    return EX_NOINPUT;
}

static int choose_image(struct run_source *s, bool no_cache) {
    char error[sizeof s->why];
    int answer = CACHE_NONE;
    snprintf(error, sizeof error, "%s: --no-cache", s->name);
    if (!no_cache)
        answer = cache_canonical_path(s->name, s->file, sizeof s->file, error, sizeof error);
    if (answer == CACHE_BAD_IMAGE || answer == CACHE_NO_INPUT) {
        complain("%s", error);
        return answer;
    }
    if (answer == CACHE_NONE) {
        memcpy(s->file, s->name, sizeof s->file);
        memcpy(s->why, error, sizeof s->why);
    }
    return 0;
}

int run_source_find(struct run_source *s, const char *file, bool no_cache, bool hosted) {
    s->why[0] = s->program[0] = s->file[0] = 0;
    if (realpath(file, s->name) == NULL) {
        complain("%s: open: %s", file, strerror(errno));
        return EX_NOINPUT;
    }
    find_launcher(s);
    s->is_image = !is_elf(s->name);
    if (s->is_image) {
        int status = choose_image(s, no_cache);
        return status != 0 || hosted ? status : find_vm(s);
    }
    if (hosted)
        return complain_with(EX_USAGE, "%s: %s", s->name,
                             "a C program for the kernel: it runs on kvm, process or qemu");
    memcpy(s->program, s->name, sizeof s->program);
    return 0;
}

static bool write_memory(void *arg, const void *data, size_t size) {
    int fd = *(const int *)arg;
    for (const uint8_t *at = data; size > 0;) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* No cache: the canonical form lives as long as the mote. */
static int rewrite_in_memory(const char *name, int *fd) {
    struct image_file file;
    struct image_error e;
    char error[512];
    int status = image_file_read(name, &file, error, sizeof error);
    if (status != 0) {
        complain("%s", error);
        return status;
    }
    *fd = memfd_create("image", MFD_CLOEXEC);
    if (*fd < 0)
        status = complain_with(EX_OSERR, "%s: %s", name, strerror(errno));
    else if (!image_canonicalize(file.bytes, file.size, true, write_memory, fd, &e))
        status = complain_with(
            strncmp(e.text, "output:", 7) == 0 || strncmp(e.text, "memory:", 7) == 0 ? EX_OSERR
                                                                                     : EX_DATAERR,
            "%s: %s", name, e.text);
    image_file_free(&file);
    if (status != 0 && *fd >= 0)
        close(*fd);
    return status;
}

int run_source_open_image(const struct run_source *s, int *fd, uint64_t *bytes) {
    struct stat status;
    *fd = s->why[0] == 0 ? open(s->file, O_RDONLY | O_CLOEXEC) : -1;
    if (*fd < 0) { /* not canonical, or its entry went from the cache meanwhile */
        int error = rewrite_in_memory(s->name, fd);
        if (error != 0)
            return error;
    }
    if (fstat(*fd, &status) != 0 || status.st_size < IMAGE_CANONICAL_HEADER) {
        close(*fd);
        return complain_with(EX_NOINPUT, "%s: read: it has just changed", s->file);
    }
    *bytes = (uint64_t)status.st_size;
    return 0;
}
