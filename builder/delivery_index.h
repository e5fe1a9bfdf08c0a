/*
 * index.json as it is written: the order of its entries, and what they are called for other tools.
 * Source: design formats.md 1.1; reference signing.md 2.5.
 */
#ifndef BUILDER_DELIVERY_INDEX_H
#define BUILDER_DELIVERY_INDEX_H

#include "common/index.h"

/**
 * delivery_index_settle(x, err): sorts the entries, and sets every ref.name and kind.
 *
 * Names come first, by (repository, tag), each followed by its legacy signatures, then by its other
 * referrers, by digest; then the rest by digest. An entry with has_subject belongs to the name with
 * that digest, the first of several. A name's ref.name is its tag where that is unique, else
 * repository (with "/" as "-"), "-", tag: other tools address a layout by it alone. An entry
 * without a tag keeps its ref.name where that makes it a signature or a list of referrers, and
 * loses any other. Kinds are written where one artifact alone is named and signed: with several,
 * cosign verify --local-image would check the first and say yes.
 *
 * ERR_CHART where two ref.names would be the same, ERR_FORMAT where one is no tag, ERR_LIMIT over
 * LIMIT_INDEX_ENTRIES_MAX. The same entries in any order give the same index.
 */
int delivery_index_settle(struct index *x, struct error *err) MUST_CHECK;

#endif
