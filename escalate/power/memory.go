package power

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// LockMemory keeps the present and future memory of the process in RAM (mlockall(2), on
// fault: memory that is never touched takes none), and loads the whole program, so that
// no page of it has to be read from a disk that hangs. This needs as much memory as the
// program is large, some 12 MB, and CAP_IPC_LOCK or a large enough RLIMIT_MEMLOCK.
func LockMemory() error {
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT); err != nil {
		return fmt.Errorf("lock memory: %w", err)
	}
	parts, err := program()
	if err != nil {
		return fmt.Errorf("lock memory: %w", err)
	}
	for _, part := range parts {
		if _, _, errno := unix.Syscall(unix.SYS_MLOCK, part.from, part.to-part.from, 0); errno != 0 {
			return fmt.Errorf("lock the program in memory: %w", errno)
		}
	}
	return nil
}

type mapping struct{ from, to uintptr }

// program is the mappings of our own file that are only read or run (proc_pid_maps(5)).
func program() ([]mapping, error) {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	defer maps.Close()
	var parts []mapping
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var m mapping
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &m.from, &m.to, &mode); err != nil {
			return nil, err
		}
		if strings.HasSuffix(lines.Text(), " "+self) && mode[0] == 'r' && mode[1] == '-' {
			parts = append(parts, m)
		}
	}
	return parts, nil
}
