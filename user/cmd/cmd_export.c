// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho export`: a list as plain prefixes, one a line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/near_names.h"
#include "enforce/instance.h"
#include "lists/write.h"

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct store_list list;
	struct fault fault = { 0 };
	int c, error = 0;

	c = getopt_long(argc, argv, ":", options, NULL);
	if (c != -1)
		return cmd_bad_option(&cmd_export, options, c, argv);
	if (argc - optind != 1)
		return cmd_usage(&cmd_export, "one list's name is needed");
	if (cmd_open(&cmd_export, globals, INSTANCE_STORE_READ, &instance))
		return EXIT_FAILED;
	if (!instance.store) {
		fault = instance.store_fault;
		error = -ENOENT;
	}
	if (!error)
		error = store_list_get(instance.store, argv[optind], &list, &ranges, &fault);
	if (error == -ENOENT && instance.store)
		near_list_fault(&instance, argv[optind], &fault);
	if (!error)
		error = ranges_write(&ranges, stdout, &fault);
	return error ? cmd_failed(&cmd_export, &fault) : EXIT_DONE;
}

const struct command cmd_export = {
	.name = "export",
	.summary = "print a list as prefixes",
	.usage = "NAME",
	.help = "Prints the list NAME merged and sorted, one prefix a line, IPv4 first: what "
		"`sekisho import`\nreads back.\n\nNeeds root.\n",
	.run = run,
};
