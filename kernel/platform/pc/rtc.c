/* The real-time clock. */
#include "rtc.h"

#include "cpu.h"

#include <string.h>

enum { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9, CENTURY = 0x32 };
enum { STATUS_A = 10, STATUS_B = 11, UPDATING = 0x80, BINARY = 4, HOURS_24 = 2, PM = 0x80 };

static uint8_t read_register(unsigned number) {
    out8(0x70, (uint8_t)number);
    return in8(0x71);
}

static unsigned from_bcd(uint8_t value) {
    return (value >> 4) * 10u + (value & 15);
}

static unsigned value_of(const uint8_t *registers, unsigned i) {
    return registers[STATUS_B] & BINARY ? registers[i] : from_bcd(registers[i]);
}

static unsigned hours(const uint8_t *registers) {
    if (registers[STATUS_B] & HOURS_24)
        return value_of(registers, HOURS);
    uint8_t without[RTC_REGISTERS];
    memcpy(without, registers, sizeof without);
    without[HOURS] &= (uint8_t)~PM;
    return value_of(without, HOURS) % 12 + (registers[HOURS] & PM ? 12 : 0);
}

/* Days from 1970-01-01, for years after 1600, by counting from March. */
static int64_t days(unsigned year, unsigned month, unsigned day) {
    int64_t y = year - (month <= 2), m = (month + 9) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 719469;
}

bool rtc_convert(const uint8_t r[RTC_REGISTERS], int64_t *seconds) {
    unsigned century = value_of(r, CENTURY);
    unsigned year =
        value_of(r, YEAR) + 100 * (century == 19 || century == 20 || century == 21 ? century : 20);
    unsigned month = value_of(r, MONTH), day = value_of(r, DAY);
    unsigned hour = hours(r), minute = value_of(r, MINUTES), second = value_of(r, SECONDS);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 ||
        year < 1970 || year > 2199)
        return false;
    *seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

static bool read_all(uint8_t r[RTC_REGISTERS]) {
    static const uint8_t wanted[] = {SECONDS, MINUTES, HOURS, DAY, MONTH, YEAR, STATUS_B, CENTURY};
    unsigned tries = 0;
    while ((read_register(STATUS_A) & UPDATING) != 0)
        if (++tries > 100000)
            return false;
    for (unsigned i = 0; i < sizeof wanted; i++)
        r[wanted[i]] = read_register(wanted[i]);
    return true;
}

/* Twice the same, or an update came in between. */
bool rtc_read(int64_t *seconds) {
    uint8_t first[RTC_REGISTERS] = {0}, second[RTC_REGISTERS] = {0};
    for (unsigned tries = 0; tries < 10; tries++) {
        if (!read_all(first) || !read_all(second))
            return false;
        if (memcmp(first, second, sizeof first) == 0)
            return rtc_convert(first, seconds);
    }
    return false;
}
