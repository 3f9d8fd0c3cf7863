package state

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkBarrier is one change that is waited for, beside as many other values.
func BenchmarkBarrier(b *testing.B) {
	for _, n := range []int{10, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			book, _, _, err := OpenBook(b.TempDir(), func(error) {})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- book.Run(ctx) }()
			value := func(i int) map[string]any {
				return map[string]any{"state": "up", "tracked": []int{i}, "comm": "a process", "unit": "some.service", "n": i}
			}
			all := map[string]any{}
			for i := range n {
				all[fmt.Sprintf("process %d", i)] = value(i)
			}
			book.Put(all)
			if err := book.Written(ctx); err != nil {
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				book.Put(map[string]any{"process 1": value(i)})
				if err := book.Written(ctx); err != nil {
					b.Fatal(err)
				}
			}
			cancel()
			<-ended
		})
	}
}
