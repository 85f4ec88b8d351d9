/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fault: what failed, on what, why, and what to do. Modules fill it in, commands print it. */
#ifndef SEKISHO_FAULT_H
#define SEKISHO_FAULT_H

struct fault {
	int error;	 /* -errno; 0: none */
	char text[1024]; /* one line, no newline: "cannot read X: No such file or directory; remedy"
			  */
};

/* Replaces the text of `fault` (NULL is allowed: nothing is kept). `error` is -errno and is
 * returned, so that `return fault_set(fault, -ENOENT, ...)` reads well. The text is cut at its
 * size. */
int fault_set(struct fault *fault, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#ifdef __clang_analyzer__
/* For the static analyser, which does not look into fault.c and would take 0 for possible. */
#define fault_set(fault, error, ...) ((fault_set)(fault, error, __VA_ARGS__), fault_is(error))
static inline int fault_is(int error)
{
	if (error >= 0)
		__builtin_unreachable();
	return error;
}
#endif

/* Puts "text: " in front of the text of `fault`; returns fault->error (0 for NULL). */
int fault_prefix(struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Puts `text`, such as "; remedy", behind the text of `fault`; returns fault->error (0 for NULL). */
int fault_suffix(struct fault *fault, const char *text);

#endif
