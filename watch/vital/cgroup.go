package vital

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// groups are the cgroups of the processes, and where their files are.
type groups struct {
	unified string            // where the hierarchy of version 2 is mounted; empty: nowhere
	freezer string            // where the freezer of version 1 is
	known   map[string]*group // of version 2, by path
	old     map[string]*group // of version 1
}

// group is one cgroup that can be frozen.
type group struct {
	file   []byte // its name with a terminating zero: cgroup.events, or freezer.state
	word   string // what it contains while the group is frozen
	turn   uint64 // of the last look
	frozen bool
	err    error
}

// mounts finds the hierarchies in /proc/self/mountinfo (proc_pid_mountinfo(5)). Only
// hierarchies that are mounted completely are used.
func (g *groups) mounts(root string) {
	text, err := os.ReadFile(filepath.Join(root, "self/mountinfo"))
	if err != nil {
		return
	}
	mounts := procfile.GroupMounts(string(text))
	g.known, g.old = map[string]*group{}, map[string]*group{}
	g.unified, g.freezer = mounts.Dir("", "/"), mounts.Dir("freezer", "/")
}

// frozen tells whether the cgroup of a process is frozen. Which cgroup a process is in is
// read rarely; the state of a cgroup is read once a turn for all its processes.
func (rd *reader) frozen(p *proc) error {
	if !p.known[fromCgroup] {
		text, err := rd.dir.Once(rd.path.Of(p.id.PID, p.live, "cgroup"), rd.buf)
		if err != nil {
			return err
		}
		p.group, p.known[fromCgroup] = rd.groups.of(text), true
	}
	g := p.group
	if g == nil {
		return nil
	}
	if g.turn != rd.turn {
		g.turn = rd.turn
		g.look(rd.buf)
	}
	p.r.frozen = g.frozen
	return g.err
}

// of is the group that a text of /proc/PID/cgroup (cgroups(7)) names: that of the freezer
// of version 1 if it is in use, else that of version 2. The root of a hierarchy cannot be
// frozen.
func (g *groups) of(text []byte) *group {
	var unified, freezer []byte
	procfile.EachGroup(text, func(controllers, path []byte) {
		switch string(controllers) {
		case "":
			unified = path
		case "freezer":
			freezer = path
		}
	})
	switch {
	case g.freezer != "" && len(freezer) > 1:
		return in(g.old, g.freezer, freezer, "/freezer.state", "FROZEN")
	case g.unified != "" && len(unified) > 1:
		return in(g.known, g.unified, unified, "/cgroup.events", "frozen 1")
	}
	return nil
}

// in finds the group of a path, or notes it.
func in(known map[string]*group, mount string, path []byte, file, word string) *group {
	if at := known[string(path)]; at != nil {
		return at
	}
	at := &group{file: []byte(mount + string(path) + file + "\x00"), word: word}
	known[string(path)] = at
	return at
}

// look reads the state. A group that does not exist here, for example outside of our
// cgroup namespace, counts as not frozen.
func (g *group) look(buf []byte) {
	text, err := procfile.Dir(unix.AT_FDCWD).Once(&g.file[0], buf)
	g.frozen, g.err = false, err
	if errors.Is(err, os.ErrNotExist) || err == unix.ENODEV {
		g.err = nil
		return
	}
	for l := range bytes.Lines(text) {
		g.frozen = g.frozen || string(bytes.TrimSpace(l)) == g.word
	}
}

// prune forgets groups that nobody has asked for in a while.
func (g *groups) prune(turn uint64) {
	for _, known := range []map[string]*group{g.known, g.old} {
		for path, at := range known {
			if at.turn+forget < turn {
				delete(known, path)
			}
		}
	}
}

// forget is the number of turns after which they are forgotten.
const forget = 1000
