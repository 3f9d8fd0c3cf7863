package hang

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Guard
		answer := make(chan int)
		slow := func() (int, error) { return <-answer, nil }
		quick := func() (int, error) { return 7, errors.New("read") }

		if n, err := Do(&g, "a", time.Second, quick); n != 7 || err == nil || err.Error() != "read" {
			t.Errorf("a quick one gives %d, %v", n, err)
		}
		if n, err := Do(&g, "a", time.Second, slow); n != 0 || !errors.Is(err, ErrHangs) {
			t.Errorf("a slow one gives %d, %v", n, err)
		}
		begun := time.Now()
		if _, err := Do(&g, "a", time.Second, quick); !errors.Is(err, ErrHangs) || time.Since(begun) != 0 {
			t.Errorf("while it hangs: %v, after %v", err, time.Since(begun))
		}
		if n, _ := Do(&g, "b", time.Second, quick); n != 7 {
			t.Error("another one does not get through")
		}
		answer <- 1
		synctest.Wait()
		if n, _ := Do(&g, "a", time.Second, quick); n != 7 {
			t.Error("it is refused after the slow one has come back")
		}
	})
}

func TestMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Guard
		answer := make(chan int)
		slow := func() (int, error) { return <-answer, nil }
		for i := range Most {
			if _, err := Do(&g, fmt.Sprint(i), time.Second, slow); !errors.Is(err, ErrHangs) {
				t.Fatal(err)
			}
		}
		if _, err := Do(&g, "one more", time.Second, slow); !errors.Is(err, ErrMany) {
			t.Errorf("one more: %v", err)
		}
		if n := g.Hanging(); n != Most {
			t.Errorf("%d hang", n)
		}
		close(answer)
		synctest.Wait()
		if n := g.Hanging(); n != 0 {
			t.Errorf("%d hang in the end", n)
		}
	})
}

// What panics, and what comes back too late, holds up nobody after it.
func TestCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := Guard{Most: 1}
		if _, err := Do(&g, "a", time.Second, func() (int, error) { panic("oh") }); err == nil || err.Error() != "internal failure: oh" {
			t.Error(err)
		}
		answer := make(chan int)
		c, err := Go(&g, "", func() (int, error) { return <-answer, nil })
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 2 {
			if _, err := c.Wait(ctx); !errors.Is(err, ErrHangs) || !errors.Is(err, context.Canceled) || g.Hanging() != 1 {
				t.Errorf("%v, %d hang", err, g.Hanging())
			}
		}
		if _, err := Go(&g, "b", func() (int, error) { return 0, nil }); !errors.Is(err, ErrMany) {
			t.Error(err)
		}
		answer <- 7
		if n, err := c.Wait(t.Context()); n != 7 || err != nil || g.Hanging() != 0 {
			t.Errorf("%d, %v, %d hang", n, err, g.Hanging())
		}
	})
}
