/*
 * Addresses of version 6 in text.
 * Source: Go 1.26 net/netip ParseAddr(); RFC 4291 section 2.2.
 */
#ifndef BUILDER_IP_ADDRESS_H
#define BUILDER_IP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * ip_address_check_v6(text, len): true for eight groups of up to four hex digits, where "::" may
 * stand for some and an address of version 4 for the last two. No brackets, no zone. Pure.
 */
bool ip_address_check_v6(const char *text, size_t len);

#endif
