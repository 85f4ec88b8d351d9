// SPDX-License-Identifier: GPL-2.0-or-later
/* The static table and the policy: built aside in a new inner map, swapped in whole. */
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
	int fd;
};

/* For table_find: `table` is the image in memory. */
static __always_inline const void *table_block(void *table, __u32 block)
{
	return (const char *)table + (size_t)block * TABLE_BLOCK;
}

/* Where the inner map of an outer one is pinned, for reading it back: looking a map up by its id,
 * as the outer one tells it, would take CAP_SYS_ADMIN. */
static int inner_path(const struct gate *gate, enum gate_map outer, const char *suffix, char *path,
		      struct fault *fault)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_inner%s", gate_map_name(outer), suffix);
	return gate_pin_path(gate->pins, name, path, fault);
}

/* Killed before the rename, the pin is still the old map's: it then looks older than it is, and is
 * published once more. */
int gate_slot_set(struct gate *gate, enum gate_map outer, int inner, struct fault *fault)
{
	char fresh[PATH_MAX], path[PATH_MAX];
	__u32 slot = 0;
	int err = inner_path(gate, outer, "-new", fresh, fault);

	if (!err)
		err = inner_path(gate, outer, "", path, fault);
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

/* The inner map now in the slot, or -errno (-ENOENT: none). */
int gate_slot_get(struct gate *gate, enum gate_map outer, struct fault *fault)
{
	char path[PATH_MAX];
	int fd, err = inner_path(gate, outer, "", path, fault);

	if (err)
		return err;
	fd = bpf_obj_get(path);
	if (fd < 0 && errno == ENOENT)
		return fault_set(fault, -ENOENT, "no %s is published yet", gate_map_name(outer));
	if (fd < 0)
		return fault_set(fault, -errno, "cannot open %s: %s", path, strerror(errno));
	return fd;
}

int gate_policy_publish(struct gate *gate, const struct policy *policy, struct fault *fault)
{
	_cleanup_close_ int fd = -1;
	__u32 zero = 0;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "policy_inner", sizeof(zero), sizeof(*policy), 1,
			    NULL);
	if (fd < 0)
		return fault_set(fault, -errno, "cannot make a map for the policy: %s",
				 strerror(errno));
	if (bpf_map_update_elem(fd, &zero, policy, BPF_ANY))
		return fault_set(fault, -errno, "cannot fill the policy's map: %s",
				 strerror(errno));
	return gate_slot_set(gate, MAP_POLICY, fd, fault);
}

int gate_policy_get(struct gate *gate, struct policy *policy, struct fault *fault)
{
	_cleanup_close_ int fd = gate_slot_get(gate, MAP_POLICY, fault);
	__u32 zero = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &zero, policy))
		return fault_set(fault, -errno, "cannot read the policy: %s", strerror(errno));
	return 0;
}

int gate_table_prepare(const struct table_image *image, struct gate_table **table,
		       struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	size_t size = (size_t)image->blocks * TABLE_BLOCK;
	_cleanup_close_ int fd = -1;
	void *at;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "table_inner", sizeof(__u32), TABLE_BLOCK,
			    image->blocks, &options);
	if (fd < 0)
		return fault_set(fault, -errno,
				 "no memory in the kernel for a table of %zu MiB: %s", size >> 20,
				 strerror(errno));
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return fault_set(fault, -errno, "cannot map the new table: %s", strerror(errno));
	memcpy(at, image->data, size);
	munmap(at, size);
	*table = malloc(sizeof(**table));
	if (!*table)
		return fault_set(fault, -ENOMEM, "out of memory");
	(*table)->fd = TAKE_FD(fd);
	return 0;
}

int gate_table_publish(struct gate *gate, struct gate_table *table, struct fault *fault)
{
	uint32_t stamp = gate->control->table_stamp;
	struct table_head *head =
		mmap(NULL, TABLE_BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, table->fd, 0);

	if (head == MAP_FAILED)
		return fault_set(fault, -errno, "cannot map the new table: %s", strerror(errno));
	/* Where stamps begin anew they begin elsewhere than those before began. */
	stamp = stamp ? stamp + 1 : (uint32_t)(clock_boot_ns() >> 10);
	/* A ban remembers a lookup, and by the stamp of which table it is: the new one comes first,
	 * so that no lookup outlives its table. */
	head->stamp = stamp ? stamp : 1;
	__atomic_store_n(&gate->control->table_stamp, head->stamp, __ATOMIC_SEQ_CST);
	munmap(head, TABLE_BLOCK);
	return gate_slot_set(gate, MAP_TABLE, table->fd, fault);
}

void gate_table_free(struct gate_table *table)
{
	if (!table)
		return;
	cleanup_close(&table->fd);
	free(table);
}

/* The number of the table's pin, by which each table has its own; 0: there is none. */
static uint64_t table_pin(const struct gate *gate)
{
	char path[PATH_MAX];
	struct stat status;

	return inner_path(gate, MAP_TABLE, "", path, NULL) || stat(path, &status) ? 0
										  : status.st_ino;
}

int gate_table_view(struct gate *gate, struct gate_table_view *view, struct fault *fault)
{
	/* Asked first: a table published in between is then taken for an older one, and looked for
	 * once more. */
	uint64_t pin = table_pin(gate);
	_cleanup_close_ int fd = gate_slot_get(gate, MAP_TABLE, fault);
	struct bpf_map_info info = { 0 };
	__u32 info_size = sizeof(info);
	void *at;

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &info_size))
		return fault_set(fault, -errno, "cannot ask about the table: %s", strerror(errno));
	view->size = (size_t)info.max_entries * TABLE_BLOCK;
	at = mmap(NULL, view->size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return fault_set(fault, -errno, "cannot map the table: %s", strerror(errno));
	view->head = at;
	view->pin = pin;
	return 0;
}

int gate_table_view_renew(struct gate *gate, struct gate_table_view *view, struct fault *fault)
{
	if (view->head && view->pin == table_pin(gate))
		return 0;
	gate_table_view_end(view);
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
	void *table = (void *)(uintptr_t)view->head;

	if (!table)
		return lookup;
	if (address_is4(address))
		lookup = table_find4(view->head, table, address_to4(address), service);
	else
		lookup = table_find6(view->head, table, address_high(address), address_low(address),
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
