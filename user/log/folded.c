// SPDX-License-Identifier: GPL-2.0-or-later
/* See folded.h. Pure. */
#include "log/folded.h"

#include <ctype.h>

bool folded_is_one(struct folded *folded, const struct envelope *envelope)
{
	const struct stamp *clock = &envelope->clock;
	struct span whole = envelope->whole;

	if (envelope->layering == LAYER_BARE && whole.size &&
	    (*whole.at == ' ' || *whole.at == '\t'))
		return true;
	/* " 9月 21 10:00:00", of a journal in Japanese: there it is "11月" in autumn. */
	if (clock->kind == STAMP_YEARLESS && *clock->text.at == ' ' && folded->unindented)
		return true;
	if (clock->kind)
		folded->unindented = clock->kind != STAMP_YEARLESS ||
				     isalpha((unsigned char)*clock->text.at);
	if (!envelope->contained && !span_starts(envelope->program, "exim"))
		return false;
	/* Some templates put two blanks before each message. */
	if (envelope->doubled && folded->single)
		return true;
	folded->single = !envelope->doubled;
	return false;
}
