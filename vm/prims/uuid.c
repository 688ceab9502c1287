/*
 * uuid.c - UUIDPlugin: a random UUID (RFC 4122, version 4) into the receiver.
 */
#include "values.h"

#define UUID_BYTES 16

static int make_uuid(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 0 || !is_bytes(argv[0]) || num_bytes(argv[0]) != UUID_BYTES)
        return PRIM_FAIL;
    if (is_immutable(argv[0]))
        return PRIM_NO_MODIFICATION;
    uint8_t *uuid = object_bytes(argv[0]);
    platform_entropy(vm->platform, uuid, UUID_BYTES);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40); /* version */
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80); /* variant */
    return PRIM_OK;
}

const struct named_prim named_uuid[] = {
    {"UUIDPlugin", "primitiveMakeUUID", make_uuid},
    {NULL, NULL, NULL},
};
