/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reports' texts, in English and in Japanese, as an administrator would write them. Pure. */
#ifndef SEKISHO_WORDS_H
#define SEKISHO_WORDS_H

#include <stdbool.h>

enum lang { LANG_EN, LANG_JA, LANG_COUNT };

/* In the texts {0} to {9} stands for a value that the caller gives; {0|host|hosts} for the value, a
 * blank, and the word for one or for another number. */
enum word {
	W_CODE, /* of HTML's lang= */
	W_TITLE,
	W_SENTENCE,
	W_SENTENCE_NETWORKS, /* where providers are a guess */
	W_NOTICED,
	W_MESSAGES,
	W_NO_STRANGERS,
	W_NO_STRANGERS_STORE,
	W_STORE_NOTE,
	W_SPAN,
	W_TIMELINE,
	W_KEPT_OUT_MOST,
	W_PASSED_MOST,
	W_NO_MESSAGES,
	W_MARK_STRANGER,
	W_MARK_ALERT,
	W_MARK_BANS,
	W_MARK_BREAKER,
	W_COUNTRIES,
	W_COUNTRY,
	W_PROVIDERS,
	W_PROVIDER,
	W_STRANGERS,
	W_OWN,
	W_SOURCES,
	W_SOURCE,
	W_FIRST,
	W_LAST,
	W_LOGINS,
	W_FAILURES,
	W_PASSED,
	W_KEPT_OUT,
	W_BANNED_UNTIL,
	W_NEVER,
	W_MORE,
	W_LEFT,
	W_LEFT_SUMS,
	W_LEFT_QUEUES,
	W_LEFT_NONE,
	W_OTHERS,
	W_OTHERS_INTRO,
	W_OTHERS_CUT,
	W_OTHERS_NONE,
	W_ACCOUNT,
	W_ATTEMPTS,
	W_LINES,
	W_LINES_NONE,
	W_STEPS,
	W_STEP_LOCK,
	W_STEP_KICK,
	W_STEP_QUEUE,
	W_STEP_QUEUE_OF,
	W_STEP_DELIST,
	W_STEP_TELL,
	W_STEP_TRUST,
	W_MADE_BY,
	W_DAY_TITLE,
	W_DAY_SENTENCE,
	W_DAY_WOULD,
	W_DAY_NOTHING,
	W_DAY_HOURS,
	W_DAY_DROPPED_MOST,
	W_DAY_PASSED_MOST,
	W_DAY_SERVICES,
	W_SERVICE,
	W_DROPPED,
	W_WOULD_DROP,
	W_DAY_REASONS,
	W_REASON,
	W_DAY_EVENTS,
	W_EVENT,
	W_COUNT_OF,
	W_BANS,
	W_ALERTS,
	W_MESSAGES_OF,
	W_BOUNCES,
	W_ABUSES,
	W_DAY_ALERTS,
	W_TIME,
	W_RULE,
	W_ABOUT,
	W_WHY,
	W_DAY_NO_ALERTS,
	W_THE_SERVER,
	W_OTHER_PORTS,
	W_WORD_COUNT,
};

/* The text in that language, UTF-8, with {0} and the like where values come in; static. */
const char *word_of(enum lang lang, enum word word);
/* "en", "ja"; -EINVAL. */
int lang_from_name(const char *name);
/* The language of LC_ALL, LC_MESSAGES or LANG: the first that is set and not empty. */
enum lang lang_of_environment(void);

#endif
