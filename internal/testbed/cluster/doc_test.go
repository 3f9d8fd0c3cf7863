package cluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// restarted is a restart by systemd, which check refuses where systemd does not run.
var restarted = regexp.MustCompile(`(restart: \{)unit: [a-z@.-]+`)

// TestDropinsOfTheDocument holds that every drop-in of docs/clusterware.md is valid.
func TestDropinsOfTheDocument(t *testing.T) {
	text, err := os.ReadFile("../../../docs/clusterware.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) < 4 {
		t.Fatalf("only %d drop-ins", len(blocks))
	}
	binary := build(t)
	_, err = os.Stat("/run/systemd/system")
	systemd := err == nil
	for _, block := range blocks {
		dropin, _, _ := strings.Cut(block, "```")
		if !systemd {
			dropin = restarted.ReplaceAllString(dropin, "${1}run: /bin/true")
		}
		dir := t.TempDir() // each by itself: they use the same names
		if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(dropin), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(binary, "check", "--config-dir", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s\n%s", err, out, dropin)
		}
	}
}
