package script

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	boxSize = 8 << 20 // how much one script and all that it leaves behind may have written at a time
	boxName = "procward-output"
	boxRoom = 3 // inodes: the root directory, the file, and one that tmpfs keeps for itself
)

// newBox makes an empty file for the output of one script and returns it open for
// appending. The file is alone on a file system in memory (tmpfs(5)) that is mounted
// nowhere. So it has a hard limit, other scripts are not affected if one reaches it,
// nobody finds it by a path, and it disappears when the last process closes it. bounded
// is false if that is not possible (without CAP_SYS_ADMIN, before Linux 5.2): then the
// file is from memfd_create(2), and only the trimmer limits it.
func newBox() (fd int, bounded bool, err error) {
	if fd, err = boundedBox(); err == nil {
		return fd, true, nil
	}
	fd, err = unboundedBox()
	return fd, false, err
}

// unboundedBox returns a memfd that is opened once more: the kernel does not count the
// descriptor of memfd_create(2) as open for writing, and a process that holds only that
// one would look as if it could not write (see written).
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

// isBox reports whether newBox of this or an earlier procward has made a file, with its
// limit: no other file system looks exactly like that.
func isBox(f *os.File) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &st) == nil && st.Type == unix.TMPFS_MAGIC &&
		st.Files == boxRoom && int64(st.Blocks)*int64(st.Bsize) == boxSize
}
