// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns what an administrator writes, or takes from fail2ban, into a regular expression; see
 * pattern.h. Pure. */
#include "log/pattern.h"

#include <errno.h>

#define IP4 "(?<![0-9.])(?P<ip4>(?:[0-9]{1,3}\\.){3}[0-9]{1,3})(?![0-9])"
#define IP6                                                                                 \
	"(?<![0-9A-Fa-f:])(?P<ip6>[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{0,37}[0-9A-Fa-f:](?:(?<=:)" \
	"(?:[0-9]{1,3}\\.){3}[0-9]{1,3})?)(?![0-9A-Fa-f])"
#define MAPPED "(?:::[fF]{4}:)?(?<![0-9.])(?P<ip4>(?:[0-9]{1,3}\\.){3}[0-9]{1,3})(?![0-9])"
#define HOST   "\\[?(?:IPv6:)?(?:" MAPPED "|" IP6 ")\\]?"

static const struct {
	const char *tag, *text; /* text NULL: the tag is refused; `reason` says why */
	const char *reason;
} tags[] = {
	{ "<HOST>", HOST, NULL },
	{ "<ADDR>", HOST, NULL },
	{ "<IP4>", IP4, NULL },
	{ "<IP6>", IP6, NULL },
	{ "<USER>", "(?P<user>\\S+)", NULL },
	{ "<F-USER>", "(?P<user>", NULL },
	{ "<F-ID>", NULL, "an identifier other than an address cannot be banned; use <HOST>" },
	{ "<F-MLF", NULL, "it joins lines by a session's id; write a pattern for one line" },
	{ "<F-NOFAIL>", "(?:", NULL },
	{ "<F-CONTENT>", "(?P<content>", NULL },
	{ "<SKIPLINES>", NULL, "it spans lines; write a pattern for one line" },
	{ "<DNS>", NULL, "host names are not resolved; use <HOST> where the address is" },
	{ "<SUBNET>", NULL, "one address is needed; use <HOST>" },
	{ "<CIDR>", NULL, "one address is needed; use <HOST>" },
};

struct pattern_text_output {
	char *at, *end;
};

static bool put(struct pattern_text_output *out, const char *text, size_t size)
{
	if (size >= (size_t)(out->end - out->at))
		return false;
	out->at = mempcpy(out->at, text, size);
	*out->at = '\0';
	return true;
}

/* The size of a tag that only names its content, "<F-ALT_USER1>" ... "</F-ALT_USER1>", or 0. */
static size_t name_size(const char *text)
{
	size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return size && text[size] == '>' ? size + 1 : 0;
}

/* Takes a tag at a '<' and moves *text behind it; a '<' that begins no tag is taken as it is. */
static int take_tag(const char **text, struct pattern_text_output *out, struct fault *fault)
{
	const char *at = *text;
	size_t size;
	bool fits;

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		size = strlen(tags[i].tag);
		if (strncmp(at, tags[i].tag, size) != 0)
			continue;
		if (!tags[i].text)
			return fault_set(fault, -EINVAL, "%s%s cannot be used: %s", tags[i].tag,
					 tags[i].tag[size - 1] == '>' ? "" : "...>",
					 tags[i].reason);
		*text += size;
		fits = put(out, tags[i].text, strlen(tags[i].text));
		return fits ? 0 : fault_set(fault, -EINVAL, "it is too long");
	}
	if (!strncmp(at, "<F-", 3) && (size = name_size(at + 3))) {
		bool user = !strncmp(at + 3, "ALT_USER", 8);

		*text += 3 + size;
		fits = user ? put(out, "(?P<user>", 9) : put(out, "(?:", 3);
	} else if (!strncmp(at, "</F-", 4) && (size = name_size(at + 4))) {
		*text += 4 + size;
		fits = put(out, ")", 1);
	} else {
		*text += 1;
		fits = put(out, "<", 1);
	}
	return fits ? 0 : fault_set(fault, -EINVAL, "it is too long");
}

/* Takes a '%': fail2ban writes two for one, and "%(name)s" for a variable. */
static int take_percent(const char **text, struct pattern_text_output *out, struct fault *fault)
{
	if ((*text)[1] == '(') {
		size_t size = strcspn(*text, ")");

		return fault_set(fault, -EINVAL,
				 "%.*s is a variable of fail2ban's, which its filter file "
				 "defines; write out what it stands for%s",
				 (int)(size < 60 ? size + 2 : 60), *text,
				 strncmp(*text, "%(__prefix_line)s", 17) != 0
					 ? ""
					 : " (only at the begin is it understood)");
	}
	*text += (*text)[1] == '%' ? 2 : 1;
	return put(out, "%", 1) ? 0 : fault_set(fault, -EINVAL, "it is too long");
}

/* fail2ban does not remove the blank behind the time stamp; here the blank may be missing. */
static const char *skip_begin(const char *text, struct pattern_text_output *out, bool *message)
{
	static const char prefix[] = "%(__prefix_line)s";
	const char *rest = text + strspn(text, "^");
	bool anchored = *text == '^';

	if (!strncmp(rest, "\\s*", 3))
		rest += 3;
	*message = !strncmp(rest, prefix, strlen(prefix));
	if (*message) {
		put(out, "^", 1);
		return rest + strlen(prefix);
	}
	if (!anchored)
		return text;
	put(out, "^", 1);
	text++;
	if (*text == ' ')
		put(out, "\\s*", 3);
	else if (!strncmp(text, "\\s+", 3))
		put(out, "\\s*", 3);
	else
		return text;
	return text + (*text == ' ' ? 1 : 3);
}

int pattern_translate(const char *text, char out[PATTERN_SIZE], bool *message, struct fault *fault)
{
	struct pattern_text_output output = { out, out + PATTERN_SIZE };
	int error = 0;

	*out = '\0';
	text = skip_begin(text, &output, message);
	while (*text && !error) {
		size_t size = strcspn(text, "\\<%");
		bool fits = put(&output, text, size);

		text += size;
		if (fits && *text == '\\') {
			size = text[1] ? 2 : 1;
			fits = put(&output, text, size);
			text += size;
		} else if (fits && *text == '<') {
			/* "(?<name>", "(?P<name>", "(?<!" belong to the regular expression. */
			if ((size > 1 && !strncmp(text - 2, "(?", 2)) ||
			    (size > 2 && !strncmp(text - 3, "(?P", 3))) {
				fits = put(&output, text++, 1);
			} else {
				error = take_tag(&text, &output, fault);
			}
		} else if (fits && *text == '%') {
			error = take_percent(&text, &output, fault);
		}
		if (!fits)
			error = fault_set(fault, -EINVAL, "it is too long");
	}
	return error;
}
