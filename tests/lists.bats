#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Lists as an administrator brings them: what is taken, what is refused and why, and that a list is
# replaced as a whole or not at all, in the store and in the kernel.

load helpers/common

setup_file() {
	file_requires root bpf networks sekisho jq || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_listen "$MX4" 25
	lab_listen "$MX6" 25
}

teardown_file() {
	lab_down
}

setup() {
	requires
	lab_reset
	lab_conf 'mode = enforce' '[list bad]
action = deny
[list good]
action = allow'
	cd "$BATS_TEST_TMPDIR" || return
}

export_is() { # NAME PREFIX...
	run_sekisho export "$1"
	diff <(printf '%s\n' "${@:2}" | sort) <(sort <<<"$output")
}

@test "a list goes in by any format and comes out merged, as plain CIDRs" {
	cat >plain <<-END
		# FireHOL
		198.51.100.0/25
		198.51.100.128/25
		203.0.113.9
		2001:db8:bad:1::/64
	END
	run_sekisho import bad plain
	export_is bad 198.51.100.0/24 203.0.113.9/32 2001:db8:bad:1::/64
	run_sekisho export bad
	printf '%s\n' "$output" >round
	run_sekisho import bad round
	export_is bad 198.51.100.0/24 203.0.113.9/32 2001:db8:bad:1::/64

	printf '; Spamhaus DROP\n198.51.100.0/24 ; SBL1\n203.0.113.0/25 ; SBL2  \n' >drop
	run_sekisho import bad drop
	export_is bad 198.51.100.0/24 203.0.113.0/25

	printf 'postfix : 198.51.100.0/255.255.255.128, \\\n  203.0.113.\n' >hosts.deny
	run_sekisho import bad hosts.deny
	export_is bad 198.51.100.0/25 203.0.113.0/24

	printf '%s\n' '-A INPUT -s 198.51.100.16/32 -j DROP' \
		'iptables -A INPUT -s 203.0.113.7 -p tcp --dport 25 -j DROP' >rules
	run_sekisho import bad rules
	export_is bad 198.51.100.16/32 203.0.113.7/32
}

@test "several files and standard input make one list" {
	echo 198.51.100.1 >one
	echo 203.0.113.1 >two
	run_sekisho import bad one two
	export_is bad 198.51.100.1/32 203.0.113.1/32
	run_sekisho import bad - <<<'203.0.113.2'
	export_is bad 203.0.113.2/32
}

@test "lists --json shows name, action, prefixes, age and hits" {
	printf '198.51.100.70\n203.0.113.0/24\n' >bad
	echo 198.51.100.80 >good
	run_sekisho load
	run_sekisho import bad bad
	run_sekisho import good good
	[[ $(lab_burst 198.51.100.70 "$MX4" 25 4) == 0 ]]
	run_sekisho lists --json
	json 'any(.[]; .name == "bad" and .action == "deny" and .prefixes == 2 and .hits >= 4)'
	json 'any(.[]; .name == "good" and .action == "allow" and .prefixes == 1 and .hits == 0)'
	json 'all(.[]; .updated | test("^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?Z$"))'
	# A file may have a name that is no UTF-8.
	cp good $'\xfc'
	run_sekisho import good $'\xfc'
	run_sekisho lists --json
	json 'any(.[]; .name == "good" and (.source | endswith("\ufffd")))'
}

@test "a ban of whom an allow list covers says that it does not hold" {
	run_sekisho load
	echo 198.51.100.80 >good
	run_sekisho import good good
	run_sekisho ban 198.51.100.80
	complains 'an allow list covers 198.51.100.80, which passes all the same; .sekisho why 198.51.100.80. names the list'
	[[ $(lab_burst 198.51.100.80 "$MX4" 25 2) == 2 ]]
	# An allow list of some services says nothing of the others.
	lab_conf 'mode = enforce' '[list good]
action = allow
services = smtp'
	run_sekisho load
	run_sekisho ban 198.51.100.80
	complains 'passes all the same on some of these services; '
	run_sekisho ban --service login 198.51.100.80
	[[ -z $errors ]]
	run_sekisho ban 198.51.100.81
	[[ -z $errors ]]
	[[ $(lab_burst 198.51.100.81 "$MX4" 25 2) == 0 ]]
}

@test "each refused line is named with its file, number and reason, and the rest is taken" {
	for ((i = 1; i <= 40; i++)); do
		echo "198.51.100.$i"
	done >mixed
	cat >>mixed <<-END
		942.180.233.122
		203.0.113.9/24
		mail.example.net
	END
	run_sekisho import bad mixed
	complains 'mixed:41:'
	complains 'mixed:42:.*203\.0\.113\.0/24'
	complains 'mixed:43:'
	run_sekisho export bad
	run ! grep -q 203 <<<"$output"
}

old_stays() { # FILE: importing it fails and changes neither store nor kernel
	run_sekisho 1 import bad "$1"
	local refusal=$errors
	export_is bad 198.51.100.70/32
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	connect_is open 198.51.100.71 "$MX4" 25
	errors=$refusal
}

@test "an HTML page, an empty file, too many refusals or a missing file never replace a list" {
	run_sekisho load
	echo 198.51.100.70 >old
	run_sekisho import bad old
	cat >page.html <<-END
		<!DOCTYPE html>
		<html><head><title>404 Not Found</title></head>
		<body><p>198.51.100.71 was not found on this server.</p></body></html>
	END
	old_stays page.html
	complains '[Hh][Tt][Mm][Ll]'
	complains 'page\.html'
	: >empty
	old_stays empty
	printf '# nothing but\n# comments\n' >comments
	old_stays comments
	printf '198.51.100.%d\n' 71 72 73 74 75 76 77 >tenth
	printf 'not an address\n' >>tenth
	old_stays tenth
	complains 'tenth:8:'
	old_stays missing-file
	complains 'missing-file'
}

@test "too wide, private, loopback and own prefixes are refused in a deny list, and taken by --force" {
	for line in 0.0.0.0/0 11.0.0.0/7 2000::/3 10.1.2.0/24 192.168.0.0/16 127.0.0.1 "$MX4" "$MX6" \
		fe80::/10; do
		printf '198.51.100.%d\n' {1..20} >file
		echo "$line" >>file
		run_sekisho import bad file
		complains 'file:21:'
		run_sekisho export bad
		[[ $(wc -l <<<"$output") -lt 20 ]] # merged, and nothing beside 198.51.100.1 - 20
		run ! grep -Evq '^198\.51\.100\.' <<<"$output"
	done
	printf '10.1.2.0/24\n' >file
	run_sekisho import --force bad file
	export_is bad 10.1.2.0/24
	printf '10.1.2.0/24\n' >file # in an allow list it is what one wants
	run_sekisho import good file
	export_is good 10.1.2.0/24
}

@test "a million addresses are imported and enforced" {
	awk 'BEGIN { for (i = 0; i < 1000000; i++)
		printf "%d.%d.%d.%d\n", 20 + int(i / 8388608), int(i / 32768) % 256, int(i / 128) % 256,
			i * 2 % 256 }' >million
	printf '198.51.100.70\n2001:db8:bad:70::/64\n' >>million
	run_sekisho load
	began=$(now_us)
	run_sekisho import bad million
	echo "# 1,000,002 lines: $((($(now_us) - began) / 1000)) ms until enforced" >&3
	within_us 10000000 "$began"
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	connect_is open 198.51.100.71 "$MX4" 25
	connect_is no-answer 2001:db8:bad:70::9 "$MX6" 25 0.3
	connect_is open 2001:db8:bad:71::9 "$MX6" 25
	run_sekisho lists --json
	json 'any(.[]; .name == "bad" and .prefixes == 1000002)'
	run_sekisho export bad
	[[ $(wc -l <<<"$output") == 1000002 ]]
	run_sekisho why --json 20.0.0.2
	json '(.[0].services.smtp | .verdict == "drop" and .reason == "listed")'
	run_sekisho why --json 20.0.0.3
	json '.[0].services.smtp.verdict == "pass"'
}

@test "while a list is replaced, what is on the old and the new one never gets through" {
	run_sekisho load
	printf '198.51.100.70\n198.51.100.80\n2001:db8:bad:70::/64\n2001:db8:bad:80::/64\n' >a
	printf '198.51.100.70\n198.51.100.90\n2001:db8:bad:70::/64\n2001:db8:bad:90::/64\n' >b
	run_sekisho import bad a
	lab_burst 198.51.100.70 "$MX4" 25 400 0.005 >opened 3>&- &
	burst=$!
	lab_burst 2001:db8:bad:70::9 "$MX6" 25 400 0.005 >opened6 3>&- &
	burst6=$!
	for list in b a b a b a b; do
		run_sekisho import bad "$list"
	done
	wait "$burst" "$burst6"
	[[ $(<opened) == 0 && $(<opened6) == 0 ]]
	connect_is open 198.51.100.80 "$MX4" 25
	connect_is no-answer 198.51.100.90 "$MX4" 25 0.3
}

@test "an import that is killed leaves the old list or the new one, in store and kernel alike" {
	run_sekisho load
	printf '198.51.100.70\n' >now
	run_sekisho import bad now
	i=0 finished=0
	for after in 0.002 0.005 0.01 0.02 0.03 0.05 0.08 5; do
		((++i))
		printf '198.51.100.%d\n' $((70 + i)) >now
		awk -v salt="$i" 'BEGIN { for (i = 0; i < 200000; i++)
			printf "%d.%d.%d.%d\n", 20 + salt, int(i / 32768), int(i / 128) % 256, i * 2 % 256 }' >>now
		if server timeout -s KILL "$after" "$SEKISHO" -c "$LAB_CONF" import bad now \
			>/dev/null 2>&1 3>&-; then
			((++finished))
		fi
		run_sekisho load # what a start would do
		run_sekisho export bad
		listed=$(grep -E '^198\.51\.100\.' <<<"$output")
		[[ $(wc -l <<<"$listed") == 1 ]]
		for ((j = 0; j <= 8; j++)); do
			expected=open
			[[ $listed != "198.51.100.$((70 + j))/32" ]] || expected=no-answer
			connect_is "$expected" "198.51.100.$((70 + j))" "$MX4" 25 0.3
		done
	done
	((finished >= 1 && finished < 8)) # killed in time, and not always before anything began
}

table_rest() { # a line for each slot that is taken: its number, and that of the map
	bpftool -j map dump pinned "$(echo "$LAB_PINS"/v*/table_rest)" | jq -c '.[] | [.key[0], .value]' | sort
}

import_killed() { # N LIST: right after its N-th BPF_MAP_UPDATE_ELEM
	server "$LAB_REPO/build/tests/upgrade/kill_at" 2 "$1" "$SEKISHO" -c "$LAB_CONF" import bad "$2"
}

@test "killed between the swap of a table and its pin, the next import leaves alone what is in force" {
	run_sekisho load
	printf '198.51.100.70\n2001:db8:bad:70::/64\n' >a
	printf '198.51.100.80\n2001:db8:bad:80::/64\n' >b
	run_sekisho import bad a
	before=$(table_rest)
	[[ $(wc -l <<<"$before") == 1 ]]
	import_killed 2 b # the blocks behind, then the head
	in_force=$(table_rest | grep -vF "$before")
	[[ $(wc -l <<<"$in_force") == 1 ]]
	connect_is no-answer 2001:db8:bad:80::9 "$MX6" 25 0.3
	import_killed 1 a
	[[ $(table_rest | wc -l) == 2 ]]
	table_rest | grep -qxF "$in_force"
	run_sekisho import bad a
	[[ $(table_rest | wc -l) == 1 ]]
	connect_is no-answer 198.51.100.70 "$MX4" 25 0.3
	connect_is no-answer 2001:db8:bad:70::9 "$MX6" 25 0.3
	connect_is open 2001:db8:bad:80::9 "$MX6" 25
}

@test "country --list gives a country's prefixes" {
	run_sekisho load
	run_sekisho country --list FR
	[[ $output == 198.51.100.224/27 ]]
	run_sekisho country --list DE
	diff <(printf '2001:db8:600d::/48\n203.0.113.0/24\n') <(sort <<<"$output")
	run_sekisho country - <<<$'198.51.100.1\n203.0.113.1'
	[[ $output == $'JP\nDE' ]]
}

@test "a name that nobody declared is refused without --deny or --allow, and the nearest is named" {
	run_sekisho load
	echo 203.0.113.9 >file
	run_sekisho 1 import god file
	complains "there is no list 'god'; did you mean 'good'?"
	run_sekisho 1 import elsewhere file
	complains "a new one wants --deny or --allow"
	# A dry run shows the content, and foretells what the import itself ends in.
	run_sekisho import --dry-run elsewhere file
	says 'would be deny list of 1 prefixes'
	complains 'the import itself will be refused: .*a new one wants --deny or --allow'
	run_sekisho import --dry-run --deny elsewhere file
	[[ -z $errors ]]
	run_sekisho import --deny friends file
	run_sekisho 1 import freinds file
	complains "did you mean 'friends'"
	run_sekisho import --dry-run freinds file
	complains "the import itself will be refused: there is no list 'freinds'; did you mean 'friends'"
	for dry in --dry-run --diff ''; do
		# shellcheck disable=SC2086 # none, or one
		run_sekisho 1 import $dry --remove freinds
		complains "no list 'freinds'; did you mean 'friends'"
		[[ -z $output ]]
	done
	run_sekisho import --dry-run --remove friends
	says 'friends: would be removed'
	run_sekisho import friends file
	run_sekisho 1 export freinds
	complains "no list 'freinds'; did you mean 'friends'?"
	run_sekisho 1 export xyzzy
	complains "no list 'xyzzy'; .sekisho lists. shows them"
	run_sekisho 1 list add freinds 203.0.113.10
	complains "no list 'freinds'; did you mean 'friends'?"
	run_sekisho lists --json
	json 'map(.name) == ["bad", "friends", "good"]'
}

@test "lists shows how many prefixes a list of a file has" {
	printf '203.0.113.0/25\n203.0.113.200\n' >file
	sed -i "s,^action = deny,&\nfile = $PWD/file," "$LAB_CONF"
	run_sekisho load
	run_sekisho lists --json
	json 'any(.[]; .name == "bad" and .prefixes == 2)'
}

@test "xz, bzip2, zstd and zip are unpacked, named or on standard input; what is damaged replaces nothing" {
	run_sekisho load
	python3 - <<-'END'
		import bz2, gzip, io, lzma, random, tarfile, zipfile
		text = b"203.0.113.7\n2001:db8:bad::/64\n"
		open("list.xz", "wb").write(lzma.compress(text))
		open("list.bz2", "wb").write(bz2.compress(text))
		open("list.gz", "wb").write(gzip.compress(text))
		for name, members in ("list.zip", ["a"]), ("two.zip", ["a", "b"]):
		    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as file:
		        for member in members:
		            file.writestr(member, text)
		for name, members in ("list.tar.gz", ["a"]), ("two.tar", ["a", "b"]), ("data.tar.xz", ["c/LICENSE", "c/a.mmdb", "c/z"]):
		    with tarfile.open(name, "w:" + name.partition("tar")[2].strip(".")) as file:
		        for member in members:
		            info = tarfile.TarInfo(member)
		            body = text if member.endswith(("a", "b")) else b"not for sale\n"
		            info.size = len(body)
		            file.addfile(info, io.BytesIO(body))
		open("bomb.xz", "wb").write(lzma.compress(bytes(1 << 20) * 1100))
		random.seed(1)
		long = b"".join(b"203.0.%d.%d\n" % (random.randrange(256), random.randrange(256)) for i in range(100000))
		for name, packed in ("xz", lzma), ("bz2", bz2), ("gz", gzip):
		    whole = packed.compress(long)
		    open("long." + name, "wb").write(whole[:len(whole) * 3 // 4])
	END
	for file in list.xz list.bz2 list.gz list.zip list.tar.gz data.tar.xz; do
		run_sekisho import bad "$file"
		export_is bad 203.0.113.7/32 2001:db8:bad::/64
		run_sekisho import bad - <"$file"
		head -c 40 "$file" >shortened
		run_sekisho 1 import bad shortened
		complains 'damaged or cut short'
	done
	# Cut where much has been unpacked already.
	for file in long.xz long.bz2 long.gz; do
		run_sekisho 1 import bad "$file"
		complains 'damaged or cut short'
	done
	for file in two.zip two.tar; do
		run_sekisho 1 import bad "$file"
		complains 'an archive of several files'
	done
	run_sekisho 1 import bad bomb.xz
	complains 'more than 1024 MiB'
	export_is bad 203.0.113.7/32 2001:db8:bad::/64
}

@test "MaxMind's CSV answers from its folder, from one of its files and from its zip" {
	mkdir maxmind
	cat >maxmind/GeoLite2-Country-Locations-en.csv <<-'END'
		geoname_id,locale_code,continent_code,continent_name,country_iso_code,country_name,is_in_european_union
		1861060,en,AS,Asia,JP,Japan,0
		1835841,en,AS,Asia,KR,"Korea, Republic of",0
		6255148,en,EU,Europe,,,0
	END
	cat >maxmind/GeoLite2-Country-Blocks-IPv4.csv <<-'END'
		network,geoname_id,registered_country_geoname_id,represented_country_geoname_id,is_anonymous_proxy,is_satellite_provider,is_anycast
		203.0.113.0/25,1861060,1835841,,0,0,
		203.0.113.128/25,,1835841,,1,0,
		198.51.100.0/24,6255148,,,0,0,
		192.0.2.0/24,,,,0,0,
	END
	sed '1!d' maxmind/GeoLite2-Country-Blocks-IPv4.csv >maxmind/GeoLite2-Country-Blocks-IPv6.csv
	echo '2001:db8::/32,1835841,1835841,,0,0,' >>maxmind/GeoLite2-Country-Blocks-IPv6.csv
	python3 - <<-'END'
		import os, zipfile
		with zipfile.ZipFile("maxmind.zip", "w", zipfile.ZIP_DEFLATED) as file:
		    file.writestr("GeoLite2-Country-CSV_20260301/COPYRIGHT.txt", "x")
		    for name in os.listdir("maxmind"):
		        file.write("maxmind/" + name, "GeoLite2-Country-CSV_20260301/" + name)
	END
	for file in maxmind maxmind.zip "maxmind/GeoLite2-Country-Blocks-IPv4.csv $PWD/maxmind/GeoLite2-Country-Blocks-IPv6.csv"; do
		rm -rf "$LAB/state"
		sed -i "s,^files = .*,files = $PWD/$file," "$LAB_CONF"
		run_sekisho country 203.0.113.1 203.0.113.200 198.51.100.1 192.0.2.1 2001:db8::1
		[[ $output == $'JP\nKR\nZZ\nZZ\nKR' ]]
	done
	echo '203.0.112.0/24,99,,,0,0,' >>maxmind/GeoLite2-Country-Blocks-IPv4.csv
	run_sekisho 1 country 203.0.113.1
	complains 'Blocks-IPv4.csv:6: its number is not among the locations'
	rm maxmind/*Locations*
	run_sekisho 1 country 203.0.113.1
	complains 'has no pair of'
}
