package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"procward/internal/daemon"
)

// A unit cannot be restarted where there is no systemd: check says where it stands, and the
// start is refused. A match by a unit may be meant for a control group of another maker.
func TestUnitsWithoutSystemd(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("processes:\n  a:\n    match: {unit: a.service}\n    restart: {unit: a.service}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	at := &daemon.Reach{Systemd: true, Booted: func() bool { return false }}
	for _, command := range []string{"check", "run"} {
		var out, errs strings.Builder
		code := execute([]string{command, "--config-dir", dir, "--state-dir", filepath.Join(dir, "state"), "--socket", filepath.Join(dir, "socket")}, &out, &errs, at)
		all := out.String() + errs.String()
		if code != exitBad || !strings.Contains(all, "a.yaml:4:21: processes.a.restart.unit: systemd does not run on this host") {
			t.Errorf("%s: exit code %d: %s", command, code, all)
		}
		if command == "check" && !strings.Contains(all, "match.unit: systemd does not run on this host") {
			t.Errorf("%s: %s", command, all)
		}
	}
}
