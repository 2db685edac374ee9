/* SPDX-License-Identifier: MIT */
/*
 * Labels of names that are not all ASCII, made A-labels in the way of Postfix,
 * which has ICU do it by UTS #46 (`enable_idna2003_compatibility = no`, its
 * default since 3.2): mapped and normalized (uts46.h), then Punycode-encoded.
 *
 * Whoever writes an address chooses its spelling, and the mail goes where
 * Postfix's answer points. So the result is either what ICU makes of a label,
 * or "cannot tell", and in no case another name. It is "cannot tell" where ICU
 * reports an error, whichever of its checks that is, since another version of
 * it may not; and where the result is no label of a host name.
 *
 * Not checked, because Postfix does not ask ICU to: joiners in context, Bidi.
 */
#ifndef STS_IDNA_H
#define STS_IDNA_H

#include "../base/bytes.h"
#include "../base/name.h"

/* How many bytes at the start of t are a label separator: 1 for ".", 3 for
 * U+3002, U+FF0E and U+FF61 (UTS #46 maps them to "."), 0 for none. */
size_t sts_idna_dot(struct sts_text t);

/*
 * Write the A-label or ASCII label for `label` (UTF-8, without separators) to
 * out, lower-case. Returns its length, 1..STS_LABEL_MAX; 0: cannot tell, and
 * out is unspecified. If `label` is, or maps to, an A-label, that must be the
 * encoding of the label that it stands for. O(label.n squared), but of at most
 * STS_UTS46_POINTS characters.
 */
size_t sts_idna_label(uint8_t out[STS_LABEL_MAX], struct sts_text label);

#endif
