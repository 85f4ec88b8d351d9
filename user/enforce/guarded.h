/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the gate what it cannot know: the devices that it is on, and this machine's addresses. */
#ifndef SEKISHO_GUARDED_H
#define SEKISHO_GUARDED_H

#include "enforce/instance.h"
#include "kernel/attach.h"
#include "net/devices.h"

/* Devices that are to be guarded in a moment (`marked` has `count`): what is open already is
 * counted before. Those on them are marked, too. */
void guarded_note_wanted(struct instance *instance, const struct device *devices, size_t count,
			 bool *marked);

/* Devices that are; sets `answers` of the attachments, and notes the addresses. */
void guarded_note(struct instance *instance, const struct device *devices, size_t count,
		  struct attachment *attachments, size_t used);

#endif
