/* SPDX-License-Identifier: MIT */
/*
 * The mail hosts of a domain, tried by the engine of `mtasts check`, for
 * `mtasts publish`: whether a policy may be enforced without stopping mail.
 * What the domain publishes now does not count, nor does DANE: mail by an
 * MTA-STS policy needs from every MX host of the DNS, at every address, TLS
 * with a certificate that a public CA has signed for the host's name (RFC 8461
 * 4).
 */
#ifndef STS_CHECK_HOSTS_H
#define STS_CHECK_HOSTS_H

#include "check_findings.h"
#include "check_judge.h"
#include "commands.h"

/*
 * Ask for the MX records of args->word[0] and try each host. Root's rights are
 * given up (configuration key `user`). Other options of `check` count as there.
 * 0, and the facts, which stay; or exit code, and stderr says why.
 */
int sts_check_hosts_try(
    const struct sts_args *args, const struct sts_check_facts **facts);

/* Whether a finding stands against an enforced policy. */
bool sts_check_hosts_counts(const struct sts_check_finding *f);

/*
 * Print on stderr what stands against a policy of these patterns, a line for each
 * host and address. The exit code: 0 nothing, 1 mail would stop, 2 nobody
 * can tell.
 */
int sts_check_hosts_judge(const struct sts_check_facts *facts,
    const struct sts_text *patterns, unsigned count);

#endif
