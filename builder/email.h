/*
 * E-mail addresses, by the rule that helm lint applies to maintainers.
 * Source: github.com/asaskevich/govalidator a9d515a09cc2, IsEmail() and the pattern Email.
 */
#ifndef BUILDER_EMAIL_H
#define BUILDER_EMAIL_H

#include <stdbool.h>
#include <stddef.h>

/**
 * email_check(text, len): true for what IsEmail() takes.
 *
 * A local part, dotted or quoted, "@", and a domain of at least two labels; letters beyond ASCII
 * are allowed in both. text: UTF-8, any length, untrusted; what is not UTF-8 is refused. Linear
 * time; pure.
 */
bool email_check(const char *text, size_t len);

#endif
