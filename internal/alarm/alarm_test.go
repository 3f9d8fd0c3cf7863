package alarm

import (
	"cmp"
	"container/heap"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// byTime is the keys of a plain map in the order that both structures promise.
func byTime(of map[string]time.Duration) []string {
	return slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		return cmp.Or(cmp.Compare(of[a], of[b]), cmp.Compare(a, b))
	})
}

// A table does what a plain map does that is searched each time.
func TestTableIsLikeAMap(t *testing.T) {
	for seed := range uint64(50) {
		luck := rand.New(rand.NewPCG(seed, 1))
		var table Table
		plain := map[string]time.Duration{}
		for range 400 {
			switch luck.IntN(4) {
			case 0:
				now := time.Duration(luck.IntN(60))
				var want []string
				for _, key := range byTime(plain) {
					if plain[key] <= now {
						want = append(want, key)
						delete(plain, key)
					}
				}
				if got := table.Due(now); !slices.Equal(got, want) {
					t.Fatalf("seed %d: due at %d: %v, want %v", seed, now, got, want)
				}
			default:
				key, at := strconv.Itoa(luck.IntN(30)), time.Duration(luck.IntN(50))
				table.Set(key, at)
				if plain[key] = at; at == 0 {
					delete(plain, key)
				}
			}
			want := time.Duration(0)
			if keys := byTime(plain); len(keys) > 0 {
				want = plain[keys[0]]
			}
			if got := table.Next(); got != want {
				t.Fatalf("seed %d: next is %d, want %d", seed, got, want)
			}
		}
	}
}

func TestLineIsLikeAMap(t *testing.T) {
	for seed := range uint64(50) {
		luck := rand.New(rand.NewPCG(seed, 2))
		var line Line
		plain := map[string]time.Duration{}
		for range 400 {
			key, at := strconv.Itoa(luck.IntN(30)), time.Duration(luck.IntN(50))
			if luck.IntN(3) == 0 {
				line.Remove(key)
				delete(plain, key)
			} else {
				line.Set(key, at)
				plain[key] = at
			}
			if got, want := slices.Collect(line.All), byTime(plain); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %v, want %v", seed, got, want)
			}
			if _, in := plain[key]; line.Has(key) != in {
				t.Fatalf("seed %d: has %s: %v", seed, key, !in)
			}
		}
	}
}

// The work of a change is counted: with a thousand times as many entries it grows as their
// logarithm does.
func TestWorkOfAChange(t *testing.T) {
	for _, n := range []int{100, 100_000} {
		var table Table
		for i := range n {
			table.Set(strconv.Itoa(i), time.Duration(1+i))
		}
		moves := 0
		counted := counting{&table.heap, &moves}
		for i := range 100 {
			table.heap[0].at = time.Duration(n + i)
			fix(counted)
		}
		if per := moves / 100; per > 40 {
			t.Errorf("%d entries: %d comparisons for a change", n, per)
		}
	}
}

// counting is a heap that counts its comparisons.
type counting struct {
	*entries
	compared *int
}

func (c counting) Less(i, j int) bool {
	*c.compared++
	return c.entries.Less(i, j)
}

func fix(h heap.Interface) { heap.Fix(h, 0) }
