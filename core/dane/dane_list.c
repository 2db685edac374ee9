/* SPDX-License-Identifier: MIT */
/*
 * The mail hosts of a domain as its MX records list them, and what was found
 * out of each. Names stand one behind another in `names`: the hosts', the end
 * of the domain's alias chain, base domains of TLSA records. The domain's owner
 * decides how many hosts and how long names there are: what has no room is
 * left out, and `more` is set.
 */
#include <string.h>

#include "../base/assert.h"
#include "dane_list.h"

/* The number of the host of this name, or host_count. */
static unsigned
find_host(const struct sts_dane_hosts *d, struct sts_text name)
{
	unsigned i = 0;

	while (i < d->host_count &&
	       !sts_text_same(sts_dane_hosts_name(d, i), name)) {
		i++;
	}
	return i;
}

bool
sts_dane_list_put_name(
    struct sts_dane_hosts *d, struct sts_text name, uint16_t *off, uint8_t *len)
{
	if (name.n > (size_t)(STS_DANE_NAMES - d->names_len)) {
		return false;
	}
	*off = d->names_len;
	*len = (uint8_t)name.n;
	memcpy(d->names + d->names_len, name.p, name.n);
	d->names_len = (uint16_t)(d->names_len + name.n);
	return true;
}

void
sts_dane_list_add(
    struct sts_dane_hosts *d, struct sts_text name, uint16_t preference)
{
	unsigned i = find_host(d, name);
	struct sts_dane_mail_host *h = &d->host[i];

	if (i < d->host_count) {
		if (preference < h->preference) {
			h->preference = preference;
		}
		return;
	}
	if (d->host_count == STS_DANE_HOSTS_MAX) {
		d->more = true;
		return;
	}
	memset(h, 0, sizeof *h);
	h->preference = preference;
	if (sts_dane_list_put_name(d, name, &h->name_off, &h->name_len)) {
		d->host_count++;
	} else {
		d->more = true;
	}
}

/* Keep the end of the domain's alias chain: it is a reference name, too. */
static void
take_nexthop(struct sts_dane_hosts *d, const struct sts_dns_answers *it)
{
	struct sts_dns_host end;
	bool aliased;

	if (d->records != NULL && sts_dns_owner(it, &end, &aliased) &&
	    aliased) {
		sts_dane_list_put_name(d, sts_text(end.name, end.len),
		    &d->nexthop_off, &d->nexthop_len);
	}
}

void
sts_dane_list_take(struct sts_dane_hosts *d, const struct sts_upstream *up)
{
	struct sts_dns_answers it;
	struct sts_dns_rr rr;
	struct sts_dns_mx mx;
	bool root = false;

	d->host_count = 0;
	d->names_len = 0;
	d->more = false;
	d->nexthop_len = 0;
	sts_upstream_answers(up, &it);
	take_nexthop(d, &it);
	while (sts_dns_next(&it, &rr)) {
		if (!sts_dns_mx(&it, &rr, &mx)) {
			d->more = true;
		} else if (mx.exchange.len == 0) {
			root = true;
		} else {
			sts_dane_list_add(d,
			    sts_text(mx.exchange.name, mx.exchange.len),
			    mx.preference);
		}
	}
	d->mx = sts_dane_secure(up) ? STS_DANE_MX_SECURE : STS_DANE_MX_INSECURE;
	if (root && d->host_count == 0 && !d->more) {
		d->mx = STS_DANE_MX_NONE;
	}
}

struct sts_text
sts_dane_hosts_name(const struct sts_dane_hosts *d, unsigned i)
{
	STS_ASSERT(i < d->host_count);
	return sts_text(d->names + d->host[i].name_off, d->host[i].name_len);
}

struct sts_text
sts_dane_hosts_base(const struct sts_dane_hosts *d, unsigned i)
{
	STS_ASSERT(i < d->host_count);
	return d->host[i].base_len > 0
		   ? sts_text(
			 d->names + d->host[i].base_off, d->host[i].base_len)
		   : sts_dane_hosts_name(d, i);
}

struct sts_text
sts_dane_hosts_records(const struct sts_dane_hosts *d, unsigned i)
{
	STS_ASSERT(i < d->host_count);
	STS_ASSERT(d->records != NULL);
	return sts_text(
	    d->records->bytes + d->host[i].records_off, d->host[i].records_len);
}

struct sts_text
sts_dane_hosts_nexthop(const struct sts_dane_hosts *d)
{
	return sts_text(d->names + d->nexthop_off, d->nexthop_len);
}

struct sts_text
sts_dane_hosts_domain(const struct sts_dane_hosts *d)
{
	return sts_text(d->domain, d->domain_len);
}
