/*
 * Tags of a push that lead to one manifest, put several at a time where the registry can.
 */
#ifndef PUSHER_TAGS_TOGETHER_H
#define PUSHER_TAGS_TOGETHER_H

#include "pusher/push.h"

/**
 * tags_together(p, registry, err): names of one repository that are to be written with one manifest
 * go in one request, and each tag is then looked at: is_tagged is set of those that lead to it now.
 * The others are left to be put one by one: of a registry that does not know such requests, which
 * the first shows, all of them.
 */
int tags_together(struct push *p, struct registry *registry, struct error *err) MUST_CHECK;

#endif
