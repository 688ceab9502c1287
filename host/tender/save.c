/* Replacing the image file all at once.
 *
 * The new contents go to a file without a name in the image's directory (nothing
 * is left behind by a kill), where the file system has that, else to one with a
 * temporary name. Commit syncs it, names it and renames it over the old file,
 * whose mode and owner it has taken over. A symbolic link stays and its target is
 * replaced. Everything after save_prepare goes through the directory's
 * descriptor: the sandbox lets nothing else pass. */
#include "guest.h"
#include "../common/host_error.h"

#include "mote/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 100 };

struct save {
    int fd;
    bool named; /* the file has its temporary name */
    char temporary[NAME_MAX + 1];
    uint64_t end;
};

static struct save the_save;
static char target[NAME_MAX + 1]; /* in t->save_directory */

int save_prepare(struct tender *t) {
    char path[PATH_MAX];
    t->save_directory = -1;
    if (t->config->save_path == NULL || t->config->image < 0)
        return 0;
    if (realpath(t->config->save_path, path) == NULL)
        return host_error(errno);
    char *slash = strrchr(path, '/');
    size_t size = strlen(slash + 1) + 1;
    if (size > sizeof target)
        return PLATFORM_EINVAL;
    memcpy(target, slash + 1, size);
    slash[slash == path] = 0;
    t->save_directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return t->save_directory < 0 ? host_error(errno) : 0;
}

static void next_temporary_name(struct save *s) {
    uint32_t random = 0;
    ssize_t ignored = getrandom(&random, sizeof random, 0);
    (void)ignored;
    snprintf(s->temporary, sizeof s->temporary, ".%.200s.%08x", target, random);
}

static int open_temporary(const struct tender *t, struct save *s) {
    char proc[32];
    s->fd = openat(t->save_directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd >= 0) {
        snprintf(proc, sizeof proc, "/proc/self/fd/%d", s->fd);
        if (access(proc, F_OK) == 0)
            return 0;
        close(s->fd);
    }
    for (int i = 0; i < ATTEMPTS; i++) {
        next_temporary_name(s);
        s->fd =
            openat(t->save_directory, s->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        s->named = s->fd >= 0;
        if (s->fd >= 0 || errno != EEXIST)
            break;
    }
    return s->fd >= 0 ? 0 : errno;
}

static int link_temporary(const struct tender *t, struct save *s) {
    char proc[32];
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", s->fd);
    for (int i = 0; i < ATTEMPTS; i++) {
        next_temporary_name(s);
        if (linkat(AT_FDCWD, proc, t->save_directory, s->temporary, AT_SYMLINK_FOLLOW) == 0) {
            s->named = true;
            return 0;
        }
        if (errno != EEXIST)
            break;
    }
    return errno;
}

/* Owner first: changing it may clear mode bits. Only root can give a file away. */
static void take_over_mode(const struct save *s, const struct stat *old) {
    if (old->st_uid != geteuid() || old->st_gid != getegid()) {
        int ignored = fchown(s->fd, old->st_uid, old->st_gid);
        (void)ignored;
    }
    fchmod(s->fd, old->st_mode & 07777);
}

int64_t save_begin(struct tender *t) {
    if (t->save_directory < 0)
        return PLATFORM_ENOTSUP;
    if (t->save != NULL)
        return PLATFORM_EAGAIN;
    struct stat old;
    bool there = fstatat(t->save_directory, target, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && errno != ENOENT)
        return host_error(errno);
    if (there && !S_ISREG(old.st_mode))
        return PLATFORM_ENOTSUP;
    /* A rename would get past the protection of the file itself. */
    if (there && faccessat(t->save_directory, target, W_OK, 0) != 0)
        return host_error(errno);
    struct save *s = &the_save;
    *s = (struct save){.fd = -1};
    int error = open_temporary(t, s);
    if (error != 0)
        return host_error(error);
    if (there)
        take_over_mode(s, &old);
    else
        fchmod(s->fd, 0644);
    t->save = s;
    return 0;
}

int64_t save_write(struct tender *t, uint64_t address, uint64_t bytes, uint64_t offset) {
    struct save *s = t->save;
    if (s == NULL)
        return PLATFORM_EINVAL;
    const uint8_t *from = guest_at(t, guest(address), bytes);
    if (offset == UINT64_MAX)
        offset = s->end;
    /* No image is larger than all memory; the disk is not the mote's to fill. */
    const uint64_t largest = t->arena_end - MOTE_ARENA;
    if (from == NULL || offset > largest || bytes > largest - offset)
        return PLATFORM_EINVAL;
    while (bytes > 0) {
        ssize_t n = pwrite(s->fd, from, bytes, (off_t)offset);
        if (n < 0 && errno != EINTR)
            return host_error(errno);
        if (n > 0) {
            from += n;
            bytes -= (uint64_t)n;
            offset += (uint64_t)n;
        }
    }
    if (offset > s->end)
        s->end = offset;
    return 0;
}

int64_t save_commit(struct tender *t) {
    struct save *s = t->save;
    if (s == NULL)
        return PLATFORM_EINVAL;
    int error = fsync(s->fd) != 0 ? errno : 0;
    if (error == 0 && !s->named)
        error = link_temporary(t, s);
    if (error == 0 && renameat(t->save_directory, s->temporary, t->save_directory, target) != 0)
        error = errno;
    if (error == 0) {
        s->named = false; /* the temporary name is gone */
        if (fsync(t->save_directory) != 0 && errno != EINVAL)
            error = errno;
    }
    save_abort(t);
    return error == 0 ? 0 : host_error(error);
}

int64_t save_abort(struct tender *t) {
    struct save *s = t->save;
    if (s == NULL)
        return PLATFORM_EINVAL;
    if (s->named)
        unlinkat(t->save_directory, s->temporary, 0);
    close(s->fd);
    t->save = NULL;
    return 0;
}
