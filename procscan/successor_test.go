package procscan

import (
	"slices"
	"testing"
	"time"
)

// kin makes a process: its parent, its session, and when it started, in seconds.
func kin(pid, ppid, session int, started uint64) Process {
	return Process{ID: ID{PID: pid, Start: started * 100}, PPID: ppid, Session: session}
}

func TestJudge(t *testing.T) {
	const settle = 5 * time.Second
	const died = 1000 * time.Second
	master := kin(100, 1, 100, 10)
	tests := map[string]struct {
		matching   []Process // roots are selected, or those of selected
		selected   []Process
		dead       []Process
		hint, main int
		survivors  []ID
		successors []int
		orphans    []int
	}{
		"nothing is left": {dead: []Process{master}},
		"prefork master killed": {
			matching: []Process{kin(101, 1, 100, 11), kin(102, 1, 100, 11), kin(103, 1, 100, 11)},
			dead:     []Process{master}, orphans: []int{101, 102, 103},
		},
		"prefork master killed, workers recycled": { // one old relative is enough
			matching: []Process{kin(103, 1, 100, 11), kin(180, 1, 100, 998), kin(181, 1, 100, 999)},
			dead:     []Process{master}, orphans: []int{103, 180, 181},
		},
		"prefork master killed, workers with a child of another name": { // it does not match, so it does not count
			matching: []Process{kin(101, 1, 100, 11)}, dead: []Process{master}, orphans: []int{101},
		},
		"orphans adopted by a subreaper": {
			matching: []Process{kin(101, 77, 100, 11), kin(102, 77, 100, 11)},
			dead:     []Process{master}, orphans: []int{101, 102},
		},
		"fork and exit": {
			matching: []Process{kin(150, 1, 100, 999)}, dead: []Process{master}, successors: []int{150},
		},
		"fork and exit, in a session of its own": {
			matching: []Process{kin(150, 1, 150, 900)}, dead: []Process{master}, successors: []int{150},
		},
		"heir started exactly settle before": {
			matching: []Process{kin(150, 1, 100, 995)}, dead: []Process{master}, successors: []int{150},
		},
		"heir started just longer before": {
			matching: []Process{kin(150, 1, 100, 994)}, dead: []Process{master}, orphans: []int{150},
		},
		"started by someone else": {
			matching: []Process{kin(150, 50, 50, 999)}, dead: []Process{master}, successors: []int{150},
		},
		"nginx USR2: the new master has workers": {
			matching: []Process{kin(150, 1, 100, 900), kin(151, 150, 100, 900), kin(152, 150, 100, 901)},
			dead:     []Process{master}, successors: []int{150},
		},
		"nginx USR2: old workers still shut down": {
			matching: []Process{kin(101, 1, 100, 11), kin(150, 1, 100, 900), kin(151, 150, 100, 900)},
			dead:     []Process{master}, successors: []int{150}, orphans: []int{101},
		},
		"a worker's own worker makes it an heir": {
			matching: []Process{kin(101, 1, 100, 11), kin(102, 101, 100, 11)},
			dead:     []Process{master}, successors: []int{101},
		},
		"pidfile names it": {
			matching: []Process{kin(150, 1, 100, 500), kin(101, 1, 100, 11)},
			selected: []Process{kin(150, 1, 100, 500)}, hint: 150,
			dead: []Process{master}, successors: []int{150},
		},
		"systemd's main process": {
			matching: []Process{kin(101, 1, 100, 11), kin(150, 1, 100, 500)},
			dead:     []Process{master}, main: 150, successors: []int{150}, orphans: []int{101},
		},
		"systemd's main process is the dead one": {
			matching: []Process{kin(101, 1, 100, 11)}, dead: []Process{master}, main: 100, orphans: []int{101},
		},
		"orphans that are not selected": { // select: oldest
			matching: []Process{kin(101, 1, 100, 11), kin(102, 1, 100, 12), kin(103, 102, 100, 13)},
			selected: []Process{kin(101, 1, 100, 11)},
			dead:     []Process{master}, orphans: []int{101, 102, 103},
		},
		"several dead, one session left behind": {
			matching:   []Process{kin(101, 1, 100, 11), kin(201, 1, 200, 999), kin(301, 1, 300, 20)},
			dead:       []Process{master, kin(200, 1, 200, 10)},
			successors: []int{201, 301}, orphans: []int{101},
		},
		"several dead of one session": {
			matching: []Process{kin(102, 1, 100, 11)},
			dead:     []Process{master, kin(101, 100, 100, 11)}, orphans: []int{102},
		},
		"a zombie of the dead is still listed": {
			matching: []Process{master, kin(101, 1, 100, 11)}, dead: []Process{master}, orphans: []int{101},
		},
		"the PID of the dead one again": {
			matching: []Process{kin(100, 1, 100, 999)}, dead: []Process{master}, successors: []int{100},
		},
		"no session": { // in another PID namespace
			matching: []Process{kin(101, 1, 0, 11)}, dead: []Process{kin(100, 1, 0, 10)}, successors: []int{101},
		},
		"select all: the others live on": {
			matching:   []Process{kin(101, 1, 100, 11), kin(102, 1, 100, 11)},
			dead:       []Process{master},
			survivors:  []ID{{101, 1100}, {102, 1100}},
			successors: []int{101, 102},
		},
		"select all: the others live on, one is replaced": {
			matching:   []Process{kin(101, 1, 100, 11), kin(150, 1, 100, 999)},
			dead:       []Process{master},
			survivors:  []ID{{101, 1100}},
			successors: []int{101, 150},
		},
		"select all: a worker of a master that lives": {
			matching:   []Process{master, kin(101, 100, 100, 11), kin(150, 100, 100, 999)},
			selected:   []Process{master, kin(101, 100, 100, 11), kin(150, 100, 100, 999)},
			dead:       []Process{kin(102, 100, 100, 11)},
			successors: []int{100, 101, 150},
		},
		"two masters in one session": {
			matching:   []Process{kin(101, 1, 100, 11), kin(200, 1, 100, 12), kin(201, 200, 100, 12)},
			dead:       []Process{master},
			survivors:  []ID{{200, 1200}},
			successors: []int{200}, orphans: []int{101},
		},
		"a survivor's PID is another's": {
			matching: []Process{kin(101, 1, 100, 11)}, dead: []Process{master},
			survivors: []ID{{101, 1099}}, orphans: []int{101},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sel := Selection{Matching: test.matching, Selected: test.selected, Hint: test.hint}
			if sel.Selected == nil {
				sel.Selected = roots(test.matching)
			}
			successors, orphans := Judge(sel, test.dead, died, settle, test.main, test.survivors...)
			if got := pids(successors); !slices.Equal(got, test.successors) {
				t.Errorf("successors: got %v, want %v", got, test.successors)
			}
			if got := pids(orphans); !slices.Equal(got, test.orphans) {
				t.Errorf("orphans: got %v, want %v", got, test.orphans)
			}
		})
	}
}

// FuzzJudge holds that no process is both, that no dead one is either, and that every
// selected one that lives is one of the two.
func FuzzJudge(f *testing.F) {
	f.Add([]byte{1, 0, 1, 2, 1, 1, 3, 1, 1}, uint8(1), uint8(2), uint8(3))
	f.Fuzz(func(t *testing.T, table []byte, dead, hint, survivor uint8) {
		var sel Selection
		seen := map[int]bool{}
		for ; len(table) >= 3; table = table[3:] {
			if p := kin(int(table[0]), int(table[1]%16), int(table[2]%4), uint64(table[2])); !seen[p.PID] {
				seen[p.PID] = true
				sel.Matching = append(sel.Matching, p)
			}
		}
		sel.Selected, sel.Hint = roots(sel.Matching), int(hint)
		var gone []Process
		var old []ID
		for i, p := range sel.Matching {
			if i%8 == int(dead%8) {
				gone = append(gone, p)
			}
			if i%8 == int(survivor%8) {
				old = append(old, p.ID)
			}
		}
		successors, orphans := Judge(sel, gone, 200*time.Second, 5*time.Second, 7, old...)
		for _, p := range sel.Matching {
			s, o, d := slices.Contains(successors, p), slices.Contains(orphans, p), slices.Contains(gone, p)
			if s && o || d && (s || o) {
				t.Fatalf("%v: successor %v, orphan %v, dead %v", p, s, o, d)
			}
			if slices.Contains(sel.Selected, p) && !d && !s && !o {
				t.Fatalf("%v is neither", p)
			}
		}
	})
}
