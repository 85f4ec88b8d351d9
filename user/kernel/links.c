// SPDX-License-Identifier: GPL-2.0-or-later
/* See links.h. */
#include "kernel/links.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/gate_internal.h"
#include "kernel/tcx.h"

static const char *const kind_names[LINK_KINDS] = {
	[LINK_XDP] = "xdp",
	[LINK_INGRESS] = "ingress",
	[LINK_EGRESS] = "egress",
	[LINK_PORT] = "port",
};

static int link_path(const char *pins, const char *name, unsigned ifindex, char *path,
		     struct fault *fault)
{
	char file[48];

	snprintf(file, sizeof(file), "links/%s-%u", name, ifindex);
	return gate_pin_path(pins, file, path, fault);
}

__u32 link_xdp_program(unsigned ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query((int)ifindex, 0, &query))
		return 0;
	if (query.prog_id)
		return query.prog_id;
	return query.drv_prog_id   ? query.drv_prog_id
	       : query.skb_prog_id ? query.skb_prog_id
				   : query.hw_prog_id;
}

/* Whether the program is on the device: the link may have lost the device, or another device may
 * have its number now. */
static bool is_on(enum link_kind kind, unsigned ifindex, __u32 program)
{
	__u32 programs[TCX_MAX];
	int count;

	if (kind == LINK_XDP)
		return link_xdp_program(ifindex) == program;
	count = tcx_list(ifindex, kind == LINK_EGRESS, programs);
	for (int i = 0; i < count; i++)
		if (programs[i] == program)
			return true;
	return false;
}

int link_open(const char *pins, enum link_kind kind, unsigned ifindex, __u32 *program)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];

	if (link_path(pins, kind_names[kind], ifindex, path, NULL))
		return -1;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -1;
	/* The device's number is at the same offset for XDP and TCX (linux/bpf.h of Linux 6.6). */
	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.xdp.ifindex != ifindex ||
	    !is_on(kind, ifindex, info.prog_id)) {
		bpf_link_detach(fd); /* at once, not when the last reference goes */
		unlink(path);
		return -1;
	}
	if (program)
		*program = info.prog_id;
	return TAKE_FD(fd);
}

/* What the kernel said about the last netlink request, as libbpf prints it. */
static __thread char kernel_words[160];

static int note_words(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN && strstr(format, "ernel error message"))
		vsnprintf(kernel_words, sizeof(kernel_words), format, arguments);
	return 0;
}

/* Finds out why a driver refused XDP: only netlink gives the reason in words, so the same is tried
 * that way. It should fail as well; if it does not, it is undone. */
static void ask_why(unsigned ifindex, int program, __u32 flags, char *words, size_t size)
{
	libbpf_print_fn_t before = libbpf_set_print(note_words);
	const char *at;

	*kernel_words = '\0';
	if (!bpf_xdp_attach((int)ifindex, program, flags | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL))
		bpf_xdp_detach((int)ifindex, flags, NULL);
	libbpf_set_print(before);
	at = strstr(kernel_words, "message: ");
	snprintf(words, size, "%s", at ? at + strlen("message: ") : "");
	words[strcspn(words, "\n")] = '\0';
}

int link_make(const char *pins, enum link_kind kind, unsigned ifindex, int program, __u32 flags,
	      struct fault *fault)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	_cleanup_close_ int link = -1;
	char path[PATH_MAX], words[128];
	int err = link_path(pins, kind_names[kind], ifindex, path, fault);

	if (err)
		return err;
	unlink(path);
	link = kind == LINK_XDP ? bpf_link_create(program, (int)ifindex, BPF_XDP, &options)
				: tcx_link(program, ifindex, kind == LINK_EGRESS);
	if (link < 0 && kind == LINK_XDP) {
		ask_why(ifindex, program, flags, words, sizeof(words));
		if (*words)
			return fault_set(fault, link, "%s (%s)", words, strerror(-link));
	}
	if (link < 0)
		return fault_set(fault, link, "%s", strerror(-link));
	if (bpf_obj_pin(link, path))
		return fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	return 0;
}

void link_drop(const char *pins, enum link_kind kind, unsigned ifindex)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];

	if (link_path(pins, kind_names[kind], ifindex, path, NULL))
		return;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return;
	bpf_link_detach(fd);
	unlink(path);
}

void link_break(__u32 program, unsigned ifindex, enum link_kind kind)
{
	__u32 id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = { 0 };
		__u32 size = sizeof(info);
		_cleanup_close_ int fd = bpf_link_get_fd_by_id(id);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    info.prog_id == program && info.xdp.ifindex == ifindex)
			bpf_link_detach(fd);
	}
	if (!is_on(kind, ifindex, program))
		return;
	if (kind == LINK_XDP)
		bpf_xdp_detach((int)ifindex, 0, NULL);
	else
		tcx_detach(program, ifindex, kind == LINK_EGRESS);
}

void link_each(const char *pins, void (*each)(enum link_kind kind, unsigned ifindex, void *context),
	       void *context)
{
	_cleanup_(cleanup_dir) DIR *dir = NULL;
	struct dirent *entry;
	char path[PATH_MAX];
	unsigned ifindex;

	if (!gate_pin_path(pins, "links", path, NULL))
		dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		for (enum link_kind kind = 0; kind < LINK_KINDS; kind++) {
			size_t length = strlen(kind_names[kind]);

			if (!strncmp(entry->d_name, kind_names[kind], length) &&
			    sscanf(entry->d_name + length, "-%u", &ifindex) == 1)
				each(kind, ifindex, context);
		}
}

/* Sets or removes the mark that we made the device's clsact: an empty folder, since bpffs holds
 * only objects and folders. */
void link_clsact_set(const char *pins, unsigned ifindex, int made)
{
	char path[PATH_MAX];

	if (link_path(pins, "clsact", ifindex, path, NULL))
		return;
	if (made)
		mkdir(path, 0700);
	else
		rmdir(path);
}

int link_clsact_is_own(const char *pins, unsigned ifindex)
{
	char path[PATH_MAX];

	return !link_path(pins, "clsact", ifindex, path, NULL) && !access(path, F_OK);
}
