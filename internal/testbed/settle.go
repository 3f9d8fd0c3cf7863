package testbed

import (
	"os"
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
}

// personal is what the one who runs the tests, or the service that does, may have set.
func personal(name string) bool {
	switch name {
	case "LANG", "LANGUAGE", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "JOURNAL_STREAM", "INVOCATION_ID", "NO_COLOR":
		return true
	}
	return strings.HasPrefix(name, "LC_") || strings.HasPrefix(name, "LISTEN_")
}
