// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See text.h. Lines, continuation, the table of formats, and the reasons for which a file is no
 * list at all. Each format is in a file of its own (text_*.c).
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define PROGRESS_BYTES (1U << 20)

/* Tried in this order; the first format that knows the line takes it. A backslash at the end of a
 * line continues it only for formats with `continued`. */
static const struct {
	list_format *format;
	bool continued;
} formats[] = {
	{ list_firewall_cmd, false }, { list_zone, false },	{ list_csv_row, false },
	{ list_rbldnsd, false },      { list_listing, false },	{ list_bind, false },
	{ list_rich_rule, false },    { list_plain, false },	{ list_exception, false },
	{ list_fail2ban, false },     { list_nft, false },	{ list_json_lines, false },
	{ list_ipsum, false },	      { list_dshield, false },	{ list_epost, false },
	{ list_csf, false },	      { list_tcp_smtp, false }, { list_p2p, false },
	{ list_abuse_ch, false },     { list_crowdsec, false }, { list_ipset, false },
	{ list_postfix, false },      { list_access, false },	{ list_nginx, false },
	{ list_cisco, false },	      { list_apache, false },	{ list_csv, false },
	{ list_mikrotik, true },      { list_iptables, true },	{ list_hosts, true },
};

enum first_byte { FIRST_UNKNOWN = 0, FIRST_CLEAR, FIRST_CLOSER };

/* Lines that are joined at their backslashes. */
struct splice {
	char *text;
	size_t size, room;
	size_t *breaks;
	size_t break_count, break_room;
};

static void splice_free(struct splice *splice)
{
	free(splice->text);
	free(splice->breaks);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The end of the physical line at `at`, without a CR, and where the next one begins. */
static const char *line_end(const char *at, const char *end, const char **next)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));
	const char *stop = newline ? newline : end;

	*next = newline ? newline + 1 : end;
	while (stop > at && stop[-1] == '\r')
		stop--;
	return stop;
}

static struct list_line trim(const char *at, const char *end, size_t number)
{
	const char *begin = at;

	while (at < end && is_blank(*at))
		at++;
	while (end > at && is_blank(end[-1]))
		end--;
	return (struct list_line){
		.text = at, .size = (size_t)(end - at), .number = number, .indented = at > begin
	};
}

static int splice_add(struct splice *splice, const char *at, const char *end)
{
	size_t size = (size_t)(end - at);

	if (!splice->text || splice->room - splice->size < size) {
		size_t room = (splice->size + size) * 2 + 64;
		char *text = realloc(splice->text, room);

		if (!text)
			return -ENOMEM;
		splice->text = text;
		splice->room = room;
	}
	if (splice->break_count == splice->break_room) {
		size_t room = splice->break_room ? splice->break_room * 2 : 16;
		size_t *breaks = reallocarray(splice->breaks, room, sizeof(*breaks));

		if (!breaks)
			return -ENOMEM;
		splice->breaks = breaks;
		splice->break_room = room;
	}
	splice->breaks[splice->break_count++] = splice->size;
	if (size)
		memcpy(splice->text + splice->size, at, size);
	splice->size += size;
	return 0;
}

/* Joins lines with nothing in between, exactly as tcp wrappers and the shell do: an address split
 * over two lines must not become a shorter, wider one. */
static int splice_lines(struct splice *splice, const char *at, const char *end, const char **next)
{
	bool more = true;

	*next = at;
	while (more && at < end) {
		const char *stop = line_end(at, end, next);
		int error;

		more = stop > at && stop[-1] == '\\';
		error = splice_add(splice, at, more ? stop - 1 : stop);
		if (error)
			return error;
		at = *next;
	}
	return 0;
}

static bool offer(struct list_reader *reader, const struct list_line *line, bool continued)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i].continued == continued && formats[i].format(reader, line)) {
			reader->after_postfix = formats[i].format == list_postfix;
			return true;
		}
	return false;
}

static void refuse_unknown(struct list_reader *reader, const struct list_line *line,
			   const char *begin)
{
	char reason[LIST_REASON_SIZE];

	list_outer_begin(reader, line, begin);
	list_describe(line->text, line->size, reason);
	list_refuse(reader, line->number, "%s", reason);
}

/* Reads a line that a backslash continues, or an ordinary one, for the formats with `continued`. */
static const char *read_continued(struct list_reader *reader, const char *at, const char *end,
				  size_t *number)
{
	_cleanup_(splice_free) struct splice splice = { 0 };
	struct list_line line;
	const char *next;

	reader->error = splice_lines(&splice, at, end, &next);
	if (reader->error)
		return end;
	line = trim(splice.text, splice.text + splice.size, *number);
	line.break_count = splice.break_count - 1;
	line.breaks = splice.breaks + 1;
	for (size_t i = 1; i < splice.break_count; i++) /* relative to the trimmed text */
		splice.breaks[i] -= splice.breaks[i] < (size_t)(line.text - splice.text)
					    ? splice.breaks[i]
					    : (size_t)(line.text - splice.text);
	*number += splice.break_count - 1;
	if (line.size && !offer(reader, &line, true))
		refuse_unknown(reader, &line, splice.text);
	return next;
}

/* Reads one line of any format; returns where the next one begins. */
static const char *read_line(struct list_reader *reader, const char *at, const char *end,
			     size_t *number)
{
	const char *next, *stop = line_end(at, end, &next);
	struct list_line line = trim(at, stop, *number);
	bool continues = stop > at && stop[-1] == '\\', commented = reader->commented;

	if (reader->nft) {
		list_nft_inside(reader, &line);
		return next;
	}
	if (reader->bind) {
		list_bind_inside(reader, &line);
		return next;
	}
	reader->commented = false;
	if (!line.size || (line.indented && reader->after_postfix))
		return next;
	if (memchr(line.text, '\r', line.size)) {
		list_refuse(
			reader, *number,
			"a carriage return within the line: its ends may be those of an old Mac; "
			"convert the file with tr '\\r' '\\n'");
		return next;
	}
	if (*line.text == '#' || *line.text == ';') {
		reader->commented = continues;
		return next;
	}
	if (commented) {
		reader->commented = continues;
		list_refuse(reader, *number,
			    "the comment before ends in a backslash, so the line may be part of "
			    "it; remove the backslash or the line");
		return next;
	}
	if (list_outer_has(reader, &line, at) || offer(reader, &line, false))
		return next;
	if (continues)
		return read_continued(reader, at, end, number);
	if (!offer(reader, &line, true))
		refuse_unknown(reader, &line, at);
	return next;
}

/* Whether a /8 holds no special address and none of this server's, so that its prefixes need no
 * closer check. Determined at its first prefix. */
static bool first_byte_clear(struct list_reader *reader, uint32_t address)
{
	uint8_t *state = &reader->first4[address >> 24];

	if (*state == FIRST_UNKNOWN) {
		struct prefix prefix = { address_from4(address & 0xff000000), 104 };
		char reason[LIST_REASON_SIZE];

		*state = list_check_prefix(reader, &prefix, reason) ? FIRST_CLOSER : FIRST_CLEAR;
	}
	return *state == FIRST_CLEAR;
}

/* Reads the most common line fast: a strict IPv4 address or prefix without host bits, in a /8 where
 * nothing is refused, followed by nothing but a comment. NULL: the other formats are to look at
 * it. */
static const char *read_fast(struct list_reader *reader, const char *at, const char *end)
{
	unsigned length = 32;
	uint32_t address, rest;

	at = list_quad(at, end, &address);
	if (!at || !first_byte_clear(reader, address))
		return NULL;
	if (at < end && *at == '/') {
		at++;
		if (at == end || *at < '1' || *at > '9')
			return NULL;
		length = (unsigned)(*at++ - '0');
		if (at < end && (unsigned char)(*at - '0') <= 9)
			length = length * 10 + (unsigned)(*at++ - '0');
		if (length < 8 || length > 32)
			return NULL;
	}
	rest = length == 32 ? 0 : UINT32_MAX >> length;
	if (address & rest)
		return NULL;
	while (at < end && is_blank(*at))
		at++;
	if (at < end && (*at == '#' || *at == ';')) {
		const char *comment = at, *cr;

		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			at = end;
		cr = memchr(comment, '\r', (size_t)(at - comment));
		if (cr && cr + 1 != at)
			return NULL; /* within the line */
	}
	if (at < end && *at++ != '\n')
		return NULL;
	reader->report->lines++;
	reader->report->taken++;
	reader->after_postfix = false;
	reader->error = ranges_add4(reader->ranges, address, address | rest, 0);
	return at;
}

static void read_lines(struct list_reader *reader, const char *text, size_t size)
{
	list_progress *const progress = reader->callbacks ? reader->callbacks->progress : NULL;
	const char *at = text, *end = text + size;
	size_t told = 0;

	for (size_t number = 1; at < end && !reader->error; number++) {
		const char *next =
			reader->commented || reader->nft || reader->listing || reader->bind ||
					reader->rbldnsd || reader->zone || reader->csv.last ||
					reader->outer.line || reader->csv.separator == ';'
				? NULL
				: read_fast(reader, at, end);

		at = next ? next : read_line(reader, at, end, &number);
		if (progress && (size_t)(at - text) - told >= PROGRESS_BYTES) {
			told = (size_t)(at - text);
			progress(told, size, reader->callbacks->context);
		}
	}
}

/* Sections of Apache's configuration begin like HTML. */
static bool is_known_tag(const char *text, size_t size)
{
	static const char *const tags[] = { "<RequireA", "<RequireN", "<Limit",	  "<Directory",
					    "<Location", "<Files",    "<IfModule" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (size > strlen(tags[i]) && !memcmp(text, tags[i], strlen(tags[i])))
			return true;
	return false;
}

/* Why the text cannot be a list, whatever its lines say; NULL: it may be one. */
static const char *no_list(const char *text, size_t size)
{
	size_t at = 0;

	if (size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		return "this is UTF-16; convert it with iconv -f UTF-16 -t UTF-8";
	if (size >= 2 && !memcmp(text, "\x1f\x8b", 2))
		return "this is gzip inside gzip; unpack it";
	while (at < size && (is_blank(text[at]) || text[at] == '\n'))
		at++;
	if (at == size)
		return "the file is empty; a list is not replaced by nothing";
	if (text[at] == '<' && !is_known_tag(text + at, size - at) &&
	    !list_is_firewalld(text + at, size - at))
		return "this is an HTML or XML page, not a list; look at what was downloaded";
	return NULL;
}

static int judge(const struct list_reader *reader, struct fault *fault)
{
	const struct list_report *report = reader->report;

	if (*reader->no_list)
		return fault_set(fault, -EBADMSG, "%s", reader->no_list);
	if (reader->options->stream)
		return 0;
	if (report->refused * 10 > report->lines)
		return fault_set(fault, -EBADMSG,
				 "%zu of %zu lines refused, more than a tenth: the old list stays; "
				 "correct the file",
				 report->refused, report->lines);
	if (!report->taken)
		return fault_set(fault, -EBADMSG,
				 "the file has no entry%s; a list is not replaced by nothing",
				 report->skipped ? " for this list, only lines about other things"
						 : "");
	return 0;
}

int list_read(const char *text, size_t size, const struct list_options *options,
	      const struct list_callbacks *callbacks, struct ranges *ranges,
	      struct list_report *report, struct fault *fault)
{
	struct list_reader reader = {
		.options = options, .callbacks = callbacks, .ranges = ranges, .report = report
	};
	const char *wrong;
	int error;

	*ranges = (struct ranges){ 0 };
	*report = (struct list_report){ 0 };
	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		size -= 3;
	}
	wrong = no_list(text, size);
	if (wrong)
		return fault_set(fault, -EBADMSG, "%s", wrong);
	reader.firewall_cmd = list_is_firewall_cmd(text, size);
	if (!list_fail2ban_database(&reader, text, size) && !list_firewalld(&reader, text, size) &&
	    !list_json_document(&reader, text, size))
		read_lines(&reader, text, size);
	list_nft_finish(&reader);
	list_postfix_finish(&reader);
	list_listing_finish(&reader);
	list_bind_finish(&reader);
	list_json_lines_finish(&reader);
	list_rules_finish(&reader);
	free(reader.scratch);
	error = reader.error;
	if (error)
		fault_set(fault, error, "no memory for the list");
	else
		error = judge(&reader, fault);
	if (error) {
		ranges_free(ranges);
		return error;
	}
	report->prefixes = ranges_count_prefixes(ranges);
	if (report->taken > report->prefixes)
		report->merged = report->taken - (size_t)report->prefixes;
	return 0;
}
