// SPDX-License-Identifier: GPL-2.0-or-later
/* SIGHUP: a thread reads lists and countries, then the loop exchanges the rest of the configuration
 * at once. */
#include "daemon/reload.h"

#include <string.h>

#include "base/time.h"
#include "daemon/fleet_link.h"
#include "daemon/notify.h"
#include "daemon/policy_server.h"
#include "daemon/refresh.h"
#include "daemon/daemon_log.h"

static void print_config_fault(const char *text, void *context)
{
	(void)context;
	log_text(true, text, NULL);
}

static void end_reload(struct daemon *daemon)
{
	status_write(daemon);
	notify("READY=1");
}

/* Takes over the rest of the new configuration, after its lists and policy are in the kernel. */
static void on_reloaded(struct daemon *daemon, int error, const struct fault *why)
{
	struct config *fresh = daemon->reloading, *old = daemon->instance.config;
	struct detect_settings settings;
	struct fault fault = { 0 };

	daemon->reloading = NULL;
	/* The refresh placed them before; the result is the same, as their names are in the
	 * kernel. */
	if (!error)
		instance_place_services(daemon->instance.gate, fresh, NULL);
	if (error) {
		daemon_fault(daemon, "reload: %s; the old configuration holds", why->text);
		config_free(fresh);
		end_reload(daemon);
		return;
	}
	daemon->instance.config = fresh;
	detect_store_read_providers(daemon, fresh);
	detect_store_settings(daemon, fresh, &settings);
	detect_configure(daemon->detect, &settings);
	alerting_reload(daemon);
	if (logs_reload(daemon, &fault))
		daemon_fault(daemon, "%s", fault.text);
	passed_sockets_leave(&daemon->passed, &old->metrics);
	config_free(old);
	daemon->protected_boot_ns = 0;
	daemon->since_wall_ns = clock_wall_ns();
	guard_attach(daemon);
	limits_sweep(daemon); /* open connections are counted by the new prefix lengths */
	metrics_close(daemon);
	metrics_open(daemon);
	policy_reload(daemon);
	fleet_link_reload(daemon);
	passed_sockets_settle(&daemon->passed, daemon->loop);
	log_line(false, "reloaded");
	end_reload(daemon);
}

/* Has a thread read the lists, so that bans need not wait. */
static int begin_reload(struct daemon *daemon, struct config *fresh)
{
	struct fault fault = { 0 };
	int err;

	daemon->reloading = fresh;
	err = refresh_start_policy(daemon, on_reloaded, &fault);
	if (err)
		daemon_fault(daemon, "reload: %s; the old configuration holds", fault.text);
	return err;
}

/* SIGHUP: the whole new configuration, or the old one unchanged. */
void reload(struct daemon *daemon)
{
	struct config *fresh = NULL, *old = daemon->instance.config;

	daemon->reload_again = refresh_is_running(daemon);
	if (daemon->reload_again)
		return;
	notify("RELOADING=1");
	if (config_load(daemon->config_path, print_config_fault, NULL, &fresh)) {
		daemon_fault(daemon, "reload: the configuration has faults; the old one holds");
		end_reload(daemon);
	} else if (strcmp(fresh->paths.pins, old->paths.pins) ||
		   strcmp(fresh->paths.state, old->paths.state) ||
		   strcmp(fresh->paths.runtime, old->paths.runtime)) {
		daemon_fault(daemon, "reload: [paths] cannot change while running; the old "
				     "configuration holds; restart instead");
		config_free(fresh);
		end_reload(daemon);
	} else if (begin_reload(daemon, fresh)) {
		daemon->reloading = NULL;
		config_free(fresh);
		end_reload(daemon);
	}
}
