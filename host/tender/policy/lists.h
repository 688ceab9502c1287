/*
 * lists.h - which system calls the tender may still make when the mote runs, and
 * which the mote may make under process. generate.c turns each into a filter.
 *
 * An argument of POLICY_DIRECTORY etc. stands for a number that only the running
 * tender knows; sandbox.c puts it in.
 */
#ifndef MOTE_TENDER_POLICY_LISTS_H
#define MOTE_TENDER_POLICY_LISTS_H

enum policy_hole {
    POLICY_CHILD_PID = 0x4d4f0001,
    POLICY_CHILD_FD = 0x4d4f0002,
    POLICY_DIRECTORY_FD = 0x4d4f0003,
    POLICY_TENDER_PID = 0x4d4f0004,
};

#endif
