/* SocketPlugin's resolver without a network; internet addresses as text. */
#include "prims_fixture.h"
#include "../../vm/prims/address.h"
#include "../../vm/prims/state.h"

#include <stdio.h>

static struct fixture fixture;

static int enter(void **state) {
    (void)state;
    fixture_open(&fixture);
    return 0;
}
static int leave(void **state) {
    (void)state;
    prim_state_close(&fixture.vm);
    assert_null(fixture.vm.resolver_state);
    fixture_close(&fixture);
    return 0;
}

/* Arguments up to the first 0; the answer is left in *answer. */
#define CALL(answer, name, ...) \
    call((answer), "primitive" name, (const oop[]){__VA_ARGS__ __VA_OPT__(, ) 0})

static int call(oop *answer, const char *name, const oop *arguments) {
    oop argv[8] = {fixture.vm.heap.nil};
    unsigned argc = 0;
    for (; arguments[argc] != 0; argc++)
        argv[argc + 1] = arguments[argc];
    int status = call_name(&fixture, "SocketPlugin", name, argv, argc);
    *answer = argv[0];
    return status;
}

static oop text(const char *s) {
    return new_string(&fixture, s);
}
static oop buffer(uint64_t size) {
    return heap_new_bytes(&fixture.vm.heap, size, CLASS_INDEX_BYTE_ARRAY);
}
static bool holds(oop o, const char *s) {
    return num_bytes(o) == strlen(s) && memcmp(object_bytes(o), s, strlen(s)) == 0;
}

static void network_starts_once(void **state) {
    (void)state;
    oop answer;
    assert_int_equal(CALL(&answer, "ResolverStatus"), PRIM_OK);
    assert_int_equal(answer, smallint(0));
    assert_int_equal(CALL(&answer, "InitializeNetwork", fixture.vm.heap.nil), PRIM_BAD_ARGUMENT);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(CALL(&answer, "InitializeNetwork", smallint(3)), PRIM_OK);
        assert_int_equal(answer, fixture.vm.heap.nil); /* the receiver */
        assert_int_equal(CALL(&answer, "ResolverStatus"), PRIM_OK);
        assert_int_equal(answer, smallint(1));
    }
    assert_int_equal(CALL(&answer, "ResolverAbortLookup"), PRIM_OK);
}

static void local_host_is_the_loopback(void **state) {
    (void)state;
    oop answer, small = buffer(8), large = buffer(12);
    assert_int_equal(CALL(&answer, "ResolverLocalAddress"), PRIM_OK);
    assert_true(has_class_index(answer, CLASS_INDEX_BYTE_ARRAY) && num_bytes(answer) == 4);
    assert_memory_equal(object_bytes(answer), "\x7f\0\0\1", 4);
    assert_int_equal(CALL(&answer, "ResolverHostNameSize"), PRIM_OK);
    assert_int_equal(answer, smallint(9));
    assert_int_equal(CALL(&answer, "ResolverHostNameResult", large), PRIM_OK);
    assert_memory_equal(object_bytes(large), "localhost\0\0\0", 12);
    assert_int_equal(CALL(&answer, "ResolverHostNameResult", small), PRIM_FAIL);
    assert_int_equal(CALL(&answer, "ResolverHostNameResult", smallint(1)), PRIM_BAD_ARGUMENT);
    make_immutable(large);
    assert_int_equal(CALL(&answer, "ResolverHostNameResult", large), PRIM_NO_MODIFICATION);
}

static void only_loopback_and_numbers_have_addresses(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint8_t address[4]; /* 0.0.0.0: not found */
    } cases[] = {
        {"localhost", {127, 0, 0, 1}},
        {"LocalHost.", {127, 0, 0, 1}},
        {"10.20.30.255", {10, 20, 30, 255}},
        {"127.1", {127, 0, 0, 1}},
        {"0x7f000001", {127, 0, 0, 1}},
        {"010.1.65535", {8, 1, 255, 255}},
        {"1.2.3.256", {0}},
        {"1.2.3.4.5", {0}},
        {"256.1", {0}},
        {"1..2", {0}},
        {"1.2.", {0}},
        {"4294967296", {0}},
        {"0x", {0}},
        {"08", {0}},
        {"", {0}},
        {"localhost.example", {0}},
        {"example.org", {0}},
    };
    oop answer;
    assert_int_equal(CALL(&answer, "InitializeNetwork", smallint(0)), PRIM_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool found = cases[i].address[0] != 0;
        assert_int_equal(CALL(&answer, "ResolverStartNameLookup", text(cases[i].name)), PRIM_OK);
        assert_int_equal(CALL(&answer, "ResolverNameLookupResult"), PRIM_OK);
        assert_memory_equal(object_bytes(answer), cases[i].address, 4);
        assert_int_equal(CALL(&answer, "ResolverError"), PRIM_OK);
        assert_int_equal(answer, smallint(found ? 0 : 1));
        assert_int_equal(CALL(&answer, "ResolverStatus"), PRIM_OK);
        assert_int_equal(answer, smallint(found ? 1 : 3));
    }
    assert_int_equal(CALL(&answer, "ResolverStartNameLookup", smallint(1)), PRIM_BAD_ARGUMENT);
    oop endless = buffer(100000);
    memset(object_bytes(endless), 'a', 100000);
    assert_int_equal(CALL(&answer, "ResolverStartNameLookup", endless), PRIM_OK);
    assert_int_equal(CALL(&answer, "ResolverAddressLookupResult"), PRIM_OK);
    assert_int_equal(num_bytes(answer), 253);
}

static void only_the_loopback_address_has_a_name(void **state) {
    (void)state;
    oop answer, loopback = new_bytes_of(&fixture, "\x7f\0\0\1", 4);
    oop other = new_bytes_of(&fixture, "\x0a\0\0\1", 4);
    assert_int_equal(CALL(&answer, "ResolverStartAddressLookup", loopback), PRIM_OK);
    assert_int_equal(CALL(&answer, "ResolverAddressLookupResult"), PRIM_OK);
    assert_true(holds(answer, "localhost"));
    assert_int_equal(CALL(&answer, "ResolverStartAddressLookup", other), PRIM_OK);
    assert_int_equal(CALL(&answer, "ResolverAddressLookupResult"), PRIM_OK);
    assert_true(holds(answer, ""));
    assert_int_equal(CALL(&answer, "ResolverError"), PRIM_OK);
    assert_int_equal(answer, smallint(1));
    assert_int_equal(CALL(&answer, "ResolverStartAddressLookup", buffer(5)), PRIM_FAIL);
    assert_int_equal(CALL(&answer, "ResolverStartAddressLookup", smallint(7)), PRIM_BAD_ARGUMENT);
}

enum { NUMERIC = 1, PASSIVE = 2 };

/* The results as text: "address port family" each, separated by ", ". */
static const char *look_up(const char *host, const char *service, int flags, int family, int type,
                           int protocol) {
    static char out[256];
    oop answer, size, address, host_name = buffer(64), port;
    out[0] = 0;
    int status = CALL(&answer, "ResolverGetAddressInfo", text(host), text(service), smallint(flags),
                      smallint(family), smallint(type), smallint(protocol));
    if (status != PRIM_OK)
        return "failed";
    for (bool more = true; more; more = answer == fixture.vm.heap.true_) {
        assert_int_equal(CALL(&size, "ResolverGetAddressInfoSize"), PRIM_OK);
        if (size == smallint(-1))
            break;
        address = buffer((uint64_t)smallint_value(size));
        assert_int_equal(CALL(&answer, "ResolverGetAddressInfoResult", address), PRIM_OK);
        assert_int_equal(CALL(&answer, "ResolverGetNameInfo", address, smallint(NUMERIC)), PRIM_OK);
        assert_int_equal(CALL(&size, "ResolverGetNameInfoHostSize"), PRIM_OK);
        assert_int_equal(CALL(&answer, "ResolverGetNameInfoHostResult", host_name), PRIM_OK);
        oop argv[1] = {address};
        assert_int_equal(
            call_name(&fixture, "SocketPlugin", "primitiveSocketAddressGetPort", argv, 0), PRIM_OK);
        port = argv[0];
        assert_int_equal(CALL(&answer, "ResolverGetAddressInfoFamily"), PRIM_OK);
        size_t at = strlen(out);
        snprintf(out + at, sizeof out - at, "%s%.*s %d %d", at > 0 ? ", " : "",
                 (int)smallint_value(size), (const char *)object_bytes(host_name),
                 (int)smallint_value(port), (int)smallint_value(answer));
        assert_int_equal(CALL(&answer, "ResolverGetAddressInfoType"), PRIM_OK);
        assert_int_equal(answer, smallint(type));
        assert_int_equal(CALL(&answer, "ResolverGetAddressInfoProtocol"), PRIM_OK);
        assert_int_equal(answer, smallint(protocol));
        assert_int_equal(CALL(&answer, "ResolverGetAddressInfoNext"), PRIM_OK);
    }
    return out;
}

static void address_information_lists_what_fits_the_hints(void **state) {
    (void)state;
    oop answer;
    assert_string_equal(look_up("localhost", "80", 0, 2, 1, 1), "failed"); /* no network yet */
    assert_int_equal(CALL(&answer, "InitializeNetwork", smallint(0)), PRIM_OK);
    assert_string_equal(look_up("localhost", "80", 0, 0, 1, 1), "::1 80 3, 127.0.0.1 80 2");
    assert_string_equal(look_up("localhost", "80", 0, 2, 1, 1), "127.0.0.1 80 2");
    assert_string_equal(look_up("localhost", "80", NUMERIC, 2, 1, 1), "");
    assert_string_equal(look_up("", "65535", PASSIVE, 0, 2, 2), ":: 65535 3, 0.0.0.0 65535 2");
    assert_string_equal(look_up("", "1", 0, 3, 1, 1), "::1 1 3");
    assert_string_equal(look_up("", "", 0, 0, 1, 1), "");
    assert_string_equal(look_up("8.8.4.4", "", NUMERIC, 0, 1, 1), "8.8.4.4 0 2");
    assert_string_equal(look_up("8.8.4.4", "", 0, 3, 1, 1), "");
    assert_string_equal(look_up("fe80::12", "53", 0, 0, 2, 2), "fe80::12 53 3");
    assert_string_equal(look_up("localhost", "65536", 0, 2, 1, 1), "");
    assert_string_equal(look_up("localhost", "http", 0, 2, 1, 1), "");
    assert_string_equal(look_up("example.org", "80", 0, 0, 1, 1), "");
    assert_string_equal(look_up("localhost", "80", 0, 2, 1, 2), ""); /* a stream over UDP */
    assert_string_equal(look_up("localhost", "80", 0, 1, 1, 1), ""); /* local sockets */
    assert_string_equal(look_up("localhost", "80", 0, 2, 0, 1), "failed");
    assert_string_equal(look_up("localhost", "80", 0, 2, 1, 0), "failed");
    assert_string_equal(look_up("localhost", "80", 0, 4, 1, 1), "failed");
    assert_int_equal(CALL(&answer, "ResolverGetAddressInfoFamily"), PRIM_FAIL);
    assert_int_equal(CALL(&answer, "ResolverGetAddressInfoResult", buffer(64)), PRIM_FAIL);
    assert_int_equal(CALL(&answer, "ResolverGetAddressInfo", text("x")), PRIM_BAD_ARGUMENT);
    assert_int_equal(CALL(&answer, "ResolverGetAddressInfo", text("x"), smallint(1), smallint(0),
                          smallint(0), smallint(1), smallint(1)),
                     PRIM_BAD_ARGUMENT);
    oop endless = buffer(300);
    assert_int_equal(CALL(&answer, "ResolverGetAddressInfo", endless, text(""), smallint(0),
                          smallint(0), smallint(1), smallint(1)),
                     PRIM_FAIL);
}

static void socket_addresses_are_of_this_session_only(void **state) {
    (void)state;
    oop answer, address = buffer(24), host = buffer(9), service = buffer(4);
    assert_int_equal(CALL(&answer, "InitializeNetwork", smallint(0)), PRIM_OK);
    assert_string_equal(look_up("127.0.0.1", "80", 0, 2, 1, 1), "127.0.0.1 80 2");
    assert_int_equal(CALL(&answer, "ResolverGetAddressInfo", text("127.0.0.1"), text("80"),
                          smallint(0), smallint(0), smallint(1), smallint(1)),
                     PRIM_OK);
    assert_int_equal(CALL(&answer, "ResolverGetAddressInfoResult", buffer(23)), PRIM_FAIL);
    assert_int_equal(CALL(&answer, "ResolverGetAddressInfoResult", address), PRIM_OK);
    oop argv[2] = {address, smallint(8080)};
    assert_int_equal(call_name(&fixture, "SocketPlugin", "primitiveSocketAddressSetPort", argv, 1),
                     PRIM_OK);
    assert_int_equal(argv[0], address);
    assert_int_equal(CALL(&answer, "ResolverGetNameInfo", address, smallint(0)), PRIM_OK);
    assert_int_equal(CALL(&answer, "ResolverGetNameInfoHostResult", host), PRIM_OK);
    assert_true(holds(host, "localhost"));
    assert_int_equal(CALL(&answer, "ResolverGetNameInfoServiceSize"), PRIM_OK);
    assert_int_equal(answer, smallint(4));
    assert_int_equal(CALL(&answer, "ResolverGetNameInfoServiceResult", service), PRIM_OK);
    assert_true(holds(service, "8080"));
    for (size_t size = 0; size < 24; size++)
        assert_int_equal(CALL(&answer, "ResolverGetNameInfo",
                              new_bytes_of(&fixture, object_bytes(address), size), smallint(0)),
                         PRIM_FAIL);
    object_bytes(address)[0] ^= 1;
    assert_int_equal(CALL(&answer, "ResolverGetNameInfo", address, smallint(0)), PRIM_FAIL);
    assert_int_equal(CALL(&answer, "ResolverGetNameInfoHostSize"), PRIM_FAIL);
    assert_int_equal(CALL(&answer, "ResolverGetNameInfo", smallint(1), smallint(0)), PRIM_FAIL);
}

static void ipv6_text_is_read_and_written_in_its_short_form(void **state) {
    (void)state;
    static const struct {
        const char *read, *written; /* NULL: not an address */
    } cases[] = {
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:DB8::0001", "2001:db8::1"},
        {"1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::ffff:1.2.3.4", "::ffff:102:304"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"", NULL},
        {":", NULL},
        {":::", NULL},
        {"1", NULL},
        {"1:", NULL},
        {":1", NULL},
        {"1::2::3", NULL},
        {"1:2:3:4:5:6:7", NULL},
        {"1:2:3:4:5:6:7:8:9", NULL},
        {"1:2:3:4:5:6:7:8::", NULL},
        {"12345::", NULL},
        {"::1.2.3", NULL},
        {"::1.2.3.256", NULL},
        {"1:2:3:4:5:6:7:1.2.3.4", NULL},
        {"::g", NULL},
        {"::1%lo", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct address a = {0};
        char written[ADDRESS_TEXT_MAX];
        assert_int_equal(address_parse_v6(cases[i].read, &a), cases[i].written != NULL);
        if (cases[i].written != NULL) {
            address_print(&a, written);
            assert_string_equal(written, cases[i].written);
        }
    }
    struct address all;
    char written[ADDRESS_TEXT_MAX];
    assert_true(address_parse_v6("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", &all));
    address_print(&all, written);
    assert_string_equal(written, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(network_starts_once),
        TEST(local_host_is_the_loopback),
        TEST(only_loopback_and_numbers_have_addresses),
        TEST(only_the_loopback_address_has_a_name),
        TEST(address_information_lists_what_fits_the_hints),
        TEST(socket_addresses_are_of_this_session_only),
        TEST(ipv6_text_is_read_and_written_in_its_short_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
