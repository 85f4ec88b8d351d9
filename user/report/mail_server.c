// SPDX-License-Identifier: GPL-2.0-or-later
/* See mail_server.h. */
#include "report/mail_server.h"

#include "log/queue_id.h"

/* How a mail server holds messages back. */
static const struct mail_server {
	enum event_daemon daemon;
	const char *name, *look, *remove;
	const char *hold, *hold_end;	 /* around ids, each with a blank before it */
	const char *sender, *sender_end; /* around the account */
} mail_servers[] = {
	{ EVENT_DAEMON_POSTFIX, "Postfix", "postqueue -p", "postsuper -d", "printf '%s\\n'",
	  " | postsuper -h -", "postqueue -j | jq -r --arg who ",
	  " 'select(.sender == $who) | .queue_id' | postsuper -h -" },
	{ EVENT_DAEMON_EXIM, "Exim", "exim -bp", "exim -Mrm", "exim -Mf", "", "exiqgrep -i -f ",
	  " | xargs -r exim -Mf" },
};
#define MAIL_SERVERS (sizeof(mail_servers) / sizeof(*mail_servers))

static const struct mail_server *find(enum event_daemon daemon)
{
	for (size_t i = 0; i < MAIL_SERVERS; i++)
		if (mail_servers[i].daemon == daemon)
			return &mail_servers[i];
	return NULL;
}

bool mail_server_hold(const struct page *page, const struct incident *incident)
{
	const struct mail_server *server = find(incident->mail_server);
	size_t count = incident->queue_count < INCIDENT_QUEUES ? incident->queue_count
							       : INCIDENT_QUEUES,
	       first = 0;

	while (server && first < count &&
	       queue_id_daemon(incident->queues[first]) != server->daemon)
		first++;
	if (!server || first == count)
		return false;
	page_tag(page, "p", W_LEFT_QUEUES, (const char *[]){ server->name, server->look });
	fprintf(page->out, "<pre>%s", server->hold);
	for (size_t i = first; i < count; i++)
		if (queue_id_daemon(incident->queues[i]) == server->daemon)
			fprintf(page->out, " %s", incident->queues[i]);
	fprintf(page->out, "%s</pre>\n", server->hold_end);
	return true;
}

void mail_server_hold_by_sender(const struct page *page, const struct incident *incident)
{
	for (size_t i = 0; i < MAIL_SERVERS; i++) {
		const struct mail_server *server = &mail_servers[i];

		if (incident->mail_server && incident->mail_server != server->daemon)
			continue;
		fputs("<div>", page->out);
		page_word(page, W_STEP_QUEUE_OF, (const char *[]){ server->name, server->remove });
		page_command(page, server->sender, incident->account, server->sender_end);
		fputs("</div>\n", page->out);
	}
}
