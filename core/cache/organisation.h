/* SPDX-License-Identifier: MIT */
/* Which organisation a domain belongs to, by a small rule. */
#ifndef STS_ORGANISATION_H
#define STS_ORGANISATION_H

#include "../base/bytes.h"

/*
 * The part of a domain (lower-case, valid) that names its organisation: the
 * last two labels, three below a country code's second level such as co.uk;
 * all of it when it has no more labels. A suffix of domain.
 *
 * This is not the public suffix list: it only decides which domains share one
 * share of the cache. Where it takes too little of the name, unrelated domains
 * share; where it takes too much, one owner gets several shares: whoever has
 * ltd.de has as many as somebody who registers many domains.
 */
struct sts_text sts_organisation(struct sts_text domain);

#endif
