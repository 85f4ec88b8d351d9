// SPDX-License-Identifier: GPL-2.0-or-later
/* The ring "over_limit": the counter's reports of connections beyond a limit. */
#include "kernel/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/rebuild.h"

struct gate_over {
	struct ring_buffer *ring;
	void (*over)(const struct over_limit *record, void *context);
	void *context;
};

static int on_record(void *context, void *data, size_t size)
{
	struct gate_over *over = context;

	if (size >= sizeof(struct over_limit))
		over->over(data, over->context);
	return 0;
}

int gate_over_open(struct gate *gate, void (*over)(const struct over_limit *record, void *context),
		   void *context, struct gate_over **result, struct fault *fault)
{
	struct gate_over *made = calloc(1, sizeof(*made));

	if (!made)
		return fault_set(fault, -ENOMEM, "out of memory");
	made->over = over;
	made->context = context;
	made->ring = ring_buffer__new(gate->maps[MAP_OVER_LIMIT], on_record, made, NULL);
	if (!made->ring) {
		int err = -errno;

		free(made);
		return fault_set(fault, err, "cannot open the ring buffer: %s", strerror(-err));
	}
	*result = made;
	return 0;
}

int gate_over_fd(const struct gate_over *over)
{
	return ring_buffer__epoll_fd(over->ring);
}

void gate_over_read(struct gate_over *over)
{
	ring_buffer__consume(over->ring);
}

void gate_over_close(struct gate_over *over)
{
	if (!over)
		return;
	ring_buffer__free(over->ring);
	free(over);
}

/* The size of a record in the ring, with the head before it (BPF_RINGBUF_HDR_SZ). */
#define RECORD_SIZE (BPF_RINGBUF_HDR_SZ + sizeof(struct over_limit))

/* The ring's first two pages are the positions of the reader and of the writer. */
int gate_over_usage(struct gate *gate, struct gate_usage *usage, struct fault *fault)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	uint64_t *reader, *writer;

	*usage = (struct gate_usage){ .overflows = gate_over_lost(gate) };
	if (bpf_obj_get_info_by_fd(gate->maps[MAP_OVER_LIMIT], &info, &size))
		return fault_set(fault, -errno, "cannot ask about the ring buffer: %s",
				 strerror(errno));
	usage->size = info.max_entries / RECORD_SIZE;
	reader = mmap(NULL, page, PROT_READ, MAP_SHARED, gate->maps[MAP_OVER_LIMIT], 0);
	writer = mmap(NULL, page, PROT_READ, MAP_SHARED, gate->maps[MAP_OVER_LIMIT], (off_t)page);
	if (reader != MAP_FAILED && writer != MAP_FAILED)
		usage->used = (__atomic_load_n(writer, __ATOMIC_ACQUIRE) -
			       __atomic_load_n(reader, __ATOMIC_ACQUIRE)) /
			      RECORD_SIZE;
	if (reader != MAP_FAILED)
		munmap(reader, page);
	if (writer != MAP_FAILED)
		munmap(writer, page);
	return 0;
}

uint64_t gate_over_lost(const struct gate *gate)
{
	return __atomic_load_n(&gate->usage->over_limit_lost, __ATOMIC_RELAXED);
}

void gate_over_refund(struct gate *gate, const struct over_limit *record)
{
	struct rebuild_args arguments = { .what = REBUILD_REFUND,
					  .connection = record->connection };

	memcpy(arguments.charged_ns, record->charged_ns, sizeof(arguments.charged_ns));
	rebuild(gate, &arguments);
}
