/* Operations on paths. */
#include "state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int result(int status) {
    return status == 0 ? 0 : host_error(errno);
}

int platform_stat(struct platform *p, const char *path, bool follow, struct platform_stat *out) {
    (void)p;
    struct stat st;
    if ((follow ? stat(path, &st) : lstat(path, &st)) != 0)
        return host_error(errno);
    *out = (struct platform_stat){
        .size = (uint64_t)st.st_size,
        .inode = st.st_ino,
        .device = st.st_dev,
        .links = st.st_nlink,
        .mode = st.st_mode,
        .uid = st.st_uid,
        .gid = st.st_gid,
        .access_time = st.st_atim.tv_sec,
        .modify_time = st.st_mtim.tv_sec,
        .change_time = st.st_ctim.tv_sec,
        .create_time = st.st_ctim.tv_sec,
    };
    return 0;
}

int platform_access(struct platform *p, const char *path, int mode) {
    (void)p;
    return result(access(path, mode & (R_OK | W_OK | X_OK)));
}

int64_t platform_readlink(struct platform *p, const char *path, char *out, size_t size) {
    (void)p;
    if (size == 0)
        return PLATFORM_EINVAL;
    ssize_t n = readlink(path, out, size);
    if (n < 0)
        return host_error(errno);
    if ((size_t)n >= size)
        return PLATFORM_EINVAL;
    out[n] = 0;
    return n;
}

int platform_rename(struct platform *p, const char *from, const char *to) {
    (void)p;
    return result(rename(from, to));
}

int platform_unlink(struct platform *p, const char *path) {
    (void)p;
    return result(unlink(path));
}

int platform_mkdir(struct platform *p, const char *path) {
    (void)p;
    return result(mkdir(path, 0777));
}

int platform_rmdir(struct platform *p, const char *path) {
    (void)p;
    return result(rmdir(path));
}

int platform_symlink(struct platform *p, const char *target, const char *path) {
    (void)p;
    return result(symlink(target, path));
}

int platform_chmod(struct platform *p, const char *path, uint32_t mode) {
    (void)p;
    return result(chmod(path, mode & 07777));
}

int platform_chown(struct platform *p, const char *path, uint32_t uid, uint32_t gid) {
    (void)p;
    return result(chown(path, uid, gid));
}

int platform_lchown(struct platform *p, const char *path, uint32_t uid, uint32_t gid) {
    (void)p;
    return result(lchown(path, uid, gid));
}

int64_t platform_cwd(struct platform *p, char *out, size_t size) {
    (void)p;
    if (size == 0 || getcwd(out, size) == NULL)
        return size == 0 ? PLATFORM_EINVAL : host_error(errno);
    return (int64_t)strlen(out);
}
