package procscan

import (
	"slices"
	"sync"
	"testing"
	"time"
)

func TestScanMakesLittleGarbage(t *testing.T) {
	s, _ := tree(t, crowd(500)...)
	for name, fill := range map[string]func(*Match){
		"name": func(m *Match) { m.Name = "b" },
		"args": func(m *Match) { m.Args = "other" },
		"exe":  func(m *Match) { m.Exe, m.User = "/other", "12345" },
	} {
		ms := []*Matcher{matcher(t, fill)}
		n := testing.AllocsPerRun(5, func() {
			if _, err := s.Scan(t.Context(), ms); err != nil {
				t.Fatal(err)
			}
		})
		if n > 100 {
			t.Errorf("by %s: %v allocations for 500 processes", name, n)
		}
	}
}

func TestScannerServesManyGoroutines(t *testing.T) {
	s, _ := tree(t, web()...)
	var all sync.WaitGroup
	for i := range 8 {
		scan := []scanFunc{s.Scan, s.Look}[i%2]
		all.Go(func() {
			for range 20 {
				out, err := scan(t.Context(), []*Matcher{matcher(t, func(m *Match) { m.Name = "nginx" })})
				if err != nil || !slices.Equal(pids(out[0].Matching), []int{12, 10, 11}) {
					t.Errorf("%v, %v", out, err)
				}
				s.SetScripts(nil)
			}
		})
	}
	all.Wait()
}

func TestScanOfATableThatIsGone(t *testing.T) {
	s, _ := tree(t)
	s.fs.Close()
	s.fs.dir = -1
	if out, err := s.Scan(t.Context(), nil); err == nil {
		t.Errorf("%v", out)
	}
}

// places is where what has to be read stands in the ledger.
func places(todo []errand) []int {
	out := []int{}
	for _, e := range todo {
		out = append(out, e.place)
	}
	return out
}

// What is known of a process keeps it from being read, and nothing else does.
func TestMemoryTurns(t *testing.T) {
	called := func(name, user string) query {
		q := query{Matcher: &Matcher{match: Match{Name: name, User: user}}}
		if user != "" {
			q.uid = uint32(atoi(user))
		}
		return q
	}
	args := query{Matcher: &Matcher{}}
	runs := query{Matcher: &Matcher{match: Match{Exe: "/x"}}, exe: [2]string{"/x", "/x"}}
	none := query{Matcher: &Matcher{}, none: true}
	entries := []entry{{1, 10}, {2, 20}, {3, 30}, {4, 40}, {5, 50}}
	for _, c := range []struct {
		what    string
		queries []query
		all     bool
		now     time.Duration
		change  func(m *memory)
		want    []int
	}{
		{what: "another name", queries: []query{called("d", "")}, want: []int{3}},
		{what: "its name", queries: []query{called("a", ""), called("d", "")}, want: []int{0, 3}},
		{what: "a longer name", queries: []query{called("ab", "")}, want: []int{3}},
		{what: "its name and user", queries: []query{called("a", "7")}, want: []int{0, 3}},
		{what: "its name and another user", queries: []query{called("a", "8")}, want: []int{3}},
		{what: "a name and a user that may change", queries: []query{called("b", "8")}, want: []int{1, 3}},
		{what: "a user", queries: []query{called("", "8")}, want: []int{1, 3}},
		{what: "arguments change without a word", queries: []query{called("d", ""), args}, want: []int{0, 1, 3, 4}},
		{what: "so does the name of a program", queries: []query{runs}, want: []int{0, 1, 3, 4}},
		{what: "nothing can be found", queries: []query{none}, want: []int{}},
		{what: "all", queries: []query{called("d", "")}, all: true, want: []int{0, 1, 2, 3, 4}},
		{what: "later", queries: []query{called("d", "")}, now: 10, want: []int{0, 3}},
		{what: "told of a change", queries: []query{called("d", "")}, want: []int{1, 3}, change: func(m *memory) { m.forget(2); m.forget(9) }},
		{what: "another process", queries: []query{called("d", "")}, want: []int{0, 3}, change: func(m *memory) { m.now.entries[0].ino = 11 }},
		{what: "nothing is relied upon", queries: []query{called("d", "")}, want: []int{0, 1, 2, 3, 4}, change: (*memory).forgetAll},
	} {
		var m memory
		m.turn(entries, newIndex(c.queries), true, 0, nil)
		m.note(0, fact{comm: commFrom("a"), uid: 7, user: true, until: 10})
		m.note(1, fact{comm: commFrom("b"), until: 11})
		m.note(2, fact{comm: commFrom("kworker/0:1"), kernel: true, until: never})
		m.note(4, fact{comm: commFrom("c"), uid: 7, user: true, until: never}) // of 3 nothing could be read
		if c.change != nil {
			c.change(&m)
		}
		for range 2 { // what is not read stays known
			if got := places(m.turn(entries, newIndex(c.queries), c.all, c.now, nil)); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v are read, want %v", c.what, got, c.want)
			}
		}
	}
}
