/*
 * version.h - the version of Mote, as `mote --version` and images see it.
 */
#ifndef MOTE_VERSION_H
#define MOTE_VERSION_H

#define MOTE_VERSION "0.1.0"
/* Of the release, in the form that images parse. */
#define MOTE_VERSION_DATE "Sat Nov 21 00:00:00 2026 +0000"

#endif
