package succession

import (
	"math/rand/v2"
	"testing"
	"time"

	"procward/procscan"
)

// The story of the table: pid 100 was a master of session 100 that served at port 80, and was
// killed a minute after it was started. The candidate, pid 200, is its worker: forked half a
// minute before the death, an orphan now, with the listening socket.
const now = 1000 * time.Second

var port80 = Socket{Kind: "tcp", Addr: "0.0.0.0:80", Inode: 7}

func started(ago time.Duration) uint64 { return uint64((now - ago) / (10 * time.Millisecond)) }

func layout(n uint64) Layout { return Layout{Code: n << 12, Stack: n << 20, Brk: n << 16} }

func story() Case {
	traits := func(n uint64) Traits {
		return Traits{Comm: "web", Program: Program{Dev: 1, Ino: 5, Path: "/usr/sbin/web"}, Session: 100, Layout: layout(n), Serves: []Socket{port80}, Whole: true, At: now - 50*time.Second}
	}
	dead := Dead{ID: procscan.ID{PID: 100, Start: started(time.Minute)}, Had: traits(1), End: Failed, At: now}
	worker := Candidate{Process: procscan.Process{ID: procscan.ID{PID: 200, Start: started(30 * time.Second)}, Comm: "web", PPID: 1, Session: 100}, Has: traits(1)}
	return Case{Dead: []Dead{dead}, Candidates: []Candidate{worker}, Now: now, Young: 10 * time.Second, Patience: time.Second}
}

func TestTable(t *testing.T) {
	lives := Parent{Process: procscan.Process{ID: procscan.ID{PID: 50, Start: 5}, Comm: "bash"}, Layout: layout(50)}
	other := func(c *Case, q *Candidate) { q.Has.Layout = layout(2) }
	unread := func(c *Case, q *Candidate) {
		c.Dead[0].Had = Traits{}
		again := *q
		again.PID = 201
		c.Candidates = append(c.Candidates, again)
	}
	outer := func(_ *Case, q *Candidate) { q.Outside = true }
	silent := func(c *Case, q *Candidate) { q.Has.Layout, q.Has.Serves = layout(2), nil }
	nowhere := func(c *Case, q *Candidate) { silent(c, q); c.Dead[0].Had.Serves = nil }
	for _, row := range []struct {
		name   string
		want   Verdict
		ended  bool // killed and shares: by auto
		change []func(c *Case, q *Candidate)
	}{
		{"a worker", LeftOver, true, nil},
		{"a worker of one that procward stopped", LeftOver, true, []func(*Case, *Candidate){func(c *Case, _ *Candidate) { c.Dead[0].End = Stopped }}},
		{"a worker without the socket", LeftOver, false, []func(*Case, *Candidate){func(_ *Case, q *Candidate) { q.Has.Serves = nil }}},
		{"a worker with another socket", LeftOver, false, []func(*Case, *Candidate){func(_ *Case, q *Candidate) { q.Has.Serves = []Socket{{Kind: "tcp", Addr: "0.0.0.0:81", Inode: 8}} }}},
		{"a worker whose parent is a subreaper", LeftOver, true, []func(*Case, *Candidate){func(_ *Case, q *Candidate) { q.PPID, q.Parent = 50, lives }}},
		{"a worker that a pidfile names", Named, false, []func(*Case, *Candidate){func(c *Case, _ *Candidate) { c.Named = map[int]bool{200: true} }}},
		{"a worker that does not match", LeftOver, true, []func(*Case, *Candidate){outer}},
		{"a worker that does not match, and a pidfile names", LeftOver, true, []func(*Case, *Candidate){outer, func(c *Case, _ *Candidate) { c.Named = map[int]bool{200: true} }}},
		{"a worker that does not match, of one that left with 0", LetBe, false, []func(*Case, *Candidate){outer, func(c *Case, _ *Candidate) { c.Dead[0].End = Clean }}},
		{"a worker that does not match, of one that led no session", LetBe, false, []func(*Case, *Candidate){outer, func(c *Case, q *Candidate) { c.Dead[0].Had.Session, q.Session = 99, 99 }}},
		{"another program that has the socket", LetBe, false, []func(*Case, *Candidate){outer, other}},
		{"one that does not match, and is older", LetBe, false, []func(*Case, *Candidate){outer, func(_ *Case, q *Candidate) { q.Start = started(2 * time.Minute) }}},
		{"one that does not match, and was forked just now", Undecided, false, []func(*Case, *Candidate){outer, func(_ *Case, q *Candidate) { q.Start = started(500 * time.Millisecond) }}},
		{"let be before, and unreadable", LetBe, false, []func(*Case, *Candidate){silent, func(_ *Case, q *Candidate) { q.Was, q.Has = LetBe, Traits{} }}},
		{"let be before, and has come to serve", Heir, false, []func(*Case, *Candidate){other, func(_ *Case, q *Candidate) { q.Was = LetBe }}},
		{"two workers of one of which nothing is known", LetBe, false, []func(*Case, *Candidate){unread}},
		{"one of which nothing is known, and a master with its worker", Untold, false, []func(*Case, *Candidate){unread, func(c *Case, q *Candidate) { c.Candidates[1].PPID = q.PID }}},
		{"two, and the layout of the one is another", Untold, false, []func(*Case, *Candidate){unread, func(c *Case, _ *Candidate) { c.Candidates[1].Has.Layout = layout(3) }}},
		{"two, and a pidfile names the one", Named, false, []func(*Case, *Candidate){unread, func(c *Case, _ *Candidate) { c.Named = map[int]bool{200: true} }}},
		{"two, of one that left with 0", Heir, false, []func(*Case, *Candidate){unread, func(c *Case, _ *Candidate) { c.Dead[0].End = Clean }}},
		{"a fork of one that has just left with 0", Undecided, false, []func(*Case, *Candidate){func(c *Case, _ *Candidate) { c.Dead[0].End = Clean }}},
		{"a fork of one that left with 0", Heir, false, []func(*Case, *Candidate){func(c *Case, _ *Candidate) { c.Dead[0].End, c.Now = Clean, now+time.Second }}},
		{"a fork of one that left with 0, and serves nowhere", LetBe, false, []func(*Case, *Candidate){func(c *Case, q *Candidate) { c.Dead[0].End, q.Has.Serves = Clean, nil }}},
		{"a fork of this moment", Undecided, false, []func(*Case, *Candidate){func(_ *Case, q *Candidate) { q.Start = started(500 * time.Millisecond) }}},
		{"one of which no layout can be read, just after the death", Undecided, false, []func(*Case, *Candidate){func(_ *Case, q *Candidate) { q.Has.Layout, q.Session = Layout{}, 200 }}},
		{"the same, a moment later", Heir, false, []func(*Case, *Candidate){func(c *Case, q *Candidate) { q.Has, q.Session, c.Now = Traits{}, 200, now+time.Second }}},
		{"a sibling by a fork of a parent that lives", Heir, false, []func(*Case, *Candidate){func(_ *Case, q *Candidate) { q.PPID, q.Parent = 50, lives; q.Parent.Layout = layout(1) }}},
		{"a sibling that was seen beside it", Heir, false, []func(*Case, *Candidate){func(_ *Case, q *Candidate) { q.Apart = true }}},
		{"older than the dead one", Heir, false, []func(*Case, *Candidate){func(_ *Case, q *Candidate) { q.Start = started(2 * time.Minute) }}},
		{"a new master in the same session", Heir, false, []func(*Case, *Candidate){other}},
		{"let be before, with the socket that it has now", LetBe, false, []func(*Case, *Candidate){other, func(_ *Case, q *Candidate) { q.Was, q.Held = LetBe, q.Has.Serves }}},
		{"left over by an earlier death", LeftOver, false, []func(*Case, *Candidate){other, func(_ *Case, q *Candidate) { q.Was = LeftOver }}},
		{"left over by an earlier death, with the socket that is wanted", LeftOver, true, []func(*Case, *Candidate){other, func(_ *Case, q *Candidate) { q.Was, q.Killed = LeftOver, true }}},
		{"left over by an earlier death, with the socket of that one", LeftOver, true, []func(*Case, *Candidate){other, func(c *Case, q *Candidate) {
			c.Dead[0].Had.Serves, q.Was, q.Killed, q.Shared = nil, LeftOver, true, true
		}}},
		{"one that has just ended, of another session", Undecided, false, []func(*Case, *Candidate){func(_ *Case, q *Candidate) { q.Has, q.Session = Traits{}, 200 }}},
		{"a session", LetBe, false, []func(*Case, *Candidate){silent, func(_ *Case, q *Candidate) {
			q.Start = started(time.Second)
			q.Clients = []Socket{{Kind: "tcp", Addr: "10.0.0.1:80"}}
		}}},
		{"a job", LetBe, false, []func(*Case, *Candidate){silent}},
		{"one with a listener of its own", LetBe, false, []func(*Case, *Candidate){silent, func(_ *Case, q *Candidate) { q.Has.Serves = []Socket{{Kind: "unix", Addr: "/tmp/agent"}} }}},
		{"one that is young", Undecided, false, []func(*Case, *Candidate){silent, func(_ *Case, q *Candidate) { q.Start = started(time.Second) }}},
		{"one that is young, long after the death", LetBe, false, []func(*Case, *Candidate){silent, func(c *Case, q *Candidate) { q.Start, c.Dead[0].At = started(time.Second), now-11*time.Second }}},
		{"one that was configured anew", Heir, false, []func(*Case, *Candidate){silent, func(c *Case, q *Candidate) {
			q.Start, c.Dead[0].At = started(20*time.Second), now-25*time.Second
			q.Has.Serves = []Socket{{Kind: "tcp", Addr: "0.0.0.0:81", Inode: 8}}
		}}},
		{"one of the restart, which does not serve yet", Heir, false, []func(*Case, *Candidate){silent, func(c *Case, q *Candidate) { q.Start, c.Begun = started(time.Second), now-2*time.Second }}},
		{"one at another address of the port", Heir, false, []func(*Case, *Candidate){silent, func(_ *Case, q *Candidate) { q.Has.Serves = []Socket{{Kind: "tcp", Addr: "[::1]:80", Inode: 9}} }}},
		{"tail, where the dead one did not serve", Stranger, false, []func(*Case, *Candidate){nowhere, func(_ *Case, q *Candidate) {
			q.Comm, q.Has.TTY, q.Has.Program, q.PPID, q.Parent, q.Session = "tail", 34816, Program{Dev: 1, Ino: 6, Path: "/usr/bin/tail"}, 50, lives, 50
		}}},
		{"tail, where the dead one did serve", Stranger, false, []func(*Case, *Candidate){silent, func(_ *Case, q *Candidate) {
			q.Comm, q.Has.TTY, q.Has.Program = "tail", 34816, Program{Dev: 1, Ino: 6, Path: "/usr/bin/tail"}
		}}},
		{"another program without a terminal", Untold, false, []func(*Case, *Candidate){nowhere, func(_ *Case, q *Candidate) {
			q.Comm, q.Has.Program = "sh", Program{Dev: 1, Ino: 6, Path: "/bin/sh"}
		}}},
		{"the same program at a terminal", Untold, false, []func(*Case, *Candidate){nowhere, func(_ *Case, q *Candidate) { q.Has.TTY = 34816 }}},
		{"one with a parent that lives", Heir, false, []func(*Case, *Candidate){nowhere, func(_ *Case, q *Candidate) { q.PPID, q.Parent = 50, lives }}},
		{"one with another session", Heir, false, []func(*Case, *Candidate){nowhere, func(_ *Case, q *Candidate) { q.Session = 200 }}},
		{"one that is known for nothing", Untold, false, []func(*Case, *Candidate){nowhere}},
		{"the cause is still to come", Undecided, false, []func(*Case, *Candidate){func(c *Case, _ *Candidate) { c.Dead[0].End = Unknown }}},
		{"the cause will not come, and it has long lived beside the dead one", LeftOver, false, []func(*Case, *Candidate){func(c *Case, _ *Candidate) { c.Dead[0].End, c.Dead[0].At = Unknown, now-2*time.Second }}},
		{"the cause will not come, and it may have been handed the work", Untold, false, []func(*Case, *Candidate){func(c *Case, q *Candidate) {
			c.Dead[0].End, c.Dead[0].At, q.Start = Unknown, now-2*time.Second, started(8*time.Second)
		}}},
		{"what it executed since is not known", Untold, false, []func(*Case, *Candidate){other, func(c *Case, _ *Candidate) { c.Dead[0].Moved = true }}},
	} {
		c := story()
		for _, f := range row.change {
			f(&c, &c.Candidates[0])
		}
		j := Judge(c)[0]
		if j.Verdict != row.want || (j.Killed && j.Shares) != row.ended || j.Proof == "" {
			t.Errorf("%s is %s, %s (ended %v), want %s", row.name, j.Verdict, j, j.Killed && j.Shares, row.want)
		}
	}
}

// TestMissingEvidence holds that with any one thing unknown a worker is either still proven or
// not ended, and that no other becomes one.
func TestMissingEvidence(t *testing.T) {
	for name, forget := range missing {
		c := story()
		forget(&c)
		j := Judge(c)[0]
		if j.Verdict == LetBe || j.Verdict == Stranger {
			t.Errorf("without %s a worker is %s", name, j)
		}
		t.Logf("without %s: %s (ended %v): %s", name, j.Verdict, j.Killed && j.Shares, j.Proof)
	}
	for _, name := range []string{"the layout of the dead", "the layout of the candidate", "all of the dead", "all of the candidate"} {
		c := story()
		missing[name](&c)
		c.Now += c.Patience // until when it may show
		if j := Judge(c)[0]; j.Verdict != Untold || j.Killed {
			t.Errorf("without %s: %s, %s", name, j.Verdict, j)
		}
	}
}

// missing takes away one thing that is known.
var missing = map[string]func(*Case){
	"the layout of the dead":       func(c *Case) { c.Dead[0].Had.Layout = Layout{} },
	"the layout of the candidate":  func(c *Case) { c.Candidates[0].Has.Layout = Layout{} },
	"the layout of the parent":     func(c *Case) { c.Candidates[0].Parent.Layout = Layout{} },
	"the parent":                   func(c *Case) { c.Candidates[0].Parent = Parent{} },
	"where the dead has served":    func(c *Case) { c.Dead[0].Had.Serves = nil },
	"where the candidate serves":   func(c *Case) { c.Candidates[0].Has.Serves, c.Candidates[0].Has.Whole = nil, false },
	"the connections":              func(c *Case) { c.Candidates[0].Clients = nil },
	"the program of the dead":      func(c *Case) { c.Dead[0].Had.Program = Program{} },
	"the program of the candidate": func(c *Case) { c.Candidates[0].Has.Program = Program{} },
	"the session of the dead":      func(c *Case) { c.Dead[0].Had.Session = 0 },
	"how it ended": func(c *Case) {
		if c.Dead[0].End == Failed || c.Dead[0].End == Clean {
			c.Dead[0].End = Unknown
		}
	},
	"all of the dead": func(c *Case) { c.Dead[0].Had = Traits{} },
	"all of the candidate": func(c *Case) {
		c.Candidates[0].Has, c.Candidates[0].Parent, c.Candidates[0].Clients = Traits{}, Parent{}, nil
	},
}

// FuzzJudge holds of any case: nothing is ended but what was forked from a dead one that was
// killed or failed, or was so before; and to know less never makes an end of anything.
func FuzzJudge(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(seed, seed*seed)
	}
	f.Fuzz(holds)
}

// TestAnyCase plays FuzzJudge by luck.
func TestAnyCase(t *testing.T) {
	for seed := range uint64(20000) {
		if holds(t, seed, 3); t.Failed() {
			return
		}
	}
}

func holds(t *testing.T, a, b uint64) {
	c := wild(rand.New(rand.NewPCG(a, b)))
	before := Judge(c)
	for i, j := range before {
		if j.Outside && j.Carries() {
			t.Errorf("%d: %s counts, and does not match", a, j)
		}
		if ends(j) && !(c.Candidates[i].Was == LeftOver && c.Candidates[i].Killed && !j.Outside) && !proven(c, c.Candidates[i]) {
			t.Errorf("%d: %s is ended, of %+v", a, j, c)
		}
	}
	for name, forget := range missing {
		less := wild(rand.New(rand.NewPCG(a, b)))
		forget(&less)
		for i, j := range Judge(less) {
			if ends(j) && !ends(before[i]) {
				t.Errorf("%d: without %s %s is ended, and not with it: %s", a, name, j, before[i])
			}
		}
	}
}

// ends reports whether a judgement may end its process, by the boldest policy that asks for causes.
func ends(j Judgement) bool { return j.Verdict == LeftOver && j.Killed }

// proven reports whether the layout of a candidate is that of a dead one which was killed.
func proven(c Case, q Candidate) bool {
	for _, d := range c.Dead {
		if (d.End == Failed || d.End == Stopped) && q.Has.Layout.Same(d.Had.Layout) && q.Start >= d.Start && !q.Apart && c.Now-q.Started() >= ripe {
			return true
		}
	}
	return false
}

// wild is any case.
func wild(luck *rand.Rand) Case {
	pick := func(n int) int { return luck.IntN(n) }
	traits := func() Traits {
		t := Traits{Comm: []string{"web", "tail"}[pick(2)], Session: pick(3) * 100, TTY: pick(2) * 34816, Whole: pick(2) == 0, At: time.Duration(pick(2)) * now / 2}
		if n := pick(4); n > 0 {
			t.Layout = layout(uint64(n))
		}
		if n := pick(3); n > 0 {
			t.Program = Program{Dev: 1, Ino: uint64(n), Path: []string{"", "/a", "/b"}[n]}
		}
		for range pick(3) {
			t.Serves = append(t.Serves, Socket{Kind: "tcp", Addr: []string{"0.0.0.0:80", "0.0.0.0:81", "[::]:80"}[pick(3)], Inode: uint64(pick(3)), Loose: pick(2) == 0})
		}
		return t
	}
	id := func(pid int) procscan.ID {
		return procscan.ID{PID: pid, Start: started(time.Duration(pick(100)) * time.Second)}
	}
	c := Case{Now: now, Young: time.Duration(pick(40)) * time.Second, Patience: time.Second, Named: map[int]bool{200 + pick(20): true}}
	if pick(2) == 0 {
		c.Begun = now - time.Duration(pick(50))*time.Second
	}
	for n := range 1 + pick(3) {
		c.Dead = append(c.Dead, Dead{ID: id(100 + n), Had: traits(), End: End(pick(4)), At: now - time.Duration(pick(20))*time.Second, Moved: pick(4) == 0})
	}
	for n := range 1 + pick(5) {
		q := Candidate{Has: traits(), Outside: pick(5) == 0, Apart: pick(6) == 0, Was: []Verdict{"", "", "", "", LeftOver, LetBe, Stranger}[pick(7)], Killed: pick(2) == 0, Shared: pick(2) == 0}
		q.ID, q.Comm, q.Session = id(200+n), q.Has.Comm, q.Has.Session
		q.PPID = []int{0, 1, 50, 200, 201}[pick(5)]
		if q.PPID > 1 && pick(3) > 0 {
			q.Parent = Parent{Process: procscan.Process{ID: id(q.PPID), Comm: []string{"bash", "systemd", "web"}[pick(3)]}, Layout: traits().Layout}
		}
		if pick(4) == 0 {
			q.Clients = []Socket{port80}
		}
		c.Candidates = append(c.Candidates, q)
	}
	return c
}
