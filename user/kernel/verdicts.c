// SPDX-License-Identifier: GPL-2.0-or-later
/* See verdicts.h. */
#include "kernel/verdicts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/gate_internal.h"

#define LEASE_NS  2000000000ULL
#define RING_SIZE (1U << 20) /* with 176 bytes a record, up to 5,800 wait */

struct verdicts {
	struct gate *gate;
	uint32_t slot;
	uint64_t until_ns; /* the lease as it was last renewed; 0: none */
	int map;	   /* the ring buffer's fd */
	struct ring_buffer *ring;
	int (*each)(const struct watch_record *record, void *context);
	void *context;
};

static struct watch_slot *slot_of(const struct verdicts *verdicts)
{
	return &verdicts->gate->watching->slots[verdicts->slot];
}

/* Frees a slot whose lease has ended. Its bit goes first, so that the gate leaves the slot alone.
 * Whoever changes the lease owns the slot. */
static void free_slot(struct gate *gate, uint32_t number, uint64_t lease)
{
	struct watching *watching = gate->watching;

	__atomic_fetch_and(&watching->active, ~(1U << number), __ATOMIC_SEQ_CST);
	bpf_map_delete_elem(gate->maps[MAP_WATCHED], &number);
	__atomic_compare_exchange_n(&watching->slots[number].until_ns, &lease, 0, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void verdicts_tidy(struct gate *gate, uint64_t now_boot_ns)
{
	for (uint32_t i = 0; gate->watching && i < WATCH_SLOTS; i++) {
		uint64_t lease =
			__atomic_load_n(&gate->watching->slots[i].until_ns, __ATOMIC_SEQ_CST);

		if (!lease || lease > now_boot_ns)
			continue;
		/* A short lease keeps others from claiming the slot meanwhile. */
		if (__atomic_compare_exchange_n(&gate->watching->slots[i].until_ns, &lease,
						now_boot_ns + LEASE_NS, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			free_slot(gate, i, now_boot_ns + LEASE_NS);
	}
}

/* Claims the first free slot, with a lease from now on. */
static bool claim(struct verdicts *verdicts, uint64_t now)
{
	for (verdicts->slot = 0; verdicts->slot < WATCH_SLOTS; verdicts->slot++) {
		uint64_t none = 0;

		verdicts->until_ns = now + LEASE_NS;
		if (__atomic_compare_exchange_n(&slot_of(verdicts)->until_ns, &none,
						verdicts->until_ns, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return true;
	}
	verdicts->until_ns = 0;
	return false;
}

static int on_record(void *context, void *data, size_t size)
{
	const struct verdicts *verdicts = context;

	return size < sizeof(struct watch_record) ? 0 : verdicts->each(data, verdicts->context);
}

/* Gives the claimed slot its filter and its ring buffer; its bit comes last. */
static int fill(struct verdicts *verdicts, const struct watch_filter *filter, struct fault *fault)
{
	struct watch_slot *slot = slot_of(verdicts);

	slot->window = slot->taken = slot->missed = slot->lost = 0;
	slot->filter = *filter;
	verdicts->map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "watch_ring", 0, 0, RING_SIZE, NULL);
	if (verdicts->map < 0)
		return fault_set(fault, -errno, "cannot make the ring buffer: %s", strerror(errno));
	verdicts->ring = ring_buffer__new(verdicts->map, on_record, verdicts, NULL);
	if (!verdicts->ring)
		return fault_set(fault, -errno, "cannot open the ring buffer: %s", strerror(errno));
	if (bpf_map_update_elem(verdicts->gate->maps[MAP_WATCHED], &verdicts->slot, &verdicts->map,
				BPF_ANY))
		return fault_set(fault, -errno, "cannot hand the gate the ring buffer: %s",
				 strerror(errno));
	__atomic_fetch_or(&verdicts->gate->watching->active, 1U << verdicts->slot,
			  __ATOMIC_SEQ_CST);
	return 0;
}

int verdicts_begin(struct gate *gate, const struct watch_filter *filter, uint64_t now_boot_ns,
		   struct verdicts **result, struct fault *fault)
{
	_cleanup_(cleanup_verdicts) struct verdicts *made = calloc(1, sizeof(*made));
	int err;

	if (!made)
		return fault_set(fault, -ENOMEM, "out of memory");
	made->gate = gate;
	made->map = -1;
	verdicts_tidy(gate, now_boot_ns);
	if (!claim(made, now_boot_ns))
		return fault_set(fault, -EBUSY,
				 "%d watch already, and no more can; one of them must end",
				 WATCH_SLOTS);
	err = fill(made, filter, fault);
	if (err)
		return err;
	*result = TAKE_PTR(made);
	return 0;
}

int verdicts_read(struct verdicts *verdicts,
		  int (*each)(const struct watch_record *record, void *context), void *context)
{
	verdicts->each = each;
	verdicts->context = context;
	return ring_buffer__consume(verdicts->ring);
}

bool verdicts_go_on(struct verdicts *verdicts, uint64_t now_boot_ns)
{
	uint64_t lease = verdicts->until_ns;

	/* If the slot is another's by now, it must not be freed at the end. */
	verdicts->until_ns = 0;
	if (!__atomic_compare_exchange_n(&slot_of(verdicts)->until_ns, &lease,
					 now_boot_ns + LEASE_NS, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return false;
	verdicts->until_ns = now_boot_ns + LEASE_NS;
	/* The gate may have seen the lease end just before. */
	__atomic_fetch_or(&verdicts->gate->watching->active, 1U << verdicts->slot,
			  __ATOMIC_SEQ_CST);
	return gate_is_pinned(verdicts->gate);
}

struct verdicts_missed verdicts_missed(const struct verdicts *verdicts)
{
	const struct watch_slot *slot = slot_of(verdicts);

	return (struct verdicts_missed){
		.rate = __atomic_load_n(&slot->missed, __ATOMIC_RELAXED),
		.room = __atomic_load_n(&slot->lost, __ATOMIC_RELAXED),
	};
}

void verdicts_end(struct verdicts *verdicts)
{
	if (!verdicts)
		return;
	if (verdicts->until_ns)
		free_slot(verdicts->gate, verdicts->slot, verdicts->until_ns);
	ring_buffer__free(verdicts->ring);
	if (verdicts->map >= 0)
		close(verdicts->map);
	free(verdicts);
}
