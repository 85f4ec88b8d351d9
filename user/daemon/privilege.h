/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon gives up what it does not use, whoever started it: systemd with its sandbox, or root
 * in a terminal. It stays user 0, who owns pins and store, but one without a capability to be root
 * with. Not here: the sandbox (packaging/sekisho.service).
 */
#ifndef SEKISHO_PRIVILEGE_H
#define SEKISHO_PRIVILEGE_H

#include "base/fault.h"
#include "conf/config.h"

/*
 * For good, also for every program that is run from here on: no new privileges, no capability by
 * being user 0, an empty bounding set. For itself it keeps what loading takes: CAP_BPF,
 * CAP_NET_ADMIN, CAP_PERFMON, and CAP_DAC_READ_SEARCH; of them what it has. What could not be given
 * up is said. -errno.
 */
int privilege_begin(const struct config *config, struct fault *fault);

/*
 * Once the programs are loaded and the files are open: CAP_PERFMON goes, and CAP_DAC_READ_SEARCH
 * does unless a file that `config` names, and that will be opened again, needs it: which one is
 * said. -errno.
 */
int privilege_settle(const struct config *config, struct fault *fault);

#endif
