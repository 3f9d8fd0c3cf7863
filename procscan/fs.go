package procscan

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"procward/internal/procfile"
)

// FS is a mounted proc file system, or a tree of files that looks like one. Several
// goroutines may use it at the same time.
type FS struct {
	root string
	dir  procfile.Dir // root
	self int          // our own PID as this tree shows it; 0 in a tree that is made of files
}

// Open opens the proc file system at root, which is /proc except in tests.
func Open(root string) (*FS, error) {
	dir, err := procfile.Open(root)
	if err != nil {
		return nil, fmt.Errorf("open the process table: %w", err)
	}
	fs := &FS{root: root, dir: dir}
	if link, err := os.Readlink(filepath.Join(root, "self")); err == nil {
		if pid, err := strconv.Atoi(link); err == nil {
			fs.self = pid // differs from getpid(2) where the mount shows another PID namespace
		}
	}
	return fs, nil
}

// Root is where the process table is mounted.
func (fs *FS) Root() string { return fs.root }

// Close closes the directory; the FS must not be used any more.
func (fs *FS) Close() error { return fs.dir.Close() }

// Read reads /proc/PID/stat, and no other file of the process. If the leading thread has
// exited while others live, State is that of a living thread; Process.Dead says whether
// the whole process is dead. If the process does not exist the error is os.ErrNotExist to
// errors.Is.
func (fs *FS) Read(pid int) (Process, error) {
	var buf [procfile.StatSize]byte
	var s procfile.Stat
	if err := fs.dir.Stat(pid, 0, buf[:], &s); err != nil {
		return Process{}, fmt.Errorf("read process %d: %w", pid, err)
	}
	out := process(&s)
	if s.Leaderless() {
		if tid, thread, _ := fs.dir.LiveThread(pid, buf[:]); tid != 0 {
			out.State = thread.State
		}
	}
	return out, nil
}

// process makes a Process of a stat line.
func process(s *procfile.Stat) Process {
	p := Process{
		ID:   ID{PID: s.PID, Start: s.Start},
		Comm: string(s.Comm), State: s.State,
		PPID: s.PPID, PGRP: s.PGRP, Session: s.Session, Threads: s.Threads,
		Kernel: s.Kernel(),
	}
	if s.Dead() {
		p.ExitCode = s.Exit
	}
	return p
}
