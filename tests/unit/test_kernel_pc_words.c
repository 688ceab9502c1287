/* The machine's words of the command line, and its real-time clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../kernel/platform/pc/words.c"
#include "../../kernel/platform/pc/rtc.c"

static unsigned devices(const char *line, struct mmio_word *out, unsigned max) {
    unsigned n = 0;
    while (n < max && words_next_mmio(&line, &out[n]))
        n++;
    return n;
}

static void devices_are_found(void **state) {
    (void)state;
    struct mmio_word w[8];
    assert_int_equal(
        devices("console=ttyS0 virtio_mmio.device=512@0xfeb00e00:12 arg=x "
                "virtio_mmio.device=4K@0xd0001000:5:0\tvirtio_mmio.device=0x200@4096:6",
                w, 8),
        3);
    assert_int_equal(w[0].bytes, 512);
    assert_int_equal(w[0].address, 0xfeb00e00);
    assert_int_equal(w[0].irq, 12);
    assert_int_equal(w[1].bytes, 4096);
    assert_int_equal(w[1].irq, 5);
    assert_int_equal(w[2].bytes, 512);
    assert_int_equal(w[2].address, 4096);
}

static void what_is_wrong_is_passed_over(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "virtio_mmio.device=",
        "virtio_mmio.device=512",
        "virtio_mmio.device=512@",
        "virtio_mmio.device=512@0xfeb00000",
        "virtio_mmio.device=512@0xfeb00000:",
        "virtio_mmio.device=512@0xfeb00000:x",
        "virtio_mmio.device=512@0xfeb00000:5x",
        "virtio_mmio.device=512@0xfeb00000:256",
        "virtio_mmio.device=0@0xfeb00000:5",
        "virtio_mmio.device=-1@0xfeb00000:5",
        "virtio_mmio.device=512@0xffffffffffffffff:5",
        "virtio_mmio.device=512@0xfffffffffffffffffff:5",
        "virtio_mmio.device=99999999999999999999@1:5",
        "virtio_mmio.device=17179869184G@1:5",
        "virtio_mmio.device=512@0x:5",
        "xvirtio_mmio.device=512@0xfeb00000:5",
        "arg=\"virtio_mmio.device=512@0xfeb00000:5\"",
        "arg=\"a \\\" virtio_mmio.device=512@0xfeb00000:5 \"",
        "arg=\"never ends virtio_mmio.device=512@0xfeb00000:5",
        "",
        "\\",
        "\"\\",
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mmio_word w[2];
        char line[200];
        assert_int_equal(devices(wrong[i], w, 2), 0);
        if (strchr(wrong[i], '"') != NULL || wrong[i][0] == 0)
            continue;
        snprintf(line, sizeof line, "%s virtio_mmio.device=512@0xfeb00000:5", wrong[i]);
        assert_int_equal(devices(line, w, 2), 1);
    }
}

static void numbers_are_found(void **state) {
    (void)state;
    uint64_t n = 0;
    assert_true(words_number("a=1 exit_port=0x501 b", "exit_port", &n));
    assert_int_equal(n, 0x501);
    assert_true(words_number("exit_port=x exit_port=2", "exit_port", &n));
    assert_int_equal(n, 2);
    assert_false(words_number("exit_port", "exit_port", &n));
    assert_false(words_number("exit_port=", "exit_port", &n));
    assert_false(words_number("exit_ports=5", "exit_port", &n));
    assert_false(words_number("arg=\" exit_port=5 \"", "exit_port", &n));
    assert_false(words_number("exit_port=5K", "exit_port", &n));
}

/* ---- The clock ------------------------------------------------------------------ */

static uint8_t bcd(unsigned n) {
    return (uint8_t)(n / 10 << 4 | n % 10);
}

static void set(uint8_t r[RTC_REGISTERS], unsigned year, unsigned month, unsigned day,
                unsigned hour, unsigned minute, unsigned second) {
    memset(r, 0, RTC_REGISTERS);
    r[CENTURY] = bcd(year / 100);
    r[YEAR] = bcd(year % 100);
    r[MONTH] = bcd(month);
    r[DAY] = bcd(day);
    r[HOURS] = bcd(hour);
    r[MINUTES] = bcd(minute);
    r[SECONDS] = bcd(second);
    r[STATUS_B] = HOURS_24;
}

static void expect(const uint8_t r[RTC_REGISTERS], int64_t seconds) {
    int64_t is = -1;
    assert_true(rtc_convert(r, &is));
    assert_int_equal(is, seconds);
}

static void times_are_converted(void **state) {
    (void)state;
    uint8_t r[RTC_REGISTERS];
    set(r, 1970, 1, 1, 0, 0, 0);
    expect(r, 0);
    set(r, 2000, 2, 29, 12, 0, 1);
    expect(r, 951825601);
    set(r, 2026, 11, 22, 0, 5, 13);
    expect(r, 1795305913);
    set(r, 2100, 3, 1, 0, 0, 0);
    expect(r, 4107542400);
    r[CENTURY] = 0; /* not kept: this one */
    r[YEAR] = bcd(26);
    expect(r, 1772323200);
}

static void hours_of_two_halves(void **state) {
    (void)state;
    uint8_t r[RTC_REGISTERS];
    static const struct {
        uint8_t says;
        unsigned hour;
    } hours_[] = {{0x12, 0}, {0x01, 1}, {0x11, 11}, {0x92, 12}, {0x81, 13}, {0x91, 23}};
    for (unsigned i = 0; i < 6; i++) {
        set(r, 1970, 1, 1, 0, 0, 0);
        r[STATUS_B] = 0;
        r[HOURS] = hours_[i].says;
        expect(r, hours_[i].hour * 3600);
    }
    memset(r, 0, sizeof r);
    r[STATUS_B] = HOURS_24 | BINARY;
    r[CENTURY] = 20, r[YEAR] = 26, r[MONTH] = 12, r[DAY] = 31, r[HOURS] = 23;
    expect(r, 1798758000);
}

static void nonsense_is_no_time(void **state) {
    (void)state;
    uint8_t r[RTC_REGISTERS];
    int64_t ignored;
    memset(r, 0xff, sizeof r);
    assert_false(rtc_convert(r, &ignored));
    memset(r, 0, sizeof r);
    assert_false(rtc_convert(r, &ignored));
    for (unsigned i = 0; i < 100000; i++) {
        for (unsigned j = 0; j < sizeof r; j++)
            r[j] = (uint8_t)rand();
        rtc_convert(r, &ignored);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_are_found),   cmocka_unit_test(what_is_wrong_is_passed_over),
        cmocka_unit_test(numbers_are_found),   cmocka_unit_test(times_are_converted),
        cmocka_unit_test(hours_of_two_halves), cmocka_unit_test(nonsense_is_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
