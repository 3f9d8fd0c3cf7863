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

// nameless are queries that ask for no name, by key.
func nameless(keys ...string) []query {
	out := make([]query, len(keys))
	for i, key := range keys {
		out[i] = query{Matcher: &Matcher{}, key: key}
	}
	return out
}

// turns does what a scan does before it reads.
func (m *memory) turns(entries []entry, queries []query, all bool, now time.Duration) (numbers, todo []int) {
	numbers = m.number(queries)
	return numbers, m.turn(entries, m.asked(queries, numbers), all, now, nil)
}

func TestMemoryStaysBounded(t *testing.T) {
	var m memory
	entries := []entry{{1, 10}, {2, 20}, {5, 50}}
	for i := range 3 * maxQueries {
		queries := nameless(itoa(i), "always")
		numbers, todo := m.turns(entries, queries, false, 0)
		if len(m.numbers) > maxQueries {
			t.Fatalf("%d queries are remembered", len(m.numbers))
		}
		if len(todo) != 3 {
			t.Fatalf("a new query, and only %v are read", todo)
		}
		for _, place := range todo {
			m.set(place, numbers[0], true)
			m.set(place, numbers[1], true)
		}
		if todo := m.turn(entries, m.asked(queries, numbers), false, 0, nil); len(todo) != 0 {
			t.Fatalf("all is known, and %v are read", todo)
		}
	}
}

func TestMemoryTurns(t *testing.T) {
	var m memory
	both := nameless("a", "b")
	q, todo := m.turns([]entry{{1, 10}, {2, 20}, {3, 30}, {5, 50}}, both, false, 0)
	for _, place := range todo {
		m.set(place, q[0], true)
		m.set(place, q[1], place != 1)
	}
	m.forget(5)
	m.forget(4) // nobody
	// 1 is as before, 2 passes b, 3 is reused, 4 is new, 5 has changed, 6 is new.
	if _, todo := m.turns([]entry{{1, 10}, {2, 20}, {3, 31}, {4, 40}, {5, 50}, {6, 60}}, both, false, 0); !slices.Equal(todo, []int{1, 2, 3, 4, 5}) {
		t.Errorf("both: %v", todo)
	}
	if _, todo := m.turns([]entry{{1, 10}, {2, 20}}, both[:1], false, 0); len(todo) != 0 {
		t.Errorf("a alone: %v", todo)
	}
	if _, todo := m.turns([]entry{{1, 10}, {2, 20}}, both, true, 0); !slices.Equal(todo, []int{0, 1}) {
		t.Errorf("all: %v", todo)
	}
	m.forgetAll()
	if _, todo := m.turns([]entry{{1, 10}}, both[:1], false, 0); len(todo) != 1 {
		t.Errorf("after all is forgotten: %v", todo)
	}
}

// A process whose name is known is not read for a match that asks for another.
func TestMemoryOfNames(t *testing.T) {
	named := func(name string) query {
		return query{Matcher: &Matcher{match: Match{Name: name}}, key: "name " + name}
	}
	args := nameless("args")[0]
	entries := []entry{{1, 10}, {2, 20}, {3, 30}, {4, 40}}
	for _, c := range []struct {
		what    string
		queries []query
		all     bool
		now     time.Duration
		change  func(m *memory)
		want    []int
	}{
		{what: "another name", queries: []query{named("d")}, want: []int{3}},
		{what: "its name", queries: []query{named("a"), named("d")}, want: []int{0, 3}},
		{what: "a longer name", queries: []query{named("ab")}, want: []int{3}},
		{what: "what the kernel cuts", queries: []query{named("a kernel thread/1")}, want: []int{2, 3}},
		{what: "no name is asked for as well", queries: []query{named("d"), args}, want: []int{0, 1, 2, 3}},
		{what: "which is known to fail of one", queries: []query{named("d"), args}, want: []int{0, 2, 3},
			change: func(m *memory) { m.set(1, m.number([]query{args})[0], true) }},
		{what: "all", queries: []query{named("d")}, all: true, want: []int{0, 1, 2, 3}},
		{what: "later", queries: []query{named("d")}, now: 10, want: []int{0, 2, 3}},
		{what: "told of a change", queries: []query{named("d")}, want: []int{0, 3}, change: func(m *memory) { m.forget(1) }},
		{what: "another process", queries: []query{named("d")}, want: []int{0, 3}, change: func(m *memory) { m.now.entries[0].ino = 11 }},
		{what: "nothing is relied upon", queries: []query{named("d")}, want: []int{0, 1, 2, 3}, change: (*memory).forgetAll},
	} {
		var m memory
		m.turns(entries, []query{named("first"), args}, false, 0)
		m.call(0, []byte("a"), 10)
		m.call(1, []byte("b"), 10)
		m.call(1, []byte("b"), 11)
		m.call(2, []byte("a kernel thread/1234"), 10)
		m.call(3, nil, 10) // its name could not be read
		if c.change != nil {
			c.change(&m)
		}
		for range 2 { // what is not read stays known
			if _, got := m.turns(entries, c.queries, c.all, c.now); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v are read, want %v", c.what, got, c.want)
			}
		}
	}
}
