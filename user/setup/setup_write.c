// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes what was found as a configuration, and as a list of what else is to be done. See setup.h.
 * Pure. */
#include <inttypes.h>
#include <string.h>

#include "setup/setup.h"
#include "show/visible.h"

static void write_devices(FILE *out, const struct setup *setup)
{
	if (!setup->device_count || setup->says_devices)
		return;
	fputs("# No device has a default route, so `auto` would guard none: those that are up.\n"
	      "interface =",
	      out);
	for (size_t i = 0; i < setup->device_count; i++)
		fprintf(out, " %s", setup->devices[i]);
	fputc('\n', out);
}

static void write_never_ban(FILE *out, const struct setup *setup)
{
	if (setup->says_never_ban) {
		fputs("# never-ban is in the configuration already.\n", out);
		return;
	}
	if (!setup->session_count) {
		fputs("# Your office and your monitoring, which no ban may touch:\n"
		      "#never-ban = 192.0.2.0/24\n",
		      out);
		return;
	}
	fputs("# Where login sessions to this machine come from now. Add your office and your\n"
	      "# monitoring.\nnever-ban =",
	      out);
	for (size_t i = 0; i < setup->session_count; i++) {
		char text[PREFIX_TEXT_SIZE];

		prefix_format(&setup->sessions[i], text);
		fprintf(out, " %s", text);
	}
	fputc('\n', out);
}

static void write_gate(FILE *out, const struct setup *setup)
{
	fputs("[gate]\n", out);
	fputs(setup->enforces
		      ? "# The mode is enforce, by the configuration that is there.\n"
		      : "# Counts what it would drop, and drops nothing, until you say enforce.\n"
			"#mode = monitor\n",
	      out);
	write_devices(out, setup);
	write_never_ban(out, setup);
}

static void write_log(FILE *out, const struct setup_log *log)
{
	static const char *const keys[] = { "file", "journal", "docker" };

	fputc('\n', out);
	if (log->kind != SETUP_DOCKER)
		fprintf(out,
			"# %" PRIu64 " lines at its end, %" PRIu64
			" of them of logins, mails and the like.\n",
			log->lines, log->events);
	else
		fputs("# A container with mail ports; followed by its name, through restarts.\n",
		      out);
	fprintf(out, "[log %s]\n%s = ", log->name, keys[log->kind]);
	visible_print(out, log->what);
	fputc('\n', out);
}

static void write_country(FILE *out, const struct setup *setup)
{
	const char *home = *setup->home ? setup->home : "JP";

	fputs("\n# Logins from abroad can be limited, or refused. Nothing is until you say so.\n",
	      out);
	if (*setup->zone)
		fprintf(out, "# The time zone of this machine is %s: country %s.\n", setup->zone,
			setup->home);
	if (!*setup->home)
		fputs("# JP stands for your own country, which this machine does not tell.\n", out);
	fprintf(out,
		"#[class home]\n#connections = 50\n#rate = 120/m\n#burst = 60\n"
		"#[class abroad]\n#connections = 5\n#rate = 10/m\n"
		"#[service submission]\n#ports = 465 587\n#countries = LAN:pass %s:home *:abroad\n",
		home);
}

static void write_alert(FILE *out, const struct setup *setup)
{
	/* Without the units nothing would take an alert, and each one would count as failed. */
	const char *mark = setup->has_alert_socket ? "" : "#";

	if (setup->says_alert)
		return;
	fputs("\n# Alerts, by the package's own units: /usr/share/doc/sekisho/alerts.md.\n", out);
	fprintf(out, "%s[alert]\n%sprogram = /usr/sbin/sekisho alert --hand-over\n", mark, mark);
}

void setup_write(FILE *out, const struct setup *setup)
{
	fputs("# Written by `sekisho setup`, which never changes it: it is yours. What it does\n"
	      "# not say is said by sekisho.conf and by files in this folder with later names.\n\n",
	      out);
	write_gate(out, setup);
	if (setup->says_logs)
		fputs("\n# Logs are in the configuration already.\n", out);
	for (size_t i = 0; i < setup->log_count && !setup->says_logs; i++)
		write_log(out, &setup->logs[i]);
	if (!setup->log_count && !setup->says_logs)
		fputs("\n# No log of a mail server was found: connections are counted and "
		      "limited,\n"
		      "# but nobody is banned for failed logins until one is named.\n"
		      "#[log mail]\n#file = /var/log/mail.log\n",
		      out);
	write_country(out, setup);
	write_alert(out, setup);
}

static void step(FILE *out, unsigned *number, const char *text)
{
	fprintf(out, "  %u. %s\n", ++*number, text);
}

void setup_next(FILE *out, const struct setup *setup, const char *path)
{
	unsigned number = 0;

	fputs("what is left to do:\n", out);
	fprintf(out, "  %u. Read %s, and change what is wrong in it.\n", ++number, path);
	if (*setup->stale) {
		fprintf(out, "  %u. ", ++number);
		visible_print(out, setup->stale);
		fputs(" was last written more than 30 days ago and is left out:\n"
		      "     name it if it is the one.\n",
		      out);
	}
	if (!setup->has_countries)
		step(out, &number,
		     "Install country data: apt install tor-geoipdb (or libloc-database, with\n"
		     "     providers).");
	if (!setup->has_alert_socket && !setup->says_alert) {
		fprintf(out,
			"  %u. Alerts: install -m 600 /usr/share/sekisho/alert/alert.conf "
			"/etc/sekisho/\n"
			"     with ALERT_MAIL_TO=%s in it;\n"
			"     systemctl enable --now sekisho-alert.socket; and [alert] in the file "
			"above\n     without its '#'.\n",
			++number, *setup->mail_to ? setup->mail_to : "YOU@YOUR.DOMAIN");
	}
	step(out, &number, "sekisho check && systemctl reload-or-restart sekisho");
	step(out, &number,
	     "sekisho doctor; a day later `sekisho stats` and `sekisho bans`: would they\n"
	     "     hit the right ones?");
	if (!setup->enforces)
		step(out, &number, "Then mode = enforce.");
}
