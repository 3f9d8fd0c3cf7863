package vital

import (
	"testing"

	"procward/internal/procfile"
	"procward/procscan"
)

// usual is the spec of the benchmark: what most processes would have.
func usual() Spec {
	s := stallSpec(Sign{Stopped: d(30e9)}, Sign{Spinning: d(300e9)})
	s.Limits = Limits{RSS: memory(RSS, "2GiB", 60e9), FDs: atMost("90%", 30e9)}
	return s
}

// crowd starts n idle processes.
func crowd(t testing.TB, n int) []procscan.ID {
	v := startVictim(t)
	v.do("child %d", n)
	s := stage(t, 0)
	s.Attend("x", 1, []procscan.ID{v.id}, limitSpec(Limits{Children: atMost("0", 1e9)}))
	s.tick(1)
	ids := make([]procscan.ID, 0, n)
	for kids := s.rd.kids; ; {
		pid, rest, ok := procfile.Number(kids)
		if !ok {
			break
		}
		ids = append(ids, identify(t, int(pid)))
		kids = rest
	}
	if len(ids) != n {
		t.Fatalf("%d children, want %d", len(ids), n)
	}
	return ids
}

// A tick allocates nothing for processes that have not changed.
func TestAllocatesNothing(t *testing.T) {
	for name, spec := range map[string]Spec{"usual": usual(), "everything": everything()} {
		for keep := range 2 {
			s := stage(t, keep*10)
			s.Attend("x", 1, crowd(t, 10), spec)
			s.tick(70) // what is remembered finds its size
			if got := testing.AllocsPerRun(150, func() { s.tick(1) }); got != 0 {
				t.Errorf("%s, keep %d: %.0f allocations", name, keep*10, got)
			}
		}
	}
}

func BenchmarkTick(b *testing.B) {
	for _, keep := range []int{0, 1000} {
		b.Run(map[int]string{0: "opening", 1000: "keeping"}[keep], func(b *testing.B) {
			s := stage(b, keep)
			s.Attend("x", 1, crowd(b, 1000), usual())
			s.tick(3)
			b.ReportAllocs()
			for b.Loop() {
				s.tick(1)
			}
		})
	}
}
