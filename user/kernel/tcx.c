// SPDX-License-Identifier: GPL-2.0-or-later
/* See tcx.h. Makes the system calls directly, as the headers of the kernels that this is built on
 * may be older. */
#include "kernel/tcx.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* linux/bpf.h of Linux 6.6. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS  47
#define FLAG_BEFORE	   (1U << 3)

struct link_create_tcx {
	__u32 program, ifindex, attach_type, flags;
	__u32 relative, reserved; /* 0: in front of all */
	__u64 revision;
};

struct query_tcx {
	__u32 ifindex, attach_type, query_flags, attach_flags;
	__u64 programs;
	__u32 count, reserved;
	__u64 program_flags, links, link_flags, revision;
};

static long call(int command, void *attributes, unsigned size)
{
	return syscall(SYS_bpf, command, attributes, size);
}

static __u32 attach_type(bool egress)
{
	return egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS;
}

int tcx_list(unsigned ifindex, bool egress, __u32 programs[TCX_MAX])
{
	struct query_tcx query = {
		.ifindex = ifindex,
		.attach_type = attach_type(egress),
		.programs = (uintptr_t)programs,
		.count = TCX_MAX,
	};

	if (call(BPF_PROG_QUERY, &query, sizeof(query)))
		return errno == ENOENT ? 0 : -errno;
	return (int)query.count;
}

bool tcx_is_there(unsigned ifindex)
{
	__u32 programs[TCX_MAX];

	return tcx_list(ifindex, false, programs) >= 0;
}

int tcx_link(int program, unsigned ifindex, bool egress)
{
	struct link_create_tcx create = {
		.program = (__u32)program,
		.ifindex = ifindex,
		.attach_type = attach_type(egress),
		.flags = FLAG_BEFORE,
	};
	long fd = call(BPF_LINK_CREATE, &create, sizeof(create));

	return fd < 0 ? -errno : (int)fd;
}

int tcx_detach(__u32 program, unsigned ifindex, bool egress)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program);

	if (fd < 0)
		return -errno;
	return bpf_prog_detach2(fd, (int)ifindex, (enum bpf_attach_type)attach_type(egress))
		       ? -errno
		       : 0;
}
