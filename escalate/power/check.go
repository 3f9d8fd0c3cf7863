package power

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const insteadPanic = "use the rung panic instead"

func checkSysrq(p Paths) error {
	if err := present(p.Sysrq); err != nil {
		return fmt.Errorf("the kernel has no sysrq (CONFIG_MAGIC_SYSRQ): %w", err)
	}
	return nil
}

func present(path string) error {
	if path == "" {
		return ErrLeftOut
	}
	if err := unix.Access(path, unix.W_OK); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func checkWatchdog(p Paths) error {
	if err := present(p.Watchdog); err != nil {
		return fmt.Errorf("there is no watchdog: load the driver of this machine's, or softdog: %w", err)
	}
	return nil
}

// checkPretimeout checks whether a pretimeout can panic. The file exists only for drivers
// with a pretimeout, and kernels with CONFIG_WATCHDOG_PRETIMEOUT_GOV.
func checkPretimeout(p Paths) error {
	if err := checkWatchdog(p); err != nil {
		return err
	}
	text, err := readSys(p, "pretimeout_available_governors")
	if err != nil {
		return fmt.Errorf("this kernel's watchdog cannot panic before it resets (%w): %s", err, insteadPanic)
	}
	if !slices.Contains(strings.Fields(text), "panic") {
		return fmt.Errorf("the watchdog has no pretimeout governor panic, only %q (load pretimeout_panic): %s", strings.TrimSpace(text), insteadPanic)
	}
	return nil
}

// setGovernor makes a pretimeout panic. The setting can stay: without a pretimeout it has
// no effect.
func setGovernor(p Paths) error {
	if now, err := readSys(p, "pretimeout_governor"); err == nil && strings.TrimSpace(now) == "panic" {
		return nil
	}
	if err := os.WriteFile(sysFile(p, "pretimeout_governor"), []byte("panic"), 0o644); err != nil {
		return fmt.Errorf("choose the pretimeout governor panic: %w: %s", err, insteadPanic)
	}
	return nil
}

// noWayOut reports whether the watchdog cannot be stopped once it runs.
func noWayOut(p Paths) bool {
	text, err := readSys(p, "nowayout")
	return err == nil && strings.TrimSpace(text) == "1"
}

func readSys(p Paths, name string) (string, error) {
	if p.WatchdogSys == "" || p.Watchdog == "" {
		return "", errors.New("not known here")
	}
	text, err := os.ReadFile(sysFile(p, name))
	return string(text), err
}

// sysFile is an attribute of the device: /dev/watchdog is the first one, watchdog0.
func sysFile(p Paths, name string) string {
	device := filepath.Base(p.Watchdog)
	if device == "watchdog" {
		device = "watchdog0"
	}
	return filepath.Join(p.WatchdogSys, device, name)
}
