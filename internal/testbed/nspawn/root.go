package nspawn

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

// Root is the system that a container starts with. It is made once and kept: whoever
// changes what it holds, or build, gives it another name.
type Root struct {
	Name     string   // of its directory in the cache
	Packages []string // besides Debian's essential ones
	Disabled []string // units of the packages that are not to start with the container
	Foreign  bool     // its init is not systemd: nobody tells when its boot has finished
}

// Sysvinit is a root with sysvinit, whose scripts are run by runlevel.
var Sysvinit = Root{Name: "bookworm-sysvinit-1", Packages: []string{"sysvinit-core", "sysv-rc", "initscripts", "procps"}, Foreign: true}

// OpenRC is a root where sysvinit hands its runlevels to OpenRC.
var OpenRC = Root{Name: "bookworm-openrc-1", Packages: []string{"sysvinit-core", "openrc", "procps"}, Foreign: true}

// plain is what Boot starts.
var plain = Root{Name: "bookworm-1", Packages: []string{"systemd-sysv", "dbus", "rsyslog", "procps"}}

// Plus is the plain root with more packages, some of whose units do not start by
// themselves.
func Plus(name string, packages, disabled []string) Root {
	return Root{Name: plain.Name + "-" + name, Packages: slices.Concat(plain.Packages, packages), Disabled: disabled}
}

// find is the directory of a Debian root, which is made where it is not there yet
// (from 15 s and 300 MB, from the Debian mirror that this host uses). It skips the test
// where that cannot be done.
func (r Root) find(t testing.TB) string {
	t.Helper()
	cache, err := testbed.Cache()
	if err != nil {
		t.Skipf("no place for the root of a container: %v", err)
	}
	root := filepath.Join(cache, r.Name)
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
	if err := r.build(root); err != nil {
		t.Skipf("cannot make the root of a container: %v", err)
	}
	return root
}

func (r Root) build(root string) error {
	tmp := root + ".new"
	if err := testbed.RemoveRoot(tmp); err != nil {
		return err
	}
	args := []string{"--quiet", "--variant=minbase", "--format=directory", "--include=" + strings.Join(r.Packages, ","),
		"--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"}
	if len(r.Disabled) > 0 {
		args = append(args, `--customize-hook=chroot "$1" systemctl disable `+strings.Join(r.Disabled, " "))
	}
	cmd := exec.Command("mmdebstrap", append(args, "bookworm", tmp)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return errors.Join(fmt.Errorf("mmdebstrap: %w: %s", err, lines[len(lines)-1]), testbed.RemoveRoot(tmp))
	}
	return os.Rename(tmp, root)
}
