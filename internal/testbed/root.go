package testbed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Cache is the directory of what takes long to make and is kept from run to run:
// $PROCWARD_TESTBED, or procward-testbed in the user's cache.
func Cache() (string, error) {
	dir := os.Getenv("PROCWARD_TESTBED")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = "/var/cache"
		}
		dir = filepath.Join(cache, "procward-testbed")
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// RemoveRoot removes the root of a system. Whoever was killed while he made it may have left
// the host's /proc, /sys and /dev mounted in it: these are unmounted first, and while one
// is not nothing is removed.
func RemoveRoot(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	var points []string
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], dir+"/") {
			points = append(points, f[1])
		}
	}
	var errs []error
	for _, point := range slices.Backward(points) {
		if err := unix.Unmount(point, unix.MNT_DETACH); err != nil {
			errs = append(errs, fmt.Errorf("unmount %s: %w", point, err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return os.RemoveAll(dir)
}
