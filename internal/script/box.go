package script

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	boxSize = 8 << 20 // of what one script and all that it leaves behind can have written at a time
	boxName = "procward-output"
	boxRoom = 3 // inodes: the root directory, the file, and one that tmpfs keeps for itself
)

// newBox makes an empty file for the output of one script and gives it open for appending.
// It is alone on a file system in memory of its own (tmpfs(5)) that is mounted nowhere:
// it has a hard limit, no other script suffers where one reaches it, nobody finds it by a
// path, and it is gone with the last who has it open. bounded is false where that cannot
// be had (without CAP_SYS_ADMIN, before Linux 5.2): then it is memfd_create(2)'s, which
// has no limit but what the keeper gives back.
func newBox() (fd int, bounded bool, err error) {
	if fd, err = boundedBox(); err == nil {
		return fd, true, nil
	}
	fd, err = unboundedBox()
	return fd, false, err
}

// unboundedBox gives a memfd that is opened once more: the kernel does not count what
// memfd_create(2) itself gives among those who have the file open for writing, and a
// process that holds only that would look as if it could not write (see written).
func unboundedBox() (int, error) {
	first, err := unix.MemfdCreate(boxName, unix.MFD_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	defer unix.Close(first)
	fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", first), unix.O_RDWR|unix.O_APPEND|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open what memfd_create gave: %w", err)
	}
	return fd, nil
}

func boundedBox() (int, error) {
	fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("fsopen: %w", err)
	}
	defer unix.Close(fs)
	for _, option := range [][2]string{
		{"source", boxName}, {"size", fmt.Sprint(boxSize)}, {"nr_inodes", fmt.Sprint(boxRoom)}, {"mode", "0700"},
	} {
		if err := unix.FsconfigSetString(fs, option[0], option[1]); err != nil {
			return -1, fmt.Errorf("fsconfig %s: %w", option[0], err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, fmt.Errorf("fsconfig: %w", err)
	}
	mount, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return -1, fmt.Errorf("fsmount: %w", err)
	}
	defer unix.Close(mount)
	return unix.Openat(mount, boxName, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_APPEND|unix.O_CLOEXEC, 0o600)
}

// isBox reports whether a file is one that newBox of this or an earlier procward has made, with
// its limit: no other file system is just like that.
func isBox(f *os.File) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &st) == nil && st.Type == unix.TMPFS_MAGIC &&
		st.Files == boxRoom && int64(st.Blocks)*int64(st.Bsize) == boxSize
}
