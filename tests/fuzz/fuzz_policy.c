// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as what Dovecot sends, and as what Postfix sends: names come out as text that fits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/api_keys.h"
#include "policy/auth_request.h"
#include "policy/delegation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	if (length == size)
		abort();
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			abort();
}

#define CHECK(member) check_text(member, sizeof(member))

static void check_login(const char *text, size_t size)
{
	struct policy_login login;

	if (!auth_request_read(text, size, 1, &login))
		return;
	CHECK(login.account);
	CHECK(login.session);
	CHECK(login.device);
	CHECK(login.hash);
	if (login.hash_bits != 4 * strlen(login.hash) || login.has_account != (*login.account != 0))
		abort();
}

static void check_mail(const char *text, size_t size)
{
	size_t at = 0;

	for (size_t whole; (whole = delegation_size(text + at, size - at)); at += whole) {
		struct policy_mail mail;
		uint16_t port;

		if (whole > size - at)
			abort();
		if (!delegation_read(text + at, whole, 1, &mail, &port))
			continue;
		CHECK(mail.account);
		CHECK(mail.sender);
		CHECK(mail.recipient);
		CHECK(mail.queue);
		CHECK(mail.instance);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct api_keys keys;
	struct fault fault;

	check_login((const char *)data, size);
	check_mail((const char *)data, size);
	if (!api_keys_read("keys", (const char *)data, size, &keys, &fault) &&
	    !api_keys_match(&keys, keys.keys[0]))
		abort();
	return 0;
}
