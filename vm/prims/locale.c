/*
 * locale.c - LocalePlugin: the "C" locale, with the language and country that
 * the standard falls back to, from LC_ALL or LANG where these name them
 * (language_COUNTRY.encoding). Source: LocalePlugin, ISO 639 and 3166.
 */
#include "values.h"

#define CODE_LETTERS 2u

static bool is_letter(char c, char first, char last) {
    return c >= first && c <= last;
}

/* The locale's name if it has the form ll or ll_CC; else NULL. */
static const char *locale_name(struct vm *vm) {
    const char *name = platform_getenv(vm->platform, "LC_ALL");
    if (name == NULL || *name == 0)
        name = platform_getenv(vm->platform, "LANG");
    if (name == NULL || !is_letter(name[0], 'a', 'z') || !is_letter(name[1], 'a', 'z') ||
        (name[2] != 0 && name[2] != '_' && name[2] != '.'))
        return NULL;
    return name;
}

static int answer_string(struct vm *vm, oop *argv, const char *text, size_t size) {
    return prim_answer(argv, heap_new_string(&vm->heap, text, size));
}

/* Codes come in strings of three characters, ended by a zero. */
static int answer_code(struct vm *vm, oop *argv, const char *letters) {
    char code[CODE_LETTERS + 1] = {letters[0], letters[1], 0};
    return answer_string(vm, argv, code, sizeof code);
}

static int language(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const char *name = locale_name(vm);
    return answer_code(vm, argv, name ? name : "en");
}

static int country(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const char *name = locale_name(vm);
    bool known =
        name && name[2] == '_' && is_letter(name[3], 'A', 'Z') && is_letter(name[4], 'A', 'Z');
    return answer_code(vm, argv, known ? name + 3 : "US");
}

#define BOOLEAN(name, value)                                   \
    static int name(struct vm *vm, oop *argv, unsigned argc) { \
        (void)argc;                                            \
        argv[0] = boolean(vm, value);                          \
        return PRIM_OK;                                        \
    }
#define STRING(name, text)                                     \
    static int name(struct vm *vm, oop *argv, unsigned argc) { \
        (void)argc;                                            \
        return answer_string(vm, argv, text, sizeof text - 1); \
    }

BOOLEAN(currency_notation, true)
BOOLEAN(daylight_savings, false) /* part of the platform's offset */
BOOLEAN(measurement_metric, true)
STRING(currency_symbol, "$")
STRING(decimal_symbol, ".")
STRING(digit_grouping_symbol, ",")
STRING(date_format, "%m/%d/%y")
STRING(time_format, "%H:%M:%S")

static int timezone_offset(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    argv[0] = smallint(platform_utc_offset(vm->platform) / 60);
    return PRIM_OK;
}

#define MODULE "LocalePlugin"
const struct named_prim named_locale[] = {
    {MODULE, "primitiveCountry", country},
    {MODULE, "primitiveLanguage", language},
    {MODULE, "primitiveCurrencyNotation", currency_notation},
    {MODULE, "primitiveCurrencySymbol", currency_symbol},
    {MODULE, "primitiveDaylightSavings", daylight_savings},
    {MODULE, "primitiveDecimalSymbol", decimal_symbol},
    {MODULE, "primitiveDigitGroupingSymbol", digit_grouping_symbol},
    {MODULE, "primitiveLongDateFormat", date_format},
    {MODULE, "primitiveShortDateFormat", date_format},
    {MODULE, "primitiveTimeFormat", time_format},
    {MODULE, "primitiveMeasurementMetric", measurement_metric},
    {MODULE, "primitiveTimezoneOffset", timezone_offset},
    {MODULE, "primitiveVMOffsetToUTC", timezone_offset},
    {NULL, NULL, NULL},
};
