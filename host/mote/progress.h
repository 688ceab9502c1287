/*
 * progress.h - a line on standard error that says how long something already
 * takes: from the second second on, and only on a terminal. One at a time.
 */
#ifndef MOTE_HOST_PROGRESS_H
#define MOTE_HOST_PROGRESS_H

/* `what` must stay valid until progress_end. */
void progress_begin(const char *what);
void progress_end(void);

#endif
