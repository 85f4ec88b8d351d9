/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a configuration to a standing gate: what `load` and `run` do first. */
#ifndef SEKISHO_START_H
#define SEKISHO_START_H

#include "enforce/instance.h"
#include "enforce/list_files.h"
#include "kernel/attach.h"

struct start_options {
	bool verbose;
	list_files_log *log; /* what was done and what is amiss, line by line */
	void *context;
};

/* Loads the programs over the kept maps or new ones, publishes policy, countries and lists, and
 * restores bans; instance->gate is then set. Attaches nothing. Both locks are held by the
 * caller. A store that cannot be used is said, and the gate goes up without it. */
int start_gate(struct instance *instance, const struct start_options *options, struct fault *fault);

/* The first half of start_apply(): the files of lists and countries into the store where they
 * changed, and the store's into the kernel. The tables' lock is held by the caller. */
int start_sources(struct instance *instance, const struct start_options *options,
		  struct fault *fault);
int start_policy(struct instance *instance, struct fault *fault); /* the second */

/* The policy, lists and countries of a configuration that has changed, onto a standing gate. */
int start_apply(struct instance *instance, const struct start_options *options,
		struct fault *fault);

#define START_DEVICES 256

/* Attaches the gate to every device that the configuration means; devices that it no longer names
 * are left by the gate, but a device of `auto` that has lost its default route is not. Fills
 * `attachments` (START_DEVICES) with those wanted and returns how many, named ones that are missing
 * included; -errno when the devices cannot be listed. */
int start_attach(struct instance *instance, struct attachment *attachments, struct fault *fault);

/* The same devices, without attaching: attached is false in all, `why` is set for the missing. */
int start_wanted(const struct config *config, struct attachment *attachments, struct fault *fault);

#endif
