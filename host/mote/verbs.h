/*
 * verbs.h - the verbs of the mote command, one file (or family of files) each.
 * argv[0] is the verb. They answer the exit status; messages are printed.
 */
#ifndef MOTE_HOST_VERBS_H
#define MOTE_HOST_VERBS_H

int verb_image(int argc, char **argv);
int verb_run(int argc, char **argv);

#endif
