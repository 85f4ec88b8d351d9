// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iptables-save output, and files of iptables/ip6tables commands: the sources of rules that drop
 * (for an allow list: accept). A rule of the other action with a source is an exception to the
 * rules behind it in its chain. Not here: nft, ipset.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define WORDS_MOST 128

struct rule {
	struct list_word chain, target;
	struct list_word sources, range; /* size 0: none */
	const char *hinder;		 /* why a list cannot hold this rule, or NULL */
	bool command;			 /* a shell command, not iptables-save */
	bool insert;
	bool middle;	/* "-I INPUT 3": nobody knows before and behind what */
	bool negated;	/* the source */
	bool chosen;	/* a condition chooses among sources, and nobody knows which */
	bool narrowed;	/* it holds for some devices, destinations, ports or states only */
	bool elsewhere; /* other protocols, ports or connection states than a mail server's new ones
			 */
	char operation; /* 'A', 'D', ...; 0: none yet */
};

/* The number of words of the command itself, as "sudo /sbin/iptables"; 0: it is no such command. */
static size_t command_words(const struct list_word *words, size_t count)
{
	struct list_word name;
	size_t at = count && list_word_is(&words[0], "sudo");

	if (at == count)
		return 0;
	name = words[at];
	for (const char *slash; (slash = memchr(name.text, '/', name.size));) {
		name.size -= (size_t)(slash + 1 - name.text);
		name.text = slash + 1;
	}
	return list_word_any(&name,
			     "iptables ip6tables iptables-legacy ip6tables-legacy iptables-nft "
			     "ip6tables-nft")
		       ? at + 1
		       : 0;
}

/* Whether a port or range of ports includes one of the mail services'. */
static bool mail_ports(const struct list_word *word)
{
	return list_mail_ports(word) ||
	       list_word_any(word, "smtp smtps ssmtp urd submission submissions imap imap2 imaps "
				   "pop3 pop-3 pop3s sieve");
}

/* Whether `match` is true for any part between commas; calls it for each. */
static bool any_part(const struct list_word *word, bool (*match)(const struct list_word *part))
{
	const char *at = word->text, *end = at + word->size;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct list_word part = { at, (size_t)((comma ? comma : end) - at) };

		if (match(&part))
			return true;
		at = comma ? comma + 1 : end;
	}
	return false;
}

static bool is_new(const struct list_word *part)
{
	return list_word_is(part, "NEW");
}

/* Reads an option with an argument. The rule may still be one that a list can hold. */
static void take_argument(struct rule *rule, const struct list_word *option,
			  const struct list_word *value, bool negated)
{
	if (list_word_any(option, "-s --source --src")) {
		rule->sources = *value;
		rule->negated |= negated;
	} else if (list_word_is(option, "--src-range")) {
		rule->range = *value;
		rule->negated |= negated;
	} else if (list_word_any(option, "-j --jump -g --goto")) {
		rule->target = *value;
	} else if (list_word_any(option,
				 "-i --in-interface -o --out-interface -d --destination --dst "
				 "-t --table --comment --reject-with")) {
		/* where it holds, or what it answers; not for whom */
		rule->narrowed |= !list_word_any(option, "-t --table --comment --reject-with");
	} else if (negated) {
		rule->hinder = "a negated condition";
	} else if (list_word_any(option, "-p --protocol --proto")) {
		rule->elsewhere |= !list_word_any(value, "tcp all any 6 0");
	} else if (list_word_any(option, "--dport --dports --destination-port --destination-ports "
					 "--ports")) {
		rule->elsewhere |= !any_part(value, mail_ports);
		rule->narrowed = true;
	} else if (list_word_any(option, "--state --ctstate")) {
		rule->elsewhere |= !any_part(value, is_new);
	} else if (list_word_any(option, "-m --match")) {
		if (!list_word_any(value, "tcp udp comment state conntrack iprange multiport"))
			rule->hinder = "a match that counts or chooses (-m)";
		rule->chosen |= list_word_any(value, "set geoip asn");
	}
}

static bool known_with_argument(const struct list_word *option)
{
	return list_word_any(option,
			     "-s --source --src --src-range -j --jump -g --goto -i --in-interface "
			     "-o --out-interface -d --destination --dst -t --table --comment "
			     "--reject-with -p --protocol --proto --dport --dports "
			     "--destination-port --destination-ports --ports --state --ctstate "
			     "-m --match");
}

static char operation_of(const struct list_word *word)
{
	static const char letters[] = "ADIRNPFXZELSC";
	static const char *const names[] = { "--append",       "--delete",	 "--insert",
					     "--replace",      "--new-chain",	 "--policy",
					     "--flush",	       "--delete-chain", "--zero",
					     "--rename-chain", "--list",	 "--list-rules",
					     "--check" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((word->size == 2 && word->text[0] == '-' && word->text[1] == letters[i]) ||
		    list_word_is(word, names[i]))
			return letters[i];
	return 0;
}

static bool is_number(const struct list_word *word)
{
	for (size_t i = 0; i < word->size; i++)
		if (word->text[i] < '0' || word->text[i] > '9')
			return false;
	return word->size > 0;
}

static void parse_operation(struct rule *rule, const struct list_word *words, size_t count,
			    size_t *at)
{
	rule->operation = operation_of(&words[(*at)++]);
	if (*at < count && *words[*at].text != '-')
		rule->chain = words[(*at)++];
	rule->insert = rule->operation == 'I';
	if (*at < count && is_number(&words[*at])) {
		rule->middle = rule->insert && !list_word_is(&words[*at], "1");
		(*at)++;
	}
}

static void parse_rule(struct rule *rule, const struct list_word *words, size_t count)
{
	for (size_t at = 0; at < count;) {
		bool negated = list_word_is(&words[at], "!");

		at += negated;
		if (at == count)
			break;
		if (!rule->operation && operation_of(&words[at])) {
			parse_operation(rule, words, count, &at);
		} else if (known_with_argument(&words[at]) && at + 1 < count) {
			const struct list_word *option = &words[at++];

			if (list_word_is(&words[at], "!") &&
			    at + 1 < count) { /* the old way to negate */
				negated = true;
				at++;
			}
			take_argument(rule, option, &words[at++], negated);
		} else if (list_word_any(&words[at], "-w --wait")) {
			at++;
			at += at < count && is_number(&words[at]);
		} else if (list_word_any(&words[at], "-c --set-counters")) {
			at += 3;
		} else if (list_word_any(&words[at], "-4 --ipv4 -6 --ipv6 --syn -n -v") &&
			   !negated) {
			at++;
		} else {
			rule->hinder = rule->hinder ? rule->hinder
						    : "an option that a list cannot hold";
			at++;
		}
	}
}

/* The sources of a rule as ranges. `check`: also checks whether a list may have them. */
static int rule_sources(const struct list_reader *reader, const struct rule *rule, bool check,
			struct ranges *ranges, size_t *count, char reason[LIST_REASON_SIZE])
{
	const char *at = rule->sources.text, *end = at + rule->sources.size;
	const char *dash = memchr(rule->range.text ? rule->range.text : "", '-', rule->range.size);
	int error = 0;

	if (rule->sources.size && rule->range.size) {
		snprintf(reason, LIST_REASON_SIZE, "a rule with both -s and --src-range");
		return -EINVAL;
	}
	if (rule->range.size && !dash)
		error = list_parse_range(reader, rule->range.text, rule->range.size,
					 rule->range.text, rule->range.size, check, ranges, reason);
	else if (rule->range.size)
		error = list_parse_range(reader, rule->range.text,
					 (size_t)(dash - rule->range.text), dash + 1,
					 rule->range.size - (size_t)(dash + 1 - rule->range.text),
					 check, ranges, reason);
	*count = rule->range.size > 0;
	for (; !error && at < end; (*count)++) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct prefix prefix;

		error = list_parse_prefix(reader, at, (size_t)((comma ? comma : end) - at), &prefix,
					  reason);
		if (!error && check)
			error = list_check_prefix(reader, &prefix, reason);
		if (!error)
			error = ranges_add_prefix(ranges, &prefix, 0);
		at = comma ? comma + 1 : end;
	}
	return error;
}

static struct rule_set *chain_set(struct list_reader *reader, const struct rule *rule)
{
	char name[sizeof(((struct rule_set *)0)->name)];

	snprintf(name, sizeof(name), "%s/%.*s", reader->table,
		 (int)(rule->chain.size < 40 ? rule->chain.size : 40), rule->chain.text);
	return list_rule_set(reader, name);
}

static void add_rule(struct list_reader *reader, const struct list_line *line,
		     const struct rule *rule, bool exception)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	char reason[LIST_REASON_SIZE];
	struct rule_set *set;
	size_t count;
	int error = rule_sources(reader, rule, !exception, &ranges, &count, reason);

	if (error == -ENOMEM) {
		reader->error = error;
		return;
	}
	if (error) {
		list_refuse(reader, line->number, "%s", reason);
		return;
	}
	set = chain_set(reader, rule);
	if (!set) {
		if (!reader->error)
			list_refuse(reader, line->number,
				    "more than %d chains in one file; split it", LIST_RULE_SETS);
		return;
	}
	if (!exception && (!rule->insert || rule->middle) &&
	    list_rule_closed(reader, set, line->number))
		return;
	/* in the middle: exceptions before all, what is taken behind all */
	list_rule_add(reader, set, &ranges, exception,
		      rule->insert && (exception || !rule->middle));
	if (exception) {
		list_skip(reader);
	} else {
		reader->report->lines += count;
		reader->report->taken += count;
	}
}

/* OUTPUT and POSTROUTING, and chains that ufw and others name after them. */
static bool leaves(const struct list_word *chain)
{
	for (size_t i = 0; i + 6 <= chain->size; i++)
		if (!strncasecmp(chain->text + i, "output", 6))
			return true;
	return list_word_is(chain, "POSTROUTING");
}

/* A rule of the other action without a source that a list can hold: for all, or for nobody knows
 * whom. What its chain has behind it does not count. */
static void close_chain(struct list_reader *reader, const struct list_line *line,
			const struct rule *rule, bool accepts, bool drops)
{
	bool other = reader->options->allow ? drops : accepts;
	bool all = !rule->hinder && !rule->narrowed && !rule->sources.size && !rule->range.size;
	struct rule_set *set;

	list_skip(reader);
	if (!other || rule->operation != 'A' || rule->elsewhere || leaves(&rule->chain) ||
	    !(all || rule->negated || rule->chosen))
		return;
	set = chain_set(reader, rule);
	if (set)
		list_rule_close(set, line->number);
}

static void judge_rule(struct list_reader *reader, const struct list_line *line,
		       const struct rule *rule)
{
	bool accepts = list_word_any(&rule->target, "ACCEPT RETURN");
	bool drops = list_word_any(&rule->target, "DROP REJECT");
	bool wanted = reader->options->allow ? list_word_is(&rule->target, "ACCEPT") : drops;
	bool sourced = rule->sources.size || rule->range.size;

	if (rule->operation == 'D' || rule->operation == 'R')
		list_refuse(reader, line->number,
			    "the line takes a rule away; import what `iptables-save` prints");
	else if ((accepts || drops) && (!sourced || rule->negated))
		close_chain(reader, line, rule, accepts, drops);
	else if ((rule->operation != 'A' && rule->operation != 'I') || !(accepts || drops) ||
		 rule->elsewhere || leaves(&rule->chain))
		list_skip(reader);
	else if (wanted && rule->hinder)
		list_refuse(reader, line->number, "the rule has %s; add its source by hand",
			    rule->hinder);
	else if (wanted)
		add_rule(reader, line, rule, false);
	else
		add_rule(reader, line, rule, true);
}

/* "*filter", ":INPUT ACCEPT [0:0]", "COMMIT" of iptables-save. */
static bool save_line(struct list_reader *reader, const struct list_line *line)
{
	if (*line->text == '*' && line->size > 1 && line->size < sizeof(reader->table) &&
	    !memchr(line->text, ' ', line->size) && !memchr(line->text, '.', line->size)) {
		memcpy(reader->table, line->text + 1, line->size - 1);
		reader->table[line->size - 1] = '\0';
		return true;
	}
	if (line->size == 6 && !memcmp(line->text, "COMMIT", 6))
		return true;
	return *line->text == ':' && line->size > 4 && line->text[line->size - 1] == ']' &&
	       memchr(line->text, ' ', line->size) && memchr(line->text, '[', line->size);
}

bool list_iptables(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	struct rule rule = { 0 };
	size_t count, at = 0, begin;
	bool shell;

	if (!line->size)
		return false;
	if (save_line(reader, line)) {
		list_skip(reader);
		return true;
	}
	count = list_split(reader, line, words, WORDS_MOST, &shell);
	if (!count)
		return reader->error != 0;
	if (count <= WORDS_MOST && words[0].size > 4 && *words[0].text == '[' &&
	    words[0].text[words[0].size - 1] == ']')
		at = 1; /* counters of iptables-save -c */
	begin = command_words(words + at, (count > WORDS_MOST ? WORDS_MOST : count) - at);
	rule.command = begin > 0;
	at += begin;
	if (!rule.command && (at >= count || !operation_of(&words[at])))
		return false;
	if (count > WORDS_MOST || (rule.command && shell)) {
		list_refuse(reader, line->number,
			    count > WORDS_MOST ? "more than %d words in a rule; split it"
					       : "variables and shell syntax are not run (%d words "
						 "at most); import what `iptables-save` prints",
			    WORDS_MOST);
		return true;
	}
	parse_rule(&rule, words + at, count - at);
	judge_rule(reader, line, &rule);
	return true;
}
