// SPDX-License-Identifier: GPL-2.0-or-later
/* See fault.h. */
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int(fault_set)(struct fault *fault, int error, const char *format, ...)
{
	va_list arguments;

	if (!fault)
		return error;
	fault->error = error;
	va_start(arguments, format);
	vsnprintf(fault->text, sizeof(fault->text), format, arguments);
	va_end(arguments);
	return error;
}

int fault_prefix(struct fault *fault, const char *format, ...)
{
	char old[sizeof(fault->text)];
	va_list arguments;
	size_t used;

	if (!fault)
		return 0;
	memcpy(old, fault->text, sizeof(old));
	va_start(arguments, format);
	vsnprintf(fault->text, sizeof(fault->text), format, arguments);
	va_end(arguments);
	used = strlen(fault->text);
	snprintf(fault->text + used, sizeof(fault->text) - used, ": %s", old);
	return fault->error;
}

int fault_suffix(struct fault *fault, const char *text)
{
	size_t used;

	if (!fault)
		return 0;
	used = strlen(fault->text);
	snprintf(fault->text + used, sizeof(fault->text) - used, "%s", text);
	return fault->error;
}
