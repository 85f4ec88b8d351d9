// SPDX-License-Identifier: GPL-2.0-or-later
/* Tells the gate what it cannot know by itself: the devices that it is on, and this machine's
 * addresses. */
#include <errno.h>
#include <string.h>

#include "kernel/gate_internal.h"

/* An array of items, each of which has a key in it. */
struct wanted_keys {
	const void *first; /* the first item's key */
	size_t count, step, size;
};

static bool is_wanted(const void *key, const struct wanted_keys *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!memcmp(key, (const char *)wanted->first + i * wanted->step, wanted->size))
			return true;
	return false;
}

/* Removes all entries but the wanted ones. */
static void forget_others(int map, size_t most, const struct wanted_keys *wanted)
{
	struct address key, next; /* the larger one of both maps' keys */
	const void *previous = NULL;

	for (size_t i = 0; i <= most && !bpf_map_get_next_key(map, previous, &next); i++) {
		if (previous && !is_wanted(&key, wanted))
			bpf_map_delete_elem(map, &key);
		key = next;
		previous = &key;
	}
	if (previous && !is_wanted(&key, wanted))
		bpf_map_delete_elem(map, &key);
}

int gate_guarded_set(struct gate *gate, const struct gate_device *devices, size_t count,
		     struct fault *fault)
{
	const struct wanted_keys wanted = { &devices->ifindex, count, sizeof(*devices),
					    sizeof(devices->ifindex) };
	int fd = gate->maps[MAP_GUARDED];

	for (size_t i = 0; i < count; i++) {
		__u32 mask = GUARDED_SEEN | (devices[i].answers ? GUARDED_ANSWERS : 0);

		if (devices[i].mtu < 1U << (32 - GUARDED_MTU_SHIFT))
			mask |= devices[i].mtu << GUARDED_MTU_SHIFT;
		if (bpf_map_update_elem(fd, &devices[i].ifindex, &mask, BPF_ANY))
			return fault_set(fault, -errno, "cannot note a guarded device: %s",
					 strerror(errno));
	}
	forget_others(fd, GUARDED_MAX, &wanted);
	__atomic_store_n(&gate->usage->guarded_known, 1, __ATOMIC_RELEASE);
	return 0;
}

bool gate_device_answers(struct gate *gate, unsigned ifindex)
{
	__u32 mask = 0;

	return !bpf_map_lookup_elem(gate->maps[MAP_GUARDED], &ifindex, &mask) &&
	       mask & GUARDED_ANSWERS;
}

int gate_local_set(struct gate *gate, const struct prefix *addresses, size_t count,
		   struct fault *fault)
{
	const struct wanted_keys wanted = { count ? &addresses->address : NULL,
					    count < LOCAL_MAX ? count : LOCAL_MAX,
					    sizeof(*addresses), sizeof(addresses->address) };
	int fd = gate->maps[MAP_LOCAL];
	__u32 one = 1;

	forget_others(fd, LOCAL_MAX, &wanted);
	for (size_t i = 0; i < wanted.count; i++)
		if (bpf_map_update_elem(fd, &addresses[i].address, &one, BPF_ANY))
			return fault_set(fault, -errno, "cannot note an own address: %s",
					 strerror(errno));
	return 0;
}
