#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `sekisho report`: the page after an incident has replay's numbers, says what strangers wrote and does nothing
# else; the store's report and day.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho python3 jq || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	"$BATS_TEST_DIRNAME/stories/generate" spread 1 "$BATS_FILE_TMPDIR/spread"
	TZ=UTC "$SEKISHO" replay --json -c "$BATS_FILE_TMPDIR/spread/sekisho.conf" "$BATS_FILE_TMPDIR/spread/mail.log" >"$BATS_FILE_TMPDIR/decisions"
	local lang
	for lang in en ja; do
		TZ=UTC "$SEKISHO" report --account user0000@example.com --lang "$lang" -c "$BATS_FILE_TMPDIR/spread/sekisho.conf" \
			--output "$BATS_FILE_TMPDIR/$lang.html" "$BATS_FILE_TMPDIR/spread/mail.log"
	done
}

teardown_file() {
	lab_down
}

setup() {
	requires jq python3
	lab_reset
	lab_conf 'mode = enforce'
	: >"$LAB/log/mail.log"
}

teardown() {
	[[ -n ${LAB-} ]] || return 0
	lab_run_end || :
	cat "$LAB/log/run" 2>/dev/null || :
}

# The text of a page, a line an element.
text_of() { # FILE
	python3 -c '
import html.parser, sys
class Text(html.parser.HTMLParser):
    def handle_data(self, data):
        if data.strip(): print(data.strip())
Text().feed(open(sys.argv[1], encoding="utf-8").read())' "$1"
}
summary() { # MEMBER, with commas
	jq -r "select(.summary) | .summary.$1" "$BATS_FILE_TMPDIR/decisions" | sed -E ':a; s/([0-9])([0-9]{3})($|,)/\1,\2\3/; ta'
}

@test "the page of story A has the numbers of replay --json, in both languages" {
	local passed out hosts
	passed=$(summary messages_passed)
	out=$(summary messages_kept_out)
	hosts=$(jq -s '[.[] | select(.rule == "account-spread" and .action == "ban") | .prefix] | unique | length' "$BATS_FILE_TMPDIR/decisions")
	text_of "$BATS_FILE_TMPDIR/en.html" >"$BATS_TEST_TMPDIR/en"
	grep -q "used from $hosts hosts of .* in 25 countries" "$BATS_TEST_TMPDIR/en"
	grep -q "$passed messages passed, $out were kept out\." "$BATS_TEST_TMPDIR/en"
	text_of "$BATS_FILE_TMPDIR/ja.html" >"$BATS_TEST_TMPDIR/ja"
	grep -q "の $hosts ホストから使われました" "$BATS_TEST_TMPDIR/ja"
	grep -q "通過したメール $passed 通、遮断したメール $out 通" "$BATS_TEST_TMPDIR/ja"
	# Each source's numbers add up to the same; its ban is replay's.
	python3 - "$BATS_FILE_TMPDIR/en.html" "$BATS_FILE_TMPDIR/decisions" <<-'END'
		import html, json, re, sys
		page = open(sys.argv[1], encoding="utf-8").read()
		decisions = [json.loads(line) for line in open(sys.argv[2])]
		rows = re.findall(r'<td(?: class="w")? data-l="Source">([^<]*)</td>(.*?)</tr>', page.replace("\n<tr", "</tr>\n<tr").replace("\n</tbody>", "</tr>\n</tbody>"), re.S)
		cells = {source: dict(re.findall(r'data-l="([^"]*)">([^<]*)<', rest)) for source, rest in rows}
		summary = decisions[-1]["summary"]
		def total(name): return sum(int(c[name].replace(",", "")) for c in cells.values())
		assert total("Passed") == summary["messages_passed"], total("Passed")
		assert total("Kept out") == summary["messages_kept_out"], total("Kept out")
		bans = {d["prefix"].split("/")[0]: d["until"] for d in decisions[:-1] if d["action"] == "ban" and d["rule"] == "account-spread"}
		assert {s for s, c in cells.items() if c["Banned until"] != "-"} == set(bans)
		for source, until in bans.items():
		    assert cells[source]["Banned until"] == until[:19].replace("T", " "), source
	END
}

@test "of packed logs the page is the same, the lines of the log with it" {
	local kind packed=$BATS_TEST_TMPDIR/packed.log
	text_of "$BATS_FILE_TMPDIR/en.html" >"$BATS_TEST_TMPDIR/plain"
	grep -q 'sasl_username=\|user=<' "$BATS_TEST_TMPDIR/plain"
	for kind in gzip xz; do
		"$kind" -c "$BATS_FILE_TMPDIR/spread/mail.log" >"$packed"
		TZ=UTC "$SEKISHO" report --account user0000@example.com --lang en -c "$BATS_FILE_TMPDIR/spread/sekisho.conf" \
			--output "$BATS_TEST_TMPDIR/$kind.html" "$packed"
		diff <(grep 'sasl_username=\|user=<' "$BATS_TEST_TMPDIR/plain") \
			<(text_of "$BATS_TEST_TMPDIR/$kind.html" | grep 'sasl_username=\|user=<')
	done
}

@test "the page is small, loads nothing, runs nothing, and is well-formed" {
	local lang
	for lang in en ja; do
		(($(stat -c %s "$BATS_FILE_TMPDIR/$lang.html") < 300 * 1024))
		[[ $(stat -c %a "$BATS_FILE_TMPDIR/$lang.html") == 600 ]]
		run ! grep -Eiq '<script|<link|<img|src=|url\(|@import|https?:' "$BATS_FILE_TMPDIR/$lang.html"
		python3 - "$BATS_FILE_TMPDIR/$lang.html" <<-'END'
			import html.parser, sys
			class Nested(html.parser.HTMLParser):
			    stack = []
			    def handle_starttag(self, tag, attributes):
			        if tag == "tr" and self.stack[-1] == "tr": self.stack.pop() # its end may be left out
			        if tag != "meta": self.stack.append(tag)
			    def handle_startendtag(self, tag, attributes): pass
			    def handle_endtag(self, tag):
			        if tag == "tbody" and self.stack[-1] == "tr": self.stack.pop()
			        assert self.stack.pop() == tag, (self.getpos(), tag)
			page = Nested()
			page.feed(open(sys.argv[1], encoding="utf-8").read())
			assert not page.stack, page.stack
		END
	done
}

# In a browser: nothing wider than the window, every text with a contrast of 4.5 (WCAG 2.1, AA) and more.
looks_right() { # PAGE WIDTH SCHEME
	"$BATS_TEST_DIRNAME/report/look" "$1" "$2" "$3" >"$BATS_TEST_TMPDIR/look"
	cat "$BATS_TEST_TMPDIR/look"
	jq -e --argjson width "$2" '.width == $width and .overflow <= 0 and .wide == [] and .broken == [] and .contrast >= 4.5 and .texts > 10' "$BATS_TEST_TMPDIR/look" >/dev/null
}

@test "a browser shows the page at 360 and 1440 pixels, light, dark and printed, with nothing cut and all legible" {
	requires chromium-headless-shell
	local scheme
	for scheme in light dark print; do
		looks_right "$BATS_FILE_TMPDIR/en.html" 360 "$scheme"
		looks_right "$BATS_FILE_TMPDIR/en.html" 1440 "$scheme"
	done
	looks_right "$BATS_FILE_TMPDIR/ja.html" 360 light
	jq -e .cards "$BATS_TEST_TMPDIR/look"
	looks_right "$BATS_FILE_TMPDIR/ja.html" 1440 dark
	jq -e '.cards | not' "$BATS_TEST_TMPDIR/look"
	# And it does see what is wrong.
	sed 's/--text:#1b1f24/--text:#ccc/' "$BATS_FILE_TMPDIR/en.html" >"$BATS_TEST_TMPDIR/pale.html"
	run ! looks_right "$BATS_TEST_TMPDIR/pale.html" 1440 light
	sed 's/<h1>/<h1 style="width:400px">/' "$BATS_FILE_TMPDIR/en.html" >"$BATS_TEST_TMPDIR/wide.html"
	run ! looks_right "$BATS_TEST_TMPDIR/wide.html" 360 light
	# Past midnight each time has its day, which makes the columns of sources wide.
	TZ=Asia/Tokyo "$SEKISHO" report --account user0000@example.com -c "$BATS_FILE_TMPDIR/spread/sekisho.conf" \
		"$BATS_FILE_TMPDIR/spread/mail.log" >"$BATS_TEST_TMPDIR/tokyo.html"
	looks_right "$BATS_TEST_TMPDIR/tokyo.html" 1440 light
	looks_right "$BATS_TEST_TMPDIR/tokyo.html" 720 print
	sed 's/overflow-wrap:normal//g' "$BATS_TEST_TMPDIR/tokyo.html" >"$BATS_TEST_TMPDIR/broken.html"
	run ! looks_right "$BATS_TEST_TMPDIR/broken.html" 1440 light
}

@test "a browser shows names of any length and IPv6 without making the page wide, and runs none of them" {
	requires chromium-headless-shell
	local name i
	name=$(printf 'x%.0s' {1..200})
	for i in 1 2 3; do
		printf 'Nov 20 10:00:0%d mx dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=2001:db8:ffff:fff%d:ffff:ffff:ffff:ffff, lip=192.0.2.1, mpid=7, TLS, session=<s%d>\n' "$i" "$name" "$i" "$i" >>"$LAB/log/mail.log"
	done
	run_sekisho report --account "$name" --output "$BATS_TEST_TMPDIR/long.html" "$LAB/log/mail.log"
	looks_right "$BATS_TEST_TMPDIR/long.html" 360 light
	looks_right "$BATS_TEST_TMPDIR/long.html" 1440 dark
}

# Made anew with the page that is here, all but the line that says when: cp "$BATS_TEST_TMPDIR/example.html" docs/example-report.html
@test "the example in docs is what report makes of tests/report" {
	local data=$BATS_TEST_DIRNAME/report
	printf '[country]\nfiles = %s\nproviders = %s\n' "$data/example.countries" "$data/example.providers" >"$BATS_TEST_TMPDIR/conf"
	TZ=UTC LC_ALL=C "$SEKISHO" report --account hanako@example.com -c "$BATS_TEST_TMPDIR/conf" "$data/example.log" >"$BATS_TEST_TMPDIR/example.html"
	diff <(grep -v '^<footer>' "$BATS_TEST_TMPDIR/example.html") <(grep -v '^<footer>' "$BATS_TEST_DIRNAME/../docs/example-report.html")
}

@test "names of strangers are text in the page, and no part of a command" {
	local name='bob<script>alert(1)</script>' i
	for i in 1 2 3; do
		printf 'Nov 20 10:00:0%d mx dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=198.51.100.%d, lip=192.0.2.1, mpid=7, TLS, session=<s%d>\n' "$i" "$name" "$i" "$i" >>"$LAB/log/mail.log"
	done
	run_sekisho report --account "$name" "$LAB/log/mail.log"
	[[ $output == *'&lt;script&gt;'* && $output != *'<script'* ]]
	run_sekisho report --account $'e\e[2Jve\xff' "$LAB/log/mail.log"
	[[ $output != *$'\e'* && $output == *'e\x1b[2Jve\xff'* ]]
}

@test "the same from the store, and of the day" {
	local i day
	printf '%s\n' '192.0.2.0,192.0.2.255,64500' '203.0.113.0,203.0.113.255,64510' >"$LAB/providers"
	sed -i "/^\[country\]/a providers = $LAB/providers" "$LAB/sekisho.conf"
	printf '[rule account-spread]\nproviders = 4\nsending-providers = 4\n' >>"$LAB/sekisho.conf"
	lab_run
	login() { # SECONDS-AGO SOURCE
		printf '%s mx dovecot: imap-login: Login: user=<bob@example.net>, method=PLAIN, rip=%s, lip=192.0.2.1, mpid=7, TLS, session=<s%d%d>\n' \
			"$(date -u -d "-$1 seconds" +%FT%T+00:00)" "$2" "$RANDOM" "$RANDOM" >>"$LAB/log/mail.log"
	}
	login 7620 203.0.113.20
	login 7600 203.0.113.21
	for i in 1 2 3 4; do login 0 "$((20 + i)).1.1.1"; done
	alerted() { run_sekisho alerts --json && json 'any(.[]; .rule == "account-spread")'; }
	retry 50 0.1 alerted
	lab_run_end
	run_sekisho report --account bob@example.net --lang en
	[[ $output == *'The password of bob@example.net was used from '[1-9]* ]]
	[[ $output == *'data-l="Source">22.1.1.1<'* && $output == *'data-l="Source">203.0.113.20<'* ]]
	[[ $output == *'alert account-spread'* && $output == *"doveadm kick 'bob@example.net'"* ]]
	[[ $output == *'data-l="Passed">-<'* && $output != *'data-l="Passed">0<'* ]]
	run_sekisho report --account nobody --lang en
	[[ $output == *'No stranger is known'* ]]
	day=$(date +%F)
	run_sekisho report --day "$day" --lang en
	says '6 logins'
	says 'account-spread: bob@example.net: '
	run_sekisho report --day "$day" --lang ja --html
	[[ $output == '<!DOCTYPE html>'* && $output == *'ログイン 6 回'* && $output == *account-spread* ]]
	run_sekisho report --day "$day" --json
	json '.[0] | .counts.success == 6 and (.hours | length >= 23 and ([.[].counts.success // 0] | add) == 6) and .alert_count >= 1 and .alerts[0].about == "bob@example.net"'
	run_sekisho 2 report --account bob --json
	run_sekisho report --day --lang en
	says 'Nothing was counted'
}

@test "a browser shows a day at 360 and 1440 pixels" {
	requires chromium-headless-shell sqlite3
	local hour
	lab_run
	lab_run_end
	for hour in 3 9 14; do
		sqlite3 "$LAB/state/sekisho.db" "INSERT OR REPLACE INTO spans VALUES(3600, $(date -d "2026-11-15 $hour:00" +%s),
			'{\"services\":{\"submission\":{\"attempts\":12345678,\"dropped\":{\"network-connections\":1234567},\"would_drop\":{\"listed\":7}}},\"failure\":$hour,\"bans\":2}')"
	done
	run_sekisho report --day 2026-11-15 --html --lang en --output "$BATS_TEST_TMPDIR/day.html"
	looks_right "$BATS_TEST_TMPDIR/day.html" 360 light
	looks_right "$BATS_TEST_TMPDIR/day.html" 1440 dark
	run_sekisho report --day 2026-11-15 --lang en
	says '37,037,034 connection attempts, 3,703,701 of them dropped; 26 failed logins'
	says 'In monitor mode 21 more'
}

@test "what cannot be reported is said" {
	run_sekisho 2 report
	complains 'account NAME, or --day'
	run_sekisho 2 report --day --account bob
	run_sekisho 2 report --day 2026-02-30
	complains 'no day like'
	run_sekisho 2 report --lang fr --account bob
	complains 'en and ja'
	run_sekisho 1 report --account bob "$LAB/none.log"
	complains 'none.log'
	run_sekisho 1 report --account bob --output "$LAB/none/page" "$LAB/log/mail.log"
	complains 'none/page'
	run_sekisho 1 report --account bob
	complains 'sekisho.db'
}

@test "a page replaces files alone, and is of whoever made it" {
	local page=$BATS_TEST_TMPDIR/page
	mknod "$BATS_TEST_TMPDIR/null" c 1 3
	ln -s null "$BATS_TEST_TMPDIR/stdout"
	for name in null stdout; do
		run_sekisho 1 report --account bob --output "$BATS_TEST_TMPDIR/$name" "$LAB/log/mail.log"
		complains "cannot write .*/$name: it is no regular file"
	done
	[[ -c $BATS_TEST_TMPDIR/null && -L $BATS_TEST_TMPDIR/stdout ]]
	# Prepared by another user, who would read it, and change it.
	install -m 666 -o nobody /dev/null "$page.new"
	run_sekisho report --account bob --output "$page" "$LAB/log/mail.log"
	[[ $(stat -c '%U %a' "$page") == 'root 600' ]] || fail "$(stat -c '%U %a' "$page")"
	# Another name of a file that is not to be written.
	echo precious >"$BATS_TEST_TMPDIR/precious"
	ln "$BATS_TEST_TMPDIR/precious" "$page.new"
	run_sekisho report --account bob --output "$page" "$LAB/log/mail.log"
	[[ $(<"$BATS_TEST_TMPDIR/precious") == precious && ! -e $page.new ]]
}

@test "the digest is mailed, to whom and in the language that its settings say" {
	lab_run
	lab_run_end
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >%s\ncat >%s\n' "$LAB/words" "$LAB/mailed" >"$LAB/sendmail"
	printf '#!/bin/sh\nexec %s -c %s "$@"\n' "$SEKISHO" "$LAB/sekisho.conf" >"$LAB/sekisho"
	chmod +x "$LAB/sendmail" "$LAB/sekisho"
	export DIGEST_SENDMAIL=$LAB/sendmail SEKISHO=$LAB/sekisho
	"$BATS_TEST_DIRNAME/../packaging/digest/digest"
	grep -qx 'To: root' "$LAB/mailed"
	grep -q '^Nothing was counted' "$LAB/mailed"
	grep -qx "Subject: sekisho on $(uname -n): daily digest" "$LAB/mailed"
	DIGEST_MAIL_TO='a@example.net b@example.net' DIGEST_MAIL_FROM=mx@example.net DIGEST_LANG=ja "$BATS_TEST_DIRNAME/../packaging/digest/digest"
	grep -qx 'To: a@example.net,b@example.net' "$LAB/mailed"
	grep -q '^この日の記録はありません' "$LAB/mailed"
	[[ $(python3 -c 'import email, email.header, sys
print(email.header.make_header(email.header.decode_header(email.message_from_file(sys.stdin)["Subject"])))' <"$LAB/mailed") == "sekisho $(uname -n): 日次レポート" ]]
	[[ $(tail -n 3 "$LAB/words") == $'--\na@example.net\nb@example.net' ]]
	DIGEST_LANG=fr run ! "$BATS_TEST_DIRNAME/../packaging/digest/digest"
}
