package succession

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"procward/procscan"
)

// Case is everything that a judgement uses.
type Case struct {
	Dead       []Dead // of this outage, oldest first
	Candidates []Candidate
	Named      map[int]bool  // PIDs that the pidfile or systemd names
	Now        time.Duration // CLOCK_BOOTTIME
	Young      time.Duration // how long a process may take to serve, from its start: start-timeout
	Begun      time.Duration // processes that began after this were started by procward's restart; 0: none were
	Patience   time.Duration // how long after a death its cause may still become known
	Served     []Socket      // where the tracked processes serve: used if nothing has died
}

// Verdict is what a candidate is.
type Verdict string

// The verdicts. Named, Heir and Untold carry on; the others do not count.
const (
	Named     Verdict = "named"     // by a pidfile or by systemd
	Heir      Verdict = "heir"      // it is shown that it carries on, or that it is another instance
	Untold    Verdict = "untold"    // nothing can be shown: to do nothing is the smaller error
	LeftOver  Verdict = "left over" // a worker of the dead one
	LetBe     Verdict = "let be"    // it does not serve: a session, a job, a client
	Stranger  Verdict = "stranger"  // another program at somebody's terminal
	Undecided Verdict = "undecided" // it is young, and may still begin to serve
)

// Judgement is what one candidate is, and why.
type Judgement struct {
	procscan.Process
	Verdict Verdict
	Proof   string        // in words
	Holds   []Socket      // where it serves
	Shares  bool          // one of these is a socket at which the dead one served
	Killed  bool          // LeftOver: it is known that the dead one was killed or failed
	Outside bool          // it does not match
	Until   time.Duration // Undecided: when the time is up
	Else    Verdict       // Undecided: what it is if the outage ends before that; empty: LetBe
}

// Carries reports whether the candidate counts.
func (j Judgement) Carries() bool {
	return j.Verdict == Named || j.Verdict == Heir || j.Verdict == Untold
}

func (j Judgement) String() string {
	out := fmt.Sprintf("pid %d (%s): %s", j.PID, j.Comm, j.Proof)
	if len(j.Holds) > 0 {
		out += "; serves at " + list(j.Holds)
	}
	return out
}

// list is some sockets in words.
func list(sockets []Socket) string {
	var out []string
	for i, s := range sockets {
		if i == 4 {
			out = append(out, fmt.Sprintf("and %d more", len(sockets)-i))
			break
		}
		if word := s.String(); !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return strings.Join(out, ", ")
}

// court is a case with values that many rows use.
type court struct {
	*Case
	byPID  map[int]*Candidate
	last   Dead     // the latest death that was not procward's doing, else the latest
	places []Socket // where the dead ones have served
}

// row is one row of the table: false passes the candidate to the next row.
type row func(court, *Candidate) (Judgement, bool)

// table is the rows in their order: the first one that matches decides.
var table = [...]row{outside, named, before, worker, stranger, ending, session, noServer, forks, serving, restarted, handed, later, independent}

// Judge judges each candidate. The judgements are in the order of the candidates.
func Judge(c Case) []Judgement {
	k := court{Case: &c, byPID: make(map[int]*Candidate, len(c.Candidates))}
	for i := range c.Candidates {
		k.byPID[c.Candidates[i].PID] = &c.Candidates[i]
	}
	for _, d := range c.Dead {
		if k.last.PID == 0 || d.End != Stopped || k.last.End == Stopped {
			k.last = d
		}
		k.places = append(k.places, d.Had.Serves...)
	}
	if len(c.Dead) == 0 {
		k.places = c.Served
	}
	out := make([]Judgement, len(c.Candidates))
	for i := range c.Candidates {
		out[i] = k.judge(&c.Candidates[i])
	}
	return out
}

func (k court) judge(q *Candidate) Judgement {
	j := k.first(q)
	if wait := k.last.At + k.Patience; k.last.End == Unknown && k.Now < wait && (j.Verdict == Untold || j.Verdict == LeftOver && !j.Killed && q.Was != LeftOver) {
		j = Judgement{Verdict: Undecided, Proof: "how the dead one has ended is not known yet", Until: wait}
	}
	if until, yes := k.parts(q); yes && j.Verdict == Heir {
		j = Judgement{Verdict: Undecided, Proof: "the one that it was forked from ended by itself just now, and it may be about to end as well", Until: until, Else: Heir}
	}
	j.Process, j.Holds, j.Outside = q.Process, q.Has.Serves, q.Outside
	j.Shares = len(shared(q.Has.Serves, k.places)) > 0 || q.Was == LeftOver && q.Shared && len(q.Has.Serves) > 0
	return j
}

// first returns the judgement of the first row that matches.
func (k court) first(q *Candidate) Judgement {
	for _, row := range table {
		if j, ok := row(k, q); ok {
			return j
		}
	}
	return Judgement{Verdict: Untold, Proof: k.doubt(q)}
}

func as(v Verdict, format string, args ...any) (Judgement, bool) {
	return Judgement{Verdict: v, Proof: fmt.Sprintf(format, args...)}, true
}

func no() (Judgement, bool) { return Judgement{}, false }

// named: the pidfile or systemd says so.
func named(k court, q *Candidate) (Judgement, bool) {
	if k.Named[q.PID] {
		return as(Named, "the pidfile or systemd names it")
	}
	return no()
}

// serving: it serves where the dead one did. An orphan in the session of the dead one
// that has exactly its socket could be a worker, if the layout does not show it; then the
// verdict says so.
func serving(k court, q *Candidate) (Judgement, bool) {
	at := shared(q.Has.Serves, k.places)
	switch {
	case len(at) == 0:
		return no()
	case k.couldBeWorker(q):
		return as(Untold, "it serves where the dead pid %d did, %s, and could be a worker of it: %s", k.last.PID, list(at), k.noLayout(q))
	}
	return as(Heir, "it serves where the dead one did, %s", list(at))
}

// restarted: procward's restart has started it.
func restarted(k court, q *Candidate) (Judgement, bool) {
	if k.isRestarted(q) {
		return as(Heir, "it was started by the restart")
	}
	return no()
}

func (k court) isRestarted(q *Candidate) bool { return k.Begun != 0 && q.Started() >= k.Begun-tick }

// tick is the precision of start times.
const tick = 10 * time.Millisecond

// handed: the dead one ended as a process does that has handed its work to another.
func handed(k court, q *Candidate) (Judgement, bool) {
	if k.last.PID != 0 && k.last.End == Clean {
		return as(Heir, "the dead one left by itself, with code 0")
	}
	return no()
}

// later: a process that began after the death is not a child of the dead one.
func later(k court, q *Candidate) (Judgement, bool) {
	if k.last.PID == 0 {
		return as(Heir, "nothing has died")
	}
	if k.began(q) {
		return as(Heir, "it was started after the death")
	}
	return no()
}

// began reports whether a candidate was started after the last death.
func (k court) began(q *Candidate) bool { return k.last.PID != 0 && q.Started() > k.last.At+tick }

// independent: a process with a living parent, or with another session, is no orphan of
// the dead one but another instance.
func independent(k court, q *Candidate) (Judgement, bool) {
	switch {
	case q.Parent.PID > 1 && !reaps(q.Parent.Comm):
		return as(Heir, "another instance: its parent lives, pid %d (%s)", q.Parent.PID, q.Parent.Comm)
	case k.last.Had.Session != 0 && q.Session != 0 && k.last.Had.Session != q.Session:
		return as(Heir, "another instance: it has a session of its own")
	}
	return no()
}

// reapers are programs that become the parent of orphans (PR_SET_CHILD_SUBREAPER of
// prctl(2)). The kernel does not show this in another way. If the parent is one of them,
// it is not known who the first parent was.
var reapers = []string{"systemd", "init", "tini", "dumb-init", "catatonit", "docker-init", "conmon", "crun", "runc", "containerd-shim", "procward"}

func reaps(comm string) bool {
	return slices.ContainsFunc(reapers, func(r string) bool { return strings.HasPrefix(comm, r) })
}

// doubt says why nothing can be shown about a candidate.
func (k court) doubt(q *Candidate) string {
	var why []string
	if k.couldBeWorker(q) {
		why = append(why, k.noLayout(q))
	}
	if len(k.places) == 0 {
		why = append(why, fmt.Sprintf("it is not known that pid %d has served anywhere", k.last.PID))
	} else if !q.Has.Whole {
		why = append(why, "where it serves cannot be read")
	}
	if k.last.End == Unknown {
		why = append(why, "the cause of the death is not known")
	}
	why = append(why, fmt.Sprintf("its parent is pid %d", q.PPID))
	return "taken as the successor, because it is not known what it is: " + strings.Join(why, ", ")
}

// couldBeWorker reports whether everything but the proof says that a candidate is a
// worker of the last dead one.
func (k court) couldBeWorker(q *Candidate) bool {
	d := k.last
	known := d.Had.Layout.Known() && !d.Moved && q.Has.Layout.Known()
	same := d.Had.Session == 0 || q.Session == 0 || d.Had.Session == q.Session
	return !known && d.End != Clean && same && !q.Apart && !k.began(q) && !k.isRestarted(q) && (q.PPID <= 1 || reaps(q.Parent.Comm) || q.Parent.PID == 0)
}

// noLayout says why the layouts do not show whether a candidate was forked from the last
// dead one.
func (k court) noLayout(q *Candidate) string {
	switch {
	case k.last.Had.At == 0 || !k.last.Had.Layout.Known():
		return fmt.Sprintf("the layout of pid %d is not known", k.last.PID)
	case k.last.Moved:
		return fmt.Sprintf("pid %d had executed a program since its layout was read", k.last.PID)
	case !q.Has.Layout.Known():
		return "its layout cannot be read"
	}
	return "their layouts differ"
}

// latest is the last of the dead for which a condition is true.
func latest(dead []Dead, is func(Dead) bool) (Dead, bool) {
	out, found := Dead{}, false
	for _, d := range dead {
		if is(d) && (!found || cmp.Compare(d.At, out.At) >= 0) {
			out, found = d, true
		}
	}
	return out, found
}
