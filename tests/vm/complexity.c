// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this kernel's verifier says of each program, one line each: name, instructions, bytes of
 * machine code, instructions that the verifier walked, bytes of stack. Needs root. Not here: how
 * much is too much (limits).
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "gate.skel.h"
#include "kernel/programs.h"
#include "kernel/verify.h"

#define PROGRAMS_MAX 32
#define LOG_SIZE     65536
#define LOG_STATS    4 /* BPF_LOG_STATS of the kernel's bpf_verifier.h */

/* The sum over the program and its functions, "stack depth 96+0+24": more than any way through. */
static unsigned long stack_depth(const char *log)
{
	static const char words[] = "stack depth ";
	const char *at = strstr(log, words);
	unsigned long sum = 0;
	char *end;

	if (!at)
		return 0;
	for (at += sizeof(words) - 1;; at = end + 1) {
		sum += strtoul(at, &end, 10);
		if (*end != '+')
			return sum;
	}
}

static int print_program(const struct bpf_program *program, const char *log)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);
	const char *processed = strstr(log, "processed ");
	unsigned long walked;

	if (!processed || sscanf(processed, "processed %lu insns", &walked) != 1 ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size)) {
		fprintf(stderr, "complexity: no figures for %s; the verifier says: %s\n",
			bpf_program__name(program), log);
		return -1;
	}
	printf("%s %zu %u %lu %lu\n", bpf_program__name(program),
	       info.xlated_prog_len / sizeof(struct bpf_insn), info.jited_prog_len, walked,
	       stack_depth(log));
	return 0;
}

static void cleanup_skeleton(struct gate_bpf **skeleton)
{
	gate_bpf__destroy(*skeleton);
}

/* As load.c does, but asking for the figures. */
static int measure(void)
{
	_cleanup_(cleanup_skeleton) struct gate_bpf *skeleton = gate_bpf__open();
	_cleanup_free_ char *logs = calloc(PROGRAMS_MAX, LOG_SIZE);
	struct bpf_program *program;
	size_t count = 0;
	int result;

	if (!skeleton || !logs)
		return -1;
	gate_set_switches(skeleton);
	bpf_map__set_max_entries(skeleton->maps.bans, 1024);
	bpf_object__for_each_program(program, skeleton->obj)
	{
		bpf_program__set_log_level(program, LOG_STATS);
		if (count == PROGRAMS_MAX)
			return -1;
		bpf_program__set_log_buf(program, logs + count++ * LOG_SIZE, LOG_SIZE);
	}
	result = gate_bpf__load(skeleton);
	if (result)
		fprintf(stderr, "complexity: the programs do not load: %s\n", strerror(-result));
	bpf_object__for_each_program(program, skeleton->obj)
	{
		size_t size;

		if (!result)
			result = print_program(program, bpf_program__log_buf(program, &size));
		else
			fprintf(stderr, "%s", bpf_program__log_buf(program, &size));
	}
	return result;
}

int main(void)
{
	return measure() ? 1 : 0;
}
