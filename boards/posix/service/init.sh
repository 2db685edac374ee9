#!/bin/sh
# SPDX-License-Identifier: MIT
# Which service manager this Linux has: systemd, openrc or none.
for dir in /usr/lib/systemd/system /lib/systemd/system; do
	[ -d $dir ] && echo systemd && exit
done
[ -x /sbin/openrc-run ] && echo openrc && exit
echo none
