#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Lists that another server keeps, fetched from a real one over HTTPS: what is taken, and that nothing
# that it may send replaces a good list. And single prefixes, put in and taken out by hand.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq python3 openssl || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25
	lab_listen "$MX4" 587
	mkdir "$LAB/served" "$LAB/plain" "$LAB/feeds"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=feed -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$LAB/served/key" -out "$LAB/served/authority" 2>/dev/null
	cat "$LAB/served/key" "$LAB/served/authority" >"$LAB/served/both"
	serve served "$LAB/served/both"
	serve plain
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	rm -f "$LAB/feeds"/* "$LAB/feeds"/.[!.]* "$LAB"/*/asked
	echo 203.0.113.66 | tee "$LAB/served/list" >"$LAB/plain/list"
	cd "$BATS_TEST_TMPDIR" || return
}

serve() { # FOLDER [CERTIFICATE]
	echo >"$LAB/$1/list"
	lab_background "$LAB/log/$1" nsenter --net="/run/netns/$LAB_SERVER" \
		"$BATS_TEST_DIRNAME/lab/feed-server" "$LAB/$1" "${@:2}"
	lab_wait 20 test -s "$LAB/$1/port"
}

feed() { # PATH [LINES]: a list of that feed
	lab_conf 'mode = enforce' "[service submission]
ports = 587
[list far]
action = deny
url = https://127.0.0.1:$(<"$LAB/served/port")/$1
authorities = $LAB/served/authority
${2-}"
}

kept() { # what is there is still the good list
	[[ $(<"$LAB/feeds/far.list") == 203.0.113.66 ]] || fail "now: $(head -c 200 "$LAB/feeds/far.list")"
	[[ $(find "$LAB/feeds" -name '.*' -type f) == '' ]] || fail 'something was left'
}

@test "a list is fetched over HTTPS, and asked for again only by what has changed" {
	feed list
	run_sekisho check
	complains 'has not been fetched yet'
	run_sekisho fetch
	says '^far: 1 prefixes$'
	kept
	run_sekisho fetch
	[[ -z $output ]] # it is not due
	run_sekisho any doctor --json
	! grep -q '"feed-old"' <<<"$output" || fail 'it was fetched just now'
	touch -d '19 hours ago' "$LAB/feeds/far.seen"
	run_sekisho any doctor --json
	grep -q '"feed-old"' <<<"$output"
	run_sekisho fetch --now far
	says '^far: unchanged$'
	grep -q '^/list None sekisho/' "$LAB/served/asked"
	grep -q '^/list "[0-9a-f]*" ' "$LAB/served/asked"
	printf '203.0.113.66\n203.0.113.68\n' >"$LAB/served/list"
	run_sekisho fetch --now
	says '^far: 2 prefixes$'
	run_sekisho 1 fetch near
	complains "there is no .list near. with 'url' or 'crowdsec'"
}

# What the server may send in place of a file, and what is said of it; LINEs are of one kind of file.
refused_paths() { # LINE...
	printf '%s\n' "$@"
	cat <<-'END'
		type web page .text/html.
		cut (TLS connection|transfer closed)
		endless more than 64 MiB
		unsaid more than 64 MiB
		bomb more than 64 MiB
		down rotocol
		file rotocol
		round redirects
		missing answers 404
	END
}

@test "nothing else that a server may send takes the place of a good list" {
	feed list
	run_sekisho fetch
	while read -r path words; do
		feed "$path"
		run_sekisho 1 fetch --now
		complains "^sekisho fetch: list far: .*$words"
		kept
	done < <(refused_paths 'page HTML or XML page' 'empty empty')
	feed away
	run_sekisho fetch --now
	feed gzip
	run_sekisho fetch --now
	says '^far: 1 prefixes$'
	kept
	echo 64.0.0.0/11 >"$LAB/served/list"
	run_sekisho 1 fetch --now
	complains 'wider than a feed may have'
	kept
	for n in {16..64}; do
		echo "$n.0.0.0/12"
		echo "$n.64.0.0/12"
	done >"$LAB/served/list"
	run_sekisho 1 fetch --now
	complains 'more than 2 % of all IPv4 addresses'
	kept
	# Neighbours that merge are few prefixes, and all of IPv6 nevertheless.
	for n in {0..41}; do printf '2a%02x:%x000::/20\n' $((n / 16)) $((n % 16)); done >"$LAB/served/list"
	run_sekisho 1 fetch --now
	complains 'or of the IPv6 addresses that are given out'
	kept
	sed -i 40q "$LAB/served/list"
	run_sekisho fetch --now
	says '^far: 2 prefixes$'
}

@test "a server that sends a byte a second is given up, and the list stays" {
	feed list
	run_sekisho fetch
	for n in {1..60}; do echo "203.0.113.$n"; done >"$LAB/served/list"
	feed slow
	run_sekisho 1 fetch --now
	complains '^sekisho fetch: list far: .*too slow'
	kept
}

@test "a key goes to the server that asks for it, as the header it wants, and to no other" {
	install -m 600 /dev/null "$LAB/key"
	feed list "key-file = $LAB/key"
	echo 'Authorization: Bearer abc' >"$LAB/key"
	run_sekisho fetch
	grep -q ' None Bearer abc$' "$LAB/served/asked"
	printf 'secret\r\n' >"$LAB/key"
	run_sekisho fetch --now
	grep -q ' secret None$' "$LAB/served/asked"
	feed away "key-file = $LAB/key"
	run_sekisho 1 fetch --now
	complains 'the server answers 302'
	kept
	printf 'one: 1\r\ntwo: 2\n' >"$LAB/key"
	run_sekisho 1 fetch --now
	complains 'not one line of at most'
	# What systemd hands over, where the file itself may not be read.
	mkdir "$LAB/credentials"
	echo handed >"$LAB/credentials/keys_key"
	chmod 400 "$LAB/credentials/keys_key"
	feed list "key-file = $LAB/key"
	CREDENTIALS_DIRECTORY=$LAB/credentials run_sekisho fetch --now
	grep -q ' handed None$' "$LAB/served/asked"
}

@test "what fetches that were killed have left is removed, and no fetch that is at work is disturbed" {
	feed list
	run_sekisho fetch
	touch -d '2 hours ago' "$LAB/feeds/.far.aB3dE6"
	run_sekisho fetch --now
	kept
	touch "$LAB/feeds/.far.aB3dE6" "$LAB/feeds/.far.list"
	touch -d '2 hours ago' "$LAB/feeds/.near.aB3dE6" "$LAB/feeds/.far.other"
	run_sekisho fetch --now
	[[ -e $LAB/feeds/.far.aB3dE6 && -e $LAB/feeds/.near.aB3dE6 && -e $LAB/feeds/.far.other ]]
}

@test "a fetch waits for another that is at work" {
	feed list
	flock "$LAB/feeds" sleep 1.5 3>&- &
	retry 50 0.02 bash -c "! flock -n '$LAB/feeds' true"
	run_sekisho fetch
	complains '^sekisho fetch: warning: another fetch is at work; this one waits for its end$'
	kept
	wait
}

@test "a server whose certificate nobody vouches for is not asked for its list" {
	feed list
	sed -i '/^authorities/d' "$LAB_CONF"
	run_sekisho 1 fetch
	complains 'certificate'
	[[ ! -e $LAB/served/asked ]]
	for url in http://198.51.100.1/ ftp://127.0.0.1/x file:///etc/passwd http://127.0.0.1:80@198.51.100.1/ \
		https:///x http://127.0.0.12/x; do
		sed -i "s|^url = .*|url = $url|" "$LAB_CONF"
		run_sekisho 1 check
		complains "'$url' is no address of a feed"
	done
	sed -i "s|^url = .*|url = http://127.0.0.1:$(<"$LAB/plain/port")/list|" "$LAB_CONF"
	run_sekisho fetch
	kept
}

@test "the daemon reads what was fetched, for the login services, and no file that grew too much" {
	feed list
	lab_run
	connect_is open 203.0.113.66 "$MX4" 587
	run_sekisho fetch
	retry 100 0.1 connect_is no-answer 203.0.113.66 "$MX4" 587 0.3
	connect_is open 203.0.113.66 "$MX4" 25
	run_sekisho stats --prometheus
	grep -qx 'sekisho_feed_interval_seconds{list="far"} 21600' <<<"$output"
	[[ $(sed -n 's/^sekisho_feed_checked_timestamp_seconds{list="far"} //p' <<<"$output") == $(stat -c %Y "$LAB/feeds/far.seen") ]] || fail "$output"
	run_sekisho stats --json
	jq -e '.feeds == [{list: "far", checked: .feeds[0].checked, every_seconds: 21600}] and
		(.feeds[0].checked | type == "string")' <<<"$output"
	# Whoever fetches is not trusted: a link to what the daemon may read, and a list of another size.
	ln -sf "$LAB_CONF" "$LAB/feeds/far.list"
	retry 100 0.1 grep -q 'list far: .* is no file' "$LAB/log/run"
	for n in {1..9}; do for m in {1..250..2}; do echo "198.51.$n.$m"; done; done >"$LAB/feeds/new"
	mv "$LAB/feeds/new" "$LAB/feeds/far.list"
	retry 100 0.1 grep -q 'more than 3 times as many; .*the old one stays' "$LAB/log/run"
	connect_is no-answer 203.0.113.66 "$MX4" 587 0.3
	lab_run_end
}

data() { # KEY PATH: of [country], in place of the files that the lab names
	lab_conf
	sed -i "s|^files = .*|$1 = https://127.0.0.1:$(<"$LAB/served/port")/$2\nauthorities = $LAB/served/authority|" \
		"$LAB_CONF"
}

kept_data() { # NAME WORDS: what is there is still the good file
	[[ $(<"$LAB/feeds/$1.data") == "$2" ]] || fail "now: $(head -c 200 "$LAB/feeds/$1.data")"
	[[ $(find "$LAB/feeds" -name '.*' -type f) == '' ]] || fail 'something was left'
}

@test "country data is fetched like a list, and nothing else that a server may send takes its place" {
	local good=$'203.0.113.0,203.0.113.127,JP\n203.0.113.128,203.0.113.255,DE\n198.51.100.0,198.51.100.255,FR\n192.0.2.0,192.0.2.255,US'
	echo "$good" >"$LAB/served/list"
	data url list
	run_sekisho check
	complains 'country-data has not been fetched yet'
	run_sekisho fetch
	says '^country-data: 4 ranges$'
	kept_data country-data "$good"
	run_sekisho country 203.0.113.66
	[[ $output == JP ]]
	run_sekisho fetch
	[[ -z $output ]] # it is not due
	run_sekisho fetch --now country-data
	says '^country-data: unchanged$'
	touch -d '4 days ago' "$LAB/feeds/country-data.seen"
	run_sekisho any doctor --json
	grep -q '"feed-old"' <<<"$output"
	while read -r path words; do
		data url "$path"
		run_sekisho 1 fetch --now
		complains "^sekisho fetch: country-data: .*$words"
		kept_data country-data "$good"
	done < <(refused_paths 'page not of the form' 'empty holds no country ranges')
	data url gzip
	run_sekisho fetch --now
	says '^country-data: 4 ranges$'
	for path in packed tarred; do
		data url "$path"
		run_sekisho fetch --now
		says '^country-data: 4 ranges$'
	done
	kept_data country-data "$good"
	echo 203.0.113.0,203.0.113.127,DE >"$LAB/served/list"
	run_sekisho 1 fetch --now
	complains '1 ranges where there were 4, less than half as many; if that is meant, remove'
	kept_data country-data "$good"
	sed -i '/^authorities/d' "$LAB_CONF"
	run_sekisho 1 fetch --now
	complains 'certificate'
	sed -i 's|^url = .*|url = http://198.51.100.1/x|' "$LAB_CONF"
	run_sekisho 1 check
	complains 'is no address of a feed'
	lab_conf '' "[list country-data]
action = deny
url = https://127.0.0.1:1/x"
	sed -i "s|^files = .*|url = https://127.0.0.1:1/x|" "$LAB_CONF"
	run_sekisho 1 check
	complains '.list country-data. has the name that the data of .country. is fetched under'
}

@test "provider data is fetched alike, and unpacked; the daemon reads country data as soon as it is there" {
	printf '203.0.113.0,203.0.113.255,64500\n' >"$LAB/served/list"
	data provider-url packed
	run_sekisho fetch
	says '^provider-data: 1 ranges$'
	kept_data provider-data '203.0.113.0,203.0.113.255,64500'
	run_sekisho country --provider 203.0.113.66
	[[ $output == *AS64500* ]]
	data provider-url page
	run_sekisho 1 fetch --now
	kept_data provider-data '203.0.113.0,203.0.113.255,64500'

	echo 203.0.113.0,203.0.113.255,JP >"$LAB/served/list"
	data url list
	lab_run
	grep -q 'until it has been fetched' "$LAB/log/run"
	run_sekisho fetch
	retry 100 0.1 grep -q 'countries: 1 IPv4 and 0 IPv6 ranges' "$LAB/log/run"
	# Whoever fetches is not trusted to write what is none.
	echo '<html>' >"$LAB/feeds/new"
	mv "$LAB/feeds/new" "$LAB/feeds/country-data.data"
	retry 100 0.1 grep -q 'what was known stays in force' "$LAB/log/run"
	lab_run_end
}

@test "single prefixes go into a list and out of it, for ever or for a time" {
	lab_conf 'mode = enforce' "[list bad]
action = deny
[list kept]
action = deny
file = $LAB/kept"
	echo 203.0.113.1 >"$LAB/kept"
	lab_run
	run_sekisho list add bad 203.0.113.66 198.51.100.0/24
	says '^bad: 2 prefixes, before 0$'
	run_sekisho list add --for 5s bad 203.0.113.77
	connect_is no-answer 203.0.113.66 "$MX4" 25 0.3
	connect_is no-answer 203.0.113.77 "$MX4" 25 0.3
	retry 300 0.1 connect_is open 203.0.113.77 "$MX4" 25
	run_sekisho list remove bad 203.0.113.66 198.51.100.128/25
	connect_is open 203.0.113.66 "$MX4" 25
	connect_is no-answer 198.51.100.5 "$MX4" 25 0.3
	run_sekisho export bad
	[[ $output == 198.51.100.0/25 ]]
	run_sekisho 1 list add bad 192.168.0.0/16
	complains 'no address of the Internet'
	run_sekisho 1 list add kept 203.0.113.9
	complains "is kept in $LAB/kept; edit the file"
	run_sekisho 1 list add nobody 203.0.113.9
	complains "there is no list 'nobody'"
	run_sekisho 2 list put bad 203.0.113.9
	complains "neither 'add' nor 'remove'"
	lab_run_end
}
