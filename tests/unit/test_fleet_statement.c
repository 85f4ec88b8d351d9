// SPDX-License-Identifier: GPL-2.0-or-later
/* A fleet's batches: sealed, signed, opened; every change of one is refused; chains of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fleet/chain.h"
#include "fleet/statement.h"

#define NOW_MS 1795000000000LL

static struct fleet_signer signer, other;
static struct fleet_secret secret, other_secret;

static int make_keys(void **state)
{
	static const uint8_t bytes[FLEET_KEY_SIZE] = "a secret of the fleet";
	static const uint8_t others[FLEET_KEY_SIZE] = "another secret";

	(void)state;
	if (!fleet_crypto_ready())
		return -1;
	memset(signer.seed, 1, sizeof(signer.seed));
	memset(other.seed, 2, sizeof(other.seed));
	fleet_signer_derive(&signer);
	fleet_signer_derive(&other);
	fleet_secret_derive(bytes, &secret);
	fleet_secret_derive(others, &other_secret);
	return 0;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix), 0);
	return prefix;
}

static struct fleet_batch some_batch(void)
{
	struct fleet_batch batch = {
		.incarnation = 7, .sequence = 3, .made_ms = NOW_MS, .count = 3
	};

	memset(batch.previous, 9, sizeof(batch.previous));
	batch.statements[0] = (struct fleet_statement){ .kind = FLEET_BAN,
							.prefix = prefix_of("203.0.113.7/32"),
							.services = BAN_LOGIN,
							.rule = 1,
							.time_ms = NOW_MS + 5000 };
	batch.statements[1] = (struct fleet_statement){ .kind = FLEET_REVOKE,
							.prefix = prefix_of("2001:db8::/64"),
							.services = BAN_ALL };
	batch.statements[2] = (struct fleet_statement){ .kind = FLEET_SIGHTING,
							.prefix = prefix_of("198.51.100.0/24"),
							.time_ms = NOW_MS,
							.sight = FLEET_SIGHT_LOGIN,
							.provider = 64500,
							.country = 5 };
	fleet_account(&secret, "Bob@Example.com", batch.statements[2].account);
	return batch;
}

static void test_what_is_sealed_is_opened(void **state)
{
	struct fleet_batch batch = some_batch(), opened;
	uint8_t bytes[FLEET_BATCH_SIZE];
	struct fleet_header header;
	size_t size = fleet_batch_seal(&batch, &signer, &secret, bytes);
	const struct fleet_secret both[] = { other_secret, secret };

	(void)state;
	assert_int_equal(fleet_header_read(bytes, size, &header), 0);
	assert_int_equal(header.incarnation, 7);
	assert_int_equal(header.sequence, 3);
	assert_int_equal(fleet_batch_open(bytes, size, signer.public, both, 2, &opened), 0);
	assert_int_equal(opened.made_ms, NOW_MS);
	assert_int_equal(opened.count, 3);
	assert_memory_equal(opened.previous, batch.previous, sizeof(batch.previous));
	for (size_t i = 0; i < 3; i++)
		assert_memory_equal(&opened.statements[i], &batch.statements[i],
				    sizeof(batch.statements[i]));
}

static void test_the_engine_reads_nothing(void **state)
{
	struct fleet_batch batch = some_batch();
	uint8_t bytes[FLEET_BATCH_SIZE], again[FLEET_BATCH_SIZE];
	size_t size = fleet_batch_seal(&batch, &signer, &secret, bytes);

	(void)state;
	assert_null(memmem(bytes, size, batch.statements[0].prefix.address.byte + 10, 6));
	assert_null(memmem(bytes, size, batch.statements[2].account, FLEET_ACCOUNT_SIZE));
	/* nor can it tell that two say the same */
	assert_int_equal(fleet_batch_seal(&batch, &signer, &secret, again), size);
	assert_memory_not_equal(bytes + 60, again + 60, 60);
}

static void test_accounts_are_keyed_and_folded(void **state)
{
	uint8_t a[FLEET_ACCOUNT_SIZE], b[FLEET_ACCOUNT_SIZE];

	(void)state;
	fleet_account(&secret, "Bob@Example.com", a);
	fleet_account(&secret, "bob@example.COM", b);
	assert_memory_equal(a, b, sizeof(a));
	fleet_account(&other_secret, "bob@example.com", b);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void test_each_changed_bit_is_refused(void **state)
{
	struct fleet_batch batch = some_batch(), opened;
	uint8_t bytes[FLEET_BATCH_SIZE];
	size_t size = fleet_batch_seal(&batch, &signer, &secret, bytes);

	(void)state;
	for (size_t i = 0; i < size * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1U << i % 8);
		assert_int_not_equal(
			fleet_batch_open(bytes, size, signer.public, &secret, 1, &opened), 0);
		bytes[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t i = 0; i < size; i++)
		assert_int_not_equal(fleet_batch_open(bytes, i, signer.public, &secret, 1, &opened),
				     0);
}

static void test_other_keys_are_refused_by_name(void **state)
{
	struct fleet_batch batch = some_batch(), opened;
	uint8_t bytes[FLEET_BATCH_SIZE + 1] = { 0 };
	size_t size = fleet_batch_seal(&batch, &signer, &secret, bytes);

	(void)state;
	assert_int_equal(fleet_batch_open(bytes, size, other.public, &secret, 1, &opened),
			 -EKEYREJECTED);
	assert_int_equal(fleet_batch_open(bytes, size, signer.public, &other_secret, 1, &opened),
			 -ENOKEY);
	assert_int_equal(fleet_batch_open(bytes, sizeof(bytes), signer.public, &secret, 1, &opened),
			 -EPROTO);
}

/* Signs whatever payload, as a traitor would. */
static size_t sign_payload(const uint8_t *payload, size_t size, uint8_t *bytes)
{
	struct fleet_batch batch = some_batch();
	uint8_t whole[FLEET_BATCH_SIZE];

	fleet_batch_seal(&batch, &signer, &secret, whole);
	memcpy(bytes, whole, 52);
	fleet_seal(secret.seal, bytes + 28, bytes, 28, payload, size, bytes + 52);
	fleet_sign(&signer, bytes, 52 + size + FLEET_TAG_SIZE, bytes + 52 + size + FLEET_TAG_SIZE);
	return 52 + size + FLEET_TAG_SIZE + FLEET_SIGNATURE_SIZE;
}

/* One ban; each of these changes makes it none. */
static void test_what_a_member_signs_is_checked_all_the_same(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} changes[] = {
		{ 40, 0 },			      /* no statement */
		{ 40, 2 },			      /* fewer than it says */
		{ 40, 255 },			      /* more than fit */
		{ 41, 0 },   { 41, 9 },		      /* no kind */
		{ 42, 26 },  { 42, 28 }, { 42, 255 }, /* another size */
		{ 43, 129 },			      /* a length that there is not */
		{ 43, 100 },			      /* bits beyond it */
		{ 60, 0 },   { 60, 4 },		      /* no services, unknown ones */
		{ 62, 255 },			      /* a time beyond all clocks */
		{ 32, 255 },
	};
	uint8_t payload[70] = { 0 }, bytes[FLEET_BATCH_SIZE];
	struct fleet_batch opened;

	(void)state;
	payload[40] = 1;
	payload[41] = FLEET_BAN;
	payload[42] = 27;
	payload[43] = 128;
	memcpy(payload + 44, prefix_of("203.0.113.7/32").address.byte, 16);
	payload[60] = BAN_LOGIN;
	for (size_t i = 0; i <= sizeof(changes) / sizeof(*changes); i++) {
		bool whole = i == sizeof(changes) / sizeof(*changes);
		uint8_t kept = payload[whole ? 0 : changes[i].at];
		size_t size;

		if (!whole)
			payload[changes[i].at] = changes[i].value;
		size = sign_payload(payload, sizeof(payload), bytes);
		payload[whole ? 0 : changes[i].at] = kept;
		if (fleet_batch_open(bytes, size, signer.public, &secret, 1, &opened) !=
		    (whole ? 0 : -EPROTO))
			fail_msg("change %zu", i);
	}
}

/* ---- chains ---- */

static enum chain_verdict feed(struct fleet_chain *chain, uint64_t incarnation, uint64_t sequence,
			       uint8_t previous, uint8_t own)
{
	struct fleet_batch batch = { .incarnation = incarnation, .sequence = sequence };
	struct fleet_header header = { .incarnation = incarnation, .sequence = sequence };
	uint8_t hash[FLEET_HASH_SIZE];
	enum chain_verdict verdict;

	memset(hash, own, sizeof(hash));
	memset(batch.previous, previous, sizeof(batch.previous));
	verdict = chain_look(chain, &header, hash);
	return verdict == CHAIN_NEW ? chain_take(chain, &batch, hash) : verdict;
}

static void test_a_chain_goes_forward_only(void **state)
{
	static struct fleet_chain chain;

	(void)state;
	memset(&chain, 0, sizeof(chain));
	assert_int_equal(feed(&chain, 5, 10, 77, 1), CHAIN_NEW); /* trimmed before */
	assert_int_equal(feed(&chain, 5, 11, 1, 2), CHAIN_NEW);
	assert_int_equal(feed(&chain, 5, 11, 1, 2), CHAIN_SEEN);
	assert_int_equal(feed(&chain, 5, 9, 1, 2), CHAIN_SEEN);
	assert_int_equal(feed(&chain, 5, 14, 77, 3), CHAIN_NEW);
	assert_int_equal(chain.missing, 2);
	assert_int_equal(feed(&chain, 5, 12, 2, 4), CHAIN_SEEN); /* it came too late */
	assert_int_equal(feed(&chain, 4, 99, 0, 4), CHAIN_STALE);
	assert_int_equal(feed(&chain, 6, 1, 0, 4), CHAIN_NEW); /* restored from a backup */
	assert_int_equal(feed(&chain, 5, 15, 3, 4), CHAIN_STALE);
	assert_int_equal(feed(&chain, UINT64_MAX, UINT64_MAX, 0, 5), CHAIN_NEW);
	assert_int_equal(feed(&chain, UINT64_MAX, 1, 0, 5), CHAIN_SEEN);
}

static void test_two_of_one_number_are_a_fork(void **state)
{
	static struct fleet_chain chain;

	(void)state;
	memset(&chain, 0, sizeof(chain));
	assert_int_equal(feed(&chain, 5, 1, 0, 1), CHAIN_NEW);
	assert_int_equal(feed(&chain, 5, 2, 1, 2), CHAIN_NEW);
	assert_int_equal(feed(&chain, 5, 1, 0, 9), CHAIN_FORK);
	assert_int_equal(feed(&chain, 5, 2, 1, 9), CHAIN_FORK);
	/* and so is one that follows from what never was */
	assert_int_equal(feed(&chain, 5, 3, 9, 3), CHAIN_FORK);
	assert_int_equal(feed(&chain, 5, 3, 2, 3), CHAIN_NEW);
	/* what is further back than is remembered is only old */
	assert_int_equal(feed(&chain, 5, 3 + CHAIN_REMEMBERED, 2, 4), CHAIN_NEW);
	assert_int_equal(feed(&chain, 5, 3, 9, 9), CHAIN_SEEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_sealed_is_opened),
		cmocka_unit_test(test_the_engine_reads_nothing),
		cmocka_unit_test(test_accounts_are_keyed_and_folded),
		cmocka_unit_test(test_each_changed_bit_is_refused),
		cmocka_unit_test(test_other_keys_are_refused_by_name),
		cmocka_unit_test(test_what_a_member_signs_is_checked_all_the_same),
		cmocka_unit_test(test_a_chain_goes_forward_only),
		cmocka_unit_test(test_two_of_one_number_are_a_fork),
	};

	return cmocka_run_group_tests(tests, make_keys, NULL);
}
