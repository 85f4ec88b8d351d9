/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sekisho fleet run`: reads the keys, then works until a signal ends it. */
#ifndef SEKISHO_FLEET_RUN_H
#define SEKISHO_FLEET_RUN_H

#include "conf/config.h"

/* 0: a signal ended it. The caller passes *config, which a SIGHUP replaces. */
int fleet_run(const char *config_path, struct config **config, struct fault *fault);

#endif
