// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this kernel's verifier says of each program, one line each: name, instructions, bytes of
 * machine code, instructions that the verifier walked, bytes of stack. Needs root. Not here: how
 * much is too much (limits).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "gate.skel.h"
#include "kernel/handle.h"

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

/* Once more what the gate has loaded, with the same switches, but asking for the figures. */
static int measure(const struct gate *gate)
{
	const struct gate_bpf *loaded = gate->skeleton;
	_cleanup_(cleanup_skeleton) struct gate_bpf *again = gate_bpf__open();
	_cleanup_free_ char *logs = calloc(PROGRAMS_MAX, LOG_SIZE);
	struct bpf_program *program, *before = NULL;
	size_t count = 0;
	int result;

	if (!again || !logs)
		return -1;
	memcpy(again->rodata, loaded->rodata, sizeof(*again->rodata));
	bpf_object__for_each_program(program, again->obj)
	{
		before = bpf_object__next_program(loaded->obj, before);
		bpf_program__set_flags(program, bpf_program__flags(before));
		bpf_program__set_autoload(program, bpf_program__autoload(before));
		bpf_program__set_log_level(program, LOG_STATS);
		if (count == PROGRAMS_MAX)
			return -1;
		bpf_program__set_log_buf(program, logs + count++ * LOG_SIZE, LOG_SIZE);
	}
	result = gate_bpf__load(again); /* that they load at all, with reasons, was seen before */
	bpf_object__for_each_program(program, again->obj)
	{
		size_t size;

		if (!result && bpf_program__autoload(program))
			result = print_program(program, bpf_program__log_buf(program, &size));
	}
	return result;
}

int main(void)
{
	struct gate_load_options options = { .ban_size = 1024, .verbose = true };
	struct gate *gate;
	struct fault fault;
	char pins[64];
	bool fresh;
	int result;

	snprintf(pins, sizeof(pins), "/sys/fs/bpf/sekisho-complexity-%d", (int)getpid());
	options.pins = pins;
	if (gate_load(&options, &gate, &fresh, &fault)) {
		fprintf(stderr, "complexity: %s\n", fault.text);
		return 1;
	}
	libbpf_set_print(NULL); /* what it says from here on is of no interest */
	result = measure(gate);
	gate_close(gate);
	gate_unload(pins, &fault);
	return result ? 1 : 0;
}
