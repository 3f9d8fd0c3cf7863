package power

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

// TestMain is also the process of the proof, and of tests that change all of a process.
func TestMain(m *testing.M) {
	testbed.Leash()
	if code, mine := ProofMain(os.Args); mine {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// alone runs the test in a process of its own: as it is in that process it says true.
// That process has a directory that it may also write as another user.
func alone(t *testing.T) (dir string, is bool) {
	t.Helper()
	return apart(t, nil)
}

// stranger is a user that nobody else is.
const stranger = 61739

// uncounted is alone in a user namespace, as a stranger: since Linux 5.14 RLIMIT_NPROC
// does not count there what else the user runs, which other tests start and end.
func uncounted(t *testing.T) (dir string, is bool) {
	t.Helper()
	host := os.Getuid()
	if host == 0 {
		host = stranger // root is not bound by the limit
	}
	sys := &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: stranger, HostID: host, Size: 1}},
		Credential:  &syscall.Credential{Uid: stranger, Gid: stranger, NoSetGroups: true},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: stranger, HostID: os.Getgid(), Size: 1}},
	}
	return apart(t, sys)
}

func apart(t *testing.T, sys *syscall.SysProcAttr) (dir string, is bool) {
	t.Helper()
	if os.Getenv("PROCWARD_ALONE") == t.Name() {
		return os.Getenv("PROCWARD_ALONE_DIR"), true
	}
	dir = t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "PROCWARD_ALONE="+t.Name(), "PROCWARD_ALONE_DIR="+dir)
	cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = sys, &out, &out
	if err := cmd.Start(); err != nil {
		t.Skipf("needs a user namespace: %v", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if before, _, ok := strings.Cut(out.String(), "\n--- SKIP"); ok {
		t.Skip(strings.TrimSpace(before[strings.LastIndexByte(before, '\n')+1:]))
	}
	return dir, false
}
