package procscan

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// readPidfile reads the PID at the beginning of a file that a stranger may have
// written: no link is followed in its last component, no FIFO or device waited for, and
// 32 bytes are enough for everyone.
func readPidfile(path string) (int, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, fmt.Errorf("pidfile %s: not a regular file", path)
	}
	var buf [32]byte
	n, err := read(fd, buf[:])
	if err != nil {
		return 0, &os.PathError{Op: "read", Path: path, Err: err}
	}
	pid, err := parsePidfile(buf[:n])
	if err != nil {
		return 0, fmt.Errorf("pidfile %s: %w", path, err)
	}
	return pid, nil
}

// parsePidfile reads a positive decimal number; white space around it and further lines
// do not matter (PostgreSQL writes more).
func parsePidfile(text []byte) (int, error) {
	words := bytes.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n\x00", r) })
	if len(words) == 0 {
		return 0, errNoPID
	}
	pid, err := strconv.Atoi(string(words[0]))
	if err != nil || pid < 1 || pid > pidMax || words[0][0] == '+' {
		return 0, errNoPID
	}
	return pid, nil
}

var errNoPID = errors.New("holds no PID")

const pidMax = 1 << 22 // PID_MAX_LIMIT, include/linux/threads.h
