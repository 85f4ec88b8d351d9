// SPDX-License-Identifier: GPL-2.0-or-later
/* Fills an outflow_view (outflow_view.h) and looks up names for numbers. Prints nothing. */
#include "show/outflow_view.h"

#include <errno.h>
#include <net/if.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "net/address.h"

#define NO_SOCKET UINT32_MAX /* as bpf/outflow_judge.h */

static void user_name(uint32_t uid, char name[OUTFLOW_NAME_SIZE])
{
	struct passwd entry, *found = NULL;
	char room[16384];

	if (uid != NO_SOCKET && !getpwuid_r(uid, &entry, room, sizeof(room), &found) && found)
		snprintf(name, OUTFLOW_NAME_SIZE, "%s", found->pw_name);
}

static void guest_name(const struct outflow_rules *rules, const struct outflow_key *key,
		       char name[OUTFLOW_NAME_SIZE])
{
	char device[IF_NAMESIZE] = "", prefix[PREFIX_TEXT_SIZE];

	if (!if_indextoname(key->id, device))
		snprintf(device, sizeof(device), "#%u", key->id);
	if (key->guest && key->guest <= rules->guest_count) {
		const struct outflow_prefix *guest = &rules->guests[key->guest - 1];
		struct prefix shown = { .address = guest->address, .length = guest->length };

		prefix_format(&shown, prefix);
		snprintf(name, OUTFLOW_NAME_SIZE, "%.46s by %s", prefix, device);
	} else {
		snprintf(name, OUTFLOW_NAME_SIZE, "%s", device);
	}
}

void outflow_name(const struct outflow_rules *rules, const struct outflow_key *key,
		  char name[OUTFLOW_NAME_SIZE])
{
	*name = '\0';
	if (key->origin == OUTFLOW_LOCAL || key->origin == OUTFLOW_REFUSED)
		user_name(key->id, name);
	else if (key->origin == OUTFLOW_GUEST)
		guest_name(rules, key, name);
}

void outflow_view_suspects(struct outflow_view *view, size_t index)
{
	const struct gate_outflow *state = view->state;
	struct outflow_suspect *list = view->suspects[index].list;

	view->suspects[index].count = outflow_suspects(state, &state->breakers[index], list);
	for (size_t i = 0; i < view->suspects[index].count; i++) {
		outflow_name(&state->rules, &list[i].who, list[i].name);
		if (list[i].cgroup)
			cgroup_path(list[i].cgroup, list[i].cgroup_path,
				    sizeof(list[i].cgroup_path));
	}
}

/* The name of a recent attempt's sender. Recent attempts come from the same few senders as the
 * counts, which have names already. */
static const char *known_name(const struct outflow_view *view, const struct outflow_key *key)
{
	for (size_t i = 0; i < view->state->count_count; i++)
		if (!memcmp(&view->state->counts[i].key, key, sizeof(*key)))
			return view->count_names[i];
	return "";
}

int outflow_view_fill(struct gate *gate, int64_t now_wall_ns, uint64_t now_boot_ns,
		      struct outflow_view **view, struct fault *fault)
{
	_cleanup_(cleanup_outflow_view) struct outflow_view *fresh = calloc(1, sizeof(*fresh));
	struct gate_outflow *state;
	int err;

	if (!fresh)
		return fault_set(fault, -ENOMEM, "out of memory");
	fresh->now_wall_ns = now_wall_ns;
	err = gate_outflow_read(gate, now_boot_ns, &fresh->state, fault);
	if (err)
		return err;
	state = fresh->state;
	fresh->breaker_names = calloc(state->breaker_count + 1, sizeof(*fresh->breaker_names));
	fresh->suspects = calloc(state->breaker_count + 1, sizeof(*fresh->suspects));
	fresh->count_names = calloc(state->count_count + 1, sizeof(*fresh->count_names));
	fresh->recent_names = calloc(state->recent_count + 1, sizeof(*fresh->recent_names));
	if (!fresh->breaker_names || !fresh->suspects || !fresh->count_names ||
	    !fresh->recent_names)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i < state->count_count; i++)
		outflow_name(&state->rules, &state->counts[i].key, fresh->count_names[i]);
	for (size_t i = 0; i < state->breaker_count; i++) {
		if (state->breakers[i].key.origin != OUTFLOW_LOCAL)
			outflow_name(&state->rules, &state->breakers[i].key,
				     fresh->breaker_names[i]);
		if (state->breakers[i].tripped)
			outflow_view_suspects(fresh, i);
	}
	for (size_t i = 0; i < state->recent_count; i++)
		snprintf(fresh->recent_names[i], OUTFLOW_NAME_SIZE, "%s",
			 known_name(fresh, &state->recent[i].who));
	*view = TAKE_PTR(fresh);
	return 0;
}
