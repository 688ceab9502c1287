/* host_error.c - see host_error.h. */
#include "host_error.h"
#include "mote/platform.h"

#include <errno.h>

int host_error(int host_errno) {
    switch (host_errno) {
    case ENOMEM:
    case ENFILE:
    case EMFILE:
        return PLATFORM_ENOMEM;
    case ENOENT:
        return PLATFORM_ENOENT;
    case EACCES:
    case EPERM:
    case EROFS:
    case ETXTBSY:
        return PLATFORM_EACCES;
    case EEXIST:
        return PLATFORM_EEXIST;
    case EINVAL:
    case EBADF:
    case ENAMETOOLONG:
    case ELOOP:
    case ESPIPE:
    case ERANGE:
        return PLATFORM_EINVAL;
    case EOPNOTSUPP:
    case ENOSYS:
        return PLATFORM_ENOTSUP;
    case ENOTDIR:
        return PLATFORM_ENOTDIR;
    case EISDIR:
        return PLATFORM_EISDIR;
    case ENOTEMPTY:
        return PLATFORM_ENOTEMPTY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return PLATFORM_ENOSPC;
    case EAGAIN:
        return PLATFORM_EAGAIN;
    default:
        return PLATFORM_EIO;
    }
}
