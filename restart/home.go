package restart

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"procward/internal/procfile"
	"procward/procscan"
)

// home is a control group (version 2) that belonged to a victim alone when it was held:
// every process in it and in the groups below it was a victim or a descendant. A process
// that is born in it while the victim lives also belongs to the victim, even if its own
// parent has ended.
//
// The group is only used as a list. It is never killed as a whole (cgroup.kill): systemd
// may have started the successor in it by then.
type home struct {
	group string        // as /proc/PID/cgroup shows it
	dir   string        // where it is mounted
	of    int           // the victim
	seen  time.Duration // Boottime at which the victim was last known to live
}

// findHomes notes the control groups that belong to the victims alone.
func (c *condemned) findHomes() {
	mounts := procfile.OwnMounts() // without any only the tree is known
	mine := procfile.GroupOf(os.Getpid())
	for i, e := range c.ended {
		group := procfile.GroupOf(e.ID.PID)
		if !c.lives(i) || !ownable(group, mine) {
			continue
		}
		h := home{group: group, dir: mounts.Dir("", group), of: i}
		if h.dir != "" && c.alone(h) {
			c.family.homes = append(c.family.homes, h)
		}
	}
	c.seen(procscan.Boottime())
}

// alone reports whether nobody else is in a group.
func (c *condemned) alone(h home) bool {
	known := map[int]struct{}{}
	for i, e := range c.ended {
		if c.fds[i].Fd >= 0 {
			known[e.ID.PID] = struct{}{}
		}
	}
	pids := h.pids()
	for _, pid := range pids {
		if _, ok := known[pid]; !ok {
			return false
		}
	}
	return len(pids) > 0
}

// seen notes when the victims were alive, that is, are still alive.
func (c *condemned) seen(at time.Duration) {
	for i := range c.family.homes {
		if h := &c.family.homes[i]; c.lives(h.of) {
			h.seen = at
		}
	}
}

// bore reports whether a process in the group was started while the victim lived. It may have
// started up to a tick later than it says.
func (h home) bore(p procscan.Process) bool { return p.Started()+procfile.Tick <= h.seen }

// holds reports whether a process is in the group or in one below.
func (h home) holds(pid int) bool {
	g := procfile.GroupOf(pid)
	return g == h.group || strings.HasPrefix(g, h.group+"/")
}

// pids are the processes in the group and in those below.
func (h home) pids() []int {
	var pids []int
	_ = filepath.WalkDir(h.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil // removed meanwhile, or a file of the group
		}
		text, err := os.ReadFile(filepath.Join(name, "cgroup.procs"))
		if err != nil {
			return nil
		}
		for _, word := range strings.Fields(string(text)) {
			pid, _ := strconv.Atoi(word) // 0 is a process of another PID namespace, which we do not know
			pids = append(pids, pid)
		}
		return nil
	})
	return pids
}

// ownable reports whether a group can belong to one process: it is not the root, a slice,
// the scope of a session or of PID 1, a user's manager, or one that procward itself is
// in.
func ownable(group, mine string) bool {
	name := path.Base(group)
	session := strings.HasPrefix(name, "session-") && strings.HasSuffix(name, ".scope")
	manager := strings.HasPrefix(name, "user@") && strings.HasSuffix(name, ".service")
	switch {
	case group == "" || group == "/" || strings.HasPrefix(group, "/.."), strings.HasSuffix(group, " (deleted)"):
		return false
	case session || manager || name == "init.scope" || strings.HasSuffix(name, ".slice"):
		return false
	}
	return mine != group && !strings.HasPrefix(mine, group+"/")
}
