package state

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Forgetful returns an error if a directory is, or may be, on a file system that is empty
// after a boot (statfs(2)).
func Forgetful(dir string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("look at the file system of %s: %w", dir, err)
	}
	for magic, name := range map[int64]string{unix.TMPFS_MAGIC: "tmpfs", unix.RAMFS_MAGIC: "ramfs", unix.OVERLAYFS_SUPER_MAGIC: "overlayfs"} {
		if int64(st.Type) == magic {
			return fmt.Errorf("%s is on %s, which may forget at a boot: name a --state-dir on a disk", dir, name)
		}
	}
	return nil
}
