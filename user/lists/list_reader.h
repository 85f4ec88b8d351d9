/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the formats of list_read() share. A format is one file with one function, and one row in the
 * table of text.c. Only user/lists/text*.c uses this. Not here: what a list is (text.h).
 */
#ifndef SEKISHO_LIST_READER_H
#define SEKISHO_LIST_READER_H

#include "lists/text.h"

#define LIST_REASON_SIZE 256
#define LIST_RULE_SETS	 64

/* A line without blanks at its ends; lines that a backslash continues are one. */
struct list_line {
	const char *text;
	size_t size;
	size_t number;	      /* of its first physical line */
	const size_t *breaks; /* offsets in `text` where the further physical lines begin */
	size_t break_count;
	bool indented; /* blanks stood before `text` */
};

/* Words of a line; the text lies in the reader's scratch memory or in the line. */
struct list_word {
	const char *text;
	size_t size;
};

/* Rules of which the first match, or the narrowest, counts; a value is order * 2, and 1 more for an
 * exception. */
struct rule_set {
	char name[80];
	struct ranges ranges;
	uint32_t appended, inserted;
	size_t taken; /* of list_rule_take(), for the report */
	bool excepting;
	bool narrowest; /* the narrowest counts, as in an ipset, which has no order */
	bool timed;	/* an entry of it has an end: `ends` are its entries with their ends */
	bool begun;	/* an ipset's: whether `opposes` is known */
	bool opposes;	/* its name says that it does the opposite of the list */
	bool masked;	/* its entries stand for networks whose length they do not have */
	size_t closed;	/* the line of a rule that leaves nothing, or nobody knows what, to those
			 * behind it; 0: none */
	struct ranges ends;
};

struct nft;	/* text_nft.c: the blocks that are open */
struct postfix; /* text_postfix.c: the conditions that are open */
struct bind;	/* text_bind.c: the braces that are open */
struct listing; /* text_listings.c: the chain or set whose members follow */

/* What a column, or a member of JSON, tells of its entry by its name. */
enum list_tells {
	LIST_TELLS_NOTHING = 0,
	LIST_TELLS_END,	   /* when it ends */
	LIST_TELLS_SPARED, /* whether it is one that is let through */
	LIST_TELLS_ON,	   /* whether it is in force */
	LIST_TELLS_OFF,	   /* whether it is not */
	LIST_TELLS_WHAT,   /* what is done with it, in words */
	LIST_TELLS_SCORE,  /* how bad it is: 0 is not bad */
	LIST_TELLS_EXCEPT, /* what is not meant */
};
enum list_said { LIST_SAID_NOTHING = 0, LIST_SAID_OTHER, LIST_SAID_UNCLEAR };

#define LIST_COLUMNS_MOST 32

/* The numbers of the columns of a CSV by its titles, from 1; 0: it has no such column. */
struct csv_columns {
	size_t address; /* of the address, or of a range's first; 0: no titles so far */
	size_t last, scope, type, duration, all;
	char separator;
	uint8_t tells[LIST_COLUMNS_MOST]; /* enum list_tells */
};

/* A line that is not understood and begins something: what it holds is not understood either. */
struct list_outer {
	size_t line;	/* 0: none */
	size_t indent;	/* of the line, in columns; what is indented further belongs to it */
	size_t depth;	/* brackets that are open */
	bool section;	/* "[name]", up to the next */
	bool commented; /* "<!--", up to "-->" */
};

struct list_reader {
	const struct list_options *options;
	const struct list_callbacks *callbacks;
	struct ranges *ranges;
	struct list_report *report;
	int error;	     /* -ENOMEM: reading ends */
	uint8_t first4[256]; /* enum first_byte of text.c, for the fast way */
	bool commented;	     /* the line before is a comment that ends in a backslash */
	char *scratch;	     /* for a format's use within one line */
	size_t scratch_room;
	char table[32]; /* iptables-save: the "*table" in force */
	struct rule_set *sets;
	size_t set_count;
	struct nft *nft;	 /* NULL: no block is open */
	struct postfix *postfix; /* NULL: not a table of Postfix so far */
	bool after_postfix; /* the line before is of such a table: an indented line continues it */
	size_t scores;	    /* lines of ipsum, which would be numeric actions to Postfix */
	struct ranges except; /* taken out of the whole file at the end */
	struct csv_columns csv;
	enum { MIKROTIK_NONE = 0, MIKROTIK_LISTS, MIKROTIK_ELSEWHERE } mikrotik;
	struct bind *bind;
	struct list_outer outer;
	unsigned cisco;		 /* how many lists of Cisco's with names began */
	bool hash;		 /* a row of first octets without a tag: Postfix' hash */
	bool zone, zone_bracket; /* a zone file of the DNS; within the brackets of its SOA */
	char zone_origin[256];	 /* its $ORIGIN */
	bool firewall_cmd, zone_denies,
		zone_accepts;	     /* firewall-cmd's listing; the zone's target */
	bool rbldnsd, rbldnsd_names; /* its zone; within a data set of names */
	struct listing *listing;     /* text_listings.c: what is being listed; NULL: nothing */
	size_t json_records; /* JSON lines with a prefix, since the last line with a count */
	uint32_t end;	     /* of the entry that is taken next, as in ends.h */
	bool ended;	     /* its end has passed: it is skipped */
	char no_list[LIST_REASON_SIZE]; /* why the file as a whole cannot be used; "": it can */
};

/* A format looks at a line. False: it is not of this format. True: it was taken, skipped or
 * refused. */
typedef bool list_format(struct list_reader *reader, const struct list_line *line);

list_format list_plain, list_ipsum, list_dshield, list_epost, list_p2p, list_abuse_ch,
	list_crowdsec, list_json_lines, list_ipset, list_nft, list_postfix, list_iptables,
	list_hosts, list_csf, list_mikrotik, list_csv, list_access, list_tcp_smtp, list_exception,
	list_nginx, list_apache, list_cisco, list_listing, list_fail2ban, list_rbldnsd, list_bind,
	list_rich_rule, list_zone, list_firewall_cmd, list_csv_row;

/* A line within an nft block that is open, comments included. */
void list_nft_inside(struct list_reader *reader, const struct list_line *line);
/* The same for BIND's braces. */
void list_bind_inside(struct list_reader *reader, const struct list_line *line);
/* To be called at the end of the file: check what must have been closed or counted, and free what
 * is still open. */
void list_nft_finish(struct list_reader *reader);
void list_postfix_finish(struct list_reader *reader);
void list_json_lines_finish(struct list_reader *reader);
void list_listing_finish(struct list_reader *reader);
void list_bind_finish(struct list_reader *reader);

/* Whether the text is a listing of zones by firewall-cmd, for list_firewall_cmd(). */
bool list_is_firewall_cmd(const char *text, size_t size);
/* Whether the outermost element, from the first '<' on, is one of firewalld's. */
bool list_is_firewalld(const char *text, size_t size);
/* Reads a file that is one JSON value (nft -j, CrowdSec). False: it is none. */
bool list_json_document(struct list_reader *reader, const char *text, size_t size);
/* The same for an XML file of firewalld, and for fail2ban's database. */
bool list_firewalld(struct list_reader *reader, const char *text, size_t size);
bool list_fail2ban_database(struct list_reader *reader, const char *text, size_t size);

/* A line that no format knows was refused: whether it begins something (text_outer.c). `begin` is
 * where it begins, with its blanks. */
void list_outer_begin(struct list_reader *reader, const struct list_line *line, const char *begin);
/* Whether the line belongs to such a line, and was refused for that. It is asked before all
 * formats; only lines that say nothing but an address belong to others. */
bool list_outer_has(struct list_reader *reader, const struct list_line *line, const char *begin);

/* Whether the name of a set, a chain or an action says that it lets through, or keeps out; and
 * whether it says the opposite of our list. */
bool list_name_allows(const struct list_word *name);
bool list_name_denies(const struct list_word *name);
bool list_name_opposes(const struct list_reader *reader, const struct list_word *name);
/* The same, with a remark. */
bool list_opposes(struct list_reader *reader, size_t number, const struct list_word *name);
/* What a column or member of this name tells. */
enum list_tells list_tells(const struct list_word *name);
/* Reads what it tells of the entry that is taken next. OTHER: the entry is skipped, UNCLEAR: it is
 * refused, both done here. */
enum list_said list_said(struct list_reader *reader, size_t number, enum list_tells tells,
			 const struct list_word *value);

/* Notes why the whole file is useless, from what is read so far; the first such reason stays. */
void list_give_up(struct list_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Reads the strict dotted quad at `at`, *address in host order; returns the place behind it, or
 * NULL. Accepts the strings of inet_pton(), as a prefix of the text. */
const char *list_quad(const char *at, const char *end, uint32_t *address);

/* The physical line that `at`, a place in the line, is on. */
size_t list_line_number(const struct list_line *line, const char *at);

/* Counts one line or entry, and refuses it. */
void list_refuse(struct list_reader *reader, size_t number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Reports a remark on a line that counts as skipped. */
void list_remark(struct list_reader *reader, size_t number, const char *text);
/* Counts a line that is understood but does not concern this list. */
void list_skip(struct list_reader *reader);

/* "A", "A/length" or "A/contiguous netmask"; `reason` is filled in when -EINVAL. Host bits: -EINVAL
 * unless options->mask. */
int list_parse_prefix(const struct list_reader *reader, const char *text, size_t size,
		      struct prefix *prefix, char reason[LIST_REASON_SIZE]);
/* Whether this list may have the prefix (too wide, special, own); `reason` when -EPERM. */
int list_check_prefix(const struct list_reader *reader, const struct prefix *prefix,
		      char reason[LIST_REASON_SIZE]);
/* Reads a range by its ends and adds it to `ranges` (0, -ENOMEM). `reason` when an end is malformed
 * (-EINVAL), or with `check` the range is not allowed (-EPERM). */
int list_parse_range(const struct list_reader *reader, const char *first, size_t first_size,
		     const char *last, size_t last_size, bool check, struct ranges *ranges,
		     char reason[LIST_REASON_SIZE]);

/* Takes one entry as a prefix, or refuses it. */
void list_take_prefix(struct list_reader *reader, size_t number, const char *text, size_t size);
void list_take_range(struct list_reader *reader, size_t number, const char *first,
		     size_t first_size, const char *last, size_t last_size);

/* Set the end of the entry that is taken next: in seconds since 1970, or as a length of time
 * (ends.h) from now. A text that is no time means for ever; so does "0". */
void list_ends_at(struct list_reader *reader, int64_t end_s);
void list_ends_in(struct list_reader *reader, const char *text, size_t size);
/* To be called when an entry is taken: returns its value, 0 without an end, and counts it in the
 * report; the next entry has no end again. */
uint32_t list_take_end(struct list_reader *reader);
/* Whether the entry that would be taken has ended; it is skipped then. */
bool list_has_ended(struct list_reader *reader);

/* The same for either: "A/24" or "A-B". */
void list_take_entry(struct list_reader *reader, size_t number, const char *text, size_t size);

/* Why a text is no entry, in words. */
void list_describe(const char *text, size_t size, char reason[LIST_REASON_SIZE]);
/* At most 60 printable characters of a text, for messages. */
void list_excerpt(const char *text, size_t size, char excerpt[64]);

/* The whole word, byte by byte. */
bool list_word_is(const struct list_word *word, const char *text);
/* Whether `word` is one of the blank-separated `names`. */
bool list_word_any(const struct list_word *word, const char *names);
/* Splits a line like the shell: quotes, backslashes, a comment at a '#' that begins a word. Returns
 * the number of words, or most + 1 if there are more; their text lies in the scratch memory.
 * *shell: it has something that only a shell can do. 0 with reader->error set: no memory. */
size_t list_split(struct list_reader *reader, const struct list_line *line, struct list_word *words,
		  size_t most, bool *shell);

/* Splits at blanks; returns how many words are set, at most `most`. */
size_t list_words(const struct list_line *line, struct list_word *words, size_t most);
/* Splits at each `separator`; with `quotes` a field may stand in double quotes (RFC 4180; its
 * doubled quotes stay doubled). Blanks around a field are not part of it. Returns how many there
 * are, but sets at most `most`. */
size_t list_fields(const struct list_line *line, char separator, bool quotes,
		   struct list_word *fields, size_t most);
/* Whether the text is a strict address, prefix or range, whether or not the list may have it. */
bool list_is_entry(const struct list_word *word);
/* Whether ports ("25", "25,465", "20:30", with '-' or '_' too) have one of the mail services'. */
bool list_mail_ports(const struct list_word *word);
bool list_is_number(const struct list_word *word, size_t least_digits, size_t most_digits);

/* The rule set of a name, made if there is none; NULL: too many (or reader->error is set). */
struct rule_set *list_rule_set(struct list_reader *reader, const char *name);
/* Notes that a rule on the line closes the set: what else comes is not taken, and refused. */
void list_rule_close(struct rule_set *set, size_t number);
/* Whether the set is closed; the line was refused then. */
bool list_rule_closed(struct list_reader *reader, const struct rule_set *set, size_t number);
/* Adds the ranges as the set's last rule, or its first if `head`. */
void list_rule_add(struct list_reader *reader, struct rule_set *set, const struct ranges *ranges,
		   bool exception, bool head);
/* The same for an entry that list_take_entry() would take: checks it, counts it, adds it last. An
 * exception is not checked and counts as skipped. */
void list_rule_take(struct list_reader *reader, struct rule_set *set, size_t number,
		    const char *text, size_t size, bool exception);
/* Puts the results of the rule sets into reader->ranges, which it leaves normal and without
 * reader->except; frees both. */
void list_rules_finish(struct list_reader *reader);

#endif
