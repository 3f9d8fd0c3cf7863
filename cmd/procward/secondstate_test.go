package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestASecondDaemonOnTheStateIsRefused(t *testing.T) {
	s := newStorm(t, 1)
	first := s.daemon()
	defer func() { _ = first.Process.Kill(); _ = first.Wait() }()
	s.untilUp()
	second := exec.Command(os.Args[0], "run", "--config-dir", filepath.Join(s.dir, "conf"), "--state-dir", s.state,
		"--socket", filepath.Join(s.dir, "other"), "--log-to", "stderr")
	second.Env = append(os.Environ(), asProcward+"=1")
	out, _ := second.CombinedOutput()
	if second.ProcessState.ExitCode() != exitBad || !strings.Contains(string(out), "another procward is already running") {
		t.Errorf("the second one ended with %v: %s", second.ProcessState, out)
	}
}
