package procscan

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
	"procward/internal/procfile"
)

// hints reads pidfiles. If anything is wrong with one, there is no hint, and nothing is
// delayed: if a directory does not answer, no file in it is tried until it does.
type hints struct {
	guard hang.Guard
}

// hintTime is how long the pidfiles of one directory may take, in addition to hintEach
// for each.
const (
	hintTime = 250 * time.Millisecond
	hintEach = time.Millisecond
)

// take fills in the hints of queries.
func (h *hints) take(queries []query) {
	dirs := map[string][]int{}
	for i := range queries {
		if path := queries[i].match.Pidfile; path != "" {
			dir := filepath.Dir(path)
			dirs[dir] = append(dirs[dir], i)
		}
	}
	for dir, asking := range dirs {
		paths := make([]string, len(asking))
		for n, i := range asking {
			paths[n] = queries[i].match.Pidfile
		}
		pids, err := hang.Do(&h.guard, dir, hintTime+time.Duration(len(paths))*hintEach, func() ([]int, error) { return pidsIn(paths), nil })
		if err != nil {
			continue
		}
		for n, i := range asking {
			queries[i].hint = pids[n]
		}
	}
}

// pidsIn is what pidfiles contain; for a missing file and for nonsense it is 0.
func pidsIn(paths []string) []int {
	pids := make([]int, len(paths))
	for i, path := range paths {
		pids[i], _ = readPidfile(path)
	}
	return pids
}

// readPidfile reads the PID at the beginning of a file that a stranger may have written:
// it follows no link in the last component, and opens only regular files, because opening
// a device may start it. 32 bytes are enough for everybody.
func readPidfile(path string) (int, error) {
	place, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(place)
	var st unix.Stat_t
	if err := unix.Fstat(place, &st); err != nil {
		return 0, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, fmt.Errorf("pidfile %s: not a regular file", path)
	}
	fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", place), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var buf [pidfileSize]byte
	n, err := procfile.Fill(fd, buf[:])
	if err != nil {
		return 0, &os.PathError{Op: "read", Path: path, Err: err}
	}
	pid, err := parsePidfile(buf[:n])
	if err != nil {
		return 0, fmt.Errorf("pidfile %s: %w", path, err)
	}
	return pid, nil
}

const pidfileSize = 32

// parsePidfile reads a positive decimal number. White space around it, further lines
// (PostgreSQL writes more) and a byte order mark do not matter.
func parsePidfile(text []byte) (int, error) {
	cut := len(text) == pidfileSize
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	text = bytes.TrimLeft(text, blanks)
	end := bytes.IndexAny(text, blanks)
	if end < 0 {
		end = len(text)
		if cut {
			return 0, errNoPID // it may go on
		}
	}
	pid, err := strconv.Atoi(string(text[:end]))
	if err != nil || pid < 1 || pid > procfile.MaxPID || strings.HasPrefix(string(text), "+") {
		return 0, errNoPID
	}
	return pid, nil
}

const blanks = " \t\r\n\x00"

var errNoPID = errors.New("holds no PID")
