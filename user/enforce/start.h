/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a configuration to a loaded gate: the first step of `load` and `run`. */
#ifndef SEKISHO_START_H
#define SEKISHO_START_H

#include "enforce/instance.h"
#include "enforce/list_files.h"
#include "kernel/attach.h"

struct start_options {
	bool verbose;
	list_files_log *log; /* called with what was done and what went wrong, line by line */
	void *context;
};

/* Loads the programs over the kept maps or new ones, publishes policy, countries and lists, and
 * restores bans; instance->gate is then set. Attaches nothing. The caller holds both locks. If the
 * store cannot be used, this is logged, and the gate is loaded without it. */
int start_gate(struct instance *instance, const struct start_options *options, struct fault *fault);

/* The first half of start_apply(): puts changed files of lists and countries into the store, and
 * the store's table into the kernel. The caller holds the tables' lock. */
int start_sources(struct instance *instance, const struct start_options *options,
		  struct fault *fault);
int start_policy(struct instance *instance, struct fault *fault); /* the second half */

/* Puts the policy, lists and countries of a changed configuration into a loaded gate. */
int start_apply(struct instance *instance, const struct start_options *options,
		struct fault *fault);

#define START_DEVICES 256

/* Attaches the gate to every device that the configuration means, and detaches it from devices that
 * the configuration no longer names, except devices of `auto` that have lost their default route.
 * Fills `attachments` (START_DEVICES) with the wanted devices and returns how many, including named
 * ones that are missing; -errno when the devices cannot be listed. */
int start_attach(struct instance *instance, struct attachment *attachments, struct fault *fault);

/* The same devices, without attaching: `attached` is false, `why` is set if one is missing. */
int start_wanted(const struct config *config, struct attachment *attachments, struct fault *fault);

#endif
