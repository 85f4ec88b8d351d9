// SPDX-License-Identifier: GPL-2.0-or-later
/* See guarded.h. */
#include "enforce/guarded.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "enforce/syn_cookies.h"

static void take_answers(struct gate_device *device, const struct attachment *attachment)
{
	struct driver driver;

	device->answers = attachment->answers;
	if (!device->answers)
		return;
	driver_ask(attachment->ifindex, attachment->device, &driver);
	device->mtu = driver.mtu;
}

/* Notes the marked devices, and how each answers SYNs. */
static void note(struct instance *instance, const struct device *devices, size_t count,
		 bool *marked, const struct attachment *attachments, size_t used)
{
	_cleanup_free_ struct gate_device *guarded = calloc(count + 1, sizeof(*guarded));
	size_t found = 0;

	devices_spread(devices, count, marked);
	for (size_t i = 0; guarded && i < count && found < GUARDED_MAX; i++) {
		if (!marked[i])
			continue;
		guarded[found].ifindex = devices[i].ifindex;
		for (size_t j = 0; j < used; j++)
			if (attachments[j].ifindex == devices[i].ifindex)
				take_answers(&guarded[found], &attachments[j]);
		found++;
	}
	if (guarded)
		gate_guarded_set(instance->gate, guarded, found, NULL);
}

void guarded_note_wanted(struct instance *instance, const struct device *devices, size_t count,
			 bool *marked)
{
	note(instance, devices, count, marked, NULL, 0);
}

static void note_addresses(struct instance *instance)
{
	_cleanup_free_ struct prefix *addresses = NULL;
	size_t count = 0;

	if (!devices_addresses(&addresses, &count, NULL))
		gate_local_set(instance->gate, addresses, count, NULL);
}

void guarded_note(struct instance *instance, const struct device *devices, size_t count,
		  struct attachment *attachments, size_t used)
{
	_cleanup_free_ bool *marked = calloc(count + 1, sizeof(*marked));
	struct syn_cookies_machine machine;

	syn_cookies_ask(&machine);
	for (size_t j = 0; j < used; j++)
		syn_cookies_judge(instance->config, &machine, &instance->cookies, &attachments[j]);
	for (size_t i = 0; marked && i < count; i++)
		for (size_t j = 0; j < used && !marked[i]; j++)
			marked[i] = attachments[j].attached &&
				    attachments[j].ifindex == devices[i].ifindex;
	if (marked)
		note(instance, devices, count, marked, attachments, used);
	if (instance->config->syn_cookies != COOKIES_OFF)
		note_addresses(instance);
}
