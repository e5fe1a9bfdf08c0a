/*
 * The commands of pusher, as command_run() wants them.
 */
#ifndef PUSHER_COMMANDS_H
#define PUSHER_COMMANDS_H

#include "common/command.h"

extern const struct command command_push;
extern const struct command command_trust;
extern const struct command command_verify;
extern const struct command command_inspect;
extern const struct command command_login;
extern const struct command command_logout;
extern const struct command command_version;

#endif
