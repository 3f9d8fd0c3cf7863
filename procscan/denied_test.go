package procscan

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// asNobody makes the helper run without privilege. It executes the test binary through a
// descriptor, since the directory that it lies in may be closed to others.
func asNobody(t *testing.T) func(*exec.Cmd) {
	t.Helper()
	needRoot(t)
	binary, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { binary.Close() })
	return func(cmd *exec.Cmd) {
		cmd.Path, cmd.Dir = "/proc/self/fd/3", "/"
		cmd.ExtraFiles = []*os.File{binary}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}

// A process whose exe is closed to us is in doubt if anything about it looks like the
// program, and if it does not, no reason to do nothing for ever.
func TestExeDenied(t *testing.T) {
	nobody := start(t, asNobody(t))
	root := start(t, called(t, "denied-program"), with("word"))
	exe := root.Cmd.Path
	denied := "matching 0 " + itoa(root.pid()) + ":exe:permission denied"
	if got := nobody.Ask("scan " + exe); got != denied {
		t.Errorf("got %q, want %q", got, denied)
	}
	if got := nobody.Ask("scan " + exe + " word"); got != denied {
		t.Errorf("args that are there: got %q, want %q", got, denied)
	}
	if got := nobody.Ask("scan " + exe + " another"); got != "matching 0" {
		t.Errorf("args that are not there: got %q", got)
	}
	root.Do("comm other")
	if got := nobody.Ask("scan " + exe); got != denied {
		t.Errorf("with another name: got %q, want %q", got, denied)
	}
	if got := nobody.Ask("scan " + exe + "x"); got != "matching 0" {
		t.Errorf("of another program: got %q", got)
	}
}

// Execs and renames of other users' processes are told to those without privilege too,
// or else Look is Scan.
func TestLookWithoutPrivilege(t *testing.T) {
	nobody := start(t, asNobody(t))
	root := start(t)
	if got := nobody.Ask("look denied-rename"); got != "0" {
		t.Fatalf("got %s", got)
	}
	root.Do("comm denied-rename")
	if got := nobody.Ask("look denied-rename"); got != "1" {
		t.Errorf("got %s", got)
	}
}
