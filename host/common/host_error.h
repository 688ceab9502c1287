/*
 * host_error.h - the host's errno as an error of platform.h. For the hosted platform
 * and the tenders.
 */
#ifndef MOTE_HOST_ERROR_H
#define MOTE_HOST_ERROR_H

/* A negative PLATFORM_E*. */
int host_error(int host_errno);

#endif
