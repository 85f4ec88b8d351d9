/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct gate as the files of user/kernel/ see it. Nobody else includes this. */
#ifndef SEKISHO_GATE_INTERNAL_H
#define SEKISHO_GATE_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/gate.h"
#include "verdict_word.h"

enum gate_map {
	MAP_CONTROL,
	MAP_BANS,
	MAP_BAN_BLOOM,
	MAP_TICK_CLOCK,
	MAP_PASSING,
	MAP_POLICY,
	MAP_SERVICE_NAMES,
	MAP_TABLE,
	MAP_TABLE_REST,
	MAP_COUNTRY_COUNTS,
	MAP_REASON_COUNTS,
	MAP_LIST_COUNTS,
	MAP_SOURCES,
	MAP_NETWORKS,
	MAP_NETWORK_BLOOM,
	MAP_COUNTRY_METERS,
	MAP_COUNTED,
	MAP_CONNECTIONS,
	MAP_GUARDED,
	MAP_LOCAL,
	MAP_SYN_COOKIES,
	MAP_USAGE,
	MAP_OVER_LIMIT,
	MAP_SEEN,
	MAP_WATCHING,
	MAP_WATCHED,
	MAP_OUTFLOW_RULES,
	MAP_OUTFLOW_CONTROL,
	MAP_OUTFLOW_BREAKERS,
	MAP_OUTFLOW_COUNTS,
	MAP_OUTFLOW_RECENT,
	MAP_OUTFLOW_SOCKETS,
	MAP_OUTFLOW_FLOWS,
	MAP_OUTFLOW_ENTERED,
	MAP_OUTFLOW_REPORTED,
	MAP_COUNT,
};

enum gate_program {
	PROGRAM_XDP, /* native and generic */
	PROGRAM_TC,
	PROGRAM_COUNTER,
	PROGRAM_ADOPT, /* a walk over TCP sockets */
	PROGRAM_REBUILD,
	PROGRAM_OUTFLOW,
	PROGRAM_OUTFLOW_PORT,
	PROGRAM_COUNT,
};

/* What the older contract's map had counted of a ban when it was copied. */
struct carried_ban {
	struct prefix prefix;
	uint64_t packets, attempts;
};

/* A Bloom filter, mmap()ed, shared with the kernel (bloom_fill.h). */
struct bloom {
	uint64_t *words;
	uint32_t count;	 /* of words that the gate reads */
	uint64_t *noted; /* of a sweep in portions, as many without the first; NULL: networks */
	uint32_t mapped; /* words in all */
};

struct gate {
	char *pins;			   /* the instance's folder, without the version */
	int maps[MAP_COUNT];		   /* fds */
	int programs[PROGRAM_COUNT];	   /* fds; -1 unless gate_load() made this handle */
	struct verification *verification; /* of programs being loaded (verify.h), or NULL */
	bool made;			   /* there were no pinned maps of this contract */
	unsigned older; /* the older contract version that is pinned, to be migrated; 0: none */
	struct carried_ban *carried; /* by gate_migrate(), for migrate_rest() */
	size_t carried_count;
	uint32_t ban_size; /* max_entries of "bans" */
	uint32_t source_size, network_size;
	unsigned distrusted[16]; /* devices whose driver forgot an XDP program (attach.h) */
	size_t distrusted_count;
	unsigned met[16]; /* devices that this process has attached to by XDP all the same */
	size_t met_count;
	unsigned *ports; /* ports of bridges with the outflow breaker's program (attach_ports.h) */
	size_t port_count;
	struct fault ports_fault;  /* why a port does not have it */
	struct usage *usage;	   /* mmap()ed as well */
	struct control *control;   /* mmap()ed, shared with the kernel */
	struct watching *watching; /* likewise */
	struct bloom ban_bloom, network_bloom;
};

/* A handle without maps and programs. NULL: out of memory. */
struct gate *gate_new(const char *pins);

/* Opens the pinned maps, whose shapes must be those of this build. */
int gate_open_maps(struct gate *gate, struct fault *fault);

/* Checks a map's shape. -EPROTO: it has another one, so it is another program's map of our name. */
int gate_check_map(int fd, const struct bpf_map *expected, const char *path, uint32_t *max_entries,
		   struct fault *fault);

/* Sets the fault to why pins could not be opened, with the remedy; returns the error. */
int gate_pins_fault(const char *pins, int error, struct fault *fault);

/* mmap()s the maps that have one element which both sides write. */
int gate_map_elements(struct gate *gate, struct fault *fault);

/* The name of the map's pin; static. */
const char *gate_map_name(enum gate_map map);

/* The name of the pin of the inner map in a slot of a map of maps. */
#define GATE_INNER_NAME 64
void gate_inner_name(enum gate_map outer, __u32 slot, char name[GATE_INNER_NAME]);

/* The kernel's number of a map; 0: no map. */
uint32_t gate_map_id(int fd);

/* "PINS/vN/NAME" into `path` (PATH_MAX bytes); NAME may be "" for the folder. */
int gate_pin_path(const char *pins, const char *name, char *path, struct fault *fault);

/* The fd of a program of a loaded gate; stays the gate's. */
int gate_program_fd(const struct gate *gate, enum gate_program program);

/* The same for any gate: opens this build's pinned program if need be. -ENOENT: another build's
 * programs are loaded. */
int gate_find_program(struct gate *gate, enum gate_program program);

/* Swaps a filled inner map into a slot of a map of maps. */
int gate_slot_set(struct gate *gate, enum gate_map outer, __u32 slot, int inner,
		  struct fault *fault);

/* The same for slot 0, with a new inner map that has one element: the value. */
int gate_slot_put(struct gate *gate, enum gate_map outer, const void *value, size_t size,
		  struct fault *fault);

/* The inner map now in the slot: an fd of the caller's, or -errno (-ENOENT: none). */
int gate_slot_get(struct gate *gate, enum gate_map outer, __u32 slot, struct fault *fault);

#endif
