package procscan

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"procward/internal/ktime"
	"procward/internal/procfile"
)

// BootID is the identity of this boot, from sys/kernel/random/boot_id (random(4)).
func (fs *FS) BootID() (string, error) {
	text, err := os.ReadFile(filepath.Join(fs.root, "sys/kernel/random/boot_id"))
	if err != nil {
		return "", fmt.Errorf("read the boot id: %w", err)
	}
	id := string(bytes.TrimSpace(text))
	if id == "" {
		return "", errors.New("read the boot id: the file is empty")
	}
	return id, nil
}

// Boottime is the time since boot by CLOCK_BOOTTIME, which goes on while the machine is
// suspended; the start times of processes are on the same clock.
func Boottime() time.Duration { return ktime.Boottime() }

// Started is when the process started, on the clock of Boottime, to a hundredth of a
// second (rounded down).
func (id ID) Started() time.Duration { return time.Duration(id.Start) * procfile.Tick }
