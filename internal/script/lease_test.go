package script

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The user of a script owns its output file, so he may take a lease on it (fcntl(2)).
// Who opens the file then waits for /proc/sys/fs/lease-break-time, 45 seconds, unless
// he says that he does not want to.
func TestALeaseOnTheOutputHoldsNobodyUp(t *testing.T) {
	for name, look := range map[string]func(file *os.File) string{
		"written": func(file *os.File) string {
			if !written(file) {
				return "a leased file counts as left by everybody"
			}
			return ""
		},
		"cut": func(file *os.File) string {
			if cut(file) {
				return "a leased file was cut"
			}
			return ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "leased.out")
			if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 2*maxKept), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			f, err := os.OpenFile(file, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
				t.Skipf("no leases here: %v", err)
			}
			done := make(chan string, 1)
			go func() { done <- look(r) }()
			select {
			case wrong := <-done:
				if wrong != "" {
					t.Error(wrong)
				}
			case <-time.After(5 * time.Second):
				t.Error("it waits for the end of the lease")
			}
		})
	}
}
