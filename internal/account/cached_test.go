package account

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, text, err := 0, "one", error(nil)
		ask := Cached(func(...string) (string, error) {
			asked++
			time.Sleep(time.Second) // as a directory takes
			return text, err
		})
		says := func(want string, after int) {
			t.Helper()
			began := time.Now()
			got, _ := ask("passwd", "x")
			if asked > 1 && time.Since(began) != 0 {
				t.Error("it waits for an answer that it had")
			}
			if got != want || asked != after {
				t.Errorf("%q after %d questions, want %q after %d", got, asked, want, after)
			}
			time.Sleep(2 * time.Second)
		}
		says("one", 1)
		says("one", 1)
		text = "two"
		time.Sleep(goodFor)
		says("one", 1) // and another is fetched
		says("two", 2)
		err = errors.New("no answer")
		time.Sleep(goodFor)
		says("two", 2)
		says("two", 3) // a directory that is silent takes nobody away
	})
}
