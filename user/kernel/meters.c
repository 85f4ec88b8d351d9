// SPDX-License-Identifier: GPL-2.0-or-later
/* The maps "sources" and "networks", the counter that fills them, and what it sends. */
#include "kernel/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "kernel/bloom.h"
#include "kernel/sockets.h"

#define BATCH 4096

/* Where cgroup2 is mounted; a hybrid layout has it beside the v1 controllers. */
static int cgroup2_root(char *path, size_t size, struct fault *fault)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct mntent *entry;
	int err = -ENOENT;

	while (mounts && err && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2") &&
		    (size_t)snprintf(path, size, "%s", entry->mnt_dir) < size)
			err = 0;
	if (mounts)
		endmntent(mounts);
	return err ? fault_set(fault, err,
			       "no cgroup2 is mounted, so handshakes cannot be counted; mount -t "
			       "cgroup2 none /sys/fs/cgroup/unified, or set [gate] cgroup")
		   : 0;
}

/* Whether the link is on just this cgroup, and that is still there. */
static bool is_on(int link, int group)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	struct stat status;

	/* A cgroup's id is its inode's number (kernfs). */
	return !bpf_obj_get_info_by_fd(link, &info, &size) && !fstat(group, &status) &&
	       info.cgroup.cgroup_id == status.st_ino;
}

int gate_counter_attach(struct gate *gate, const char *cgroup, struct fault *fault)
{
	int program = gate_program_fd(gate, PROGRAM_COUNTER);
	_cleanup_close_ int group = -1, link = -1, old = -1;
	char root[PATH_MAX], path[PATH_MAX];
	int err = 0;

	if (!cgroup)
		err = cgroup2_root(root, sizeof(root), fault);
	if (!err)
		err = gate_pin_path(gate->pins, "links/counter", path, fault);
	if (err)
		return err;
	if (!cgroup)
		cgroup = root;
	group = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (group < 0)
		return fault_set(fault, -errno, "cannot open the cgroup %s: %s", cgroup,
				 strerror(errno));
	/* A link on another cgroup counts until the new one does: nothing is missed, and what both
	 * see the socket storage keeps from being counted twice. */
	old = bpf_obj_get(path);
	if (old >= 0 && is_on(old, group) && !bpf_link_update(old, program, NULL))
		return 0;
	link = bpf_link_create(program, group, BPF_CGROUP_SOCK_OPS, NULL);
	if (link < 0)
		return fault_set(fault, link, "cannot attach the counter to the cgroup %s: %s",
				 cgroup, strerror(-link));
	unlink(path);
	if (old >= 0)
		bpf_link_detach(old);
	if (bpf_obj_pin(link, path))
		return fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	return 0;
}

/* Runs the program gate_adopt: its return value, or -errno. */
static int run_adopt(struct gate *gate, struct adopt_args *arguments)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
		    .ctx_size_in = sizeof(*arguments));

	if (bpf_prog_test_run_opts(gate_program_fd(gate, PROGRAM_ADOPT), &options))
		return -errno;
	return (int)options.retval;
}

struct adoption {
	struct gate *gate;
	const struct policy *policy;
	const struct gate_table_view *table;
	size_t count;
};

static int adopt_one(const struct open_socket *socket, void *context)
{
	struct adoption *adoption = context;
	struct adopt_args arguments = {
		.cookie = socket->cookie,
		.counted = { .remote = socket->remote,
			     .country = gate_table_look(adoption->table, &socket->remote).country,
			     .service = adoption->policy->port_service[socket->local_port] },
	};
	int result = run_adopt(adoption->gate, &arguments);

	if (result > 0)
		adoption->count++;
	return result < 0 ? result : 0;
}

static size_t protected_ports(const struct policy *policy, uint16_t *ports)
{
	size_t count = 0;

	for (unsigned port = 1; port < PORT_COUNT; port++)
		if (policy->port_service[port])
			ports[count++] = (uint16_t)port;
	return count;
}

int gate_adopt_open(struct gate *gate, size_t *adopted, struct fault *fault)
{
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	_cleanup_free_ uint16_t *ports = calloc(PORT_COUNT, sizeof(*ports));
	_cleanup_(gate_table_view_end) struct gate_table_view table = { 0 };
	struct adoption adoption = { .gate = gate, .policy = policy, .table = &table };
	int err;

	if (!policy || !ports)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = gate_policy_get(gate, policy, fault);
	if (err)
		return err;
	gate_table_view(gate, &table, NULL);
	err = sockets_each(ports, protected_ports(policy, ports), adopt_one, &adoption, fault);
	if (adopted)
		*adopted = adoption.count;
	if (err && fault && !*fault->text)
		fault_set(fault, err, "cannot count the open connections: %s", strerror(-err));
	return err;
}

static int forget_one(const struct open_socket *socket, void *context)
{
	uint64_t *cookies = context;

	/* cookies[0] is the count, the rest the adopted ones; those still open become 0. */
	for (uint64_t i = 1; i <= cookies[0]; i++)
		if (cookies[i] == socket->cookie)
			cookies[i] = 0;
	return 0;
}

/* The cookies in the map "adopted" behind their count, malloc()ed. */
static uint64_t *read_adopted(struct gate *gate)
{
	size_t room = 64;
	uint64_t *cookies = calloc(room, sizeof(*cookies)), *more;
	uint64_t key, *previous = NULL;

	while (cookies && !bpf_map_get_next_key(gate->maps[MAP_ADOPTED], previous, &key)) {
		previous = &key;
		if (cookies[0] + 1 == room) {
			room *= 2;
			more = realloc(cookies, room * sizeof(*cookies));
			if (!more) {
				free(cookies);
				return NULL;
			}
			cookies = more;
		}
		cookies[++cookies[0]] = key;
	}
	return cookies;
}

int gate_adopted_ended(struct gate *gate, size_t *left, struct fault *fault)
{
	_cleanup_free_ uint64_t *cookies = read_adopted(gate);
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	_cleanup_free_ uint16_t *ports = calloc(PORT_COUNT, sizeof(*ports));
	size_t open = 0;
	int err;

	if (left)
		*left = 0;
	if (!cookies || !policy || !ports)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (!cookies[0])
		return 0;
	err = gate_policy_get(gate, policy, fault);
	if (!err)
		err = sockets_each(ports, protected_ports(policy, ports), forget_one, cookies,
				   fault);
	for (uint64_t i = 1; i <= cookies[0] && !err; i++) {
		struct adopt_args arguments = { .cookie = cookies[i], .ended = 1 };

		if (!cookies[i])
			open++;
		else if (run_adopt(gate, &arguments) < 0)
			err = fault_set(fault, -errno, "cannot count an ended connection: %s",
					strerror(errno));
	}
	if (left)
		*left = open;
	return err;
}

int gate_meter_usage(struct gate *gate, enum gate_meters table, struct gate_usage *usage,
		     struct fault *fault)
{
	bool sources = table == METERS_SOURCES;
	const struct usage *counts = gate->usage;

	(void)fault;
	usage->used = sources ? counts->source_used : counts->network_used;
	usage->overflows = sources ? counts->source_overflows : counts->network_overflows;
	usage->size = sources ? gate->source_size : gate->network_size;
	return 0;
}

static enum gate_map map_of(enum gate_meters table)
{
	return table == METERS_SOURCES ? MAP_SOURCES : MAP_NETWORKS;
}

int gate_meter_each(struct gate *gate, enum gate_meters table,
		    int (*each)(const struct meter_key *key, const struct meter *meter,
				void *context),
		    void *context, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	_cleanup_free_ struct meter_key *keys = NULL;
	_cleanup_free_ struct meter *meters = NULL;
	__u32 room = BATCH, in = 0, out = 0, count;
	bool first = true;
	int err = 0, result;

	while (!err) {
		if (!keys) {
			keys = calloc(room, sizeof(*keys));
			meters = calloc(room, sizeof(*meters));
		}
		if (!keys || !meters)
			return fault_set(fault, -ENOMEM, "out of memory");
		count = room;
		err = bpf_map_lookup_batch(gate->maps[map_of(table)], first ? NULL : &in, &out,
					   keys, meters, &count, &options);
		if (err && errno == ENOSPC) { /* a bucket larger than the room */
			room *= 2;
			cleanup_free(&keys);
			cleanup_free(&meters);
			keys = NULL;
			meters = NULL;
			err = 0;
			continue;
		}
		if (err && errno != ENOENT)
			return fault_set(fault, -errno, "cannot read the %s: %s",
					 gate_map_name(map_of(table)), strerror(errno));
		for (__u32 i = 0; i < count; i++) {
			result = each(&keys[i], &meters[i], context);
			if (result)
				return result;
		}
		in = out;
		first = false;
	}
	return 0;
}

static int settle_one(const struct meter_key *key, const struct meter *meter, void *context)
{
	(void)meter;
	bloom_add(context, &key->prefix, key->service);
	return 0;
}

int networks_settle(struct gate *gate, struct fault *fault)
{
	int err;

	if (bloom_is_believed(&gate->network_bloom))
		return 0;
	bloom_empty(&gate->network_bloom);
	/* An older contract's counter, which is still at work, may set no bits: the next sweep or
	 * start then finds what it puts in. */
	if (gate->older)
		return 0;
	err = gate_meter_each(gate, METERS_NETWORKS, settle_one, &gate->network_bloom, fault);
	if (!err)
		bloom_believe(&gate->network_bloom);
	return err;
}

struct meter_sweep {
	struct bloom *bloom; /* of the networks; NULL where sources are swept */
	uint64_t now_ns, idle_ns;
	struct meter_key *idle;
	size_t count, room;
};

static bool is_idle(const struct meter *meter, const struct meter_sweep *sweep)
{
	return !meter->open && meter->last_ns + sweep->idle_ns < sweep->now_ns &&
	       meter->arrival_ns < sweep->now_ns;
}

static int sweep_one(const struct meter_key *key, const struct meter *meter, void *context)
{
	struct meter_sweep *sweep = context;

	if (!is_idle(meter, sweep)) {
		if (sweep->bloom)
			bloom_add(sweep->bloom, &key->prefix, key->service);
		return 0;
	}
	if (sweep->count == sweep->room) {
		size_t room = sweep->room ? sweep->room * 2 : 1024;
		struct meter_key *more = realloc(sweep->idle, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		sweep->idle = more;
		sweep->room = room;
	}
	sweep->idle[sweep->count++] = *key;
	return 0;
}

/* True when the entry is gone. One that came back to life in between is put back as it was. */
static bool remove_idle(int fd, const struct meter_key *key, const struct meter_sweep *sweep)
{
	struct meter meter;

	if (bpf_map_lookup_and_delete_elem(fd, key, &meter))
		return false;
	if (is_idle(&meter, sweep) || bpf_map_update_elem(fd, key, &meter, BPF_NOEXIST))
		return true;
	if (sweep->bloom)
		bloom_add(sweep->bloom, &key->prefix, key->service);
	return false;
}

int gate_meter_sweep(struct gate *gate, uint64_t now_boot_ns, uint64_t idle_ns, size_t *removed,
		     struct fault *fault)
{
	__u64 *used[] = { &gate->usage->source_used, &gate->usage->network_used };
	size_t total = 0;
	int err = 0;

	/* Sources first: the gate looks for a source only where its network has an entry. */
	for (int table = METERS_SOURCES; table <= METERS_NETWORKS && !err; table++) {
		struct meter_sweep sweep = {
			.bloom = table == METERS_NETWORKS ? &gate->network_bloom : NULL,
			.now_ns = now_boot_ns,
			.idle_ns = idle_ns,
		};
		size_t gone = 0;

		if (sweep.bloom)
			bloom_empty(sweep.bloom);
		err = gate_meter_each(gate, table, sweep_one, &sweep, fault);
		if (err == -ENOMEM)
			fault_set(fault, err, "out of memory");
		for (size_t i = 0; i < sweep.count && !err; i++)
			gone += remove_idle(gate->maps[map_of(table)], &sweep.idle[i], &sweep);
		__atomic_fetch_sub(used[table], gone, __ATOMIC_RELAXED);
		if (sweep.bloom && !err)
			bloom_believe(sweep.bloom);
		free(sweep.idle);
		total += gone;
	}
	if (removed)
		*removed = total;
	return err;
}

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
