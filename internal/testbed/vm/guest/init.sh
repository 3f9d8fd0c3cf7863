#!/bin/busybox sh
# shellcheck shell=dash
# The initramfs: loads what the disk needs and goes on there.
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
for module in /modules/*; do busybox insmod "$module"; done
until [ -b /dev/vda ]; do busybox sleep 0.1; done
busybox mount -t ext4 /dev/vda /root
exec busybox switch_root /root /sbin/init
