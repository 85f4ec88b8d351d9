// SPDX-License-Identifier: GPL-2.0-or-later
/* See delegation.h. */
#include "policy/delegation.h"

#include <stdlib.h>
#include <string.h>
#include "log/scan.h"

enum name {
	NAME_REQUEST,
	NAME_STATE,
	NAME_ADDRESS,
	NAME_PORT,
	NAME_SERVER_PORT,
	NAME_ACCOUNT,
	NAME_SENDER,
	NAME_RECIPIENT,
	NAME_QUEUE,
	NAME_INSTANCE,
	NAME_RECIPIENTS,
	NAME_SIZE,
	NAME_COUNT,
};

static const char *const names[NAME_COUNT] = {
	[NAME_REQUEST] = "request",
	[NAME_STATE] = "protocol_state",
	[NAME_ADDRESS] = "client_address",
	[NAME_PORT] = "client_port",
	[NAME_SERVER_PORT] = "server_port",
	[NAME_ACCOUNT] = "sasl_username",
	[NAME_SENDER] = "sender",
	[NAME_RECIPIENT] = "recipient",
	[NAME_QUEUE] = "queue_id",
	[NAME_INSTANCE] = "instance",
	[NAME_RECIPIENTS] = "recipient_count",
	[NAME_SIZE] = "size",
};

size_t delegation_size(const char *text, size_t size)
{
	const char *end;

	if (size && *text == '\n')
		return 1;
	end = size ? memmem(text, size, "\n\n", 2) : NULL;
	return end ? (size_t)(end - text) + 2 : 0;
}

static void keep(struct span line, struct span values[NAME_COUNT])
{
	size_t equals = span_find_char(line, '=');

	for (size_t i = 0; equals != SPAN_NONE && i < NAME_COUNT; i++)
		if (!values[i].at && span_is(span_cut(line, 0, equals), names[i])) {
			values[i] = span_from(line, equals + 1);
			return;
		}
}

/* Reads a number of digits only, up to `most`; else 0. */
static uint64_t read_number(struct span text, uint64_t most)
{
	uint64_t number = 0;

	if (text.size > 18)
		return 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		number = 10 * number + (uint64_t)(text.at[i] - '0');
	}
	return number > most ? 0 : number;
}

static enum policy_stage read_stage(struct span state)
{
	if (span_is(state, "RCPT"))
		return POLICY_STAGE_RCPT;
	return span_is(state, "END-OF-MESSAGE") ? POLICY_STAGE_END : POLICY_STAGE_OTHER;
}

static void take_text(struct span value, char *out, size_t size)
{
	span_visible(value.at ? value : (struct span){ "", 0 }, out, size);
}

bool delegation_read(const char *text, size_t size, int64_t wall_ns, struct policy_mail *mail,
		     uint16_t *server_port)
{
	struct span values[NAME_COUNT] = { 0 }, left = { text, size };

	memset(mail, 0, sizeof(*mail));
	for (size_t end; (end = span_find_char(left, '\n')) != SPAN_NONE;
	     left = span_from(left, end + 1))
		keep(span_cut(left, 0, end), values);
	if (!span_is(values[NAME_REQUEST], "smtpd_access_policy"))
		return false;
	mail->wall_ns = wall_ns;
	mail->stage = read_stage(values[NAME_STATE]);
	/* The address is "unknown" if Postfix does not know it. */
	if (values[NAME_ADDRESS].size)
		mail->has_source = span_address(values[NAME_ADDRESS], &mail->source);
	if (!mail->has_source)
		mail->source = (struct address){ 0 };
	mail->port = (uint16_t)read_number(values[NAME_PORT], UINT16_MAX);
	*server_port = (uint16_t)read_number(values[NAME_SERVER_PORT], UINT16_MAX);
	take_text(values[NAME_ACCOUNT], mail->account, sizeof(mail->account));
	mail->has_account = *mail->account;
	take_text(values[NAME_SENDER], mail->sender, sizeof(mail->sender));
	take_text(values[NAME_RECIPIENT], mail->recipient, sizeof(mail->recipient));
	if (values[NAME_QUEUE].size < sizeof(mail->queue))
		take_text(values[NAME_QUEUE], mail->queue, sizeof(mail->queue));
	take_text(values[NAME_INSTANCE], mail->instance, sizeof(mail->instance));
	mail->recipients = (uint32_t)read_number(values[NAME_RECIPIENTS], UINT32_MAX);
	mail->size = read_number(values[NAME_SIZE], UINT64_MAX);
	return true;
}
