// SPDX-License-Identifier: GPL-2.0-or-later
/* Who connects most, and the last minute (talkers.h, last_minute.h). */
#include "show_fakes.h"

#include "show/last_minute.h"

static struct meter_key key_of(const char *text, unsigned service)
{
	struct meter_key key = { .service = service };

	assert_int_equal(prefix_parse(text, strlen(text), &key.prefix), 0);
	return key;
}

static void add_meter(struct gate *gate, const char *prefix, unsigned service, struct meter meter)
{
	gate->meters[gate->meter_count].key = key_of(prefix, service);
	gate->meters[gate->meter_count++].meter = meter;
}

static void a_source_is_one_entry_whatever_services_it_uses(void **state)
{
	struct world *world = *state;
	struct talkers talkers;
	struct prefix prefix;

	add_meter(&world->gate, "192.0.2.5/32", 1,
		  (struct meter){ .attempts = 1, .open = 2, .handshakes = 3, .last_ns = 9 });
	add_meter(&world->gate, "2001:db8::/64", 2, (struct meter){ .attempts = 7 });
	add_meter(&world->gate, "192.0.2.5/32", 3,
		  (struct meter){ .attempts = 10, .dropped = 4, .open = 1, .last_ns = 8 });
	assert_int_equal(talkers_read(&world->gate, METERS_SOURCES, &talkers, NULL), 0);
	assert_int_equal(talkers.count, 2);
	assert_int_equal(talkers.items[0].attempts, 11);
	assert_int_equal(talkers.items[0].open, 3);
	assert_int_equal(talkers.items[0].dropped, 4);
	assert_int_equal(talkers.items[0].last_boot_ns, 9);
	assert_int_equal(talkers.items[0].services, 1U << 1 | 1U << 3);
	prefix = key_of("2001:db8::/64", 0).prefix;
	assert_int_equal(talkers_find(&talkers, &prefix)->attempts, 7);
	prefix = key_of("2001:db8::/63", 0).prefix;
	assert_null(talkers_find(&talkers, &prefix));
	talkers_free(&talkers);
}

static int greatest_first(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

static void the_first_of_many_are_those_that_sorting_all_would_give(void **state)
{
	struct talker items[300];
	uint64_t naive[300];
	unsigned seed = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		size_t count = 1 + (size_t)rand_r(&seed) % 300;
		size_t most = 1 + (size_t)rand_r(&seed) % 20;
		struct talkers talkers = { items, count };
		uint64_t sum = 0, after = 0;

		for (size_t i = 0; i < count; i++) {
			items[i] = (struct talker){ .attempts = (uint64_t)rand_r(&seed) %
								(round % 2 ? 5 : 100000) };
			items[i].prefix.address = address_from4((uint32_t)i);
			items[i].prefix.length = 128;
			naive[i] = items[i].attempts;
			sum += naive[i];
		}
		qsort(naive, count, sizeof(*naive), greatest_first);
		talkers_sort(&talkers, TALKERS_BY_ATTEMPTS, most);
		for (size_t i = 0; i < count; i++)
			after += items[i].attempts;
		assert_int_equal(sum, after);
		for (size_t i = 0; i < most && i < count; i++)
			assert_int_equal(items[i].attempts, naive[i]);
	}
}

static void a_snapshot_names_the_busiest_with_their_country(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	for (unsigned i = 0; i < 30; i++) {
		char text[32];

		snprintf(text, sizeof(text), "192.0.2.%u/32", i);
		add_meter(&world->gate, text, 1, (struct meter){ .attempts = i });
	}
	world->gate.lookup.country = (__u16)country("BR");
	assert_int_equal(snapshot_fill(&world->instance, SNAPSHOT_COUNTS | SNAPSHOT_TOP_TALKERS,
				       WALL_NS, BOOT_NS, &snapshot, NULL),
			 0);
	assert_true(snapshot->has_top);
	assert_int_equal(snapshot->top[METERS_SOURCES].count, SNAPSHOT_TOP);
	assert_int_equal(snapshot->top[METERS_SOURCES].talkers[0].attempts, 29);
	assert_int_equal(snapshot->top[METERS_SOURCES].talkers[9].attempts, 20);
	assert_int_equal(snapshot->top[METERS_SOURCES].talkers[0].country, country("BR"));
	assert_int_equal(snapshot->since_wall_ns, WALL_NS - 600 * NS_PER_S);
}

static void metrics_never_walk_the_tables_of_sources(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	world->gate.meter_error = -EIO; /* a walk would be seen */
	assert_int_equal(snapshot_fill(&world->instance, SNAPSHOT_COUNTS | SNAPSHOT_STATUS, WALL_NS,
				       BOOT_NS, &snapshot, NULL),
			 0);
	for (size_t i = 0; i < snapshot->fault_count; i++)
		assert_string_not_equal(snapshot->faults[i].text, "meters");
}

static void tables_that_cannot_be_walked_are_unknown_and_not_empty(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	world->gate.meter_error = -EIO;
	assert_int_equal(snapshot_fill(&world->instance, SNAPSHOT_COUNTS | SNAPSHOT_TOP_TALKERS,
				       WALL_NS, BOOT_NS, &snapshot, NULL),
			 0);
	assert_false(snapshot->has_top);
	assert_int_equal(snapshot->fault_count, 2);
}

static void a_sample_reads_back_and_what_came_since_is_the_minute(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	char folder[] = "/tmp/test-minute-XXXXXX", path[64];
	struct counts_sample sample, back;

	assert_non_null(mkdtemp(folder));
	world->gate.counts.countries[1][0] = (struct country_counts){ 100, 10, 1, 50 };
	sample_take(&sample, &world->gate.counts, BOOT_NS - 50 * (uint64_t)NS_PER_S);
	assert_int_equal(minute_write(folder, &sample, NULL), 0);
	assert_int_equal(minute_read(folder, &back, NULL), 0);
	assert_memory_equal(&sample, &back, sizeof(back));

	world->config.paths.runtime = folder;
	world->gate.counts.countries[1][5].attempts = 7;
	assert_int_equal(snapshot_fill(&world->instance, SNAPSHOT_COUNTS, WALL_NS, BOOT_NS,
				       &snapshot, NULL),
			 0);
	assert_true(snapshot->has_minute);
	assert_int_equal(snapshot->minute_ns, 50 * (uint64_t)NS_PER_S);
	assert_int_equal(snapshot->minute_sum.attempts, 7);
	assert_int_equal(snapshot->minute[1].attempts, 7);
	assert_int_equal(snapshot->minute_sum.handshakes, 0);

	snprintf(path, sizeof(path), "%s/" MINUTE_FILE, folder);
	unlink(path);
	assert_int_equal(minute_read(folder, &back, NULL), -ENOENT);
	rmdir(folder);
}

static void counters_that_went_back_and_old_samples_give_no_minute(void **state)
{
	struct counts_sample then = { .boot_ns = 5 }, now = { .boot_ns = 9 };
	struct snapshot_sum services[SERVICE_MAX];
	uint64_t ns;

	(void)state;
	assert_true(minute_between(&then, &now, services, &ns));
	assert_int_equal(ns, 4);
	then.services[3].handshakes = 1;
	assert_false(minute_between(&then, &now, services, &ns));
	then.services[3].handshakes = 0;
	now.boot_ns = 5;
	assert_false(minute_between(&then, &now, services, &ns));
}

static void a_hostile_minute_file_is_refused(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "{\"boot_ns\":-1,\"services\":[]}",
					     "{\"boot_ns\":1,\"services\":5}" };
	char folder[] = "/tmp/test-minute-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/" MINUTE_FILE, folder);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct counts_sample sample;
		FILE *file = fopen(path, "w");

		fputs(texts[i], file);
		fclose(file);
		assert_int_equal(minute_read(folder, &sample, NULL), -EBADMSG);
	}
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_source_is_one_entry_whatever_services_it_uses),
		cmocka_unit_test(the_first_of_many_are_those_that_sorting_all_would_give),
		WORLD_TEST(a_snapshot_names_the_busiest_with_their_country),
		WORLD_TEST(metrics_never_walk_the_tables_of_sources),
		WORLD_TEST(tables_that_cannot_be_walked_are_unknown_and_not_empty),
		WORLD_TEST(a_sample_reads_back_and_what_came_since_is_the_minute),
		cmocka_unit_test(counters_that_went_back_and_old_samples_give_no_minute),
		cmocka_unit_test(a_hostile_minute_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
