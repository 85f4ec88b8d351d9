// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho setup`: a first configuration, proposed from what is on this machine. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "setup/setup.h"

#define SITE_FILE "conf.d/10-site.conf"

struct setup_options {
	const char *root;
	bool print, yes;
};

static int read_home(const char *text, char home[3])
{
	if (strlen(text) != 2 || !isalpha((unsigned char)text[0]) ||
	    !isalpha((unsigned char)text[1]))
		return cmd_usage(&cmd_setup, "--home %s: not a country of two letters, like JP",
				 text);
	snprintf(home, 3, "%c%c", toupper((unsigned char)text[0]), toupper((unsigned char)text[1]));
	return EXIT_DONE;
}

/* Takes an address that needs no quoting in a shell's variable. */
static int read_mail_to(const char *text, char *mail_to, size_t size)
{
	for (const char *at = text; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("@.-_+", *at))
			return cmd_usage(&cmd_setup, "--mail-to %s: not a mail address", text);
	if (!*text || strlen(text) >= size)
		return cmd_usage(&cmd_setup, "--mail-to: not a mail address");
	strcpy(mail_to, text);
	return EXIT_DONE;
}

static int read_options(int argc, char **argv, struct setup_options *options, struct setup *setup)
{
	static const struct option known[] = { { "print", no_argument, NULL, 'p' },
					       { "yes", no_argument, NULL, 'y' },
					       { "home", required_argument, NULL, 'h' },
					       { "mail-to", required_argument, NULL, 'm' },
					       { "root", required_argument, NULL, 'r' },
					       { 0 } };
	int status = EXIT_DONE;

	for (int c; !status && (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
		if (c == ':' || c == '?')
			return cmd_bad_option(&cmd_setup, known, c, argv);
		options->print |= c == 'p';
		options->yes |= c == 'y';
		if (c == 'r')
			options->root = strcmp(optarg, "/") ? optarg : "";
		if (c == 'h')
			status = read_home(optarg, setup->home);
		if (c == 'm')
			status = read_mail_to(optarg, setup->mail_to, sizeof(setup->mail_to));
	}
	if (!status && optind < argc)
		return cmd_usage(&cmd_setup, "takes no argument: '%s'", argv[optind]);
	if (!status && options->print && options->yes)
		return cmd_usage(&cmd_setup, "--print, or --yes: not both");
	return status;
}

/* ROOT/FOLDER/conf.d/10-site.conf, where FOLDER is that of the configuration; to be free()d. */
static char *site_path(const struct globals *globals, const char *root)
{
	const char *config = globals->config_path;
	_cleanup_free_ char *copy = NULL;
	char *path = NULL;

	if (!config)
		config = getenv("SEKISHO_CONFIG");
	copy = strdup(config && *config ? config : CONFIG_DEFAULT_PATH);
	if (!copy || asprintf(&path, "%s%s/" SITE_FILE, root, dirname(copy)) < 0)
		return NULL;
	return path;
}

static bool agreed(const char *path)
{
	char answer[16];

	printf("Write this to %s? [y/N] ", path);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

static int cannot_write(const char *path)
{
	struct fault fault;

	fault_set(&fault, -errno,
		  errno == EEXIST ? "%s is there already and stays as it is; "
				    "`sekisho setup --print` shows the proposal"
				  : "cannot write %s: %m",
		  path);
	return cmd_failed(&cmd_setup, &fault);
}

/* Whether the path from `root` to `folder` has a symbolic link, which may lead out of an image. */
static bool has_link(const char *root, char *folder)
{
	struct stat file;
	char *at = folder + strlen(root) + 1;

	for (char end = '/'; end; at++) {
		at = strchrnul(at, '/');
		end = *at;
		*at = '\0';
		if (!lstat(folder, &file) && S_ISLNK(file.st_mode))
			return true;
		*at = end;
	}
	return false;
}

/* Writes the file; never overwrites one. */
static int write_site(const struct setup *setup, const char *root, const char *path)
{
	_cleanup_free_ char *folder = strdup(path);
	_cleanup_close_ int fd = -1;
	FILE *out;

	if (!folder)
		return errno = ENOMEM, cannot_write(path);
	*strrchr(folder, '/') = '\0';
	if (*root && has_link(root, folder))
		return errno = ELOOP, cannot_write(folder);
	if (mkdir(folder, 0755) && errno != EEXIST)
		return cannot_write(folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	out = take_stream(&fd, "w");
	if (!out)
		return cannot_write(path);
	setup_write(out, setup);
	if (fflush(out) || fsync(fileno(out)) || fclose(out)) {
		unlink(path);
		return cannot_write(path);
	}
	printf("wrote %s\n", path);
	return EXIT_DONE;
}

static int propose(const struct globals *globals, const struct setup_options *options,
		   const struct setup *setup)
{
	_cleanup_free_ char *path = site_path(globals, options->root);

	if (!path)
		return errno = ENOMEM, cannot_write(SITE_FILE);
	if (!options->yes)
		setup_write(stdout, setup);
	if (options->print)
		return fflush(stdout) || ferror(stdout) ? cannot_write("standard output")
							: EXIT_DONE;
	if (!access(path, F_OK)) {
		if (options->yes)
			return errno = EEXIST, cannot_write(path);
		printf("\n%s is there already and stays as it is.\n", path);
		setup_next(stdout, setup, path);
		return EXIT_DONE;
	}
	if (!options->yes && !isatty(STDIN_FILENO)) {
		printf("\nnothing is written: `sekisho setup --yes` writes it to %s\n", path);
		return EXIT_DONE;
	}
	putchar('\n');
	if (!options->yes && !agreed(path))
		return puts("nothing is written"), EXIT_DONE;
	if (write_site(setup, options->root, path))
		return EXIT_FAILED;
	setup_next(stdout, setup, path);
	return EXIT_DONE;
}

/* Takes what the existing configuration sets; nothing if there is none or it cannot be read. */
static void ask_config(const struct globals *globals, struct setup *setup)
{
	struct config *config = NULL;

	if (config_load_faulty(globals->config_path, NULL, NULL, &config))
		return;
	setup->says_devices = config->interface_count;
	setup->says_never_ban = config->never_ban_count;
	setup->says_logs = config->log_count;
	setup->says_alert = config->alert_program;
	setup->enforces = config->mode == GATE_ENFORCE;
	config_free(config);
}

/* Whether the folder of an image can be looked into: what is absent there would seem not to be
 * found. */
static int open_root(const char *root, struct fault *fault)
{
	_cleanup_(cleanup_dir) DIR *folder = opendir(root);

	return folder ? 0
		      : fault_set(fault, -errno,
				  "cannot look into %s: %s; name the folder of a system", root,
				  strerror(errno));
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_free_ struct setup *setup = calloc(1, sizeof(*setup));
	struct setup_options options = { .root = "" };
	struct fault fault = { 0 };
	int status;

	if (!setup)
		return errno = ENOMEM, cannot_write(SITE_FILE);
	status = read_options(argc, argv, &options, setup);
	if (status)
		return status;
	if (*options.root && open_root(options.root, &fault))
		return cmd_failed(&cmd_setup, &fault);
	if (setup_find(options.root, clock_wall_ns(), setup, &fault))
		return cmd_failed(&cmd_setup, &fault);
	if (!*options.root)
		ask_config(globals, setup);
	return propose(globals, &options, setup);
}

const struct command cmd_setup = {
	.name = "setup",
	.summary = "propose a first configuration, from what is on this machine",
	.usage = "[--print | --yes] [--home CC] [--mail-to ADDR] [--root DIR]",
	.help = "Looks for the logs of mail servers (files, the journal, containers), for devices, "
		"the "
		"home\n"
		"country and the login sessions that no ban may touch, shows a configuration with "
		"the "
		"reasons\n"
		"as comments, and asks before it writes it to conf.d/10-site.conf beside "
		"sekisho.conf. "
		"A file\n"
		"that is there stays as it is, and what the configuration says already is left to "
		"it. "
		"It says\n"
		"then what is left to do. Needs root to read the logs.\n\n"
		"  --print         shows it, asks nothing, and writes nothing\n"
		"  --yes           writes it without a question\n"
		"  --home CC       the home country, instead of the time zone's\n"
		"  --mail-to ADDR  who gets the alerts\n"
		"  --root DIR      of the system in this folder (an image), not of this "
		"machine: "
		"files and\n"
		"                     containers alone\n",
	.run = run,
};
