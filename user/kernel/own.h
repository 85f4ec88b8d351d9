/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a program is that is on a device: ours by its maps or pins, one of another or a lost
 * sekisho by its name and maps, or of somebody else. */
#ifndef SEKISHO_OWN_H
#define SEKISHO_OWN_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

enum own_kind {
	OWN_FOREIGN = 0,
	OWN_GATE,	   /* of this instance */
	OWN_OUTFLOW,	   /* the same, the outflow breaker */
	OWN_STRAY_GATE,	   /* a sekisho's whose maps are not pinned as this instance's */
	OWN_STRAY_OUTFLOW, /* the same */
};

struct own_program {
	__u32 id;
	enum own_kind kind;
};

struct own {
	__u32 maps[32];
	size_t map_count;
	struct own_program programs[96]; /* those pinned */
	size_t program_count;
};

/* Of the instance at `pins`, all versions. Nothing where there are no pins. */
void own_load(const char *pins, struct own *own);

/* Asking for a program that is not pinned takes CAP_SYS_ADMIN; without it, it is OWN_FOREIGN. */
enum own_kind own_kind_of(const struct own *own, __u32 program);

/* Of a sekisho whose pins are gone: in front of packets, and nobody's. */
static inline bool own_is_stray(enum own_kind kind)
{
	return kind == OWN_STRAY_GATE || kind == OWN_STRAY_OUTFLOW;
}

/* Whether a map of the program is pinned anywhere on the bpffs: then it is another instance's. */
bool own_is_elsewhere(__u32 program);

/* The program's name; "?" where it cannot be asked. */
void own_program_name(__u32 program, char *name, size_t size);

#endif
