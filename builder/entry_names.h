/*
 * What the entries of another tool's index.json are to be called in the registry.
 * Source: design formats.md 1.4.
 */
#ifndef BUILDER_ENTRY_NAMES_H
#define BUILDER_ENTRY_NAMES_H

#include "common/index.h"
#include "common/options.h"

/**
 * entry_names_apply(x, names, notes, err): gives the entries of x their repository and tag.
 *
 * names are "DIGEST=REPOSITORY:TAG" or "REFNAME=REPOSITORY:TAG", the source as it stands in
 * index.json: the first for an entry takes the place of the name that it had, each further one is
 * one more entry. An entry that then has no name gets that of a ref.name of the form
 * REPOSITORY:TAG; one that has none even so, and the digest of another that has, is left out, with
 * a line in notes. What a
 * ref.name makes a signature or a list of referrers is no name. ERR_USAGE for a name against its
 * grammar, one that is nobody's or one for something that is no artifact of its own. x may have
 * changed after a failure.
 */
int entry_names_apply(struct index *x, const struct option_list *names, struct buf *notes,
    struct error *err) MUST_CHECK;

#endif
