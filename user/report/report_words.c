// SPDX-License-Identifier: GPL-2.0-or-later
/* See words.h. */
#include "report/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char *const words[W_WORD_COUNT][LANG_COUNT] = {
	[W_CODE] = { "en", "ja" },
	[W_TITLE] = { "Incident report: {0}", "インシデント報告: {0}" },
	[W_SENTENCE] = {
		"The password of {0} was used from {1|host|hosts} of {2|provider|providers} in {3|country|countries}, from {4} to {5}",
		"{4} から {5} まで、{0} のパスワードが {3} か国・{2} 事業者の {1} ホストから使われました" },
	[W_SENTENCE_NETWORKS] = {
		"The password of {0} was used from {1|host|hosts} of {2|provider|providers} (guessed from /16 networks) in {3|country|countries}, from {4} to {5}",
		"{4} から {5} まで、{0} のパスワードが {3} か国・{2} 事業者 (/16 からの推定) の {1} ホストから使われました" },
	[W_NOTICED] = { "noticed after {0}", "検知まで {0}" },
	[W_MESSAGES] = {
		"{0|message|messages} passed, {1} were kept out",
		"通過したメール {0} 通、遮断したメール {1} 通" },
	[W_NO_STRANGERS] = {
		"No stranger is known to have used the password of {0}: {1|login|logins}, {2|failed login|failed logins}, {3|message|messages}",
		"{0} のパスワードが第三者に使われた形跡はありません: ログイン {1} 回、認証失敗 {2} 回、メール {3} 通" },
	[W_NO_STRANGERS_STORE] = {
		"No stranger is known to have used the password of {0}",
		"{0} のパスワードが第三者に使われた形跡はありません" },
	[W_STORE_NOTE] = {
		"Made from what the store keeps (90 days of alerts, bans and evidence; 30 of known sources). Messages are counted in logs alone: name them for the whole picture.",
		"保存されている記録 (アラート・遮断・証拠は 90 日、既知の接続元は 30 日) から作成しました。メールの通数はログにしかありません。ログを指定すると全体がわかります。" },
	[W_SPAN] = { "What was read: {0} to {1}", "対象期間: {0} から {1}" },
	[W_TIMELINE] = { "Timeline", "時系列" },
	[W_KEPT_OUT_MOST] = {
		"above: messages kept out, at most {0} in {1}",
		"上: 遮断したメール ({1}あたり最大 {0} 通)" },
	[W_PASSED_MOST] = {
		"below: messages passed, at most {0} in {1}",
		"下: 通過したメール ({1}あたり最大 {0} 通)" },
	[W_NO_MESSAGES] = { "no messages", "メールはありません" },
	[W_MARK_STRANGER] = { "the first stranger", "最初の不審な接続元" },
	[W_MARK_ALERT] = { "alert {0}", "アラート {0}" },
	[W_MARK_BANS] = { "{1|ban|bans} by {0}", "{0} による遮断 {1} 件" },
	[W_MARK_BREAKER] = { "the outflow breaker tripped", "送信ブレーカーが作動" },
	[W_COUNTRIES] = { "Countries", "国別" },
	[W_COUNTRY] = { "Country", "国" },
	[W_PROVIDERS] = { "Providers", "事業者別" },
	[W_PROVIDER] = { "Provider", "事業者" },
	[W_STRANGERS] = { "Strangers", "不審な接続元" },
	[W_OWN] = { "Others", "その他" },
	[W_SOURCES] = { "Sources", "接続元" },
	[W_SOURCE] = { "Source", "接続元" },
	[W_FIRST] = { "First seen", "最初" },
	[W_LAST] = { "Last seen", "最後" },
	[W_LOGINS] = { "Logins", "ログイン" },
	[W_FAILURES] = { "Failed", "認証失敗" },
	[W_PASSED] = { "Passed", "通過" },
	[W_KEPT_OUT] = { "Kept out", "遮断" },
	[W_BANNED_UNTIL] = { "Banned until", "遮断期限" },
	[W_NEVER] = { "-", "-" },
	[W_MORE] = { "and {0} more", "ほか {0} 件" },
	[W_LEFT] = { "What left", "送信されたもの" },
	[W_LEFT_SUMS] = {
		"{0|message|messages} of strangers passed, to {1|recipient|recipients} as far as the logs say; {2|bounce|bounces}; {3|message|messages} may still be queued.",
		"不審な接続元からのメールが {0} 通通過しました (ログからわかる宛先は延べ {1} 件、不達 {2} 件)。キューに残っている可能性があるのは {3} 通です。" },
	[W_LEFT_QUEUES] = {
		"What the logs do not show as delivered or bounced is put on hold with this line ({0}, as root). Look at it with {1} before you delete: short queue ids are used again.",
		"ログに配送または不達の記録がないメールは、次のコマンドで保留にします ({0}、root で実行)。短いキュー ID は再利用されるため、削除する前に {1} で確認してください。" },
	[W_LEFT_NONE] = { "No message of a stranger is known to have passed.", "不審な接続元のメールが通過した記録はありません。" },
	[W_OTHERS] = { "Other accounts that these sources touched", "同じ接続元が触れたほかのアカウント" },
	[W_OTHERS_INTRO] = {
		"Look at these as well: whoever has one password may have more.",
		"こちらも確認してください。漏えいしたパスワードは一つとは限りません。" },
	[W_OTHERS_CUT] = { "There may be more: not every source of the logs was remembered.", "ログが大きいため、一部の接続元は記録していません。ほかにもある可能性があります。" },
	[W_OTHERS_NONE] = { "None.", "ありません。" },
	[W_ACCOUNT] = { "Account", "アカウント" },
	[W_ATTEMPTS] = { "Events", "件数" },
	[W_LINES] = { "Log lines", "ログ" },
	[W_LINES_NONE] = { "None are kept.", "ありません。" },
	[W_STEPS] = { "What to do, in this order", "対応手順" },
	[W_STEP_LOCK] = {
		"Change the password of {0}, or lock the account. Nothing else ends it.",
		"{0} のパスワードを変更するか、アカウントを停止する。これをしない限り不正利用は止まらない。" },
	[W_STEP_KICK] = {
		"End its open sessions (Dovecot):",
		"接続中のセッションを切断する (Dovecot):" },
	[W_STEP_QUEUE] = {
		"Put what the thief has queued on hold, look at it, and delete it.",
		"不正なメールを保留にし、内容を確認してから削除する。" },
	[W_STEP_QUEUE_OF] = {
		"{0}, by sender (delete with {1}):",
		"{0}、送信者を指定する場合 (削除は {1}):" },
	[W_STEP_DELIST] = {
		"See whether the server's address is on block lists (check.spamhaus.org, mxtoolbox.com/blacklists.aspx), and ask to be taken off once it is over.",
		"サーバーの IP アドレスがブロックリストに載っていないか確認し (check.spamhaus.org、mxtoolbox.com/blacklists.aspx)、収束後に解除を申請する。" },
	[W_STEP_TELL] = {
		"Tell the user: by telephone or another address; which devices know the old password; whether it is used elsewhere, too.",
		"利用者に電話など別の手段で連絡する。古いパスワードを保存している端末と、ほかのサービスでの使い回しを確認してもらう。" },
	[W_STEP_TRUST] = {
		"Once the password is changed, tell sekisho:",
		"パスワードを変更したら sekisho に知らせる:" },
	[W_MADE_BY] = { "Made by sekisho {0} on {1}.", "sekisho {0} が {1} に作成。" },
	[W_DAY_TITLE] = { "Mail server, {0}", "メールサーバー日報 {0}" },
	[W_DAY_SENTENCE] = {
		"{0|connection attempt|connection attempts}, {1} of them dropped; {2|failed login|failed logins}, {3|login|logins}, {4|message|messages}; {5|ban|bans}, {6|alert|alerts}.",
		"接続試行 {0} 件 (うち遮断 {1} 件)、認証失敗 {2} 回、ログイン {3} 回、メール {4} 通、遮断措置 {5} 件、アラート {6} 件。" },
	[W_DAY_WOULD] = {
		"In monitor mode {0} more would have been dropped.",
		"monitor モードのため遮断しなかった接続が、ほかに {0} 件あります。" },
	[W_DAY_NOTHING] = { "Nothing was counted on this day: the daemon did not run, or it is too long ago.", "この日の記録はありません (デーモンが動いていなかったか、保存期間を過ぎています)。" },
	[W_DAY_HOURS] = { "By the hour", "時間別" },
	[W_DAY_DROPPED_MOST] = { "above: attempts dropped, at most {0} in {1}", "上: 遮断した接続 ({1}あたり最大 {0} 件)" },
	[W_DAY_PASSED_MOST] = { "below: attempts passed, at most {0} in {1}", "下: 通過した接続 ({1}あたり最大 {0} 件)" },
	[W_DAY_SERVICES] = { "By service", "サービス別" },
	[W_SERVICE] = { "Service", "サービス" },
	[W_DROPPED] = { "Dropped", "遮断" },
	[W_WOULD_DROP] = { "Would drop", "monitor モードの遮断対象" },
	[W_DAY_REASONS] = { "By reason", "理由別" },
	[W_REASON] = { "Reason", "理由" },
	[W_DAY_EVENTS] = { "From the logs", "ログから" },
	[W_EVENT] = { "What", "項目" },
	[W_COUNT_OF] = { "Count", "件数" },
	[W_BANS] = { "Bans", "遮断措置" },
	[W_ALERTS] = { "Alerts", "アラート" },
	[W_MESSAGES_OF] = { "Messages", "メール" },
	[W_BOUNCES] = { "Bounces", "不達 (バウンス)" },
	[W_ABUSES] = { "Protocol abuse and refusals", "プロトコル違反・拒否" },
	[W_DAY_ALERTS] = { "Alerts of the day", "この日のアラート" },
	[W_TIME] = { "Time", "時刻" },
	[W_RULE] = { "Rule", "ルール" },
	[W_ABOUT] = { "About", "対象" },
	[W_WHY] = { "Why", "理由" },
	[W_DAY_NO_ALERTS] = { "There was none.", "ありません。" },
	[W_THE_SERVER] = { "the server", "サーバー全体" },
	[W_OTHER_PORTS] = { "other ports", "その他のポート" },
};
/* clang-format on */

const char *word_of(enum lang lang, enum word word)
{
	return words[word][lang];
}

int lang_from_name(const char *name)
{
	if (!strcmp(name, "en"))
		return LANG_EN;
	return strcmp(name, "ja") ? -EINVAL : LANG_JA;
}

enum lang lang_of_environment(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strncmp(value, "ja", 2) ? LANG_EN : LANG_JA;
	}
	return LANG_EN;
}
