package procscan

import (
	"slices"
	"sync"
	"testing"
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

func TestMemoryStaysBounded(t *testing.T) {
	var m memory
	entries := []entry{{1, 10}, {2, 20}, {5, 50}}
	for i := range 3 * maxQueries {
		numbers := m.number([]query{{key: itoa(i)}, {key: "always"}})
		if len(m.numbers) > maxQueries {
			t.Fatalf("%d queries are remembered", len(m.numbers))
		}
		todo := m.turn(entries, numbers, false, nil)
		if len(todo) != 3 {
			t.Fatalf("a new query, and only %v are read", todo)
		}
		for _, place := range todo {
			m.set(place, numbers[0], true)
			m.set(place, numbers[1], true)
		}
		if todo := m.turn(entries, numbers, false, nil); len(todo) != 0 {
			t.Fatalf("all is known, and %v are read", todo)
		}
	}
}

func TestMemoryTurns(t *testing.T) {
	var m memory
	q := m.number([]query{{key: "a"}, {key: "b"}})
	for _, place := range m.turn([]entry{{1, 10}, {2, 20}, {3, 30}, {5, 50}}, q, false, nil) {
		m.set(place, q[0], true)
		m.set(place, q[1], place != 1)
	}
	m.forget(5)
	m.forget(4) // nobody
	// 1 is as before, 2 passes b, 3 is reused, 4 is new, 5 has changed, 6 is new.
	if todo := m.turn([]entry{{1, 10}, {2, 20}, {3, 31}, {4, 40}, {5, 50}, {6, 60}}, q, false, nil); !slices.Equal(todo, []int{1, 2, 3, 4, 5}) {
		t.Errorf("both: %v", todo)
	}
	if todo := m.turn([]entry{{1, 10}, {2, 20}}, q[:1], false, nil); len(todo) != 0 {
		t.Errorf("a alone: %v", todo)
	}
	if todo := m.turn([]entry{{1, 10}, {2, 20}}, q, true, nil); !slices.Equal(todo, []int{0, 1}) {
		t.Errorf("all: %v", todo)
	}
	m.forgetAll()
	if todo := m.turn([]entry{{1, 10}}, m.number([]query{{key: "a"}}), false, nil); len(todo) != 1 {
		t.Errorf("after all is forgotten: %v", todo)
	}
}
