/*
 * `ssh-keygen -Y sign` as a child: the only program that builder ever starts. So the keys of an
 * agent and of FIDO tokens can seal, while they never enter this process, and no socket does.
 *
 * The child is /usr/bin/ssh-keygen, started without a shell. It gets the message as standard input,
 * a pipe each for what it says, no other descriptor, and of the environment a fixed PATH and locale
 * and what asking a person needs: HOME, SSH_AUTH_SOCK, SSH_SK_PROVIDER, SSH_ASKPASS,
 * SSH_ASKPASS_REQUIRE, DISPLAY, WAYLAND_DISPLAY, XAUTHORITY. It keeps the terminal: passphrases and
 * PINs are asked for there, by it.
 * Source: ssh-keygen(1), "-Y sign"; design formats.md 4.
 */
#ifndef BUILDER_SSH_KEYGEN_H
#define BUILDER_SSH_KEYGEN_H

#include "common/buf.h"
#include "common/error.h"

/**
 * ssh_keygen_sign(out, key_file, name_space, message, len, err): appends the signature file that it
 * writes, whatever that is: out has a cap, and the caller verifies what is in it.
 *
 * key_file is a private key, or a public one whose private half is beside it or in an agent. Waits
 * for as long as the child does: a person may have to find a token. Signals must be held
 * (common/interrupt.h): one that comes ends the child and is ERR_INTERRUPTED. ERR_KEY with the exit
 * status and what the child wrote to standard error where it does not exit with 0; ERR_SYSTEM where
 * it cannot be started.
 */
int ssh_keygen_sign(struct buf *out, const char *key_file, const char *name_space,
    const void *message, size_t len, struct error *err) MUST_CHECK;

#endif
