/*
 * resolver.c - SocketPlugin's resolver, for a mote that has no network: its own
 * name and addresses written as numbers are all that resolves. Images ask for
 * the local address even if they never open a socket (UUIDs are made from it).
 *
 * Answers are there at once; the semaphore is signalled all the same, because
 * images wait for it. Arguments are counted from the last, as plugins do.
 * Source: SocketPlugin and its unix part; RFC 6761 for "localhost".
 */
#include "resolver_state.h"
#include "tables.h"
#include "values.h"

#include <stdio.h>

#define LOOPBACK_NAME "localhost"
#define RESOLVER_NOT_FOUND 1 /* HOST_NOT_FOUND of netdb.h */

enum resolver_status { STATUS_UNINITIALISED = 0, STATUS_SUCCESS = 1, STATUS_ERROR = 3 };
enum { FLAG_NUMERIC = 1, FLAG_PASSIVE = 2 };
enum { FAMILY_ANY = 0, FAMILY_LOCAL = 1, FAMILY_INET4 = 2, FAMILY_INET6 = 3 };
enum { TYPE_STREAM = 1, TYPE_DATAGRAM = 2 };
enum { PROTOCOL_TCP = 1, PROTOCOL_UDP = 2 };

static const struct address loopback_4 = {.bytes = {127, 0, 0, 1}};
static const struct address loopback_6 = {.v6 = true, .bytes = {[15] = 1}};

/* ---- State ------------------------------------------------------------------------ */

static struct resolver_state *open_state(struct vm *vm) {
    if (vm->resolver_state != NULL)
        return vm->resolver_state;
    struct resolver_state *s = platform_reserve(vm->platform, 0, sizeof *s);
    if (s == NULL)
        return NULL;
    if (platform_commit(vm->platform, s, sizeof *s) != 0) {
        platform_unreserve(vm->platform, s, sizeof *s);
        return NULL;
    }
    vm->resolver_state = s;
    return s;
}

void resolver_state_close(struct vm *vm) {
    if (vm->resolver_state != NULL)
        platform_unreserve(vm->platform, vm->resolver_state, sizeof(struct resolver_state));
    vm->resolver_state = NULL;
}

static void done(struct vm *vm) {
    const struct resolver_state *s = vm->resolver_state;
    vm_post_event(vm, s->semaphore);
}

/* ---- Helpers ---------------------------------------------------------------------- */

static bool is_loopback_name(const char *name) {
    const char *wanted = LOOPBACK_NAME;
    while (*wanted != 0 && (*name | 0x20) == *wanted)
        name++, wanted++;
    return *wanted == 0 && (name[0] == 0 || (name[0] == '.' && name[1] == 0));
}

/* A bytes object as a C string. False: too long, or with a zero inside. */
static bool read_text(oop o, char out[RESOLVER_NAME_MAX + 1]) {
    uint64_t size = num_bytes(o);
    if (size > RESOLVER_NAME_MAX || memchr(object_bytes(o), 0, size) != NULL)
        return false;
    memcpy(out, object_bytes(o), size);
    out[size] = 0;
    return true;
}

static int answer_text(struct vm *vm, oop *argv, const char *text) {
    return prim_answer(argv, heap_new_string(&vm->heap, text, strlen(text)));
}

static int answer_v4(struct vm *vm, oop *argv, const struct address *a) {
    oop bytes = heap_new_bytes(&vm->heap, 4, CLASS_INDEX_BYTE_ARRAY);
    if (bytes != 0)
        memcpy(object_bytes(bytes), a->bytes, 4);
    return prim_answer(argv, bytes);
}

/* Copy into the image's buffer, which may be larger. data == NULL: there is
 * nothing to copy, which fails. */
static int fill(oop buffer, const void *data, size_t size) {
    if (!is_bytes(buffer))
        return PRIM_BAD_ARGUMENT;
    if (data == NULL || num_bytes(buffer) < size)
        return PRIM_FAIL;
    if (is_immutable(buffer))
        return PRIM_NO_MODIFICATION;
    memcpy(object_bytes(buffer), data, size);
    return PRIM_OK;
}

/* ---- The network and its state ------------------------------------------------------ */

static int prim_initialize(struct vm *vm, oop *argv, unsigned argc) {
    oop semaphore = from_last(argv, argc, 0);
    if (!is_smallint(semaphore))
        return PRIM_BAD_ARGUMENT;
    struct resolver_state *s = open_state(vm);
    if (s == NULL)
        return PRIM_NO_C_MEMORY;
    if (s->session != 0)
        return PRIM_OK;
    do {
        platform_entropy(vm->platform, &s->session, sizeof s->session);
        s->session &= INT32_MAX;
    } while (s->session == 0);
    int64_t index = smallint_value(semaphore);
    s->semaphore = index > 0 && index <= UINT32_MAX ? (uint32_t)index : 0;
    return PRIM_OK;
}

static int prim_status(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct resolver_state *s = vm->resolver_state;
    enum resolver_status status = STATUS_UNINITIALISED;
    if (s != NULL && s->session != 0)
        status = s->error != 0 ? STATUS_ERROR : STATUS_SUCCESS;
    return prim_answer(argv, smallint(status));
}

static int prim_error(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct resolver_state *s = vm->resolver_state;
    return prim_answer(argv, smallint(s == NULL ? 0 : s->error));
}

/* Every lookup has ended before its primitive returns. */
static int prim_abort(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    (void)argv;
    (void)argc;
    return PRIM_OK;
}

static int prim_local_address(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return answer_v4(vm, argv, &loopback_4);
}

static int prim_host_name_size(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    (void)argc;
    return prim_answer(argv, smallint((int64_t)strlen(LOOPBACK_NAME)));
}

static int prim_host_name(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    return fill(from_last(argv, argc, 0), LOOPBACK_NAME, strlen(LOOPBACK_NAME));
}

/* ---- Lookup by name or address ------------------------------------------------------ */

static int prim_start_name(struct vm *vm, oop *argv, unsigned argc) {
    oop name = from_last(argv, argc, 0);
    if (!is_bytes(name))
        return PRIM_BAD_ARGUMENT;
    struct resolver_state *s = open_state(vm);
    if (s == NULL)
        return PRIM_NO_C_MEMORY;
    uint64_t size = num_bytes(name) < RESOLVER_NAME_MAX ? num_bytes(name) : RESOLVER_NAME_MAX;
    memcpy(s->name, object_bytes(name), size);
    s->name[size] = 0;
    s->error = 0;
    s->address = loopback_4;
    if (!is_loopback_name(s->name) && !address_parse_v4(s->name, &s->address)) {
        s->address = (struct address){0};
        s->error = RESOLVER_NOT_FOUND;
    }
    done(vm);
    return PRIM_OK;
}

static int prim_name_result(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct resolver_state *s = vm->resolver_state;
    struct address none = {0};
    return answer_v4(vm, argv, s == NULL ? &none : &s->address);
}

static int prim_start_address(struct vm *vm, oop *argv, unsigned argc) {
    oop bytes = from_last(argv, argc, 0);
    if (!is_bytes(bytes))
        return PRIM_BAD_ARGUMENT;
    if (num_bytes(bytes) != 4)
        return PRIM_FAIL;
    struct resolver_state *s = open_state(vm);
    if (s == NULL)
        return PRIM_NO_C_MEMORY;
    bool known = memcmp(object_bytes(bytes), loopback_4.bytes, 4) == 0;
    s->error = known ? 0 : RESOLVER_NOT_FOUND;
    strcpy(s->name, known ? LOOPBACK_NAME : "");
    return PRIM_OK;
}

static int prim_address_result(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct resolver_state *s = vm->resolver_state;
    return answer_text(vm, argv, s == NULL ? "" : s->name);
}

/* ---- Addresses and services --------------------------------------------------------- */

/* Services are told by number: there is no list of their names. */
static bool read_port(const char *text, uint16_t *out) {
    unsigned n = 0;
    for (; *text >= '0' && *text <= '9' && n <= UINT16_MAX; text++)
        n = n * 10 + (unsigned)(*text - '0');
    *out = (uint16_t)n;
    return *text == 0 && n <= UINT16_MAX;
}

static void add(struct resolver_state *s, int64_t family, const struct address *a, uint16_t port) {
    if (family != FAMILY_ANY && family != (a->v6 ? FAMILY_INET6 : FAMILY_INET4))
        return;
    struct address *new = &s->found[s->found_count++];
    *new = *a;
    new->port = port;
}

/* No result is no failure: the image sees that there is none. */
static void find_addresses(struct resolver_state *s, const char *host, const char *service,
                           int64_t flags, int64_t family) {
    static const struct address any_4 = {0}, any_6 = {.v6 = true};
    struct address a = {0};
    uint16_t port;
    if (!read_port(service, &port) || (*host == 0 && *service == 0))
        return;
    if (*host == 0 || (is_loopback_name(host) && !(flags & FLAG_NUMERIC))) {
        bool any = *host == 0 && (flags & FLAG_PASSIVE);
        add(s, family, any ? &any_6 : &loopback_6, port);
        add(s, family, any ? &any_4 : &loopback_4, port);
    } else if (address_parse_v4(host, &a) || address_parse_v6(host, &a)) {
        add(s, family, &a, port);
    }
}

static int prim_get_address_info(struct vm *vm, oop *argv, unsigned argc) {
    char host[RESOLVER_NAME_MAX + 1], service[RESOLVER_NAME_MAX + 1];
    int64_t numbers[4];
    if (argc < 5)
        return PRIM_BAD_ARGUMENT;
    for (unsigned i = 0; i < 4; i++) {
        if (!is_smallint(from_last(argv, argc, i)))
            return PRIM_BAD_ARGUMENT;
        numbers[i] = smallint_value(from_last(argv, argc, i));
    }
    int64_t protocol = numbers[0], type = numbers[1], family = numbers[2], flags = numbers[3];
    oop service_oop = from_last(argv, argc, 4), host_oop = from_last(argv, argc, 5);
    if (!is_bytes(service_oop) || !is_bytes(host_oop))
        return PRIM_BAD_ARGUMENT;
    struct resolver_state *s = vm->resolver_state;
    if (s == NULL || s->session == 0)
        return PRIM_FAIL;
    s->found_count = s->found_at = 0;
    if (!read_text(host_oop, host) || !read_text(service_oop, service))
        return PRIM_FAIL;
    if (family < FAMILY_ANY || family > FAMILY_INET6 || type < TYPE_STREAM ||
        type > TYPE_DATAGRAM || protocol < PROTOCOL_TCP || protocol > PROTOCOL_UDP)
        return PRIM_FAIL;
    s->found_type = type;
    s->found_protocol = protocol;
    if ((type == TYPE_STREAM) == (protocol == PROTOCOL_TCP) && family != FAMILY_LOCAL)
        find_addresses(s, host, service, flags, family);
    done(vm);
    return PRIM_OK;
}

static const struct address *current(struct vm *vm) {
    const struct resolver_state *s = vm->resolver_state;
    return s != NULL && s->found_at < s->found_count ? &s->found[s->found_at] : NULL;
}

static int prim_info_size(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct address *a = current(vm);
    return prim_answer(argv, smallint(a == NULL ? -1 : (int64_t)address_size(a)));
}

static int prim_info_result(struct vm *vm, oop *argv, unsigned argc) {
    uint8_t bytes[ADDRESS_SOCKET_MAX];
    const struct resolver_state *s = vm->resolver_state;
    const struct address *a = current(vm);
    if (a == NULL)
        return fill(from_last(argv, argc, 0), NULL, 0);
    size_t size = address_write(a, s->session, bytes);
    return fill(from_last(argv, argc, 0), bytes, size);
}

static int prim_info_family(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct address *a = current(vm);
    return a == NULL ? PRIM_FAIL : prim_answer(argv, smallint(a->v6 ? FAMILY_INET6 : FAMILY_INET4));
}

static int prim_info_type(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct resolver_state *s = vm->resolver_state;
    return current(vm) == NULL ? PRIM_FAIL : prim_answer(argv, smallint(s->found_type));
}

static int prim_info_protocol(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const struct resolver_state *s = vm->resolver_state;
    return current(vm) == NULL ? PRIM_FAIL : prim_answer(argv, smallint(s->found_protocol));
}

static int prim_info_next(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    struct resolver_state *s = vm->resolver_state;
    if (current(vm) != NULL)
        s->found_at++;
    return prim_answer(argv, boolean(vm, current(vm) != NULL));
}

/* ---- Names of socket addresses -------------------------------------------------------- */

static bool read_address(struct vm *vm, oop o, struct address *out) {
    const struct resolver_state *s = vm->resolver_state;
    return s != NULL && is_bytes(o) && address_read(object_bytes(o), num_bytes(o), s->session, out);
}

static int prim_get_name_info(struct vm *vm, oop *argv, unsigned argc) {
    oop flags = from_last(argv, argc, 0);
    struct address a;
    if (argc < 1 || !is_smallint(flags))
        return PRIM_BAD_ARGUMENT;
    struct resolver_state *s = vm->resolver_state;
    if (s != NULL)
        s->info_valid = false;
    if (!read_address(vm, from_last(argv, argc, 1), &a))
        return PRIM_FAIL;
    if (address_is_loopback(&a) && !(smallint_value(flags) & FLAG_NUMERIC))
        strcpy(s->info_host, LOOPBACK_NAME);
    else
        address_print(&a, s->info_host);
    snprintf(s->info_service, sizeof s->info_service, "%u", a.port);
    s->info_valid = true;
    done(vm);
    return PRIM_OK;
}

static const struct resolver_state *valid_info(struct vm *vm) {
    const struct resolver_state *s = vm->resolver_state;
    return s != NULL && s->info_valid ? s : NULL;
}

#define INFO_TEXT(field)                                                              \
    static int prim_##field##_size(struct vm *vm, oop *argv, unsigned argc) {         \
        (void)argc;                                                                   \
        const struct resolver_state *s = valid_info(vm);                              \
        if (s == NULL)                                                                \
            return PRIM_FAIL;                                                         \
        return prim_answer(argv, smallint((int64_t)strlen(s->field)));                \
    }                                                                                 \
    static int prim_##field##_result(struct vm *vm, oop *argv, unsigned argc) {       \
        const struct resolver_state *s = valid_info(vm);                              \
        const char *text = s == NULL ? NULL : s->field;                               \
        return fill(from_last(argv, argc, 0), text, text == NULL ? 0 : strlen(text)); \
    }
INFO_TEXT(info_host)
INFO_TEXT(info_service)

static int prim_get_port(struct vm *vm, oop *argv, unsigned argc) {
    struct address a;
    if (!read_address(vm, from_last(argv, argc, 0), &a))
        return PRIM_FAIL;
    return prim_answer(argv, smallint(a.port));
}

static int prim_set_port(struct vm *vm, oop *argv, unsigned argc) {
    oop port = from_last(argv, argc, 0);
    struct address a;
    if (argc < 1 || !is_smallint(port))
        return PRIM_BAD_ARGUMENT;
    oop bytes = from_last(argv, argc, 1);
    if (!read_address(vm, bytes, &a))
        return PRIM_FAIL;
    if (is_immutable(bytes))
        return PRIM_NO_MODIFICATION;
    const struct resolver_state *s = vm->resolver_state;
    a.port = (uint16_t)smallint_value(port);
    address_write(&a, s->session, object_bytes(bytes));
    return PRIM_OK;
}

#define MODULE "SocketPlugin"
const struct named_prim named_resolver[] = {
    {MODULE, "primitiveInitializeNetwork", prim_initialize},
    {MODULE, "primitiveResolverStatus", prim_status},
    {MODULE, "primitiveResolverError", prim_error},
    {MODULE, "primitiveResolverAbortLookup", prim_abort},
    {MODULE, "primitiveResolverLocalAddress", prim_local_address},
    {MODULE, "primitiveResolverHostNameSize", prim_host_name_size},
    {MODULE, "primitiveResolverHostNameResult", prim_host_name},
    {MODULE, "primitiveResolverStartNameLookup", prim_start_name},
    {MODULE, "primitiveResolverNameLookupResult", prim_name_result},
    {MODULE, "primitiveResolverStartAddressLookup", prim_start_address},
    {MODULE, "primitiveResolverAddressLookupResult", prim_address_result},
    {MODULE, "primitiveResolverGetAddressInfo", prim_get_address_info},
    {MODULE, "primitiveResolverGetAddressInfoSize", prim_info_size},
    {MODULE, "primitiveResolverGetAddressInfoResult", prim_info_result},
    {MODULE, "primitiveResolverGetAddressInfoFamily", prim_info_family},
    {MODULE, "primitiveResolverGetAddressInfoType", prim_info_type},
    {MODULE, "primitiveResolverGetAddressInfoProtocol", prim_info_protocol},
    {MODULE, "primitiveResolverGetAddressInfoNext", prim_info_next},
    {MODULE, "primitiveResolverGetNameInfo", prim_get_name_info},
    {MODULE, "primitiveResolverGetNameInfoHostSize", prim_info_host_size},
    {MODULE, "primitiveResolverGetNameInfoHostResult", prim_info_host_result},
    {MODULE, "primitiveResolverGetNameInfoServiceSize", prim_info_service_size},
    {MODULE, "primitiveResolverGetNameInfoServiceResult", prim_info_service_result},
    {MODULE, "primitiveSocketAddressGetPort", prim_get_port},
    {MODULE, "primitiveSocketAddressSetPort", prim_set_port},
    {NULL, NULL, NULL},
};
