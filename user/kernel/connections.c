// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Corrects the map "connections" by the sockets that exist, and the meters' open counts by the map.
 * The ends of these connections may be lost: those of which another sock_ops program cleared the
 * flag that asks for the end, and those that were open before the counter, or while it was away.
 */
#include "kernel/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/recount.h"
#include "kernel/rebuild.h"
#include "net/address.h"

#define BATCH 4096

/* Runs the program gate_adopt over this network namespace's sockets. It marks the counted ones as
 * seen, and counts the others. The iterator is run by reading it, and gives no text. */
static int walk_sockets(struct gate *gate, struct fault *fault)
{
	_cleanup_close_ int link = -1, iterator = -1;
	char nothing[64];
	ssize_t size;

	link = bpf_link_create(gate_program_fd(gate, PROGRAM_ADOPT), 0, BPF_TRACE_ITER, NULL);
	if (link < 0)
		return fault_set(fault, link, "cannot look at the open connections: %s",
				 strerror(-link));
	iterator = bpf_iter_create(link);
	if (iterator < 0)
		return fault_set(fault, iterator, "cannot look at the open connections: %s",
				 strerror(-iterator));
	do
		size = read(iterator, nothing, sizeof(nothing));
	while (size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR)));
	return size < 0 ? fault_set(fault, -errno, "cannot look at the open connections: %s",
				    strerror(errno))
			: 0;
}

/* Reads the entries of "connections": malloc()ed, in no order. Entries that come or go meanwhile
 * may be there or not. */
static int read_connections(struct gate *gate, struct open_list *list, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	__u32 in = 0, out = 0, room = BATCH;
	bool first = true;
	int err = 0;

	list->count = 0;
	while (!err) {
		__u32 count = room;

		if (open_list_room(list, list->count + room))
			return fault_set(fault, -ENOMEM, "out of memory");
		err = bpf_map_lookup_batch(gate->maps[MAP_CONNECTIONS], first ? NULL : &in, &out,
					   &list->cookies[list->count],
					   &list->connections[list->count], &count, &options);
		if (err && errno == ENOSPC) { /* a bucket is larger than the room */
			room *= 2;
			err = 0;
			continue;
		}
		if (err && errno != ENOENT)
			return fault_set(fault, -errno, "cannot read the open connections: %s",
					 strerror(errno));
		list->count += count;
		in = out;
		first = false;
	}
	return 0;
}

/* Ends connections whose sockets are gone; the others remain in `list`. */
static int take_ended(struct gate *gate, struct open_list *list, uint32_t sweep,
		      struct gate_connections *result, struct fault *fault)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct connection *at = &list->connections[i];
		struct rebuild_args end = { .what = REBUILD_END,
					    .cookie = list->cookies[i],
					    .seen = sweep };
		int ended = 0;

		if (!at->elsewhere && (int32_t)(at->seen - sweep) < 0)
			ended = rebuild(gate, &end);
		if (ended < 0)
			return fault_set(fault, ended, "cannot count an ended connection: %s",
					 strerror(-ended));
		if (ended) {
			result->ended++;
			result->lost += !at->adopted;
			continue;
		}
		list->cookies[kept] = list->cookies[i];
		list->connections[kept++] = *at;
	}
	list->count = kept;
	return 0;
}

/* Corrects counts. A count may differ for the instant in which a connection opens or ends. It is
 * wrong if it differs twice in the same way, with nothing opened in between. */
static int correct(struct gate *gate, struct open_list *list, struct gate_connections *result,
		   struct fault *fault)
{
	_cleanup_(recount_free) struct recount first = { 0 }, second = { 0 };
	int err = recount_read(gate, list, &first, fault);

	if (err || !first.count)
		return err;
	err = read_connections(gate, list, fault);
	if (!err)
		err = recount_read(gate, list, &second, fault);
	for (size_t i = 0; i < second.count && !err; i++)
		if (recount_has(&first, &second.wrong[i]))
			result->corrected += recount_correct(gate, &second.wrong[i]) > 0;
	return err;
}

/* Whether the connection is counted by the policy's lengths. Connections of other namespaces keep
 * the lengths that they had: no walk meets them. */
static bool has_lengths(const struct connection *connection, const struct policy *policy)
{
	bool is4 = address_is4(&connection->remote);

	return connection->source_length == (is4 ? 128 : policy->source_length6) &&
	       connection->network_length ==
		       (is4 ? policy->network_length4 : policy->network_length6);
}

/* Notes by which lengths all connections are counted. The walk has used the lengths of the policy
 * in force before it, or of a later one. */
static void note_lengths(struct gate *gate, const struct open_list *list,
			 const struct policy *policy)
{
	uint32_t lengths = policy_lengths(policy);

	for (size_t i = 0; i < list->count && lengths; i++)
		if (!has_lengths(&list->connections[i], policy))
			lengths = 0;
	__atomic_store_n(&gate->usage->keyed_lengths, lengths, __ATOMIC_RELEASE);
}

int gate_connections_sweep(struct gate *gate, struct gate_connections *result, struct fault *fault)
{
	_cleanup_(open_list_free) struct open_list list = { 0 };
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	bool ruled = policy && !gate_policy_get(gate, policy, NULL);
	uint32_t sweep = __atomic_add_fetch(&gate->usage->sweep, 1, __ATOMIC_SEQ_CST);
	uint32_t adopted = __atomic_load_n(&gate->usage->adopted, __ATOMIC_RELAXED), now;
	int err = walk_sockets(gate, fault);

	*result = (struct gate_connections){ 0 };
	if (err)
		return err;
	now = __atomic_load_n(&gate->usage->adopted, __ATOMIC_RELAXED);
	result->adopted = now > adopted ? now - adopted : 0;
	err = read_connections(gate, &list, fault);
	if (!err)
		err = take_ended(gate, &list, sweep, result, fault);
	if (!err && ruled)
		note_lengths(gate, &list, policy);
	result->open = list.count;
	return err ? err : correct(gate, &list, result, fault);
}

size_t gate_adopted(const struct gate *gate)
{
	return __atomic_load_n(&gate->usage->adopted, __ATOMIC_RELAXED);
}
