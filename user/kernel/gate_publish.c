// SPDX-License-Identifier: GPL-2.0-or-later
/* The static table. It is built in new inner maps, and swapped in as a whole. Not here: how a
 * policy is put in force (policy_publish.c). */
#include "kernel/gate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "kernel/gate_internal.h"
#include "table_find.h"

struct gate_table {
	int head, rest; /* fds of their inner maps */
};

/* For table_find: in memory, the blocks follow one another. */
static __always_inline const void *table_block(const struct table_head *head, __u32 block)
{
	return (const char *)head + (size_t)block * TABLE_BLOCK;
}

/* The path where the inner map of a slot is pinned, to read it back: looking it up by its id, as
 * the outer map gives it, would take CAP_SYS_ADMIN. */
static int inner_path(const struct gate *gate, enum gate_map outer, __u32 slot, const char *suffix,
		      char *path, struct fault *fault)
{
	char name[GATE_INNER_NAME], both[GATE_INNER_NAME + 8];

	gate_inner_name(outer, slot, name);
	snprintf(both, sizeof(both), "%s%s", name, suffix);
	return gate_pin_path(gate->pins, both, path, fault);
}

/* If the process is killed before the rename, the pin is still that of the old map: the table looks
 * older than it is, and is published once more. */
int gate_slot_set(struct gate *gate, enum gate_map outer, __u32 slot, int inner,
		  struct fault *fault)
{
	char fresh[PATH_MAX], path[PATH_MAX];
	int err = inner_path(gate, outer, slot, "-new", fresh, fault);

	if (!err)
		err = inner_path(gate, outer, slot, "", path, fault);
	if (err)
		return err;
	unlink(fresh);
	if (bpf_obj_pin(inner, fresh))
		return fault_set(fault, -errno, "cannot pin %s: %s", fresh, strerror(errno));
	if (bpf_map_update_elem(gate->maps[outer], &slot, &inner, BPF_ANY))
		return fault_set(fault, -errno, "cannot publish the %s: %s", gate_map_name(outer),
				 strerror(errno));
	if (rename(fresh, path))
		return fault_set(fault, -errno, "cannot rename %s: %s", fresh, strerror(errno));
	return 0;
}

int gate_slot_put(struct gate *gate, enum gate_map outer, const void *value, size_t size,
		  struct fault *fault)
{
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, gate_map_name(outer),
						sizeof(__u32), (__u32)size, 1, NULL);
	__u32 zero = 0;

	if (fd < 0)
		return fault_set(fault, -errno, "cannot make an inner map of %s: %s",
				 gate_map_name(outer), strerror(errno));
	if (bpf_map_update_elem(fd, &zero, value, BPF_ANY))
		return fault_set(fault, -errno, "cannot fill the inner map of %s: %s",
				 gate_map_name(outer), strerror(errno));
	return gate_slot_set(gate, outer, 0, fd, fault);
}

/* Opens the inner map that is in the slot; or -errno (-ENOENT: none). */
int gate_slot_get(struct gate *gate, enum gate_map outer, __u32 slot, struct fault *fault)
{
	char path[PATH_MAX];
	int fd, err = inner_path(gate, outer, slot, "", path, fault);

	if (err)
		return err;
	fd = bpf_obj_get(path);
	if (fd < 0 && errno == ENOENT)
		return fault_set(fault, -ENOENT, "no %s is published yet", gate_map_name(outer));
	if (fd < 0)
		return fault_set(fault, -errno, "cannot open %s: %s", path, strerror(errno));
	return fd;
}

int gate_policy_get(struct gate *gate, struct policy *policy, struct fault *fault)
{
	_cleanup_close_ int fd = gate_slot_get(gate, MAP_POLICY, 0, fault);
	__u32 zero = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &zero, policy))
		return fault_set(fault, -errno, "cannot read the policy: %s", strerror(errno));
	return 0;
}

/* Makes an array of `count` blocks, with the image's blocks from `first` on. Returns its fd, or
 * -errno. */
static int blocks_make(const struct table_image *image, __u32 first, __u32 count, __u32 flags,
		       struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | flags);
	size_t size = (size_t)count * TABLE_BLOCK;
	_cleanup_close_ int fd = -1;
	void *at;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "table_inner", sizeof(__u32), TABLE_BLOCK, count,
			    &options);
	if (fd < 0)
		return fault_set(fault, -errno,
				 "no memory in the kernel for a table of %zu MiB: %s",
				 (size_t)image->blocks * (TABLE_BLOCK >> 20), strerror(errno));
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return fault_set(fault, -errno, "cannot map the new table: %s", strerror(errno));
	memcpy(at, (const char *)image->data + (size_t)first * TABLE_BLOCK, size);
	munmap(at, size);
	return TAKE_FD(fd);
}

int gate_table_prepare(const struct table_image *image, struct gate_table **table,
		       struct fault *fault)
{
	_cleanup_close_ int head = -1, rest = -1;

	head = blocks_make(image, 0, 1, 0, fault);
	if (head < 0)
		return head;
	rest = blocks_make(image, 1, image->blocks - 1, BPF_F_INNER_MAP, fault);
	if (rest < 0)
		return rest;
	*table = malloc(sizeof(**table));
	if (!*table)
		return fault_set(fault, -ENOMEM, "out of memory");
	**table = (struct gate_table){ TAKE_FD(head), TAKE_FD(rest) };
	return 0;
}

static struct table_head *head_map(int fd, int protection, struct fault *fault)
{
	void *at = mmap(NULL, TABLE_BLOCK, protection, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		return at;
	fault_set(fault, -errno, "cannot map the table: %s", strerror(errno));
	return NULL;
}

/* The slot of "table_rest" that the table in force does not use. If a publisher was killed between
 * the swap and the rename, first completes its rename. */
static int free_slot(struct gate *gate, __u32 *slot, struct fault *fault)
{
	char fresh[PATH_MAX], path[PATH_MAX];
	_cleanup_close_ int fd = -1;
	const struct table_head *head;
	__u32 zero = 0, id;
	int err;

	*slot = 0;
	if (bpf_map_lookup_elem(gate->maps[MAP_TABLE], &zero, &id))
		return 0;
	err = inner_path(gate, MAP_TABLE, 0, "-new", fresh, fault);
	if (!err)
		err = inner_path(gate, MAP_TABLE, 0, "", path, fault);
	if (err)
		return err;
	fd = bpf_obj_get(fresh);
	if (gate_map_id(fd) == id && rename(fresh, path))
		return fault_set(fault, -errno, "cannot rename %s: %s", fresh, strerror(errno));
	cleanup_close(&fd);
	fd = gate_slot_get(gate, MAP_TABLE, 0, fault);
	if (fd < 0)
		return fd;
	head = head_map(fd, PROT_READ, fault);
	if (!head)
		return -ENOMEM;
	*slot = (head->rest + 1) % TABLE_SLOTS;
	munmap((void *)(uintptr_t)head, TABLE_BLOCK);
	return 0;
}

/* Empties a slot that nothing refers to any more. */
static void slot_clear(const struct gate *gate, enum gate_map outer, __u32 slot)
{
	char path[PATH_MAX];

	bpf_map_delete_elem(gate->maps[outer], &slot);
	if (!inner_path(gate, outer, slot, "", path, NULL))
		unlink(path);
}

int gate_table_publish(struct gate *gate, struct gate_table *table, struct fault *fault)
{
	uint32_t stamp = gate->control->table_stamp;
	struct table_head *head;
	__u32 slot;
	int err = free_slot(gate, &slot, fault);

	if (!err)
		err = gate_slot_set(gate, MAP_TABLE_REST, slot, table->rest, fault);
	if (err)
		return err;
	head = head_map(table->head, PROT_READ | PROT_WRITE, fault);
	if (!head)
		return -ENOMEM;
	/* If stamps begin anew, they begin at another number than the last time. */
	stamp = stamp ? stamp + 1 : (uint32_t)(clock_boot_ns() >> 10);
	/* A ban remembers a lookup, with the stamp of its table. The new stamp is set before the
	 * new table, so that no lookup outlives its table. */
	head->stamp = stamp ? stamp : 1;
	head->rest = slot;
	__atomic_store_n(&gate->control->table_stamp, head->stamp, __ATOMIC_SEQ_CST);
	munmap(head, TABLE_BLOCK);
	err = gate_slot_set(gate, MAP_TABLE, 0, table->head, fault);
	/* The update has waited until no packet uses the older head. */
	if (!err)
		slot_clear(gate, MAP_TABLE_REST, (slot + 1) % TABLE_SLOTS);
	return err;
}

void gate_table_free(struct gate_table *table)
{
	if (!table)
		return;
	cleanup_close(&table->head);
	cleanup_close(&table->rest);
	free(table);
}

/* The inode of the table's pin: each table has its own; 0: there is none. */
static uint64_t table_pin(const struct gate *gate)
{
	char path[PATH_MAX];
	struct stat status;

	return inner_path(gate, MAP_TABLE, 0, "", path, NULL) || stat(path, &status)
		       ? 0
		       : status.st_ino;
}

/* Maps the blocks of the pinned table, one behind the other. */
static int view_open(struct gate *gate, struct gate_table_view *view, struct fault *fault)
{
	_cleanup_close_ int fd = gate_slot_get(gate, MAP_TABLE, 0, fault), rest = -1;
	const struct table_head *head;
	char *at;

	if (fd < 0)
		return fd;
	head = head_map(fd, PROT_READ, fault);
	if (!head)
		return -ENOMEM;
	view->size = (size_t)head->blocks * TABLE_BLOCK;
	rest = gate_slot_get(gate, MAP_TABLE_REST, head->rest, fault);
	munmap((void *)(uintptr_t)head, TABLE_BLOCK);
	if (rest < 0)
		return rest;
	at = mmap(NULL, view->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at != MAP_FAILED)
		view->head = (void *)at;
	if (at == MAP_FAILED ||
	    mmap(at, TABLE_BLOCK, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(at + TABLE_BLOCK, view->size - TABLE_BLOCK, PROT_READ, MAP_SHARED | MAP_FIXED,
		 rest, 0) == MAP_FAILED)
		return fault_set(fault, -errno, "cannot map the table: %s", strerror(errno));
	return 0;
}

int gate_table_view(struct gate *gate, struct gate_table_view *view, struct fault *fault)
{
	int err;

	/* A table that is published meanwhile takes away the blocks of the one before: try
	 * again. */
	do {
		gate_table_view_end(view);
		view->pin = table_pin(gate);
		err = view_open(gate, view, fault);
	} while (view->pin != table_pin(gate));
	if (err)
		gate_table_view_end(view);
	return err;
}

int gate_table_view_renew(struct gate *gate, struct gate_table_view *view, struct fault *fault)
{
	if (view->head && view->pin == table_pin(gate))
		return 0;
	return gate_table_view(gate, view, fault);
}

void gate_table_view_end(struct gate_table_view *view)
{
	if (view->head)
		munmap((void *)(uintptr_t)view->head, view->size);
	view->head = NULL;
}

struct lookup gate_table_look(const struct gate_table_view *view, const struct address *address,
			      unsigned service)
{
	struct lookup lookup = { .country = COUNTRY_ZZ };

	if (!view->head)
		return lookup;
	if (address_is4(address))
		lookup = table_find4(view->head, address_to4(address), service);
	else
		lookup = table_find6(view->head, address_high(address), address_low(address),
				     service);
	lookup.flags &= LOOKUP_ALLOW | LOOKUP_DENY;
	if (!service)
		lookup.country = (__u16)lookup_own_country(lookup.country);
	return lookup;
}

int gate_table_state(struct gate *gate, struct gate_table_state *state, struct fault *fault)
{
	_cleanup_(gate_table_view_end) struct gate_table_view view = { 0 };
	int err = gate_table_view(gate, &view, fault);

	if (err || !view.head)
		return err;
	state->generation = view.head->generation;
	state->prefixes = view.head->prefixes;
	state->ranges = view.head->ranges;
	state->bytes = view.size;
	state->services = view.head->services;
	return 0;
}

int gate_table_find(struct gate *gate, const struct address *address,
		    struct lookup lookups[SERVICE_MAX], struct fault *fault)
{
	_cleanup_(gate_table_view_end) struct gate_table_view view = { 0 };
	int err = gate_table_view(gate, &view, fault);

	for (unsigned service = 0; service < SERVICE_MAX; service++)
		lookups[service] = gate_table_look(&view, address, service);
	return err;
}
