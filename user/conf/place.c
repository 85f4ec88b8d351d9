// SPDX-License-Identifier: GPL-2.0-or-later
/* Assigns ids to services: see config_place_services() in config.h. Pure. */
#include "conf/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

_Static_assert(CONFIG_NAME_SIZE == SERVICE_NAME_SIZE, "a name fits");

struct placing {
	const struct config *config;
	const struct service_names *known;
	uint32_t busy;
	unsigned ids[SERVICE_MAX - 1]; /* of config->services[]; 0: none yet */
	bool taken[SERVICE_MAX];
};

static void take(struct placing *placing, size_t service, unsigned id)
{
	placing->ids[service] = id;
	placing->taken[id] = true;
}

/* Places the services that have an id already. */
static void place_known(struct placing *placing)
{
	for (size_t i = 0; i < placing->config->service_count; i++)
		for (unsigned id = 1; id < SERVICE_MAX && !placing->config->services[i].removed;
		     id++)
			if (!strcmp(placing->config->services[i].name, placing->known->of[id]))
				take(placing, i, id);
}

/* The first free id that never had a name or, with `named`, that had the name of a service that
 * does not exist any more; 0: none. */
static unsigned find_free(const struct placing *placing, bool named)
{
	for (unsigned id = 1; id < SERVICE_MAX; id++)
		if (!placing->taken[id] && (*placing->known->of[id] != '\0') == named &&
		    !(placing->busy >> id & 1))
			return id;
	return 0;
}

static int place_new(struct placing *placing, struct fault *fault)
{
	for (size_t i = 0; i < placing->config->service_count; i++) {
		const struct config_service *service = &placing->config->services[i];
		unsigned id;

		if (service->removed || placing->ids[i])
			continue;
		id = find_free(placing, false);
		if (!id)
			id = find_free(placing, true);
		if (!id)
			return fault_set(fault, -ENOSPC,
					 "there is no place for the service '%s' while connections "
					 "of services that were taken out are open; reload again "
					 "when they have ended",
					 service->name);
		take(placing, i, id);
	}
	return 0;
}

static void move_lists(struct config *config, const struct placing *placing)
{
	for (size_t i = 0; i < config->list_count; i++) {
		uint16_t before = config->lists[i].services, after = 0;

		for (size_t j = 0; j < config->service_count; j++)
			if (before >> (j + 1) & 1 && placing->ids[j])
				after |= (uint16_t)(1U << placing->ids[j]);
		config->lists[i].services = after;
	}
}

int config_place_services(struct config *config, const struct service_names *known, uint32_t busy,
			  struct fault *fault)
{
	struct placing placing = { .config = config, .known = known, .busy = busy };
	_cleanup_free_ struct config_service *placed = calloc(SERVICE_MAX - 1, sizeof(*placed));
	size_t count = 0;
	int err;

	if (!placed)
		return fault_set(fault, -ENOMEM, "out of memory");
	place_known(&placing);
	err = place_new(&placing, fault);
	if (err)
		return err;
	for (size_t i = 0; i < config->service_count; i++)
		if (placing.ids[i])
			placed[placing.ids[i] - 1] = config->services[i];
	for (unsigned id = 1; id < SERVICE_MAX; id++) {
		struct config_service *service = &placed[id - 1];

		if (placing.taken[id] || *known->of[id])
			count = id;
		if (placing.taken[id])
			continue;
		service->removed = true;
		snprintf(service->name, sizeof(service->name), "%s", known->of[id]);
	}
	move_lists(config, &placing);
	memcpy(config->services, placed, sizeof(config->services));
	config->service_count = count;
	return 0;
}
