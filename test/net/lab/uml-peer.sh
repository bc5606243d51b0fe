#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# uml-peer.sh - boots a real Linux kernel (user-mode-linux) with ESP and AH in this network namespace.
#
# usage: ip netns exec NS uml-peer.sh IFACE SHARE
#   IFACE  an end of a veth pair in this namespace, without addresses; the guest has it as vec0
#   SHARE  a host folder; see uml-init.sh for what to put there and what to type
# Ends when its standard input does. Correctness, not speed: one CPU, a clock of 100 Hz.
set -e
[ $# = 2 ] || { sed -n '6,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
iface=$1
share=$(realpath "$2")
here=$(dirname "$(realpath "$0")")

ip link set "$iface" addrgenmode none up
# See uml-regset.c: without it the guest panics on processors with AMX.
gcc -shared -fPIC -O2 -D_GNU_SOURCE -o "$share/regset.so" "$here/uml-regset.c"
export LD_PRELOAD="$share/regset.so"
# Its memory is a nameless file in /dev/shm, if that is large enough (in containers it often is not).
[ "$(df --output=avail -k /dev/shm | tail -1)" -gt 250000 ] || export TMPDIR="$share"
exec linux.uml mem=192M quiet root=/dev/root rootfstype=hostfs ro con=null con0=fd:0,fd:1 \
	"vec0:transport=raw,ifname=$iface,depth=128,gro=1" init="$here/uml-init.sh" SHARE="$share" uml_dir="$share/"
