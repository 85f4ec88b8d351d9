// SPDX-License-Identifier: GPL-2.0-or-later
/* See tc_classic.h. Uses libbpf's netlink calls; net/filters.h lists what else is on the device. */
#include "kernel/tc_classic.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/links.h"
#include "net/filters.h"

#define HANDLE	     0x5e /* handle of our filter; if it is taken, one of the next */
#define HANDLE_LAST  0x7e
#define PRIORITY_MAX 0xffff

struct tc_classic_place {
	__u32 priority, handle; /* priority 0: none */
};

/* All filters of one side, and where ours is. */
struct scene {
	const struct tc_side *side;
	struct tc_filter *filters;
	size_t count;
	const struct tc_filter *own;   /* the first of ours; NULL: none */
	const struct tc_filter *front; /* the first foreign one that may keep mail from ours */
};

static void cleanup_scene(struct scene *scene)
{
	free(scene->filters);
}

/* Whether a foreign filter may decide about mail. A packet meets chain 0 first, and other chains
 * only by way of it. A filter for ARP decides about no mail. */
static bool may_decide(const struct tc_filter *filter)
{
	return !filter->chain && filter->handle &&
	       (filter->protocol == ETH_P_ALL || filter->protocol == ETH_P_IP ||
		filter->protocol == ETH_P_IPV6 || filter->protocol == ETH_P_8021Q ||
		filter->protocol == ETH_P_8021AD) &&
	       strncmp(filter->name, "gate_", 5) != 0 && strncmp(filter->name, "outflow_", 8) != 0;
}

/* Whether this instance is to take the filter off. That includes what an older version put on the
 * wrong side. */
static bool is_mine(const struct own *own, const struct tc_filter *filter)
{
	enum own_kind kind = filter->program ? own_kind_of(own, filter->program) : OWN_FOREIGN;

	return kind == OWN_GATE || kind == OWN_OUTFLOW;
}

static int look(const struct tc_side *side, const struct own *own, struct scene *scene,
		struct fault *fault)
{
	int err = filters_list(side->ifindex, side->egress, &scene->filters, &scene->count, fault);

	scene->side = side;
	for (size_t i = 0; i < scene->count && !err; i++) {
		const struct tc_filter *filter = &scene->filters[i];

		if (filter->program && own_kind_of(own, filter->program) == tc_side_kind(side)) {
			scene->own = filter;
			break;
		}
		if (!scene->front && may_decide(filter))
			scene->front = filter;
	}
	return err;
}

static void describe(const struct tc_filter *filter, char *words)
{
	if (*filter->name)
		snprintf(words, TC_WORDS, "the tc filter \"%s\" (%s, priority %u) of another",
			 filter->name, filter->kind, filter->priority);
	else
		snprintf(words, TC_WORDS, "a tc filter (%s, priority %u) of another", filter->kind,
			 filter->priority);
}

/* A free handle of this priority; 0: the priority takes no BPF filter for all protocols. Among
 * filters of one priority, the newest comes first. */
static __u32 free_handle(const struct scene *scene, __u32 priority)
{
	for (__u32 handle = HANDLE; handle <= HANDLE_LAST; handle++) {
		bool taken = false;

		for (size_t i = 0; i < scene->count; i++) {
			const struct tc_filter *filter = &scene->filters[i];

			if (filter->chain || filter->priority != priority)
				continue;
			if (strcmp(filter->kind, "bpf") != 0 || filter->protocol != ETH_P_ALL)
				return 0;
			taken |= filter->handle == handle;
		}
		if (!taken)
			return handle;
	}
	return 0;
}

/* The first place in front of all filters that may decide; if there is none, the first place at
 * all. */
static struct tc_classic_place choose(const struct scene *scene)
{
	__u32 last = scene->front ? scene->front->priority : PRIORITY_MAX;

	for (__u32 priority = 1; priority <= PRIORITY_MAX; priority++) {
		__u32 handle = free_handle(scene, priority);

		if (priority > last && scene->own)
			break; /* no better than where ours is now */
		if (handle)
			return (struct tc_classic_place){ priority, handle };
	}
	return (struct tc_classic_place){ 0 };
}

static int put(const struct tc_side *side, const struct tc_classic_place *place, __u32 flags,
	       int program)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)side->ifindex,
		    .attach_point = side->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = place->handle, .priority = place->priority,
		    .prog_fd = program, .flags = flags);

	return bpf_tc_attach(&hook, &options);
}

static int take_off(const struct tc_side *side, const struct tc_filter *filter)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)side->ifindex,
		    .attach_point = side->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = filter->handle, .priority = filter->priority);

	return bpf_tc_detach(&hook, &options);
}

static int prepare_qdisc(const struct tc_side *side, struct fault *fault)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)side->ifindex,
		    .attach_point = BPF_TC_INGRESS);
	struct qdisc qdisc;
	__u32 block;
	int err = filters_qdisc(side->ifindex, &qdisc, fault);

	if (err)
		return err;
	block = side->egress ? qdisc.egress_block : qdisc.ingress_block;
	if (block)
		return fault_set(fault, -EOPNOTSUPP,
				 "its tc filters are those of block %u, shared with other devices; "
				 "give it a clsact qdisc of its own",
				 block);
	if (qdisc.kind == QDISC_INGRESS && side->egress)
		return fault_set(fault, -EOPNOTSUPP,
				 "another program put an `ingress` qdisc on it, which has no "
				 "egress side; let that program use clsact instead");
	if (qdisc.kind != QDISC_NONE)
		return 0;
	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		return fault_set(fault, err, "tc: no clsact qdisc: %s", strerror(-err));
	if (!err)
		link_clsact_set(side->pins, side->ifindex, true);
	return 0;
}

/* Only one filter of ours stays: the one that was put in last. */
static void take_others_off(const struct tc_side *side, const struct own *own,
			    const struct tc_classic_place *kept)
{
	_cleanup_(cleanup_scene) struct scene scene = { 0 };

	if (look(side, own, &scene, NULL))
		return;
	for (size_t i = 0; i < scene.count; i++) {
		const struct tc_filter *filter = &scene.filters[i];

		if (is_mine(own, filter) &&
		    (filter->priority != kept->priority || filter->handle != kept->handle))
			take_off(side, filter);
	}
}

static __u32 id_of(int program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &size) ? 0 : info.id;
}

int classic_place(const struct tc_side *side, int program, const struct own *own,
		  struct tc_state *state, struct fault *fault)
{
	_cleanup_(cleanup_scene) struct scene scene = { 0 };
	struct tc_classic_place place = { 0 };
	int err = prepare_qdisc(side, fault);

	if (!err)
		err = look(side, own, &scene, fault);
	if (err)
		return err;
	if (!scene.own || scene.front)
		place = choose(&scene);
	if (place.priority) {
		err = put(side, &place, 0, program);
	} else if (scene.own) {
		place = (struct tc_classic_place){ scene.own->priority, scene.own->handle };
		if (scene.own->program != id_of(program))
			err = put(side, &place, BPF_TC_F_REPLACE, program);
	} else {
		return fault_set(fault, -EBUSY, "tc: no priority is free");
	}
	if (err)
		return fault_set(fault, err, "tc refused the program: %s", strerror(-err));
	take_others_off(side, own, &place);
	classic_look(side, own, state);
	return 0;
}

void classic_look(const struct tc_side *side, const struct own *own, struct tc_state *state)
{
	_cleanup_(cleanup_scene) struct scene scene = { 0 };

	memset(state, 0, sizeof(*state));
	if (look(side, own, &scene, NULL))
		return;
	state->there = scene.own;
	if (scene.own)
		state->program = scene.own->program;
	if (scene.own && scene.front)
		describe(scene.front, state->behind);
	for (size_t i = 0; i < scene.count; i++)
		if (scene.filters[i].program &&
		    own_is_stray(own_kind_of(own, scene.filters[i].program)))
			tc_note_stray(state, scene.filters[i].program, scene.filters[i].name, "tc");
}

static bool is_empty(const struct tc_side *side, bool egress)
{
	_cleanup_free_ struct tc_filter *filters = NULL;
	size_t count;

	return !filters_list(side->ifindex, egress, &filters, &count, NULL) && !count;
}

static void remove_own_qdisc(const struct tc_side *side)
{
	struct qdisc qdisc;

	if (!link_clsact_is_own(side->pins, side->ifindex))
		return;
	if (filters_qdisc(side->ifindex, &qdisc, NULL) || qdisc.kind != QDISC_CLSACT ||
	    qdisc.ingress_block || qdisc.egress_block || !is_empty(side, false) ||
	    !is_empty(side, true))
		return;
	filters_remove_qdisc(side->ifindex);
	link_clsact_set(side->pins, side->ifindex, false);
}

int classic_remove(const struct tc_side *side, const struct own *own, bool strays)
{
	_cleanup_(cleanup_scene) struct scene scene = { 0 };
	int err = look(side, own, &scene, NULL), failed = 0;

	for (size_t i = 0; i < scene.count && !err; i++) {
		const struct tc_filter *filter = &scene.filters[i];
		enum own_kind kind = filter->program ? own_kind_of(own, filter->program)
						     : OWN_FOREIGN;

		if (!is_mine(own, filter) &&
		    (!strays || !own_is_stray(kind) || own_is_elsewhere(filter->program)))
			continue;
		if (take_off(side, filter))
			failed = -EIO;
	}
	if (!err && !failed)
		remove_own_qdisc(side);
	return err ? err : failed;
}
