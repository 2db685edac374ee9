/* SPDX-License-Identifier: MIT */
/* The scalar members of one JSON object. */
#include <string.h>

#include "../../core/base/text.h"
#include "fields.h"

void
sts_fields_begin(struct sts_fields *f)
{
	f->whole = f->len = 0;
	f->text[STS_FIELDS_MAX] = '\0';
}

/* Append to the member that is being read; one that failed stays full, so that
 * it never ends. */
static bool
append(struct sts_fields *f, const void *p, size_t n)
{
	if (n > STS_FIELDS_MAX - f->len || memchr(p, '\0', n) != NULL) {
		f->len = STS_FIELDS_MAX;
		return false;
	}
	memcpy(f->text + f->len, p, n);
	f->len += n;
	return true;
}

static bool
end_text(struct sts_fields *f)
{
	if (f->len == STS_FIELDS_MAX) {
		return false;
	}
	f->text[f->len++] = '\0';
	return true;
}

bool
sts_fields_add(
    struct sts_fields *f, enum sts_json_event event, struct sts_text text)
{
	switch (event) {
	case STS_JSON_NAME:
		f->len = f->whole;
		return append(f, text.p, text.n) && end_text(f);
	case STS_JSON_PIECE:
		return append(f, text.p, text.n);
	case STS_JSON_TRUE:
		text = sts_text((const uint8_t *)"true", 4);
		break;
	case STS_JSON_FALSE:
		text = sts_text((const uint8_t *)"false", 5);
		break;
	default:
		break;
	}
	if (!append(f, text.p, text.n) || !end_text(f)) {
		return false;
	}
	f->whole = f->len;
	return true;
}

bool
sts_fields_next(const struct sts_fields *f, size_t *at, const char **name,
    const char **value)
{
	if (*at >= f->whole) {
		return false;
	}
	*name = f->text + *at;
	*value = *name + strlen(*name) + 1;
	*at = (size_t)(*value - f->text) + strlen(*value) + 1;
	return true;
}

const char *
sts_fields_get(const struct sts_fields *f, const char *name)
{
	const char *each, *value;
	size_t at = 0;

	while (sts_fields_next(f, &at, &each, &value)) {
		if (strcmp(each, name) == 0) {
			return value;
		}
	}
	return NULL;
}

uint64_t
sts_fields_number(const char *value)
{
	uint64_t number = 0;

	/* 20 digits are what 64 bits have. */
	(void)sts_get_decimal(sts_text_of(value), 20, &number);
	return number;
}
