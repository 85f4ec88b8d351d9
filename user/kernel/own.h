/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner of a program on a device: this instance, by the program's maps or pins; another or a
 * lost sekisho, by its name and maps; or somebody else. */
#ifndef SEKISHO_OWN_H
#define SEKISHO_OWN_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

enum own_kind {
	OWN_FOREIGN = 0,
	OWN_GATE,	   /* of this instance */
	OWN_OUTFLOW,	   /* the same, the outflow breaker */
	OWN_STRAY_GATE,	   /* of a sekisho whose maps are not pinned as this instance's */
	OWN_STRAY_OUTFLOW, /* the same */
};

struct own_program {
	__u32 id;
	enum own_kind kind;
};

struct own {
	__u32 maps[32];
	size_t map_count;
	struct own_program programs[96]; /* the pinned ones */
	size_t program_count;
};

/* Reads maps and programs of the instance at `pins`, all versions. Empty if there are no pins. */
void own_load(const char *pins, struct own *own);

/* The owner of a program. To ask for one that is not pinned needs CAP_SYS_ADMIN; without that it is
 * OWN_FOREIGN. */
enum own_kind own_kind_of(const struct own *own, __u32 program);

/* Whether the program is of a sekisho whose pins are gone: it sees packets, and nobody owns it. */
static inline bool own_is_stray(enum own_kind kind)
{
	return kind == OWN_STRAY_GATE || kind == OWN_STRAY_OUTFLOW;
}

/* Whether a map of the program is pinned anywhere on the bpffs: the program is then of another
 * instance. */
bool own_is_elsewhere(__u32 program);

/* The program's name; "?": the kernel does not tell. */
void own_program_name(__u32 program, char *name, size_t size);

#endif
