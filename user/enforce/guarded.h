/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the gate what it cannot know: the devices that it is on, and this machine's addresses. */
#ifndef SEKISHO_GUARDED_H
#define SEKISHO_GUARDED_H

#include "enforce/instance.h"
#include "kernel/attach.h"
#include "net/devices.h"

/* Tells the gate the devices that are about to be guarded (`marked` has `count`), so that their
 * open connections are counted before. Also marks the devices on top of marked ones. */
void guarded_note_wanted(struct instance *instance, const struct device *devices, size_t count,
			 bool *marked);

/* Tells the gate the devices that are guarded, and the addresses; sets `answers` of the
 * attachments. */
void guarded_note(struct instance *instance, const struct device *devices, size_t count,
		  struct attachment *attachments, size_t used);

#endif
