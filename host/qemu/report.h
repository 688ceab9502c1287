/*
 * report.h - a dump from the mote as the report that a tender prints
 * (host/tender/crash.h), with the names of the ELF file.
 */
#ifndef MOTE_QEMU_REPORT_H
#define MOTE_QEMU_REPORT_H

#include "qemu.h"
#include "mote/dump.h"

/* On standard error. The stack's bytes follow the structure. */
void qemu_report(const struct qemu_config *config, const struct mote_dump *dump);

#endif
