/*
 * rtc.h - the PC's real-time clock (Motorola MC146818A data sheet).
 */
#ifndef MOTE_PC_RTC_H
#define MOTE_PC_RTC_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970; false: there is no such clock, or nonsense in it. */
bool rtc_read(int64_t *seconds);

/* The same from its registers 0 to 0x32, as read (also for tests). */
enum { RTC_REGISTERS = 0x33 };
bool rtc_convert(const uint8_t registers[RTC_REGISTERS], int64_t *seconds);

#endif
