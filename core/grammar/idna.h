/* SPDX-License-Identifier: MIT */
/*
 * Labels of internationalized names (RFC 5890 to 5892, RFC 3492), made fit
 * for the DNS without Unicode's tables.
 *
 * A label of ASCII is lower-cased. One that begins with "xn--" is taken as it
 * is (RFC 5891 5.4 allows it); nobody checks that it decodes to anything.
 * Other labels are U-labels: case-folded, then Punycode-encoded.
 *
 * Limits, all of them on the side of "no such policy": letters fold in Latin
 * (Latin-1, Extended-A, the regular part of Extended-B, Extended Additional),
 * modern Greek, Cyrillic and Armenian only; capitals of other scripts stay what
 * they are. There is no normalization: a label with combining marks of
 * U+0300..036F or conjoining Jamo, which would compose, is refused, as are
 * polytonic Greek, symbols, punctuation, controls, private use, compatibility
 * forms and joiners. Everything else is taken for a letter; the context and
 * Bidi rules are not checked. What IDNA refuses and this does not is a name
 * that no registry has, so asking for it finds nothing.
 */
#ifndef STS_IDNA_H
#define STS_IDNA_H

#include "../base/bytes.h"
#include "../base/name.h"

/* How many bytes at the start of t are a label separator: 1 for ".", 3 for
 * U+3002, U+FF0E and U+FF61 (RFC 3490 3.1), 0 for none. */
size_t sts_idna_dot(struct sts_text t);

/*
 * Write the A-label or ASCII label for `label` (UTF-8, without separators) to
 * out, lower-case. Returns its length, 1..STS_LABEL_MAX; 0: it cannot be a
 * label, or not within 63 octets; out is then unspecified. O(label.n squared),
 * but of at most STS_LABEL_MAX characters.
 */
size_t sts_idna_label(uint8_t out[STS_LABEL_MAX], struct sts_text label);

#endif
