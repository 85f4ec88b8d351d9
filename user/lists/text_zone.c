// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zone files of the DNS. In response policy zones the owners are a length and a reversed address
 * ("24.0.2.0.192.rpz-client-ip", "48.zz.1.db8.2001.rpz-ip"), and the narrowest entry counts. Lists
 * that are queried by reversed names are the other kind (RFC 5782: "5.2.0.192 A 127.0.0.2",
 * "*.2.0.192"). Records about names are skipped. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORDS_MOST  8
#define LABELS_MOST 40
#define NAME_SIZE   512
#define TEXT_SIZE   96

struct zone_record {
	struct list_word owner, type, data;
};

/* Splits the line into its first words, up to a comment. */
static size_t split(const struct list_line *line, struct list_word *words)
{
	const char *at = line->text, *end = at + line->size;
	size_t count = 0;

	while (at < end && *at != ';' && count < WORDS_MOST) {
		const char *begin = at;

		while (at < end && *at != ' ' && *at != '\t' && *at != ';')
			at++;
		words[count++] = (struct list_word){ begin, (size_t)(at - begin) };
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
	}
	return count;
}

static bool is(const struct list_word *word, const char *text)
{
	return word->size == strlen(text) && !strncasecmp(word->text, text, word->size);
}

static bool is_any(const struct list_word *word, const char *const *names)
{
	for (; *names; names++)
		if (is(word, *names))
			return true;
	return false;
}

/* "300", "1h", "1w2d" */
static bool is_ttl(const struct list_word *word)
{
	if (!word->size || *word->text < '0' || *word->text > '9')
		return false;
	for (size_t i = 0; i < word->size; i++)
		if (!word->text[i] || !strchr("0123456789smhdwSMHDW", word->text[i]))
			return false;
	return true;
}

/* Reads "OWNER [TTL] [CLASS] TYPE DATA"; an indented line has no owner. */
static bool read_record(const struct list_line *line, struct zone_record *record)
{
	static const char *const types[] = { "SOA",  "NS",    "A",     "AAAA",	 "TXT", "CNAME",
					     "PTR",  "MX",    "DNAME", "SRV",	 "SPF", "CAA",
					     "NSEC", "NSEC3", "RRSIG", "DNSKEY", "DS",	NULL };
	static const char *const classes[] = { "IN", "CH", "HS", NULL };
	struct list_word words[WORDS_MOST];
	size_t count = split(line, words), at = !line->indented;

	if (memchr(line->text, '\0', line->size))
		return false;
	while (at < count && at < 4 && (is_ttl(&words[at]) || is_any(&words[at], classes)))
		at++;
	if (at + 1 >= count || !is_any(&words[at], types))
		return false;
	*record = (struct zone_record){ .type = words[at], .data = words[at + 1] };
	if (!line->indented)
		record->owner = words[0];
	return true;
}

/* Splits the owner into labels; a name that is not fully qualified gets those of the zone's
 * origin. */
static size_t split_name(const struct list_reader *reader, const struct list_word *owner,
			 char name[NAME_SIZE], struct list_word labels[LABELS_MOST])
{
	bool whole = owner->size && owner->text[owner->size - 1] == '.';
	size_t count = 0;

	snprintf(name, NAME_SIZE, "%.*s%s%s", owner->size < 200 ? (int)owner->size : 0, owner->text,
		 whole ? "" : ".", whole ? "" : reader->zone_origin);
	for (char *at = name, *dot; *at && count < LABELS_MOST; at = dot + 1) {
		dot = strchr(at, '.');
		labels[count++] = (struct list_word){ at, dot ? (size_t)(dot - at) : strlen(at) };
		if (!dot)
			break;
	}
	return count;
}

/* Writes labels in reverse order, joined by `separator`; "zz" stands for a gap of IPv6. */
static void turn(const struct list_word *labels, size_t count, char separator, char text[TEXT_SIZE])
{
	bool separated = true;
	size_t used = 0;

	while (count--) {
		bool gap = separator == ':' && is(&labels[count], "zz");

		if (used + labels[count].size + 4 > TEXT_SIZE)
			break;
		if (gap)
			used += (size_t)sprintf(text + used, "::");
		else
			used += (size_t)sprintf(text + used, "%s%.*s",
						separated ? "" : (char[2]){ separator },
						(int)labels[count].size, labels[count].text);
		separated = gap;
	}
	text[used] = '\0';
}

enum zone_policy { ZONE_DENY, ZONE_ALLOW, ZONE_NEITHER };

static enum zone_policy policy_of(const struct zone_record *record)
{
	const struct list_word *data = &record->data;

	if (!is(&record->type, "CNAME"))
		return ZONE_DENY; /* any other record is an answer of its own */
	if (data->size >= 12 && !strncasecmp(data->text, "rpz-passthru", 12))
		return ZONE_ALLOW;
	/* A CNAME to the owner itself: the first way to write passthru. */
	if (data->size > 6 && record->owner.size > 6 && data->text[0] >= '0' &&
	    data->text[0] <= '9' && !strncasecmp(data->text, record->owner.text, 6))
		return ZONE_ALLOW;
	if (data->size >= 12 && !strncasecmp(data->text, "rpz-tcp-only", 12))
		return ZONE_NEITHER;
	return ZONE_DENY;
}

/* Takes an entry of a policy zone; `labels` are a length and a reversed address. */
static void take_policy(struct list_reader *reader, const struct list_line *line,
			const struct zone_record *record, const struct list_word *labels,
			size_t count)
{
	enum zone_policy wanted = reader->options->allow ? ZONE_ALLOW : ZONE_DENY;
	char address[TEXT_SIZE], text[TEXT_SIZE + 8];
	struct rule_set *set = list_rule_set(reader, "policy zone");

	if (!set)
		return;
	if (count < 3 || !list_is_number(&labels[0], 1, 3)) {
		list_refuse(reader, line->number, "no length and reversed address before rpz-");
		return;
	}
	turn(labels + 1, count - 1, count == 5 && !is(&labels[1], "zz") ? '.' : ':', address);
	if (count == 5 && memchr(address, 'z', strlen(address)))
		turn(labels + 1, count - 1, ':', address);
	snprintf(text, sizeof(text), "%s/%.*s", address, (int)labels[0].size, labels[0].text);
	set->narrowest = true;
	list_rule_take(reader, set, line->number, text, strlen(text), policy_of(record) != wanted);
}

/* How many labels at the beginning are parts of a reversed address, and whether of IPv6. */
static size_t count_parts(const struct list_word *labels, size_t count, bool *is6)
{
	size_t four = 0, six = 0;

	while (four < count && list_is_number(&labels[four], 1, 3))
		four++;
	while (six < count && labels[six].size == 1 && labels[six].text[0] &&
	       strchr("0123456789abcdefABCDEF", labels[six].text[0]))
		six++;
	*is6 = six > 4;
	return *is6 ? six : four;
}

/* Writes "5.2.0.192" or "*.2.0.192" as a prefix; false: it is no reversed address. */
static bool reversed(const struct list_word *labels, size_t count, char text[TEXT_SIZE])
{
	bool all = count && is(&labels[0], "*"), is6;
	size_t parts = count_parts(labels + all, count - all, &is6), whole = is6 ? 32 : 4;
	size_t used = 0;

	if (all ? !parts || parts >= whole : parts != whole)
		return false;
	for (size_t i = 0; i < whole; i++) {
		const struct list_word zero = { "0", 1 };
		const struct list_word *part = i < parts ? &labels[all + parts - 1 - i] : &zero;
		const char *dot = is6 ? i && i % 4 == 0 ? ":" : "" : i ? "." : "";

		used += (size_t)snprintf(text + used, TEXT_SIZE - used, "%s%.*s", dot,
					 (int)part->size, part->text);
	}
	snprintf(text + used, TEXT_SIZE - used, "/%zu", parts * (is6 ? 4 : 8));
	return true;
}

static void take_listed(struct list_reader *reader, const struct list_line *line,
			const struct zone_record *record, const char *text)
{
	bool answer = is(&record->type, "A");

	/* Every such list contains 127.0.0.2 for tests. */
	if (!strncmp(text, "127.", 4) || !strncmp(text, "0000:0000:0000:0000:0000:ffff:7f00:", 35))
		list_skip(reader);
	else if (answer && (record->data.size < 4 || memcmp(record->data.text, "127.", 4) != 0))
		list_refuse(reader, line->number, "its answer is none of a list's (127.0.0.2)");
	else
		list_take_entry(reader, line->number, text, strlen(text));
}

static void take(struct list_reader *reader, const struct list_line *line,
		 const struct zone_record *record)
{
	static const char *const marks[] = { "rpz-client-ip", "rpz-ip", NULL };
	struct list_word labels[LABELS_MOST];
	char name[NAME_SIZE], text[TEXT_SIZE];
	size_t count = split_name(reader, &record->owner, name, labels);

	if (count && is(&labels[count - 1], "arpa")) { /* who these are, not who is listed */
		list_skip(reader);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (is_any(&labels[i], marks)) {
			take_policy(reader, line, record, labels, i);
			return;
		}
	if ((is(&record->type, "A") || is(&record->type, "TXT")) && reversed(labels, count, text))
		take_listed(reader, line, record, text);
	else
		list_skip(reader);
}

/* "$ORIGIN bl.example."; "$INCLUDE" and "$GENERATE" are not followed. */
static bool directive(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	size_t count = split(line, words);

	if (count > 1 && is(&words[0], "$ORIGIN")) {
		snprintf(reader->zone_origin, sizeof(reader->zone_origin), "%.*s",
			 words[1].size < 250 ? (int)words[1].size : 0, words[1].text);
		reader->zone = true;
		list_skip(reader);
		return true;
	}
	if (count > 1 && (is(&words[0], "$INCLUDE") || is(&words[0], "$GENERATE"))) {
		list_refuse(reader, line->number, "'%.*s' is not followed", (int)words[0].size,
			    words[0].text);
		return true;
	}
	return false;
}

/* Skips a SOA record, which goes on over lines up to its closing bracket. */
static void skip_to_bracket(struct list_reader *reader, const struct list_line *line)
{
	reader->zone_bracket = !memchr(line->text, ')', line->size);
	list_skip(reader);
}

bool list_zone(struct list_reader *reader, const struct list_line *line)
{
	static const char *const commands[] = { "add", "del", "create", NULL }; /* ipset's */
	struct zone_record record;

	if (reader->zone_bracket) {
		skip_to_bracket(reader, line);
		return true;
	}
	if (*line->text == '$' && directive(reader, line))
		return true;
	if ((line->indented && !reader->zone) || !read_record(line, &record) ||
	    (!reader->zone && is_any(&record.owner, commands)))
		return false;
	reader->zone = true;
	reader->rbldnsd = false; /* "$TTL" is in zones of both kinds */
	if (is(&record.type, "SOA") && memchr(line->text, '(', line->size))
		skip_to_bracket(reader, line);
	else if (line->indented) /* a further record of the name before */
		list_skip(reader);
	else
		take(reader, line, &record);
	return true;
}
