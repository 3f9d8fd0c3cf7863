// Package state keeps values by key beyond the death of the daemon and of the machine.
//
// They are in two logs, state.0 and state.1 (log.go). Records go to the end of one of
// them: one that holds everything, and then one for each change. When that log is long,
// everything is written into the other one, over what was there, and records go there
// from then on. So: if a process dies at any instant, a log is complete up to that
// instant, because a record has a checksum and an incomplete record does not count; the
// log that is known to be on the disk (fsync) is never overwritten before the other one
// is; and the room of both is reserved in advance, so that a full disk does not matter
// until everything has grown to twice its size.
//
// Records are numbered, and each names the one that was written before it. Reading begins
// with the newest record that holds everything in either file and goes on from number to
// number; names and times of files do not count. If something is missing in between that
// is damage, and reported, unless a loss of power explains it.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"procward/internal/trust"
	"procward/procscan"
)

// logs are the files, below the directory.
var logs = [2]string{"state.0", "state.1"}

// former are the files of the versions of procward before the logs.
var former = []string{"state.json", "state.json.old", "state.json.spare", "journal.0", "journal.1"}

// Kept is what a Book held when it was last written.
type Kept struct {
	Values   map[string]json.RawMessage
	Boot     string        // the boot id (random(4)) of the write
	Boottime time.Duration // CLOCK_BOOTTIME of the write
	Wall     time.Time     // the wall clock of the write
}

// Problem is something about the files that the operator should know. Procward always
// goes on after it.
type Problem struct {
	Path  string // of the file that is at fault
	Aside string // where it was put; empty if it is where it was
	Err   error
}

// Error is "PATH: WHAT; set aside as ASIDE".
func (p Problem) Error() string {
	if p.Aside == "" {
		return fmt.Sprintf("%s: %v", p.Path, p.Err)
	}
	return fmt.Sprintf("%s: %v; set aside as %s", p.Path, p.Err, p.Aside)
}

// Unwrap returns Err.
func (p Problem) Unwrap() error { return p.Err }

// OpenBook reads what is kept in the directory, an absolute path. Kept is nil if nothing
// is there, which is no problem, or nothing that can be used, which is one. A directory
// that does not exist is made by the first write. The function tell is called when
// writing begins to fail or fails for another reason, and with nil when it works again;
// it must not block.
//
// The error means that the directory itself cannot be used: it cannot be read, or, if we
// are root, somebody else may write it (a *trust.Error). Then there is no Book; what is
// kept is not touched, and the caller may try again later. The caller must make sure that
// nobody else uses the directory (a lock).
func OpenBook(dir string, tell func(error)) (*Book, *Kept, []Problem, error) {
	failed := func(err error) (*Book, *Kept, []Problem, error) {
		return nil, nil, nil, fmt.Errorf("open the state: %w", err)
	}
	if !filepath.IsAbs(dir) {
		return failed(fmt.Errorf("%q is not an absolute path", dir))
	}
	boot, err := bootID()
	if err != nil {
		return failed(err)
	}
	b := newBook(newLog(dir, boot), tell)
	err = check(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil, nil, nil
	}
	if err != nil {
		return failed(err)
	}
	kept, problems, err := b.log.read()
	if err != nil {
		return failed(err)
	}
	if kept != nil {
		for key, v := range kept.Values {
			b.values[key] = v
		}
	}
	return b, kept, problems, nil
}

// check checks whether the directory may be believed. If we are not root we believe what
// we can write.
func check(dir string) error {
	if os.Geteuid() == 0 {
		return trust.Check(dir, 0)
	}
	st, err := os.Stat(dir)
	if err == nil && !st.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	return err
}

func bootID() (string, error) {
	proc, err := procscan.Open("/proc")
	if err != nil {
		return "", err
	}
	defer proc.Close()
	return proc.BootID()
}
