// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of values that only [rules], [rule NAME] and [alert] have. */
#include "conf/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64 /* of the alert program and its arguments */

/* "50" or "50%" */
void conf_percent(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	size_t size = strlen(value);
	char digits[8] = "";
	uint64_t number;
	uint32_t percent;

	if (size && value[size - 1] == '%')
		size--;
	if (size < sizeof(digits))
		memcpy(digits, value, size);
	if (!conf_read_number(digits, key->least, key->most, &number)) {
		conf_fault(load, NULL, "'%s' is no share of %" PRIu64 "%% to %" PRIu64 "%%", value,
			   key->least, key->most);
		return;
	}
	percent = (uint32_t)number;
	memcpy((char *)base + key->offset, &percent, sizeof(percent));
}

void conf_realm(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	struct detect_settings *settings = base;
	size_t size = strlen(value);

	if (!size || size >= sizeof(settings->realm) || strpbrk(value, "@ \t")) {
		conf_fault(load, NULL, "'%s' is no realm; '%s' is the part of a name behind the @",
			   value, key->name);
		return;
	}
	memset(settings->realm, 0, sizeof(settings->realm));
	memcpy(settings->realm, value, size);
}

void conf_clear_home(struct conf_load *load, void *base)
{
	struct detect_settings *settings = &load->config->detect;

	(void)base;
	memset(settings->home, 0, sizeof(settings->home));
}

void conf_home(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	int country = conf_read_country(load, value, strlen(value));

	(void)base;
	if (country == -1 || country == COUNTRY_ZZ)
		conf_fault(load, NULL, "'%s' cannot be a home country; '%s' names countries", value,
			   key->name);
	else if (country >= 0)
		detect_add_home(&load->config->detect, (unsigned)country);
}

void conf_clear_alert(struct conf_load *load, void *base)
{
	struct config *config = base;

	(void)load;
	for (size_t i = 0; i < config->alert_words; i++)
		free(config->alert_program[i]);
	free(config->alert_program);
	config->alert_program = NULL;
	config->alert_words = 0;
}

/* The program's path, then its arguments, one word each: there is no shell, and there are no
 * quotes. */
void conf_alert_word(struct conf_load *load, const struct conf_key *key, void *base,
		     const char *value)
{
	struct config *config = base;
	size_t count = config->alert_words;
	char *word, **words;

	if (count == WORDS_MAX) {
		conf_fault(load, NULL, "'%s' has more than %d words; write a script", key->name,
			   WORDS_MAX);
		return;
	}
	if (strpbrk(value, "\"'`$|&;<>\\")) {
		conf_fault(load, NULL,
			   "'%s' in '%s': it is run without a shell, so quotes, variables and "
			   "pipes mean nothing; write a script and name that",
			   value, key->name);
		return;
	}
	word = count ? strdup(value) : conf_read_path(load, key, value);
	if (!word) {
		if (count)
			conf_out_of_memory(load);
		return;
	}
	words = realloc(config->alert_program, (count + 2) * sizeof(*words));
	if (!words) {
		free(word);
		conf_out_of_memory(load);
		return;
	}
	words[count] = word;
	words[count + 1] = NULL;
	config->alert_program = words;
	config->alert_words = count + 1;
}
