// SPDX-License-Identifier: GPL-2.0-or-later
/* See repair.h. */
#include "enforce/repair.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"

__attribute__((format(printf, 3, 4))) static void log_it(list_files_log *log, void *context,
							 const char *format, ...)
{
	char text[1536];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log(true, text, context);
}

bool repair_is_needed(const struct instance *instance)
{
	return instance->store ? store_is_damaged(instance->store)
			       : instance->store_fault.error == -EBADMSG;
}

int repair_begin(struct instance *instance, char **aside, list_files_log *log, void *context,
		 struct fault *fault)
{
	const char *folder = instance->config->paths.state;
	int error;

	store_close(instance->store);
	instance->store = NULL;
	error = store_set_aside(folder, clock_wall_ns(), aside, fault);
	if (!error)
		error = store_open(folder, false, &instance->store, fault);
	if (error) {
		fault_set(&instance->store_fault, error, "%s", fault->text);
		return error;
	}
	instance->store_fault = (struct fault){ 0 };
	log_it(log, context, "the store was damaged and is moved to %s; a new one is in its place",
	       *aside);
	return 0;
}

int repair_salvage(struct instance *instance, const char *aside, list_files_log *log, void *context,
		   struct fault *fault)
{
	struct store_salvage salvage;
	int error = store_salvage(instance->store, aside, &salvage, fault);

	if (error)
		return error;
	log_it(log, context,
	       "of the damaged store %" PRIu64 " bans, %" PRIu64 " lists and %" PRIu64
	       " rows in all could be read%s",
	       salvage.bans, salvage.lists, salvage.rows,
	       salvage.complete ? ""
				: "; the bans of the kernel are written to the new one, and lists "
				  "that are missing from `sekisho lists` are to be imported again: "
				  "until the next import the kernel goes on with those it has");
	instance->lists_lost = !salvage.complete;
	return 0;
}
