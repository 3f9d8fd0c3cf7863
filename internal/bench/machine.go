package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// machine is where and when something was measured.
type machine struct {
	date      time.Time
	cores     int
	cpu       string
	kernel    string
	system    string
	compiler  string
	processes int    // that were there before we came
	load      string // of one minute, before
}

func lookAtMachine(ctx context.Context) machine {
	m := machine{date: time.Now(), cores: runtime.NumCPU(), cpu: field("/proc/cpuinfo", "model name"), system: field("/etc/os-release", "PRETTY_NAME")}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.kernel = unix.ByteSliceToString(u.Release[:])
	}
	if out, err := exec.CommandContext(ctx, "gcc", "--version").Output(); err == nil {
		m.compiler, _, _ = strings.Cut(string(out), "\n")
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.load, _, _ = strings.Cut(string(load), " ")
	}
	m.processes = len(procfile.PIDs())
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("Measured %s on %d cores (%s), Linux %s, %s, %s, %s. Before it began the host had %d processes and a load of %s.",
		m.date.UTC().Format("2006-01-02 15:04 UTC"), m.cores, m.cpu, m.kernel, m.system, runtime.Version(), m.compiler, m.processes, m.load)
}

// field is the first value of a key in a file of "key: value" or "key=value" lines.
func field(file, key string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), key); ok {
			return strings.Trim(rest, " \t:=\"")
		}
	}
	return "unknown"
}

// fileSystem names the type of the file system that a directory lies on, statfs(2).
func fileSystem(dir string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "a file system that cannot be told"
	}
	switch st.Type {
	case unix.EXT4_SUPER_MAGIC:
		return "ext4"
	case unix.TMPFS_MAGIC:
		return "tmpfs"
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlayfs"
	case unix.XFS_SUPER_MAGIC:
		return "xfs"
	case unix.BTRFS_SUPER_MAGIC:
		return "btrfs"
	}
	return fmt.Sprintf("a file system of type %#x", st.Type)
}
