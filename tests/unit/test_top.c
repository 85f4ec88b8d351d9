// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows and rates of `top`, from frames made by hand. */
#include "show_fakes.h"

#include "show/top_columns.h"
#include "show/top_side.h"

static void add_talker(struct top_frame *frame, const char *prefix, struct talker talker)
{
	struct talkers *talkers = &frame->tables[METERS_SOURCES];

	assert_int_equal(prefix_parse(prefix, strlen(prefix), &talker.prefix), 0);
	talkers->items = realloc(talkers->items, (talkers->count + 1) * sizeof(talker));
	talkers->items[talkers->count++] = talker;
}

/* Two frames, ten seconds apart. */
static void frames(struct top_frame *before, struct top_frame *now)
{
	before->snapshot = example();
	now->snapshot = example();
	now->snapshot->now_boot_ns += 10 * (uint64_t)NS_PER_S;
	add_talker(before, "192.0.2.5/32", (struct talker){ .attempts = 10, .open = 3 });
	add_talker(now, "192.0.2.5/32", (struct talker){ .attempts = 20, .open = 1 });
	add_talker(now, "198.51.100.7/32",
		   (struct talker){ .attempts = 5, .dropped = 5, .country = country("BR") });
	add_talker(now, "203.0.113.0/32", (struct talker){ .attempts = 5, .open = 9 });
}

static void drop(struct top_frame *frame)
{
	snapshot_free(frame->snapshot);
	free(frame->tables[METERS_SOURCES].items);
}

static void rows_have_rates_per_minute_and_the_order_asked_for(void **state)
{
	static const struct {
		enum top_order order;
		const char *first;
	} orders[] = { { TOP_BY_RATE, "192.0.2.5" },
		       { TOP_BY_DROPS, "198.51.100.7" },
		       { TOP_BY_OPEN, "203.0.113.0" },
		       { TOP_BY_ATTEMPTS, "192.0.2.5" },
		       { TOP_BY_NAME, "192.0.2.5" } };
	struct top_frame before = { 0 }, now = { 0 };
	struct top_bans bans = { 0 };
	struct top_row *rows;
	size_t count;

	(void)state;
	frames(&before, &now);
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		assert_int_equal(top_rows(&before, &now, &bans, TOP_SOURCES, orders[i].order, "",
					  10, &rows, &count),
				 0);
		assert_int_equal(count, 3);
		assert_string_equal(rows[0].name, orders[i].first);
		free(rows);
	}
	assert_int_equal(
		top_rows(&before, &now, &bans, TOP_SOURCES, TOP_BY_RATE, "", 1, &rows, &count), 0);
	assert_int_equal(count, 1);
	assert_true(rows[0].attempts_pm > 59.9 && rows[0].attempts_pm < 60.1);
	free(rows);
	/* Without an earlier frame, and with an entry that began anew, there is no rate. */
	before.tables[METERS_SOURCES].items[0].attempts = 21;
	assert_int_equal(
		top_rows(&before, &now, &bans, TOP_SOURCES, TOP_BY_NAME, "", 9, &rows, &count), 0);
	assert_true(rows[0].attempts_pm == 0);
	free(rows);
	assert_int_equal(
		top_rows(NULL, &now, &bans, TOP_SOURCES, TOP_BY_NAME, "", 9, &rows, &count), 0);
	assert_true(rows[1].attempts_pm == 0);
	free(rows);
	drop(&before);
	drop(&now);
}

static void a_filter_finds_names_countries_and_reasons_in_any_case(void **state)
{
	struct top_ban ban = { .ban.until_wall_ns = INT64_MAX, .ban.rule = RULE_MANUAL };
	struct top_bans bans = { .items = &ban, .count = 1 };
	struct top_frame before = { 0 }, now = { 0 };
	struct top_row *rows;
	size_t count;

	(void)state;
	frames(&before, &now);
	assert_int_equal(top_rows(&before, &now, &bans, TOP_SOURCES, TOP_BY_RATE, "br", 9, &rows,
				  &count),
			 0);
	assert_int_equal(count, 1);
	assert_string_equal(rows[0].name, "198.51.100.7");
	free(rows);
	strcpy(ban.ban.reason, "Too Often");
	assert_int_equal(prefix_parse("10.0.0.0/8", 10, &ban.ban.prefix), 0);
	assert_int_equal(
		top_rows(&before, &now, &bans, TOP_BANS, TOP_BY_RATE, "too", 9, &rows, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(rows[0].text, "manual: Too Often");
	free(rows);
	/* An ended ban is no ban. */
	ban.ban.until_wall_ns = now.snapshot->now_wall_ns;
	assert_int_equal(
		top_rows(&before, &now, &bans, TOP_BANS, TOP_BY_RATE, "", 9, &rows, &count), 0);
	assert_int_equal(count, 0);
	free(rows);
	drop(&before);
	drop(&now);
}

static void countries_are_summed_over_services(void **state)
{
	struct top_frame now = { .snapshot = example() };
	struct top_bans bans = { 0 };
	struct top_row *rows;
	size_t count;

	(void)state;
	assert_int_equal(top_rows(NULL, &now, &bans, TOP_COUNTRIES, TOP_BY_ATTEMPTS, "", 9, &rows,
				  &count),
			 0);
	assert_int_equal(count, 2);
	assert_string_equal(rows[0].name, "JP");
	assert_int_equal(rows[0].attempts, 1234577);
	assert_int_equal(rows[1].drops, 300);
	assert_int_equal(rows[1].open, 12);
	free(rows);
	drop(&now);
}

static void rates_are_by_service_and_reason_and_never_negative(void **state)
{
	struct top_frame before = { .snapshot = example() }, now = { .snapshot = example() };
	struct top_rates rates;

	(void)state;
	assert_false(top_rates_between(&before, &now, &rates)); /* no time between */
	now.snapshot->now_boot_ns += 30 * (uint64_t)NS_PER_S;
	now.snapshot->services[2].sum.attempts += 5;
	now.snapshot->services[2].reasons[REASON_BANNED][GATE_MONITOR].packets += 2;
	now.snapshot->services[1].sum.attempts = 0; /* new maps */
	assert_true(top_rates_between(&before, &now, &rates));
	assert_true(rates.attempts[2] > 9.99 && rates.attempts[2] < 10.01);
	assert_true(rates.reasons[REASON_BANNED] > 3.99 && rates.reasons[REASON_BANNED] < 4.01);
	assert_true(rates.attempts[1] == 0);
	drop(&before);
	drop(&now);
}

static void a_banned_source_is_among_the_sources_by_what_its_ban_counts(void **state)
{
	struct top_frame before = { 0 }, now = { 0 };
	struct top_ban items[3] = { { .ban.packets = 40, .ban.attempts = 30, .attempts_pm = 90 },
				    { .ban.packets = 7, .ban.attempts = 7, .attempts_pm = 1 },
				    { .ban.packets = 0 } };
	struct top_bans bans = { .items = items, .count = 3 };
	struct top_row *rows;
	size_t count;

	(void)state;
	frames(&before, &now);
	for (size_t i = 0; i < 3; i++) {
		static const char *const prefixes[] = { "2001:db8:bad::/64", "198.51.100.7/32",
							"203.0.113.99/32" };

		assert_int_equal(
			prefix_parse(prefixes[i], strlen(prefixes[i]), &items[i].ban.prefix), 0);
		items[i].ban.until_wall_ns = now.snapshot->now_wall_ns + NS_PER_S;
	}
	assert_int_equal(
		top_rows(&before, &now, &bans, TOP_SOURCES, TOP_BY_RATE, "", 9, &rows, &count), 0);
	/* One more than the talkers: the ban that nobody met is none who comes. */
	assert_int_equal(count, 4);
	assert_string_equal(rows[0].name, "2001:db8:bad::/64");
	assert_true(rows[0].banned && rows[0].drops == 40);
	free(rows);
	/* Its own entry and its ban are one row. */
	assert_int_equal(top_rows(&before, &now, &bans, TOP_SOURCES, TOP_BY_RATE, "198.51.100.7", 9,
				  &rows, &count),
			 0);
	assert_int_equal(count, 1);
	assert_true(rows[0].banned && rows[0].attempts == 12 && rows[0].drops == 12);
	free(rows);
	/* Over, it is a source like any other. */
	items[0].ban.until_wall_ns = items[1].ban.until_wall_ns = now.snapshot->now_wall_ns;
	assert_int_equal(
		top_rows(&before, &now, &bans, TOP_SOURCES, TOP_BY_RATE, "", 9, &rows, &count), 0);
	assert_int_equal(count, 3);
	free(rows);
	drop(&before);
	drop(&now);
}

static void narrow_screens_lose_the_least_important_columns_first(void **state)
{
	static const struct {
		unsigned width;
		const char *there, *gone;
	} widths[] = { { 88, "provider", "-" },	 { 87, "seen", "provider" }, { 80, "seen", "-" },
		       { 79, "attempts", "-" },	 { 60, "seen", "attempts" }, { 45, "open", "seen" },
		       { 36, "drop/m", "open" }, { 26, "att/min", "drop/m" } };
	char text[TOP_LINE_SIZE];
	struct top_row row = { .name = "2001:db8:bad:ffff::/64", .attempts = 1234567 };

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		top_columns_head(TOP_SOURCES, false, widths[i].width, text);
		assert_non_null(strstr(text, widths[i].there));
		assert_null(strstr(text, widths[i].gone));
		assert_true(strlen(text) <= widths[i].width);
		top_columns_row(&row, TOP_SOURCES, 0, widths[i].width, text);
		assert_true(strlen(text) <= widths[i].width);
	}
	top_columns_row(&row, TOP_SOURCES, 0, 84, text);
	assert_non_null(strstr(text, row.name));
	top_columns_row(&row, TOP_SOURCES, 0, 0, text);
}

static void a_row_names_its_provider_where_there_is_room(void **state)
{
	struct top_row row = { .name = "2001:db8:bad:ffff::/64",
			       .has_prefix = true,
			       .country = "JP",
			       .provider = "AS4294967295" };
	char text[TOP_LINE_SIZE];

	(void)state;
	top_columns_row(&row, TOP_SOURCES, 0, 88, text);
	assert_non_null(strstr(text, "2001:db8:bad:ffff::/64"));
	assert_non_null(strstr(text, " AS4294967295"));
	top_columns_row(&row, TOP_SOURCES, 0, 80, text);
	assert_null(strstr(text, "AS"));
	top_name_providers(&row, 1, NULL);
	assert_string_equal(row.provider, "-");
}

static void a_sparkline_has_a_character_for_each_value(void **state)
{
	static const uint64_t values[] = { 0, 1, UINT64_MAX / 2, UINT64_MAX }, none[3] = { 0 };
	char text[16];

	(void)state;
	top_sparkline(values, 4, false, text);
	assert_string_equal(text, " .=#");
	top_sparkline(values, 4, true, text);
	assert_string_equal(text, " ▁▄█");
	top_sparkline(none, 3, true, text);
	assert_string_equal(text, "   ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_have_rates_per_minute_and_the_order_asked_for),
		cmocka_unit_test(a_filter_finds_names_countries_and_reasons_in_any_case),
		cmocka_unit_test(countries_are_summed_over_services),
		cmocka_unit_test(rates_are_by_service_and_reason_and_never_negative),
		cmocka_unit_test(a_banned_source_is_among_the_sources_by_what_its_ban_counts),
		cmocka_unit_test(narrow_screens_lose_the_least_important_columns_first),
		cmocka_unit_test(a_row_names_its_provider_where_there_is_room),
		cmocka_unit_test(a_sparkline_has_a_character_for_each_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
