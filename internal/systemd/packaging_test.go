package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const unitFile = "../../packaging/systemd/procward.service"

// TestUnitFileIsValid asks systemd itself. The program need not be installed.
func TestUnitFileIsValid(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip(err)
	}
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "procward.service")
	verify := func(text string) string {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", name).CombinedOutput()
		return string(out)
	}
	good := strings.ReplaceAll(string(text), "/usr/sbin/procward", "/bin/true")
	if out := verify(good); out != "" {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	if out := verify(good + "\n[Service]\nNoSuchKey=1\n"); !strings.Contains(out, "NoSuchKey") {
		t.Errorf("systemd-analyze verify finds nothing wrong with a wrong key: %q", out)
	}
}

// What the unit says is inherited by every script, and every daemon that one starts.
func TestUnitFileRestrictsNothing(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && key[0] != '#' {
			keys[key] = value
			for _, prefix := range []string{"Protect", "Private", "Restrict", "SystemCall", "Capability", "NoNew", "ReadOnly", "Inaccessible",
				"Device", "Memory", "CPU", "IO", "Nice", "Root", "Temporary", "Bind", "Dynamic", "User", "Group", "Supplementary", "Lock", "IPAddress", "Proc"} {
				if strings.HasPrefix(key, prefix) && key != "RestartPreventExitStatus" {
					t.Errorf("%s: scripts would inherit it", line)
				}
			}
		}
	}
	for key, want := range map[string]string{
		"KillMode":                 "process",     // stopping procward leaves alone what its scripts started
		"OOMPolicy":                "continue",    // and so does a script that runs out of memory
		"TasksMax":                 "infinity",    // all of that counts as one service
		"LimitNOFILE":              "1024:524288", // scripts get the soft limit that services have
		"Type":                     "notify",
		"RestartPreventExitStatus": "70 71 72 73 74 75 76 77 78 79",
	} {
		if keys[key] != want {
			t.Errorf("%s is %q, not %q", key, keys[key], want)
		}
	}
}
