package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"procward/internal/message"
)

// heard is a log that remembers.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (l *heard) Send(m message.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, m.Line())
}

func (l *heard) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// keeping opens the state in a directory and runs its keeper until stop.
func keeping(t *testing.T, dir string) (k *keeper, log *heard, stop func()) {
	t.Helper()
	log = &heard{}
	k, _, err := openState(dir, &voice{log: log})
	if err != nil || k == nil {
		t.Fatalf("%v:\n%s", err, log.text())
	}
	return k, log, sync.OnceFunc(k.run())
}

func TestWhatIsKeptIsThereAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	k, _, stop := keeping(t, dir)
	k.Keep(map[string]any{"process a": 1, "process b": 2}, true)
	k.Keep(map[string]any{"process a": 3, "process b": nil}, true)
	stop()
	k, _, err := openState(dir, &voice{log: &heard{}})
	if err != nil {
		t.Fatal(err)
	}
	defer k.lock.Release()
	if kept := k.kept.Values; len(kept) != 1 || string(kept["process a"]) != "3" {
		t.Errorf("kept are %s", kept)
	}
}

func TestWithoutAStateDirectoryItGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	log := &heard{}
	k, lost, err := openState(filepath.Join(file, "state"), &voice{log: log})
	if k != nil || lost != "" || err != nil || !strings.Contains(log.text(), "PW0103 a fallback is in use: nothing outlives the daemon") {
		t.Errorf("got %v %q %v:\n%s", k, lost, err, log.text())
	}
}

func TestADamagedStateIsSetAsideAndSaid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	k, _, stop := keeping(t, dir)
	k.Keep(map[string]any{"process a": 1}, true)
	stop()
	for _, name := range []string{"state.0", "state.1"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("what is this"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, log, stop := keeping(t, dir)
	stop()
	if !strings.Contains(log.text(), "PW0111 the saved state cannot be used: ") {
		t.Errorf("it said:\n%s", log.text())
	}
}

// A book that nobody writes is a file system that does not answer.
func TestAFileSystemThatHangsIsNotWaitedForTwice(t *testing.T) {
	log := &heard{}
	k, _, err := openState(filepath.Join(t.TempDir(), "state"), &voice{log: log})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	k.Keep(map[string]any{"process a": 1}, true)
	if took := time.Since(begin); took < keepPatience {
		t.Errorf("it waited %v only", took)
	}
	for range 100 {
		k.Keep(map[string]any{"process a": 2}, true)
	}
	if took := time.Since(begin); took > 50*keepPatience {
		t.Errorf("101 waits took %v", took)
	}
	end := k.run()
	if err := k.book.Written(t.Context()); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(log.text(), "PW0113"); {
		if k.Keep(map[string]any{"process a": time.Now()}, true); time.Now().After(deadline) {
			t.Fatalf("it answers, and that is not noticed:\n%s", log.text())
		}
	}
	end()
	if n := strings.Count(log.text(), "PW0112"); n != 1 {
		t.Errorf("%d complaints:\n%s", n, log.text())
	}
}
