package daemon

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"procward/internal/hang"
	"procward/internal/procfile"
)

// spareThreads is how many threads the daemon needs besides one for each script that runs
// at the same time: for looks, sinks, the control socket, the Go runtime.
const spareThreads = 24

// reserveThreads starts n threads for what happens when the host has no process left for
// more, by a fork bomb or TasksMax=. Where there is no room for that many already, fewer
// have to do.
func reserveThreads(n int) {
	hang.Threads(max(0, min(n, roomForThreads("/proc/self/cgroup", "/sys/fs/cgroup")-threadsLeft)))
}

// threadsLeft is for the first launchers and for what Go's runtime starts by itself.
const threadsLeft = 12

// roomForThreads is how many more threads the control groups of this process allow
// (pids.max of cgroups(7), of version 1 and 2).
func roomForThreads(groups, mounts string) int {
	room := math.MaxInt
	text, _ := os.ReadFile(groups)
	for _, g := range procfile.Groups(string(text)) {
		if !g.Has("") && !g.Has("pids") {
			continue
		}
		top := filepath.Join(mounts, g.Controllers)
		for dir := filepath.Join(top, g.Path); strings.HasPrefix(dir, top); dir = filepath.Dir(dir) {
			most, err1 := readNumber(filepath.Join(dir, "pids.max"))
			now, err2 := readNumber(filepath.Join(dir, "pids.current"))
			if err1 == nil && err2 == nil {
				room = min(room, most-now)
			}
		}
	}
	return room
}

func readNumber(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
