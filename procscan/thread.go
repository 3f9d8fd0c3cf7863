package procscan

import (
	"os"
	"path/filepath"
	"strconv"
)

// liveThread finds a thread of the process, other than its leader, that has not
// exited; 0 if there is none (any more).
func (fs *FS) liveThread(pid int, buf []byte) (tid int, state byte) {
	// A thread may start another one and end between two lines of the listing.
	for range 3 {
		if tid, state = fs.oneLiveThread(pid, buf); tid != 0 {
			return tid, state
		}
	}
	return 0, 0
}

func (fs *FS) oneLiveThread(pid int, buf []byte) (tid int, state byte) {
	dir, err := os.Open(filepath.Join(fs.root, strconv.Itoa(pid), "task"))
	if err != nil {
		return 0, 0
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(64)
		for _, name := range names {
			tid, err := strconv.Atoi(name)
			if err != nil || tid == pid {
				continue
			}
			var p path
			var s stat
			p.thread(pid, tid)
			if fs.stat(&p, buf, &s) == nil && s.state != 'Z' && !s.dead() {
				return tid, s.state
			}
		}
		if err != nil {
			return 0, 0
		}
	}
}
