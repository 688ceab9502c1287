/*
 * image_verbs.h - the parts of `mote image`. Each gets its own arguments
 * (argv[0] is its name) and answers the exit status.
 */
#ifndef MOTE_HOST_IMAGE_VERBS_H
#define MOTE_HOST_IMAGE_VERBS_H

int image_verb_info(int argc, char **argv);
int image_verb_check(int argc, char **argv);
int image_verb_canonical(int argc, char **argv);
/* Print how `mote image` is used; answers EXIT_USAGE. */
int image_usage(const char *complaint, const char *detail);

#endif
