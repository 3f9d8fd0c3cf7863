package account

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type reply struct {
			text string
			err  error
		}
		var directory atomic.Value
		var answered atomic.Int32
		directory.Store(reply{"one", nil})
		ask := Cached(func(...string) (string, error) {
			time.Sleep(time.Second) // as a directory takes
			answered.Add(1)
			r := directory.Load().(reply)
			return r.text, r.err
		})
		says := func(want string, after int32) {
			t.Helper()
			known, began := answered.Load() > 0, time.Now()
			got, _ := ask("passwd", "x")
			if known && time.Since(began) != 0 {
				t.Error("it waits for an answer that it had")
			}
			if n := answered.Load(); got != want || n != after {
				t.Errorf("%q after %d answers, want %q after %d", got, n, want, after)
			}
			time.Sleep(2 * time.Second)
		}
		says("one", 1)
		says("one", 1)
		directory.Store(reply{"two", nil})
		time.Sleep(goodFor)
		says("one", 1) // and another is fetched
		says("two", 2)
		directory.Store(reply{"", errors.New("no answer")})
		time.Sleep(goodFor)
		says("two", 2)
		says("two", 3) // a directory that is silent takes nobody away
	})
}
