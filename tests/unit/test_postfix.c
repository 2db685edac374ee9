/* SPDX-License-Identifier: MIT */
/* core/answer/postfix: policy values as an operator writes them. */
#include <string.h>

#include "../../core/answer/postfix.h"
#include "unit.h"

const char unit_name[] = "postfix";

#define OK STS_POSTFIX_OK
#define LEVEL STS_POSTFIX_LEVEL
#define ATTRIBUTE STS_POSTFIX_ATTRIBUTE

static const struct {
	const char *in;
	enum sts_postfix_status want;
} values[] = {
	/* levels */
	{ "none", OK },
	{ "may", OK },
	{ "encrypt", OK },
	{ "fingerprint", OK },
	{ "dane", OK },
	{ "dane-only", OK },
	{ "verify", OK },
	{ "secure", OK },
	{ " , secure , ", OK },
	{ "", LEVEL },
	{ "  ", LEVEL },
	{ "half-dane", LEVEL },
	{ "Secure", LEVEL },
	{ "secure:", LEVEL },
	{ "securematch=a.b", LEVEL },
	{ "{secure}", LEVEL },
	{ "match=a.b", LEVEL },
	/* where an attribute may stand */
	{ "secure match=mx.a.example:.b.example servername=hostname", OK },
	{ "secure,match=nexthop,servername=nexthop", OK },
	{ "verify match=a.b match=c.d", OK },
	{ "fingerprint match=3D:95:34:51|AA:BB", OK },
	{ "encrypt match=a.b", ATTRIBUTE },
	{ "dane match=a.b", ATTRIBUTE },
	{ "may ciphers=high protocols=>=TLSv1.2 exclude=aNULL", OK },
	{ "encrypt protocols=!SSLv2,!SSLv3", ATTRIBUTE },
	{ "encrypt { protocols = !SSLv2, !SSLv3 }", OK },
	{ "secure tafile=/etc/ssl/ta.pem", OK },
	{ "secure tafile=/a tafile=/b", OK },
	{ "dane tafile=/etc/ssl/ta.pem", ATTRIBUTE },
	{ "none ciphers=high", ATTRIBUTE },
	/* unknown, twice, empty, bad */
	{ "secure sni=hostname", ATTRIBUTE },
	{ "secure Match=a.b", ATTRIBUTE },
	{ "secure match", ATTRIBUTE },
	{ "secure match=", ATTRIBUTE },
	{ "secure =a.b", ATTRIBUTE },
	{ "secure ciphers=high ciphers=high", ATTRIBUTE },
	{ "secure servername=hostname servername=hostname", ATTRIBUTE },
	{ "secure servername=a_b", ATTRIBUTE },
	{ "secure servername=192.0.2.1", ATTRIBUTE },
	{ "secure connection_reuse=yes enable_rpk=no", OK },
	{ "secure connection_reuse=maybe", ATTRIBUTE },
	{ "secure enable_rpk=1", ATTRIBUTE },
	/* braces */
	{ "secure { match = a.b }", OK },
	{ "secure {match=a.b}", OK },
	{ "secure {match=a.b},{servername=hostname}", OK },
	{ "secure {match=a.b}{servername=hostname}", ATTRIBUTE },
	{ "secure {match=a.b}x", ATTRIBUTE },
	{ "secure {match=a.b", ATTRIBUTE },
	{ "secure match=a.b}", ATTRIBUTE },
	{ "secure match={a.b}", ATTRIBUTE },
	{ "secure {{match=a.b}}", ATTRIBUTE },
	{ "secure {match={a.b}", ATTRIBUTE },
	{ "secure match={a.b", ATTRIBUTE },
	{ "secure {}", ATTRIBUTE },
	{ "secure { }", ATTRIBUTE },
	{ "secure {match}", ATTRIBUTE },
	{ "secure {", ATTRIBUTE },
	{ "secure }", ATTRIBUTE },
	/* octets */
	{ "secure\tmatch=a.b", LEVEL },
	{ "secure match=a.b\n", ATTRIBUTE },
	{ "secure {match=a.b\r}", ATTRIBUTE },
	{ "secure match=a.b\x7f", ATTRIBUTE },
	{ "secure match=\xc3\xbc.b", ATTRIBUTE },
	/* policy attributes */
	{ "secure match=a.b policy_type=sts policy_domain=a "
	  "mx_host_pattern=*.b mx_host_pattern=c.d "
	  "{ policy_string = version: STSv1 } {policy_string=mode: enforce} "
	  "policy_ttl=86400 policy_failure=validation-failure",
	    OK },
	{ "may policy_type=no-policy-found policy_domain=a.b", OK },
	{ "may policy_type=no-policy-found "
	  "policy_failure=sts-policy-fetch-error",
	    OK },
	{ "may policy_type=no-policy-found policy_failure=sts-policy-invalid",
	    OK },
	{ "may policy_type=no-policy-found policy_failure=sts-webpki-invalid",
	    OK },
	{ "may policy_type=no-policy-found policy_failure=dane-required",
	    ATTRIBUTE },
	{ "may policy_type=sts policy_string=x mx_host_pattern=*a.b",
	    ATTRIBUTE },
	{ "may policy_type=tlsa", ATTRIBUTE },
	{ "may policy_type=sts", ATTRIBUTE },
	{ "may policy_type=sts policy_string=x", ATTRIBUTE },
	{ "may policy_type=sts mx_host_pattern=a.b", ATTRIBUTE },
	{ "may policy_type=sts policy_string=x mx_host_pattern=a.b", OK },
	{ "may policy_string=x mx_host_pattern=a.b policy_type=sts", OK },
	{ "may policy_string=x mx_host_pattern=a.b", ATTRIBUTE },
	{ "may policy_domain=a.b", ATTRIBUTE },
	{ "may policy_ttl=1", ATTRIBUTE },
	{ "may policy_failure=sts-policy-invalid", ATTRIBUTE },
	{ "may policy_type=no-policy-found policy_failure=x", ATTRIBUTE },
	{ "may policy_type=no-policy-found policy_ttl=1d", ATTRIBUTE },
	{ "may policy_type=no-policy-found policy_domain=a.b.", ATTRIBUTE },
	{ "may policy_type=no-policy-found mx_host_pattern=.a.b", ATTRIBUTE },
	{ "may policy_type=no-policy-found mx_host_pattern=*", ATTRIBUTE },
	{ "may policy_type=no-policy-found policy_type=sts", ATTRIBUTE },
};

START_TEST(each_value_is_accepted_or_names_its_fault)
{
	for (size_t i = 0; i < UNIT_COUNT(values); i++) {
		size_t n = strlen(values[i].in);
		uint8_t *p = unit_at_page_end(values[i].in, n);

		unit_int(values[i].in, sts_postfix_check(sts_text(p, n)),
		    values[i].want);
	}
	unit_int("no text", sts_postfix_check(sts_text(NULL, 0)), LEVEL);
	unit_int("NUL",
	    sts_postfix_check(sts_text((const uint8_t *)"may ciphers=\0", 13)),
	    ATTRIBUTE);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_value_is_accepted_or_names_its_fault);
}
