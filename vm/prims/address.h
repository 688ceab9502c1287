/*
 * address.h - internet addresses: as text, and as the socket address that an
 * image holds and never looks into.
 *
 * Sources: RFC 4291 and 5952 (IPv6 text), POSIX inet_addr (IPv4 text);
 * SocketPlugin for the 8 bytes before a socket address. What follows these is
 * laid out as Linux does on little-endian machines, so that an image cannot
 * tell.
 */
#ifndef MOTE_PRIMS_ADDRESS_H
#define MOTE_PRIMS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_TEXT_MAX 46u   /* the longest text of an address, its final 0 included */
#define ADDRESS_SOCKET_MAX 36u /* bytes of the longest socket address */

struct address {
    bool v6;
    uint8_t bytes[16]; /* network order; the first four for IPv4 */
    uint16_t port;
};

/* One to four numbers, decimal, octal or hexadecimal, the last one filling what
 * is left: "127.0.0.1", "127.1". The port is left alone. */
bool address_parse_v4(const char *text, struct address *out);
bool address_parse_v6(const char *text, struct address *out);
void address_print(const struct address *a, char out[ADDRESS_TEXT_MAX]);

/* 127.0.0.0/8 or ::1 */
bool address_is_loopback(const struct address *a);

/* A socket address of this session; the session is what makes those of an
 * earlier run invalid. write answers its size, read whether it is valid. */
size_t address_size(const struct address *a);
size_t address_write(const struct address *a, int32_t session, uint8_t *out);
bool address_read(const uint8_t *bytes, size_t size, int32_t session, struct address *out);

#endif
