/*
 * complain.h - one line on standard error. File names are part of it: control
 * characters in them become '?', so that a name can neither make a second line
 * nor speak to the terminal.
 */
#ifndef MOTE_HOST_COMPLAIN_H
#define MOTE_HOST_COMPLAIN_H

/* "mote: ", the text, a newline. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same; answers `status`, so that a caller can return it. */
int complain_with(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
