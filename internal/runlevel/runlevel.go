// Package runlevel notices the shutdown of a host without systemd: with sysvinit by its
// runlevel, with OpenRC by the runlevel that it goes to. Both write a file before they
// stop the first service, so the kernel reports it and nothing is polled.
//
// A file may be left from an earlier boot, or come with the image of a container. So a
// file is believed only if it was written while we watched, or lies on a tmpfs. If init
// itself shows its runlevel ("init [2]" as its command line), that decides.
package runlevel

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Host says where the files are. The zero value is this host.
type Host struct {
	Root string // of the file system; empty: /
}

// The files, below the root.
const (
	utmp      = "run/utmp"             // utmp(5)
	softlevel = "run/openrc/softlevel" // rc(8) of OpenRC
	initTitle = "proc/1/cmdline"
)

func (h Host) path(name string) string { return filepath.Join("/", h.Root, name) }

// Ends says why the host is going down now, or to single user, where services are stopped
// as well. It is empty if the host is not, or if nobody knows.
func (h Host) Ends() string {
	if level, shows := h.initLevel(); shows {
		return endOf(level)
	}
	if volatile(h.path(softlevel)) {
		return endOf(h.openrcLevel())
	}
	return ""
}

// endOf says in words what a runlevel means for running services; empty: nothing.
func endOf(level string) string {
	switch level {
	case "0", "shutdown", "off":
		return "the host is being shut down (runlevel " + level + ")"
	case "6", "reboot":
		return "the host is being rebooted (runlevel " + level + ")"
	case "1", "S", "s", "single":
		return "the host goes to single user (runlevel " + level + ")"
	}
	return ""
}

var titled = regexp.MustCompile(`^init (?:\[([0-9A-Za-z])\]|boot)`)

// initLevel is the runlevel that init shows in its command line, as sysvinit does; none
// during the boot.
func (h Host) initLevel() (level string, shows bool) {
	text, err := os.ReadFile(h.path(initTitle))
	if m := titled.FindSubmatch(text); err == nil && m != nil {
		return string(m[1]), true
	}
	return "", false
}

func (h Host) openrcLevel() string {
	text, err := os.ReadFile(h.path(softlevel))
	if err != nil || !ours(h.path(softlevel)) {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// utmpLevel is the runlevel of the newest such record, or empty.
func (h Host) utmpLevel() string {
	text, err := os.ReadFile(h.path(utmp))
	if err != nil || !ours(h.path(utmp)) {
		return ""
	}
	const runLevel = 1 // RUN_LVL
	level := byte(0)
	for record := range slices.Chunk(text, recordSize()) {
		if len(record) >= 8 && binary.NativeEndian.Uint16(record) == runLevel {
			level = byte(binary.NativeEndian.Uint32(record[4:])) // its PID: the level, and the one before times 256
		}
	}
	if level == 0 {
		return ""
	}
	return string(level)
}

// recordSize is the size of struct utmp in glibc; its times have 32 bits where 32-bit
// programs also run.
func recordSize() int {
	if runtime.GOARCH == "arm64" {
		return 400
	}
	return 384
}

// ours reports whether only root, and a group that root chose, can have written a file.
func ours(path string) bool {
	var st unix.Stat_t
	return unix.Stat(path, &st) == nil && st.Uid == 0 && st.Mode&0o002 == 0
}

// volatile reports whether a file disappears with a reboot.
func volatile(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && (fs.Type == unix.TMPFS_MAGIC || fs.Type == unix.RAMFS_MAGIC)
}
