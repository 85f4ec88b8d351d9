/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers in front of a message: time stamp, host, program, process, in as many layers as
 * loggers, relays and containers have added. They are read without converting the time, since most
 * lines are no event. Not here: lines that are wrapped in something other than text (unwrap.h),
 * what the message means.
 *
 * A layer begins only at the first byte of the message of the layer around it: a stranger's text
 * comes later in a message. And it begins only behind a program that can be a container's: a mail
 * server's own message is never searched for headers (envelope_parts.c).
 */
#ifndef SEKISHO_ENVELOPE_H
#define SEKISHO_ENVELOPE_H

#include "log/stamp.h"

#define ENVELOPE_PROGRAM_MOST 128 /* bytes of a name that a program may have */
#define ENVELOPE_MOST_REPEATS 100000U

/* The outermost format that a line is wrapped in, beside syslog. */
enum wrapping {
	WRAP_NONE = 0,
	WRAP_DOCKER_JSON,    /* {"log":"...\n","stream":"stdout","time":"..."} */
	WRAP_JOURNAL_JSON,   /* journalctl -o json */
	WRAP_EXPORT,	     /* journalctl -o export */
	WRAP_VERBOSE,	     /* journalctl -o verbose */
	WRAP_CRI,	     /* "2026-...Z stdout F ..." (Kubernetes, podman) */
	WRAP_COMPOSE,	     /* "postfix-1  | ..." */
	WRAP_JSON,	     /* of a collector (shipped.h) */
	WRAP_JSON_CONTAINER, /* the same, of a container's line */
	WRAP_COUNT,
};

/* How a layer is written. */
enum layering {
	LAYER_BARE = 0, /* no header */
	LAYER_PROGRAM,	/* "program[pid]: " without a stamp */
	LAYER_SYSLOG,	/* stamp, host, "program[pid]: " */
	LAYER_5424,
	LAYER_OWN, /* a stamp and no host: a daemon's own file */
};

struct exim_habits;

struct envelope {
	enum stamp_kind stamp_kind; /* of the innermost layer */
	struct span stamp;
	struct stamp clock;  /* the outermost stamp that says its zone, else the outermost one */
	struct span program; /* empty: the line names none */
	uint32_t pid;	     /* 0: not said */
	struct exim_habits *exim; /* what the log has shown of its Exim, or NULL; not owned */
	bool joined;		  /* put together from all its pieces (pieces.h), so not cut */
	unsigned repeat;	  /* "message repeated N times": N, else 1 */
	struct span text;	  /* the message */
	struct span bare;	  /* all behind the stamp, of a line that need not name a program */
	struct span whole;	  /* all behind the stamp, host and program included, of any line */
	enum wrapping wrapping;
	enum layering layering; /* of the innermost layer */
	unsigned layers;	/* of headers; 0: bare */
	bool contained;		/* the line came out of a container */
	bool doubled;		/* two blanks stand before such a program's message (may_fold) */
};

/* Reads a line of any bytes, and always fills *envelope. `clock` (kind STAMP_NONE: none) is the
 * time by the wrapping. */
void envelope_read(struct span line, enum wrapping wrapping, const struct stamp *clock,
		   struct envelope *envelope);

/* How a line is written. */
struct envelope_form {
	enum wrapping wrapping;
	enum layering layering;
	enum stamp_kind stamp_kind;
	bool known, layered; /* all zero: of no line */
};

/* The form of the line that was read last. */
void envelope_get_form(const struct envelope *envelope, struct envelope_form *form);

/* "syslog", "Docker json-file, syslog (ISO date)": what `status` shows. */
#define ENVELOPE_FORM_SIZE 96
void envelope_form_text(const struct envelope_form *form, char text[ENVELOPE_FORM_SIZE]);

/* ---- envelope_parts.c ---- */

/* Whether a program's name is that of a container or of a program that runs containers:
 * "docker/web", an id of 12 or 64 hexadecimal digits, with or without a name before it,
 * "mailcow_postfix_1", "docker-compose". */
bool envelope_is_container(struct span program);
/* Whether a message of the program may be a line that begins with a blank of its own (folded.h). */
bool envelope_may_fold(struct span program);
/* Whether a message of the program may be a line with a header of its own. */
bool envelope_may_hold(struct span program, uint32_t pid);
/* "mail.info", "<mail.info>", "<2.6>", "mail:info" and "mail.info:", with a blank behind: moves
 * behind it. */
bool envelope_skip_facility(struct span *line);
/* "postfix-mailcow-1  | ", "mail_postfix.1.u2l1p0d8x@node1    | ", "[postfix] | ",
 * "[pod/mail-0/postfix] ", and colours around it: moves behind it. */
bool envelope_skip_compose(struct span *line);
/* "[ 1234.567890] " and "[ 1234.567890 <    0.000123 >] ", of journalctl -o short-monotonic and
 * short-delta, which is no time of day: moves behind it. */
bool envelope_skip_monotonic(struct span *line);
/* Whether the line begins with an address like "2001:db8::5 ": a host, though it looks like a
 * program. */
bool envelope_is_address(struct span line);
/* "mx ", a word of the characters of host names, including chains of relays: moves behind it. */
bool envelope_skip_host(struct span *line);
/* " <Warning>", as macOS has it behind the process: moves behind it. */
void envelope_skip_level(struct span *line);
/* "[postfix/smtpd] ", as metalog writes behind its stamp, of a mail server: moves behind it. */
bool envelope_take_bracketed(struct span *line, struct span *program);
/* "auth(name,192.0.2.5,sasl:login)<session>: Info: ..." of Dovecot's own file, where the name may
 * hold anything: the program is what stands before the bracket, the text begins with that. */
bool envelope_take_own(struct span *line, struct span *program);
/* "exim_main 2026-11-21 10:00:00 ", of a file that rsyslog ships under a tag without a colon: moves
 * to the stamp. */
bool envelope_take_tag(struct span *line, struct span *program);
/* "web/mail:1.2/0a1b2c3d4e5f", Docker's tag of image, name and id, whose first `size` bytes are
 * known: its size, or 0 where a line begins otherwise. */
size_t envelope_image_size(struct span line, size_t size);
/* "host program pid message-id structured-data message" of RFC 5424, behind the stamp; any text has
 * some of it where the structured data begin with '-' or '['. */
bool envelope_read_5424(struct span line, struct envelope *envelope);
/* Whether a mail server known here can be called so. */
bool envelope_is_mail(struct span program);

#endif
