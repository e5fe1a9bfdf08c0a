/*
 * The subcommands of builder, one file each.
 */
#ifndef BUILDER_COMMANDS_H
#define BUILDER_COMMANDS_H

#include "common/command.h"

extern const struct command command_build;
extern const struct command command_inspect;
extern const struct command command_key;
extern const struct command command_keygen;
extern const struct command command_lint;
extern const struct command command_seal;
extern const struct command command_sign;
extern const struct command command_trust;
extern const struct command command_verify;
extern const struct command command_version;

#endif
