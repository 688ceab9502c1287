/*
 * crash.h - a memory fault of the process becomes one line and exit status 70:
 * an image that was damaged after it was checked ends so.
 */
#ifndef MOTE_HOST_CRASH_H
#define MOTE_HOST_CRASH_H

/* `name` (of the image) must stay valid. Nothing happens in sanitizer builds,
 * which have a report of their own. */
void crash_contain(const char *name);

#endif
