/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of Kubernetes' and podman's log files: "2026-10-24T13:16:39.230179856Z stdout F TEXT". Not
 * here: joining lines that were cut (unwrap.h).
 */
#ifndef SEKISHO_CRI_H
#define SEKISHO_CRI_H

#include "log/stamp.h"

struct cri_line {
	struct stamp stamp;
	bool is_stderr;
	bool whole; /* the next line of its stream does not continue it */
	struct span text;
};

/* Reads such a line. False: it is none. Pure. */
bool cri_read(struct span line, struct cri_line *out);

#endif
