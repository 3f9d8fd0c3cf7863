#!/bin/sh
# Makes the disk, the kernel and the initramfs of the machine, all from Debian packages:
#   build.sh GUEST OUT
# GUEST is the directory with what goes in; OUT is an empty directory, which gets
# disk.img, vmlinuz and initrd. Needs root, apt, mmdebstrap and e2fsprogs.
set -eu
guest=$1
cd "$2"

# The generic kernel: the cloud one has no i6300esb.
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
mkdir deb unpacked
(cd deb && apt-get -qq download "$kernel" busybox-static)
for package in deb/*.deb; do dpkg-deb -x "$package" unpacked; done
version=$(ls unpacked/lib/modules)
mv "unpacked/boot/vmlinuz-$version" vmlinuz

mmdebstrap --quiet --variant=minbase --format=directory \
	--include=systemd-sysv,rsyslog,udev,kmod,dbus,procps,iproute2 \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' bookworm root
rm -rf root/var/lib/apt/lists/* root/var/cache/apt/*

# files NAME...: the files of modules and of those that they need, in the order to load,
# below lib/modules/VERSION.
cp -al "unpacked/lib/modules/$version" "root/lib/modules.all"
mkdir -p root/lib/modules
mv root/lib/modules.all "root/lib/modules/$version"
chroot root depmod "$version"
files() {
	for name; do chroot root modprobe -S "$version" --show-depends "$name"; done |
		sed -n "s|^insmod /lib/modules/$version/\\([^ ]*\\).*|\\1|p" | awk '!seen[$0]++'
}
files virtio_pci virtio_blk virtio_console ext4 >early
files ext4 virtio_blk virtio_pci virtio_console i6300esb softdog pvpanic-pci pretimeout_panic pretimeout_noop >all
rm -rf "root/lib/modules/$version/kernel"
while read -r file; do
	install -D -m 0644 "unpacked/lib/modules/$version/$file" "root/lib/modules/$version/$file"
done <all
chroot root depmod "$version"

echo vm >root/etc/hostname
echo '127.0.0.1 localhost vm' >root/etc/hosts
echo '/dev/vda / ext4 defaults 0 0' >root/etc/fstab
: >root/etc/machine-id
mkdir -p root/var/log/journal
install -m 0755 "$guest/agent.sh" root/usr/local/lib/vm-agent
install -m 0644 "$guest/vm-agent.service" root/etc/systemd/system/
mkdir -p root/etc/systemd/system/multi-user.target.wants
ln -s ../vm-agent.service root/etc/systemd/system/multi-user.target.wants/
# Its vhangup would cut off what writes to the console.
ln -s /dev/null root/etc/systemd/system/serial-getty@ttyS0.service
for unit in getty@tty1.service e2scrub_reap.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer; do
	ln -s /dev/null "root/etc/systemd/system/$unit"
done
mke2fs -q -F -t ext4 -m 0 -d root disk.img 700M

mkdir -p initramfs/bin initramfs/modules initramfs/proc initramfs/sys initramfs/dev initramfs/root
cp unpacked/bin/busybox initramfs/bin/
install -m 0755 "$guest/init.sh" initramfs/init
n=100
while read -r file; do
	cp "unpacked/lib/modules/$version/$file" "initramfs/modules/$n-${file##*/}"
	n=$((n + 1))
done <early
(cd initramfs && find . | ../unpacked/bin/busybox cpio -o -H newc 2>/dev/null) >initrd
rm -rf deb unpacked root initramfs early all
