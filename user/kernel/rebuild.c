// SPDX-License-Identifier: GPL-2.0-or-later
/* See rebuild.h. */
#include "kernel/rebuild.h"

#include <errno.h>

int rebuild(struct gate *gate, const struct rebuild_args *arguments)
{
	int program = gate_find_program(gate, PROGRAM_REBUILD);
	struct rebuild_args copy = *arguments; /* libbpf takes no const */
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &copy, .ctx_size_in = sizeof(copy));

	if (program < 0)
		return program;
	if (bpf_prog_test_run_opts(program, &options))
		return -errno;
	return (int)options.retval;
}
