/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon gives up privileges that it does not use, whoever started it: systemd with its
 * sandbox, or root in a terminal. It stays user 0, who owns pins and store, but without the
 * capabilities of root. Not here: the sandbox (packaging/sekisho.service).
 */
#ifndef SEKISHO_PRIVILEGE_H
#define SEKISHO_PRIVILEGE_H

#include "base/fault.h"
#include "conf/config.h"

/*
 * Gives up, for good and for every program that is run from here on: new privileges, capabilities
 * by being user 0, and the bounding set. Keeps for itself what loading takes, as far as it has it:
 * CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON, and CAP_DAC_READ_SEARCH. Logs what it could not give up.
 * -errno.
 */
int privilege_begin(const struct config *config, struct fault *fault);

/*
 * To be called once the programs are loaded and the files are open: gives up CAP_PERFMON, and
 * CAP_DAC_READ_SEARCH unless a file that `config` names, and that will be opened again, needs it;
 * logs which file. -errno.
 */
int privilege_settle(const struct config *config, struct fault *fault);

#endif
