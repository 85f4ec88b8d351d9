// SPDX-License-Identifier: GPL-2.0-or-later
/* See outflow.h. */
#include "kernel/outflow.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "kernel/gate_internal.h"

static int make_entry(struct gate *gate, enum gate_map map, const struct outflow_key *key,
		      const void *zero, struct fault *fault)
{
	if (!bpf_map_update_elem(gate->maps[map], key, zero, BPF_NOEXIST) || errno == EEXIST)
		return 0;
	return fault_set(fault, -errno, "cannot make an entry in the map %s: %s",
			 gate_map_name(map), strerror(errno));
}

/* Makes the entries that must exist however full a table gets: this machine's own breaker, and
 * those that stand for all senders without room. */
static int make_entries(struct gate *gate, const struct outflow_rules *rules, struct fault *fault)
{
	static const struct outflow_breaker breaker;
	static const struct outflow_count count;
	struct outflow_key key = { .origin = OUTFLOW_LOCAL };
	int err = make_entry(gate, MAP_OUTFLOW_BREAKERS, &key, &breaker, fault);

	key.origin = OUTFLOW_OTHER;
	if (!err)
		err = make_entry(gate, MAP_OUTFLOW_BREAKERS, &key, &breaker, fault);
	if (!err)
		err = make_entry(gate, MAP_OUTFLOW_COUNTS, &key, &count, fault);
	for (unsigned i = 0; i < rules->port_count && !err; i++) {
		key.port = (__u16)rules->ports[i];
		err = make_entry(gate, MAP_OUTFLOW_COUNTS, &key, &count, fault);
	}
	return err;
}

int gate_outflow_publish(struct gate *gate, const struct outflow_rules *rules, struct fault *fault)
{
	int err = make_entries(gate, rules, fault);

	return err ? err : gate_slot_put(gate, MAP_OUTFLOW_RULES, rules, sizeof(*rules), fault);
}

static int read_rules(struct gate *gate, struct gate_outflow *outflow, struct fault *fault)
{
	_cleanup_close_ int fd = gate_slot_get(gate, MAP_OUTFLOW_RULES, 0, fault);
	__u32 zero = 0;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &zero, &outflow->rules))
		return fault_set(fault, -errno, "cannot read the outflow rules: %s",
				 strerror(errno));
	outflow->has_rules = true;
	return 0;
}

static int read_control(struct gate *gate, struct outflow_control *control, struct fault *fault)
{
	__u32 zero = 0;

	if (bpf_map_lookup_elem(gate->maps[MAP_OUTFLOW_CONTROL], &zero, control))
		return fault_set(fault, -errno, "cannot read the outflow breaker's state: %s",
				 strerror(errno));
	return 0;
}

/* Reads the keys of a hash that the kernel may change meanwhile: at most `room`, so that the walk
 * ends even if a deleted key sends it back to the beginning. */
static size_t read_keys(int fd, struct outflow_key *keys, size_t room)
{
	const struct outflow_key *previous = NULL;
	size_t count = 0;

	while (count < room && !bpf_map_get_next_key(fd, previous, &keys[count]))
		previous = &keys[count++];
	return count;
}

static int by_key(const void *a, const void *b)
{
	const struct outflow_key *x = a, *y = b;

#define COMPARE(member)             \
	if (x->member != y->member) \
	return x->member < y->member ? -1 : 1
	COMPARE(origin);
	COMPARE(id);
	COMPARE(guest);
	COMPARE(port);
#undef COMPARE
	return 0;
}

static int read_breakers(struct gate *gate, struct gate_outflow *outflow, struct fault *fault)
{
	_cleanup_free_ struct outflow_key *keys = calloc(OUTFLOW_BREAKERS, sizeof(*keys));
	size_t count;

	outflow->breakers = calloc(OUTFLOW_BREAKERS, sizeof(*outflow->breakers));
	if (!keys || !outflow->breakers)
		return fault_set(fault, -ENOMEM, "out of memory");
	count = read_keys(gate->maps[MAP_OUTFLOW_BREAKERS], keys, OUTFLOW_BREAKERS);
	qsort(keys, count, sizeof(*keys), by_key);
	for (size_t i = 0; i < count; i++) {
		struct gate_breaker *breaker = &outflow->breakers[outflow->breaker_count];

		if ((i && !by_key(&keys[i], &keys[i - 1])) ||
		    bpf_map_lookup_elem(gate->maps[MAP_OUTFLOW_BREAKERS], &keys[i],
					&breaker->state))
			continue;
		breaker->key = keys[i];
		breaker->tripped = gate_outflow_tripped(&outflow->rules, &outflow->control, breaker,
							outflow->now_boot_ns);
		outflow->breaker_count++;
	}
	return 0;
}

static int read_counts(struct gate *gate, struct gate_outflow *outflow, struct fault *fault)
{
	_cleanup_free_ struct outflow_key *keys = calloc(OUTFLOW_COUNTS, sizeof(*keys));
	size_t count;

	outflow->counts = calloc(OUTFLOW_COUNTS, sizeof(*outflow->counts));
	if (!keys || !outflow->counts)
		return fault_set(fault, -ENOMEM, "out of memory");
	count = read_keys(gate->maps[MAP_OUTFLOW_COUNTS], keys, OUTFLOW_COUNTS);
	qsort(keys, count, sizeof(*keys), by_key);
	for (size_t i = 0; i < count; i++) {
		struct gate_outflow_count *found = &outflow->counts[outflow->count_count];

		if ((i && !by_key(&keys[i], &keys[i - 1])) ||
		    bpf_map_lookup_elem(gate->maps[MAP_OUTFLOW_COUNTS], &keys[i], &found->count))
			continue;
		found->key = keys[i];
		outflow->count_count++;
	}
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct outflow_recent *x = a, *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

/* Copies the ring of attempts. While an entry is being written, its time is 0 or changes during the
 * copy: such entries are left out. */
static int read_recent(struct gate *gate, struct gate_outflow *outflow, struct fault *fault)
{
	size_t size = OUTFLOW_RECENT * sizeof(struct outflow_recent);
	const struct outflow_recent *ring;

	outflow->recent = malloc(size);
	if (!outflow->recent)
		return fault_set(fault, -ENOMEM, "out of memory");
	ring = mmap(NULL, size, PROT_READ, MAP_SHARED, gate->maps[MAP_OUTFLOW_RECENT], 0);
	if (ring == MAP_FAILED)
		return fault_set(fault, -errno, "cannot map the outflow breaker's evidence: %s",
				 strerror(errno));
	for (size_t i = 0; i < OUTFLOW_RECENT; i++) {
		struct outflow_recent *copy = &outflow->recent[outflow->recent_count];
		uint64_t before = __atomic_load_n(&ring[i].time_ns, __ATOMIC_ACQUIRE);

		*copy = ring[i];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (before && before == __atomic_load_n(&ring[i].time_ns, __ATOMIC_RELAXED))
			outflow->recent_count++;
	}
	munmap((void *)(uintptr_t)ring, size);
	qsort(outflow->recent, outflow->recent_count, sizeof(*outflow->recent), by_time);
	return 0;
}

int gate_outflow_read(struct gate *gate, uint64_t now_boot_ns, struct gate_outflow **outflow,
		      struct fault *fault)
{
	_cleanup_(cleanup_gate_outflow) struct gate_outflow *found = calloc(1, sizeof(*found));
	int err;

	if (!found)
		return fault_set(fault, -ENOMEM, "out of memory");
	found->now_boot_ns = now_boot_ns;
	err = read_rules(gate, found, fault);
	if (!err)
		err = read_control(gate, &found->control, fault);
	if (!err)
		err = read_breakers(gate, found, fault);
	if (!err)
		err = read_counts(gate, found, fault);
	if (!err)
		err = read_recent(gate, found, fault);
	if (!err)
		*outflow = TAKE_PTR(found);
	return err;
}

/* Maps the element that is shared with the kernel; the caller munmap()s a page. */
static struct outflow_control *map_control(struct gate *gate, struct fault *fault)
{
	void *at = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
			gate->maps[MAP_OUTFLOW_CONTROL], 0);

	if (at != MAP_FAILED)
		return at;
	fault_set(fault, -errno, "cannot map the outflow breaker's state: %s", strerror(errno));
	return NULL;
}

static void unmap_control(struct outflow_control *control)
{
	munmap(control, (size_t)sysconf(_SC_PAGESIZE));
}

int gate_outflow_release(struct gate *gate, uint64_t now_boot_ns, uint64_t until_boot_ns,
			 struct fault *fault)
{
	struct outflow_control *control = map_control(gate, fault);

	if (!control)
		return -EIO;
	__atomic_store_n(&control->released_until_ns, until_boot_ns, __ATOMIC_RELEASE);
	if (until_boot_ns > now_boot_ns)
		__atomic_store_n(&control->released_ns, now_boot_ns, __ATOMIC_RELEASE);
	unmap_control(control);
	return 0;
}

uint64_t gate_outflow_reported(struct gate *gate, const struct outflow_key *key)
{
	uint64_t since_ns;

	if (bpf_map_lookup_elem(gate->maps[MAP_OUTFLOW_REPORTED], key, &since_ns))
		return 0;
	return since_ns;
}

int gate_outflow_set_reported(struct gate *gate, const struct outflow_key *key, uint64_t since_ns,
			      struct fault *fault)
{
	int fd = gate->maps[MAP_OUTFLOW_REPORTED], err;

	err = since_ns ? bpf_map_update_elem(fd, key, &since_ns, BPF_ANY)
		       : bpf_map_delete_elem(fd, key);
	if (err && errno != ENOENT)
		return fault_set(fault, -errno, "cannot note what was told of a trip: %s",
				 strerror(errno));
	return 0;
}

/* Removes idle entries: the next attempt makes them again. A count that is raised meanwhile is
 * lost. */
int gate_outflow_sweep(struct gate *gate, uint64_t now_boot_ns, uint64_t idle_ns,
		       struct fault *fault)
{
	_cleanup_(cleanup_gate_outflow) struct gate_outflow *outflow = NULL;
	struct outflow_control *control;
	int err = gate_outflow_read(gate, now_boot_ns, &outflow, fault);

	if (err || !outflow)
		return err;
	control = map_control(gate, fault);
	if (!control)
		return -EIO;
	for (size_t i = 0; i < outflow->breaker_count; i++) {
		const struct gate_breaker *breaker = &outflow->breakers[i];

		if (breaker->key.origin == OUTFLOW_LOCAL || breaker->key.origin == OUTFLOW_OTHER ||
		    breaker->tripped || breaker->state.arrival_ns > now_boot_ns ||
		    breaker->state.last_ns + idle_ns > now_boot_ns ||
		    gate_outflow_reported(gate, &breaker->key))
			continue;
		if (!bpf_map_delete_elem(gate->maps[MAP_OUTFLOW_BREAKERS], &breaker->key))
			__atomic_fetch_sub(&control->breaker_used, 1, __ATOMIC_RELAXED);
	}
	for (size_t i = 0; i < outflow->count_count; i++) {
		const struct gate_outflow_count *count = &outflow->counts[i];

		if (count->key.origin == OUTFLOW_OTHER ||
		    count->count.last_ns + idle_ns > now_boot_ns)
			continue;
		if (!bpf_map_delete_elem(gate->maps[MAP_OUTFLOW_COUNTS], &count->key))
			__atomic_fetch_sub(&control->count_used, 1, __ATOMIC_RELAXED);
	}
	unmap_control(control);
	return 0;
}
