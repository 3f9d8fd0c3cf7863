package procscan

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// fake is a process in a tree that looks like /proc. What is zero is filled with what an
// ordinary process has; files in without are left out.
type fake struct {
	pid, ppid, session, threads int
	start                       uint64
	comm                        string
	state                       byte
	flags                       int
	args                        []string
	exe                         string
	cgroup                      string
	nspid                       string
	without                     []string
}

// tree makes a proc file system of processes.
func tree(t testing.TB, fakes ...fake) (*Scanner, string) {
	t.Helper()
	root := t.TempDir()
	for _, f := range fakes {
		f.write(t, root)
	}
	fs, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return newScanner(t, fs), root
}

func (f fake) write(t testing.TB, root string) {
	t.Helper()
	dir := filepath.Join(root, strconv.Itoa(f.pid))
	f.writeFiles(t, dir)
	for _, name := range f.without {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func (f fake) writeFiles(t testing.TB, dir string) {
	t.Helper()
	cmdline := strings.Join(f.args, "\x00")
	if cmdline != "" {
		cmdline += "\x00"
	}
	files := map[string]string{
		"stat":    f.stat(),
		"cmdline": cmdline,
		"cgroup":  cmp.Or(f.cgroup, "0::/system.slice/x.service") + "\n",
		"status":  fmt.Sprintf("Name:\t%s\nNSpid:\t%s\nVmPeak:\t1 kB\n", f.comm, cmp.Or(f.nspid, strconv.Itoa(f.pid))),
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(cmp.Or(f.exe, "/usr/bin/"+f.comm), filepath.Join(dir, "exe")); err != nil {
		t.Fatal(err)
	}
}

// stat is the text of /proc/PID/stat.
func (f fake) stat() string {
	return fmt.Sprintf("%d (%s) %c %d %d %d 0 -1 %d 0 0 0 0 0 0 0 0 20 0 %d 0 %d 0 0 18446744073709551615%s",
		f.pid, f.comm, cmp.Or(f.state, 'S'), cmp.Or(f.ppid, 1), f.pid, cmp.Or(f.session, f.pid), f.flags,
		cmp.Or(f.threads, 1), cmp.Or(f.start, uint64(f.pid)), strings.Repeat(" 0", 27))
}
