package procscan

import (
	"context"
	"fmt"
	"sync"
	"time"

	"procward/internal/account"
)

// Deadline is how long reads that hang may delay a scan, in all, unless SetDeadline
// changes it.
const Deadline = time.Second

// settled is the age from which on name and user of a process are trusted as long as the
// kernel reports no change. A younger process may still be between fork(2) and its final
// form: it is trusted for reliable only. The kernel reports its changes too, but if it
// has no memory left for a report it says nothing, and a process that was seen between
// fork(2) and execve(2) must still be found.
const (
	settled  = 10 * time.Second
	reliable = time.Second
)

// Scanner takes snapshots of the process table. Several goroutines may use it; their
// scans run one after the other.
type Scanner struct {
	fs *FS

	mu        sync.Mutex
	ours      *ours
	crew      *crew
	listing   listing
	memory    memory
	connector *connector
	todo      []errand
	hints     hints
	round     uint64
	users     account.Ask
	settled   time.Duration
	reliable  time.Duration
}

// NewScanner makes a scanner of a process table. If the kernel allows it, it listens for
// the changes that Look must know of; see Fast.
func NewScanner(fs *FS) *Scanner {
	s := &Scanner{fs: fs, ours: newOurs(fs).with(nil), settled: settled, reliable: reliable}
	s.crew = &crew{budget: Deadline, hangs: make(map[task]struct{}), hire: s.hire}
	s.connector = listen(fs)
	return s
}

func (s *Scanner) hire() *worker {
	w := &worker{crew: s.crew}
	w.subject = newSubject(s.fs, w.enter)
	w.subject.users = s.users
	return w
}

// SetUsers sets ask as the way to look up users that are not in /etc/passwd; ask must be
// safe for concurrent use. It is called before the first scan.
func (s *Scanner) SetUsers(ask account.Ask) { s.users = ask }

// Close ends the listening. A read that hangs is left behind.
func (s *Scanner) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connector.close()
}

// SetScripts says which scripts belong to procward, by the paths that start them: a
// process that runs one of them through an interpreter never matches.
func (s *Scanner) SetScripts(paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ours = s.ours.with(paths)
	s.memory.forgetAll()
}

// OnExec sets a function that each Look, Scan and Drain calls for the processes that have
// executed a program since, as far as the kernel reports it, with the time (on the clock
// of Boottime). It must not call the scanner.
func (s *Scanner) OnExec(f func(pid int, at time.Duration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connector.execed = f
}

// SetDeadline changes about how long reads that hang may delay a scan, in all.
func (s *Scanner) SetDeadline(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crew.budget = d
}

// Fast says whether Look remembers what it has read, and if not, why not.
func (s *Scanner) Fast() (bool, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connector.err != nil {
		return false, s.connector.err.Error()
	}
	return true, ""
}

// Scan takes one full snapshot for all matchers: the stat file of each process is read
// once, other files only if a matcher needs them. The selections are in the order of the
// matchers; what is wrong with one of them is in its Err. The error is about the whole
// scan: the process table cannot be listed, or the context has ended.
func (s *Scanner) Scan(ctx context.Context, ms []*Matcher) ([]Selection, error) {
	return s.scan(ctx, ms, true)
}

// Look returns what Scan would return, sooner. It remembers the name of each process, and
// its user if that was asked for, until the kernel reports that the process has executed
// a program, or changed its name or its user. A process that fails every match by these
// is not read. What can change without a report of the kernel is read at each look, for
// all processes that remain: the path of the program (which may be renamed), arguments
// and titles, the control group, the parent. So a match by name or user costs little on a
// host with thousands of other processes, one by exe costs a readlink(2) for each, and
// one by args or unit alone costs as much as a scan. A process in the middle of execve(2)
// is what it was before. If the kernel does not report changes, or may have lost a
// report, everything is read.
func (s *Scanner) Look(ctx context.Context, ms []*Matcher) ([]Selection, error) {
	return s.scan(ctx, ms, false)
}

// Drain takes in what the kernel has reported since the last look, which costs
// microseconds. The kernel keeps some ten thousand execs, renames and changes of user for
// us. On a host where more happens between two looks, call it from time to time;
// otherwise the next Look has to read everything. False means that it will.
func (s *Scanner) Drain() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drain()
}

func (s *Scanner) drain() bool {
	ok := s.connector.drain(s.memory.forget)
	if !ok {
		s.memory.forgetAll()
	}
	return ok
}

func (s *Scanner) scan(ctx context.Context, ms []*Matcher, all bool) ([]Selection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queries, err := s.resolve(ctx, ms)
	if err != nil {
		return nil, fmt.Errorf("scan the process table: %w", err)
	}
	s.drain()
	now := Boottime()
	if err := s.listing.read(s.fs); err != nil {
		return nil, err
	}
	t := &tally{index: newIndex(queries), out: make([]Selection, len(queries))}
	s.todo = s.memory.turn(s.listing.entries, t.index, all, now, s.todo[:0])
	if err = s.inspect(ctx, t, all, now); err == nil {
		err = s.finish(ctx, t)
	}
	if s.crew.hanging.Load() > 0 {
		// A worker that was left behind may still look into these.
		s.todo, s.listing.entries = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("scan the process table: %w", err)
	}
	return t.out, nil
}

// inspect reads the processes that must be read.
func (s *Scanner) inspect(ctx context.Context, t *tally, all bool, now time.Duration) error {
	todo, entries, own := s.todo, s.listing.entries, s.ours
	return s.crew.run(ctx, job{len(todo), func(w *worker, i int) {
		w.subject.ours = own
		known := todo[i].known
		if all {
			known = fact{}
		}
		w.judge(entries[todo[i].place].pid, known, t.index)
	}, func(w *worker, i int) {
		t.keep(&w.found)
		s.note(todo[i].place, &w.found, now)
	}})
}

// resolve finds out the present meaning of the words of the matchers.
func (s *Scanner) resolve(ctx context.Context, ms []*Matcher) ([]query, error) {
	queries := make([]query, len(ms))
	s.round++
	round := s.round
	err := s.crew.run(ctx, job{len(ms), func(w *worker, i int) {
		m := ms[i]
		w.lookups.ask = s.users
		w.lookups.begin(round)
		if m.match.Exe+m.match.User != "" {
			if err := w.enter(ID{}, m.match.Exe+" "+m.match.User); err != nil {
				w.found.query = query{Matcher: m, none: true, err: fmt.Errorf("look up exe and user: %w", err)}
				return
			}
		}
		w.found.query = m.resolve(&w.lookups)
	}, func(w *worker, i int) {
		queries[i] = w.found.query
	}})
	if err == nil {
		s.hints.take(queries)
	}
	return queries, err
}
