#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# uml-init.sh - the first process of the user-mode-linux guest: makes it ready, then does what it is told.
#
# The guest's root is the host's file system, read-only, through hostfs; SHARE (from the kernel command
# line) is a host folder that both sides write, here /run/share. After the word `guest-ready` on the console
# it reads numbers from the console, one a line: for N it runs the script /run/share/N.sh, puts what that
# prints in /run/share/N.out, and answers `guest-done N STATUS`. At end of input it powers off.
# Numbers are never used twice: hostfs would remember that a file was not there.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mkdir -p /run/share /run/netns /run/root/lib/modules
mount -t hostfs hostfs /run/share -o "$SHARE"

# Debian keeps the guest kernel's modules away from /lib/modules; the host's file system stays as it is, so modprobe
# gets a root of its own, for us and for the kernel's own requests alike.
release=$(uname -r)
ln -s "/usr/lib/uml/modules/$release" "/run/root/lib/modules/$release"
printf '#!/bin/sh\nexec /sbin/modprobe -d /run/root "$@"\n' >/run/modprobe
chmod +x /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe

# What IPsec needs. cbc, ecb and friends come along as dependencies or are built in; those that are missing show up
# below, when the SAs are tried.
for module in xfrm_user xfrm_algo esp4 esp6 ah4 ah6 tunnel4 tunnel6 xfrm4_tunnel xfrm6_tunnel authenc echainiv \
	cbc hmac md5 sha1_generic sha256_generic des_generic aes_generic dummy; do
	/run/modprobe -q $module
done

ip link set lo up
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
	net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0

# The first use of an algorithm makes the kernel fork a modprobe, which takes long under hostfs; the first packets of
# a test would be lost to that. Use each once now.
try() {
	local proto=$1
	shift
	ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto "$proto" spi 0x100 mode tunnel "$@" &&
		ip xfrm state flush || echo "guest-lacks $proto $*"
}
hex() { printf '0x'; printf '%02x' $(seq 1 "$1"); }
for row in 'md5 16 96' 'sha1 20 96' 'sha256 32 128'; do
	read -r hash length bits <<<"$row"
	auth=(auth-trunc "hmac($hash)" "$(hex "$length")" "$bits")
	try ah "${auth[@]}"
	try esp enc 'cbc(aes)' "$(hex 16)" "${auth[@]}"
	try esp enc 'cbc(des3_ede)' "$(hex 24)" "${auth[@]}"
	try esp enc 'cbc(des)' "$(hex 8)" "${auth[@]}"
	try esp enc 'ecb(cipher_null)' '' "${auth[@]}"
done
try esp enc 'cbc(aes)' "$(hex 16)"

exec </dev/console >/dev/console 2>&1
stty -echo -onlcr
echo "guest-ready $release"
while read -r number; do
	bash "/run/share/$number.sh" >"/run/share/$number.out" 2>&1 </dev/null
	status=$?
	echo "guest-done $number $status"
done
echo o >/proc/sysrq-trigger
sleep 5
