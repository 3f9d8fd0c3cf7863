package evidence

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"procward/internal/procfile"
)

// Limits for the threads of one process: how many are counted, and how many are listed.
const (
	maxThreads = 4096
	maxTold    = 64
)

// thread is one thread: its directory, its state and its name.
type thread struct {
	dir   string // "task/TID/"
	tid   int
	state byte
	comm  string
}

// threads lists the threads, the most interesting first: hanging, running, then the rest.
// If the leading thread has exited it notes a living one.
func (s *subject) threads() (all []thread, more bool) {
	tids, more, err := s.names("task", maxThreads)
	if err != nil {
		return nil, false
	}
	for _, tid := range tids {
		dir := "task/" + tid + "/"
		text, err := readAt(s.page, s.dir, dir+"stat", 4096)
		if err != nil {
			continue // it has ended
		}
		var t procfile.Stat
		if t.Parse([]byte(text)) != nil {
			continue
		}
		all = append(all, thread{dir, t.PID, t.State, string(t.Comm)})
		if s.via == "" && t.PID != s.id.PID && t.State != 'Z' && s.leaderless() {
			s.via = dir
		}
	}
	slices.SortStableFunc(all, func(a, b thread) int { return cmp.Or(rank(a.state)-rank(b.state), a.tid-b.tid) })
	return all, more
}

// leaderless reports whether the leading thread has exited.
func (s *subject) leaderless() bool {
	text, err := readAt(s.page, s.dir, "stat", 4096)
	var leader procfile.Stat
	return err == nil && leader.Parse([]byte(text)) == nil && leader.State == 'Z'
}

func rank(state byte) int {
	if i := strings.IndexByte("DRTtS", state); i >= 0 {
		return i
	}
	return 9
}

// tally counts the threads by their state and by where in the kernel they wait, and lists
// the first of them.
func (s *subject) tally(threads []thread, more bool) {
	s.page.linef("  threads: %s", counts(threads, func(t thread) string { return string(t.state) }))
	if more {
		s.page.linef("    … and more: only %d are counted", maxThreads)
	}
	s.page.linef("    tid, state, switches (voluntary, involuntary), wchan, name")
	for _, t := range threads[:min(len(threads), maxTold)] {
		wchan, err := readAt(s.page, s.dir, t.dir+"wchan", 256)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			wchan = "(" + inWords(err) + ")"
		}
		status, _ := readAt(s.page, s.dir, t.dir+"status", 16<<10)
		if !s.page.linef("    %d %c %s %s %s", t.tid, t.state, switches(status), wchan, t.comm) {
			return
		}
	}
	s.page.more(len(threads)-maxTold, "threads")
}

func switches(status string) string {
	value := func(key string) string {
		_, v, ok := strings.Cut(status, "\n"+key+":")
		if !ok {
			return "?"
		}
		v, _, _ = strings.Cut(v, "\n")
		return strings.TrimSpace(v)
	}
	return value("voluntary_ctxt_switches") + " " + value("nonvoluntary_ctxt_switches")
}

// stacks writes the system call and the kernel stack of each thread.
func (s *subject) stacks(threads []thread) {
	s.page.linef("  system calls and kernel stacks")
	for _, t := range threads[:min(len(threads), maxTold)] {
		call, err := readAt(s.page, s.dir, t.dir+"syscall", 256)
		if errors.Is(err, os.ErrNotExist) && !s.there(t) {
			continue
		}
		if err != nil {
			call = "(" + inWords(err) + ")"
		}
		if !s.page.linef("    %d %c %s: syscall %s", t.tid, t.state, t.comm, strings.TrimSpace(call)) {
			return
		}
		stack, err := readAt(s.page, s.dir, t.dir+"stack", 8192)
		if err != nil {
			stack = "(stack: " + inWords(err) + ")"
		}
		for line := range strings.Lines(stack) {
			s.page.linef("        %s", strings.TrimSpace(line))
		}
	}
	s.page.more(len(threads)-maxTold, "threads")
}

func (s *subject) there(t thread) bool {
	_, err := readAt(s.page, s.dir, t.dir+"stat", 4096)
	return err == nil
}

// counts says how many there are of each kind: "12 S, 1 D", the most first.
func counts[T any](all []T, kind func(T) string) string {
	n := map[string]int{}
	for _, v := range all {
		n[kind(v)]++
	}
	kinds := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(n[b]-n[a], strings.Compare(a, b)) })
	for i, k := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", n[k], k)
	}
	return strings.Join(kinds, ", ")
}

// children lists PID, state and name of the children, from the lists that the kernel
// keeps for each thread; a child that ends meanwhile may hide a sibling.
func (s *subject) children() {
	s.page.linef("  children")
	tids, more, err := s.names("task", maxThreads)
	told, count := 0, 0
	for _, tid := range tids {
		var text string
		if text, err = readAt(s.page, s.dir, "task/"+tid+"/children", 64<<10); err != nil {
			continue
		}
		for _, pid := range strings.Fields(text) {
			if count++; told < maxTold && s.child(pid) {
				told++
			}
		}
	}
	if err != nil && count == 0 {
		s.page.linef("    (%s)", inWords(err))
	}
	s.page.more(count-told, "children")
	if more {
		s.page.linef("    … and perhaps those of more than %d threads", maxThreads)
	}
}

func (s *subject) child(pid string) bool {
	text, err := readAt(s.page, nil, s.root+"/"+pid+"/stat", 4096)
	var c procfile.Stat
	if err != nil || c.Parse([]byte(text)) != nil || strconv.Itoa(c.PID) != pid {
		return false
	}
	return s.page.linef("    %d %c %s", c.PID, c.State, c.Comm)
}
