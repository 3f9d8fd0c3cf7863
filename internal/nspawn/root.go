package nspawn

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// packages are what a root holds besides Debian's essential ones. Whoever changes them
// or anything in build gives the root another name.
const (
	packages = "systemd-sysv,dbus,rsyslog,procps"
	rootName = "bookworm-1"
)

// findRoot is the directory of a Debian root, which is made where it is not there yet
// (about 15 s and 300 MB, from the Debian mirror that this host uses). It skips the
// test where that cannot be done.
func findRoot(t testing.TB) string {
	t.Helper()
	cache, err := cacheDir()
	if err != nil {
		t.Skipf("no place for the root of a container: %v", err)
	}
	root := filepath.Join(cache, rootName)
	lock, err := os.OpenFile(root+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Skipf("no place for the root of a container: %v", err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil { // another package's test may be making it
		t.Fatalf("lock %s: %v", lock.Name(), err)
	}
	if _, err := os.Stat(root); err == nil {
		return root
	}
	if err := build(root); err != nil {
		t.Skipf("cannot make the root of a container: %v", err)
	}
	return root
}

// cacheDir is $PROCWARD_TESTBED, or procward-testbed in the user's cache.
func cacheDir() (string, error) {
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

func build(root string) error {
	tmp := root + ".new"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	cmd := exec.Command("mmdebstrap", "--quiet", "--variant=minbase", "--format=directory", "--include="+packages,
		"--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
		"bookworm", tmp)
	if out, err := cmd.CombinedOutput(); err != nil {
		os.RemoveAll(tmp)
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("mmdebstrap: %w: %s", err, lines[len(lines)-1])
	}
	return os.Rename(tmp, root)
}
