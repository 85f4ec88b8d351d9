// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes what an administrator ordered for accounts (`sekisho account --trust`, `--forget`) from the
 * store to the rules. An order leaves the store with the next transaction. A daemon that is killed
 * before that finds the order again: to carry it out twice has the same effect as once. */
#include <errno.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/detect_store_internal.h"
#include "daemon/daemon_log.h"
#include "policy/judge.h"
#include "store/store.h"

static void obey(struct daemon *daemon, const struct store_order_row *row)
{
	if (row->order == STORE_FORGET)
		detect_forget_account(daemon->detect, row->account);
	else
		detect_trust_account(daemon->detect, row->account);
	if (daemon->judge && row->order == STORE_FORGET)
		judge_forget_account(daemon->judge, row->account);
	else if (daemon->judge)
		judge_trust_account(daemon->judge, row->account);
	detect_store_note_order(daemon, row);
	log_line(false, "%s %s, as ordered", row->order == STORE_FORGET ? "forgot" : "trusts",
		 row->account);
}

void account_orders_take(struct daemon *daemon)
{
	struct store_order_row row;
	struct fault fault = { 0 };
	int error = -ENOENT;

	if (!daemon->instance.store || !daemon->notes)
		return;
	/* Nothing is noted: all orders that were carried out have left the store, or the store is a
	 * new one. */
	if (!detect_store_noted(daemon))
		daemon->order_id = 0;
	while (!(
		error = store_order_next(daemon->instance.store, daemon->order_id, &row, &fault))) {
		obey(daemon, &row);
		daemon->order_id = row.id;
		/* `status` and `top` are to show it at once. */
		status_write(daemon);
	}
	if (error != -ENOENT)
		recall_log_once(daemon, error, &fault);
}
