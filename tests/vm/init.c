// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process 1 of the old kernel's virtual machine, alone in its first file system: loads the modules
 * that lead to the host's tree, lays a writable file system over it, runs one command there and
 * hands its output and exit status out; or, given a disk, becomes the system on that. Not here:
 * what the command finds set up (guest), and the machine itself (run). Static, since it starts
 * before there is any library.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_PORT "/dev/vport0p1"
#define STATUS_PORT "/dev/vport0p2"
#define WORDS_MAX   256

/* The last thing that process 1 may do: qemu ends when the machine is off. */
static __attribute__((noreturn)) void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static __attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("init: ");
	vprintf(format, arguments);
	printf(": %s\n", strerror(errno));
	va_end(arguments);
	fflush(stdout);
	power_off();
}

static void mount_at(const char *what, const char *where, const char *type, unsigned long flags,
		     const char *options)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, options))
		die("cannot mount %s on %s", type ? type : what, where);
}

/* /modules/order names them, one a line, what others need first. */
static void load_modules(void)
{
	char line[256], path[300];
	FILE *order = fopen("/modules/order", "re");

	if (!order)
		die("cannot read /modules/order");
	while (fgets(line, sizeof(line), order)) {
		int fd;

		line[strcspn(line, "\n")] = '\0';
		snprintf(path, sizeof(path), "/modules/%s", line);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			die("cannot load %s", line);
		close(fd);
	}
	fclose(order);
}

/* The host's tree, which nothing here can change: what is written goes to memory. */
static void enter_host(void)
{
	mount_at("host", "/host", "virtiofs", MS_RDONLY, NULL);
	mount_at("tmpfs", "/layer", "tmpfs", 0, "mode=755");
	mkdir("/layer/upper", 0755);
	mkdir("/layer/work", 0755);
	mount_at("overlay", "/root", "overlay", 0,
		 "lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work");
	mount_at("/dev", "/root/dev", NULL, MS_MOVE, NULL);
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
		die("cannot change to the host's tree");
}

/* A disk of its own, with a whole system on it, which is started: for what takes systemd. */
static __attribute__((noreturn)) void start_disk(void)
{
	int tries = 500;

	while (access("/dev/vda", F_OK) && --tries)
		usleep(10 * 1000);
	mount_at("/dev/vda", "/root", "ext4", 0, NULL);
	mount_at("/dev", "/root/dev", NULL, MS_MOVE, NULL);
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
		die("cannot change to the disk's tree");
	execl("/sbin/init", "/sbin/init", (char *)NULL);
	die("cannot run /sbin/init");
}

/* Ports appear some time after their driver. */
static int open_port(const char *path)
{
	for (int tries = 0; tries < 500; tries++) {
		int fd = open(path, O_WRONLY | O_CLOEXEC);

		if (fd >= 0)
			return fd;
		usleep(10 * 1000);
	}
	die("cannot open %s", path);
}

/* /command: the folder, then the command's words, each ended by a zero byte. */
static char **read_command(char *text, size_t size, char **words)
{
	int fd = open("/command", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
	size_t count = 0;

	if (length <= 0)
		die("cannot read /command");
	close(fd);
	text[length] = '\0';
	for (char *at = text; at < text + length && count < WORDS_MAX; at += strlen(at) + 1)
		words[count++] = at;
	words[count] = NULL;
	if (count < 2)
		die("no command");
	return words;
}

static pid_t start(char **words, int output)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	setsid();
	null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	if (chdir(words[0]))
		dprintf(2, "init: no folder %s: %s\n", words[0], strerror(errno));
	else if (execvp(words[1], words + 1))
		dprintf(2, "init: cannot run %s: %s\n", words[1], strerror(errno));
	_exit(127);
}

static void write_all(int fd, const char *bytes, ssize_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, bytes, (size_t)size);

		if (done < 0 && errno != EINTR)
			die("cannot write to a port");
		if (done > 0) {
			bytes += done;
			size -= done;
		}
	}
}

/* Passes on what the command writes until it ends, not until its last descendant closes the pipe. */
static int copy_until_end(pid_t pid, int from, int to)
{
	struct pollfd wait = { .fd = from, .events = POLLIN };
	char bytes[16384];
	bool ended = false;
	int status = 0;

	for (;;) {
		int readable = poll(&wait, 1, ended ? 0 : 50);
		pid_t gone;

		if (readable > 0) {
			ssize_t size = read(from, bytes, sizeof(bytes));

			write_all(to, bytes, size);
			if (size > 0)
				continue;
			wait.fd = -1; /* all closed it; only its end is missing */
		}
		if (ended)
			break;
		while ((gone = waitpid(-1, &status, WNOHANG)) > 0 && gone != pid)
			;
		ended = gone == pid;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void)
{
	static char text[65536], *words[WORDS_MAX + 1];
	int pipe_fds[2], output, status;
	pid_t pid;

	mount_at("dev", "/dev", "devtmpfs", 0, NULL);
	load_modules();
	if (!access("/disk", F_OK))
		start_disk();
	read_command(text, sizeof(text), words);
	output = open_port(OUTPUT_PORT);
	status = open_port(STATUS_PORT);
	enter_host();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	if (pipe2(pipe_fds, O_CLOEXEC))
		die("pipe");
	pid = start(words, pipe_fds[1]);
	if (pid < 0)
		die("fork");
	close(pipe_fds[1]);
	dprintf(status, "%d\n", copy_until_end(pid, pipe_fds[0], output));
	power_off();
}
