package testbed

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// settle gives a test the surroundings that it has everywhere.
func settle() {
	unix.Umask(0o022)
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); personal(name) {
			os.Unsetenv(name)
		}
	}
	os.Setenv("TZ", "UTC")
	if dir := os.TempDir(); !trusted(dir) {
		for _, other := range []string{"/tmp", "/var/tmp"} {
			if trusted(other) {
				os.Setenv("TMPDIR", other)
				break
			}
		}
	}
}

// trusted reports whether root would believe what is in a directory, as most tests have it: nobody
// else may put another one in its place, or in that of one above it.
func trusted(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		var st unix.Stat_t
		if !filepath.IsAbs(dir) || unix.Stat(dir, &st) != nil {
			return false
		}
		if st.Uid != 0 && int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 && st.Mode&unix.S_ISVTX == 0 {
			return false
		}
		if dir == "/" {
			return true
		}
	}
}

// personal is what the one who runs the tests, or the service that does, may have set.
func personal(name string) bool {
	switch name {
	case "LANG", "LANGUAGE", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "JOURNAL_STREAM", "INVOCATION_ID", "NO_COLOR":
		return true
	}
	return strings.HasPrefix(name, "LC_") || strings.HasPrefix(name, "LISTEN_")
}
