// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The differential test: what Linux answers without the gate, against what it answers behind it.
 * Options, the long run, minimising. Not here: mutations (mutation.h), judging (trial.h).
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "kept.h"
#include "trial.h"

#define TEETH 50000 /* from so many mutations on, every kind must have been answered */

struct options {
	uint64_t seed, count, from;
	enum gate_hook hook;
	enum sabotage sabotage;
	const char *keep, *replay;
	int only;
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

static int usage(FILE *to, int status)
{
	fputs("usage: mutate [--seed N] [--count N] [--from N] [--hook xdp|tc] [--only KIND]\n"
	      "              [--keep DIR] [--replay DIR] [--sabotage monitor|ban]\n"
	      "Sends mutated SYNs to a listener without a gate and to others behind one.\n"
	      "  --from N    begin with mutation N of this seed\n"
	      "  --only      each mutation has a step of this kind; \"list\" prints the kinds\n"
	      "  --keep      where a finding is written, minimised (default: nowhere)\n"
	      "  --replay    first send every packet kept there; with --count 0 nothing else\n"
	      "  --sabotage  the gate does wrong, and that must be found\n"
	      "Exit status: 0 nothing found, 1 a finding, 2 wrong usage or no way to test here.\n",
	      to);
	return status;
}

static int kind_by_name(const char *name)
{
	for (unsigned i = 0; i < kind_count; i++)
		if (!strcmp(kinds[i].name, name))
			return (int)i;
	for (unsigned i = 0; i < kind_count; i++)
		puts(kinds[i].name);
	exit(strcmp(name, "list") ? 2 : 0);
}

static enum gate_hook hook_by_name(const char *name)
{
	if (!strcmp(name, "xdp"))
		return HOOK_XDP;
	if (!strcmp(name, "tc"))
		return HOOK_TC;
	exit(usage(stderr, 2));
}

static enum sabotage sabotage_by_name(const char *name)
{
	if (!strcmp(name, "monitor"))
		return SABOTAGE_MONITOR;
	if (!strcmp(name, "ban"))
		return SABOTAGE_BAN_ALL;
	exit(usage(stderr, 2));
}

static void parse(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "seed", 1, 0, 's' },	 { "count", 1, 0, 'n' },
		{ "from", 1, 0, 'f' },	 { "hook", 1, 0, 'h' },
		{ "only", 1, 0, 'o' },	 { "keep", 1, 0, 'k' },
		{ "replay", 1, 0, 'r' }, { "sabotage", 1, 0, 'b' },
		{ "help", 0, 0, '?' },	 { 0 },
	};
	int name;

	*options = (struct options){ .count = 200000, .only = -1 };
	if (getrandom(&options->seed, sizeof(options->seed), 0) < 0)
		options->seed = (uint64_t)time(NULL);
	while ((name = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (name) {
		case 's':
			options->seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			options->count = strtoull(optarg, NULL, 0);
			break;
		case 'f':
			options->from = strtoull(optarg, NULL, 0);
			break;
		case 'h':
			options->hook = hook_by_name(optarg);
			break;
		case 'o':
			options->only = kind_by_name(optarg);
			break;
		case 'k':
			options->keep = optarg;
			break;
		case 'r':
			options->replay = optarg;
			break;
		case 'b':
			options->sabotage = sabotage_by_name(optarg);
			break;
		default:
			exit(usage(optopt ? stderr : stdout, optopt ? 2 : 0));
		}
	}
	if (optind < argc)
		exit(usage(stderr, 2));
}

/* Leaves out one step after the other for as long as what is left is still a finding. */
static int minimise(struct trial *trial, struct mutation *mutation, struct trial_finding *finding,
		    struct fault *fault)
{
	for (unsigned i = mutation->count; i-- > 0;) {
		struct mutation less = *mutation;
		struct trial_finding found;
		int err;

		less.count--;
		memmove(less.steps + i, less.steps + i + 1, (less.count - i) * sizeof(*less.steps));
		err = trial_certain(trial, &less, &found, fault);
		if (err)
			return err;
		if (found.violation != finding->violation)
			continue;
		*mutation = less;
		*finding = found;
		i = mutation->count;
	}
	/* What the finding is shown with is what was seen to be one. */
	return trial_certain(trial, mutation, finding, fault);
}

static void show(const struct kept *kept)
{
	for (unsigned i = 0; i < kept->train.count; i++) {
		printf("  frame ");
		for (uint32_t j = 0; j < kept->train.size[i]; j++)
			printf("%02x", kept->train.bytes[kept->train.at[i] + j]);
		putchar('\n');
	}
}

static int report(struct trial *trial, const struct options *options, uint64_t number,
		  struct mutation mutation, struct trial_finding finding, struct fault *fault)
{
	_cleanup_free_ struct kept *kept = malloc(sizeof(*kept));
	char steps[400], what[800], path[400];
	struct trial_finding alone;
	int err;

	if (!kept)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = trial_certain(trial, &mutation, &alone, fault);
	if (err)
		return err;
	if (alone.violation == VIOLATION_NONE && finding.violation != VIOLATION_BANNED &&
	    finding.violation != VIOLATION_REFUSED)
		return 0; /* a packet was lost, no more */
	if (alone.violation != VIOLATION_NONE) {
		finding = alone;
		err = minimise(trial, &mutation, &finding, fault);
		if (err)
			return err;
	}
	mutation_format(&mutation, steps, sizeof(steps));
	snprintf(what, sizeof(what), "%s, through %s%s; %s", violation_text(finding.violation),
		 trial->lab->servers[finding.server].name,
		 alone.violation ? "" : " (among others, not by itself)", steps);
	printf("FOUND mutation %lu of seed %#lx: %s\n", number, options->seed, what);
	kept->host = trial->host;
	kept->port = trial->port;
	kept->train = trial->train;
	show(kept);
	if (options->keep) {
		snprintf(path, sizeof(path), "%s/%016lx-%lu.txt", options->keep, options->seed,
			 number);
		err = kept_save(path, what, kept, fault);
		printf("  %s%s\n", err ? "not kept: " : "kept as ", err ? fault->text : path);
	}
	return 1;
}

/* What came of one mutation of the batch. 1: a finding. */
static int look_at(struct trial *trial, const struct options *options, uint64_t number,
		   const struct mutation *mutation, const struct result *result,
		   struct kind_count *counts, struct fault *fault)
{
	struct trial_finding finding = trial_judge(trial, result, false);
	const char *unreadable = NULL;

	if (finding.violation == VIOLATION_CLEAN || finding.violation == VIOLATION_OTHER_PORT) {
		mutation_render(mutation, PORT_SMTP, 1, &trial->train);
		unreadable = train_unreadable(&trial->train);
		finding = trial_judge(trial, result, unreadable);
	}
	for (unsigned i = 0; i < mutation->count; i++) {
		struct kind_count *count = &counts[mutation->steps[i].kind];

		count->made++;
		count->answered += (result->bits[SERVER_BARE][1] & ANSWER_SYNACK * 0x15) !=
				   0; /* any port */
		count->unreadable += unreadable != NULL;
	}
	if (finding.violation == VIOLATION_NONE)
		return 0;
	return report(trial, options, number, *mutation, finding, fault);
}

static int run(struct trial *trial, const struct options *options, struct kind_count *counts,
	       struct fault *fault)
{
	_cleanup_free_ struct mutation *batch = calloc(BATCH, sizeof(*batch));
	_cleanup_free_ struct result *results = calloc(BATCH, sizeof(*results));
	int err = 0;

	if (!batch || !results)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (uint64_t done = 0; done < options->count && !err && !stopped; done += BATCH) {
		uint64_t first = options->from + done, left = options->count - done;
		unsigned count = left < BATCH ? (unsigned)left : BATCH;

		for (unsigned i = 0; i < count; i++)
			batch[i] = mutation_make(options->seed, first + i, options->only);
		err = trial_batch(trial, batch, count, fault);
		memcpy(results, trial->results, BATCH * sizeof(*results));
		for (unsigned i = 0; i < count && !err; i++)
			err = look_at(trial, options, first + i, &batch[i], &results[i], counts,
				      fault);
		if (done / BATCH % 500 == 499) {
			printf("%lu so far\n", done + count);
			fflush(stdout);
		}
	}
	return err;
}

static int replay_one(struct trial *trial, const char *path, struct fault *fault)
{
	_cleanup_free_ struct kept *kept = malloc(sizeof(*kept));
	struct trial_finding finding = { 0 };
	int err;

	if (!kept)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = kept_load(path, kept, fault);
	for (int tries = 0; tries < 3 && !err; tries++) {
		/* The same ports again: until the server has forgotten them. */
		if (tries)
			usleep(2500000);
		err = trial_train(trial, &kept->train, kept->host, kept->port, fault);
		if (err)
			return err;
		finding = trial_judge(trial, &trial->results[0], train_unreadable(&kept->train));
		if (finding.violation != VIOLATION_CLEAN &&
		    finding.violation != VIOLATION_OTHER_PORT)
			break;
	}
	if (err)
		return err;
	printf("%s %s%s%s\n", finding.violation ? "FOUND" : "kept", path,
	       finding.violation ? ": " : "",
	       finding.violation ? violation_text(finding.violation) : "");
	return finding.violation != VIOLATION_NONE;
}

static int replay(struct trial *trial, const char *folder, struct fault *fault)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort), err = 0, found = 0;

	if (count < 0)
		return fault_set(fault, -errno, "cannot read %s: %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char path[600];

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (err >= 0 && strlen(name) > 4 && !strcmp(name + strlen(name) - 4, ".txt"))
			err = replay_one(trial, path, fault);
		found += err > 0;
		free(entries[i]);
	}
	free(entries);
	return err < 0 ? err : found > 0;
}

/* 1: some kind was never answered, so that nothing was tested of it. */
static int show_counts(const struct options *options, const struct kind_count *counts)
{
	int toothless = 0;

	printf("%-18s %9s %9s %10s\n", "kind", "made", "answered", "unreadable");
	for (unsigned i = 0; i < kind_count; i++) {
		bool bare = options->count >= TEETH && options->only < 0 && kinds[i].answered &&
			    kinds[i].weight && !counts[i].answered;

		printf("%-18s %9lu %9lu %10lu%s\n", kinds[i].name, counts[i].made,
		       counts[i].answered, counts[i].unreadable,
		       bare ? "  NEVER ANSWERED: nothing was tested" : "");
		toothless |= bare;
	}
	return toothless;
}

/* One CPU from sender to listener and back, so that what is sent in order is answered in order. */
static void stay_on_this_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)sched_getcpu(), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		perror("mutate: sched_setaffinity");
}

static int test(struct trial *trial, const struct options *options, struct fault *fault)
{
	_cleanup_free_ struct kind_count *counts = calloc(kind_count, sizeof(*counts));
	uint64_t begin = clock_boot_ns();
	int err = 0;

	if (!counts)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (options->replay)
		err = replay(trial, options->replay, fault);
	if (err || !options->count)
		return err;
	printf("seed %#lx, %lu mutations from %lu on\n", options->seed, options->count,
	       options->from);
	fflush(stdout);
	err = run(trial, options, counts, fault);
	if (err)
		return err;
	err = show_counts(options, counts);
	printf("%lu ms, %lu repeated by themselves, %lu stray answers\n",
	       (clock_boot_ns() - begin) / 1000000, trial->retried, trial->strays);
	return err;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = stop };
	struct options options;
	struct trial *trial = NULL;
	struct fault fault = { 0 };
	struct lab lab;
	int err;

	parse(argc, argv, &options);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	stay_on_this_cpu();
	err = lab_open(&lab, options.hook, options.sabotage, &fault);
	if (err) {
		fprintf(stderr, "mutate: %s\n", fault.text);
		return 2;
	}
	err = trial_open(&lab, &trial, &fault);
	if (!err)
		err = test(trial, &options, &fault);
	if (err < 0)
		fprintf(stderr, "mutate: %s\n", fault.text);
	trial_close(trial);
	lab_close(&lab);
	if (stopped)
		return 128 + stopped;
	return err < 0 ? 2 : err;
}
