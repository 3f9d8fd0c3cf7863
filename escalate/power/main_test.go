package power

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"procward/internal/testbed"
)

// TestMain is also the process of the proof, and of tests that change all of a process.
func TestMain(m *testing.M) {
	testbed.Hold()
	if code, mine := ProofMain(os.Args); mine {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// alone runs the test in a process of its own: as it is in that process it says true.
// That process has a directory that it may also write as another user.
func alone(t *testing.T) (dir string, is bool) {
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
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "PROCWARD_ALONE="+t.Name(), "PROCWARD_ALONE_DIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // Pdeathsig is about this thread
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skipf("%s", out)
	}
	return dir, false
}
