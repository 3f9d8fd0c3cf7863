package procscan

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A helper that keeps to its leading thread can name it by prctl(2).
func init() {
	if os.Getenv(helperEnv) == "leads" {
		runtime.LockOSThread()
	}
}

// writeTitle does what setproctitle(3) does, as far as the last argument reaches.
func writeTitle(title string) error {
	last := os.Args[len(os.Args)-1]
	room := unsafe.Slice(unsafe.StringData(last), len(last))
	if len(title) > len(room) {
		return errors.New("no room for the title")
	}
	for i := range room {
		room[i] = 0
	}
	copy(room, title)
	return nil
}

// play is a number of processes to which everything happens that can change what a match
// finds.
type play struct {
	t        *testing.T
	luck     *rand.Rand
	s        *Scanner
	dir      string
	programs []string // paths at which a program may be
	groups   []string // control groups
	helpers  []*helper
	orphans  []int
	pidfile  string
	matchers []*Matcher
	did      []string
}

func newPlay(t *testing.T, seed uint64) *play {
	p := &play{t: t, luck: rand.New(rand.NewPCG(seed, 0)), s: fastScanner(t),
		dir: filepath.Join(resolved(t, t.TempDir()), fmt.Sprintf("stage-%d-%d", os.Getpid(), seed))}
	if err := os.Mkdir(p.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p.pidfile = filepath.Join(p.dir, "pid")
	for _, name := range []string{"play-a", "play-b", "play-c"} {
		p.programs = append(p.programs, filepath.Join(p.dir, name))
	}
	text, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range p.programs[:2] {
		if err := os.WriteFile(path, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.makeGroups()
	for range 3 {
		p.helpers = append(p.helpers, p.start())
	}
	t.Cleanup(func() {
		for _, pid := range p.orphans {
			p.end(pid)
		}
	})
	p.match()
	return p
}

// end ends a sleeping child, if it is that still.
func (p *play) end(pid int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); strings.Contains(string(args), p.dir) {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

func (p *play) start() *helper {
	return start(p.t, with(strings.Repeat("x", 40)), func(cmd *exec.Cmd) {
		cmd.Path, cmd.Args[0] = p.programs[0], p.programs[0]
		if _, err := os.Stat(cmd.Path); err != nil {
			cmd.Path = os.Args[0]
		}
		cmd.Env = append(cmd.Env, helperEnv+"=leads")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
	})
}

// makeGroups makes two control groups, where they can be had.
func (p *play) makeGroups() {
	for _, name := range []string{"one.service", "two.service"} {
		dir := filepath.Join("/sys/fs/cgroup", fmt.Sprintf("play-%d-%s", os.Getpid(), name))
		if _, err := os.Stat("/sys/fs/cgroup/cgroup.procs"); err != nil || os.Mkdir(dir, 0o755) != nil {
			return
		}
		p.groups = append(p.groups, dir)
		p.t.Cleanup(func() { _ = unix.Rmdir(dir) })
	}
}

// match makes matches of every shape.
func (p *play) match() {
	word := filepath.Base(p.dir) // what is said of all others is no concern
	add := func(fill func(m *Match)) { p.matchers = append(p.matchers, matcher(p.t, fill)) }
	for _, name := range []string{"play-a", "play-b", "play-n"} {
		add(func(m *Match) { m.Name = name })
		add(func(m *Match) { m.Exe = filepath.Join(p.dir, name) })
		add(func(m *Match) { m.Name, m.User = name, "65534" })
		add(func(m *Match) { m.Exe, m.User = filepath.Join(p.dir, name), "0" })
		add(func(m *Match) { m.Args = name + ".*title-1" })
		add(func(m *Match) { m.Name, m.Args = name, "title-2" })
		add(func(m *Match) { m.Exe, m.NotArgs, m.Select = filepath.Join(p.dir, name), "title-1", All })
		add(func(m *Match) { m.Name, m.Pidfile = name, p.pidfile })
		add(func(m *Match) { m.Name, m.Exe, m.Select = name, filepath.Join(p.dir, "play-b"), Newest })
	}
	add(func(m *Match) { m.Args = word })
	add(func(m *Match) { m.Args, m.User = word, "65534" })
	for _, g := range p.groups {
		add(func(m *Match) { m.Unit = filepath.Base(g) })
		add(func(m *Match) { m.Unit, m.Name = filepath.Base(g), "play-n" })
	}
	// Enough of one kind to be looked for by a word.
	for i := range 2 * few {
		add(func(m *Match) { m.Args = fmt.Sprintf("%s/play-.*title-%d", word, i) })
	}
}

// step lets one thing happen to one of them.
func (p *play) step() {
	i := p.luck.IntN(len(p.helpers))
	h := p.helpers[i]
	any := func(of ...string) string { return of[p.luck.IntN(len(of))] }
	order := func(line string) { p.did = append(p.did, fmt.Sprintf("%d %s: %s", h.pid(), line, h.Ask(line))) }
	switch what := p.luck.IntN(11); what {
	case 0:
		order("comm " + any("play-a", "play-b", "play-n", "other"))
	case 1:
		order("prctl " + any("play-a", "play-b", "play-n", "other"))
	case 2, 3:
		order(fmt.Sprintf("title title-%d", p.luck.IntN(3)))
	case 4:
		order("exec " + any(p.programs...)) // it says that it is ready, or why not
	case 5:
		order("euid " + any("0", "65534"))
	case 6:
		from, to := any(p.programs...), any(p.programs...)
		p.did = append(p.did, fmt.Sprintf("mv %s %s: %v", from, to, os.Rename(from, to)))
	case 7:
		if len(p.groups) > 0 {
			err := os.WriteFile(filepath.Join(any(p.groups...), "cgroup.procs"), []byte(itoa(h.pid())), 0)
			p.did = append(p.did, fmt.Sprintf("%d to a group: %v", h.pid(), err))
		}
	case 8:
		p.child(h)
	case 9:
		p.did = append(p.did, fmt.Sprintf("%d ends", h.pid()))
		h.End() // its children get another parent
		p.helpers[i] = p.start()
	case 10:
		text := itoa(p.helpers[p.luck.IntN(len(p.helpers))].pid())
		p.did = append(p.did, "pidfile "+text)
		if err := os.WriteFile(p.pidfile, []byte(text), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
}

// child gives a helper a child with a name of its own, which outlives it.
func (p *play) child(h *helper) {
	sleep, err := exec.LookPath("sleep")
	link := filepath.Join(p.dir, "play-n")
	if err == nil && os.Symlink(sleep, link) != nil && len(p.orphans) > 5 {
		return
	}
	answer := h.Ask("child " + link + " 0.0" + "1")
	if pid := atoi(answer); pid > 0 {
		p.orphans = append(p.orphans, pid)
		within(p.t, "the child is out of execve(2), where it has no arguments yet", func() bool {
			args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			return strings.Contains(string(args), p.dir)
		})
	}
	p.did = append(p.did, fmt.Sprintf("%d has child %s", h.pid(), answer))
}

// compare holds Look to Scan.
func (p *play) compare() {
	p.t.Helper()
	looked, err := p.s.Look(p.t.Context(), p.matchers)
	if err != nil {
		p.t.Fatal(err)
	}
	scanned, err := p.s.Scan(p.t.Context(), p.matchers)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range p.matchers {
		l, s := looked[i], scanned[i]
		if !slices.Equal(pids(l.Matching), pids(s.Matching)) || !slices.Equal(pids(l.Selected), pids(s.Selected)) || l.Hint != s.Hint || doubts(l) != doubts(s) {
			p.t.Fatalf("of %+v\nlook finds %v, selects %v, hint %d\nscan finds %v, selects %v, hint %d\nafter\n%s", p.matchers[i].match,
				pids(l.Matching), pids(l.Selected), l.Hint, pids(s.Matching), pids(s.Selected), s.Hint, strings.Join(p.did[max(0, len(p.did)-20):], "\n"))
		}
	}
}

// doubts is how many of the play's own processes cannot be read. A stranger of the host, such
// as one of another test whose memory is locked, may be unreadable for one of two readings.
func doubts(sel Selection) (n int) {
	for _, u := range sel.Unreadable {
		if strings.HasPrefix(u.Comm, "play-") {
			n++
		}
	}
	return n
}

// Whatever happens to processes, Look finds what Scan finds.
func TestLookIsLikeScan(t *testing.T) {
	needRoot(t)
	seeds, steps := uint64(3), 120
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			p := newPlay(t, seed)
			p.compare()
			for range steps {
				p.step()
				p.compare()
			}
			found := 0
			for _, m := range p.matchers {
				found += len(scanOne(t, p.s.Scan, m).Matching)
			}
			if found == 0 {
				t.Error("nothing was ever found at the end")
			}
		})
	}
}
