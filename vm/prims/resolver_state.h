/*
 * resolver_state.h - what a VM remembers between resolver primitives.
 *
 * Ownership: made when first needed, freed by resolver_state_close
 * (vm_close calls it).
 */
#ifndef MOTE_PRIMS_RESOLVER_STATE_H
#define MOTE_PRIMS_RESOLVER_STATE_H

#include "address.h"

struct vm;

#define RESOLVER_NAME_MAX 253u /* bytes of a domain name: RFC 1035 */
#define RESOLVER_ADDRESSES 2u  /* a name has at most one of each kind */

struct resolver_state {
    int32_t session;    /* 0 before primitiveInitializeNetwork */
    uint32_t semaphore; /* signalled when a lookup has ended; 0: none */

    /* The last lookup by name or address. */
    int32_t error; /* 0, or RESOLVER_NOT_FOUND */
    char name[RESOLVER_NAME_MAX + 1];
    struct address address;

    /* The last GetAddressInfo: addresses from `next` on are still to be told. */
    struct address found[RESOLVER_ADDRESSES];
    uint32_t found_count, found_at;
    int64_t found_type, found_protocol;

    /* The last GetNameInfo. */
    bool info_valid;
    char info_host[ADDRESS_TEXT_MAX], info_service[8];
};

void resolver_state_close(struct vm *vm);

#endif
