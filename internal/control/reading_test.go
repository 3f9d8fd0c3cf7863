package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A hundred who ask again and again share their readings, each is told what was so after he
// asked, and the readings leave most of the time to others.
func TestReadingsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const askers, each, takes = 100, 20, 10 * time.Millisecond
		var mu sync.Mutex
		reads, busy, began := 0, time.Duration(0), time.Now()
		s := readings{read: func(context.Context) ([]byte, error) {
			now := time.Since(began)
			time.Sleep(takes)
			mu.Lock()
			defer mu.Unlock()
			reads, busy = reads+1, busy+takes
			return fmt.Append(nil, now.Nanoseconds()), nil
		}}
		var all sync.WaitGroup
		for i := range askers {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				for range each {
					asked := time.Since(began)
					body, err := s.get(t.Context())
					ns, e := strconv.ParseInt(string(body), 10, 64)
					if at := time.Duration(ns); err != nil || e != nil || at < asked {
						t.Errorf("asked at %v, and told what was so at %v: %v", asked, at, errors.Join(err, e))
					}
				}
			})
		}
		all.Wait()
		if took := time.Since(began); reads > 3*each || busy > took/3 {
			t.Errorf("%d readings, which took %v of %v", reads, busy, took)
		}
		time.Sleep(time.Minute) // its goroutine ends
	})
}

// One who asks alone waits for no rest, and one who gives up is not waited for.
func TestReadingForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		s := readings{read: func(ctx context.Context) ([]byte, error) {
			select {
			case <-gate:
			case <-ctx.Done():
			}
			return []byte("x"), ctx.Err()
		}}
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.get(hurried); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		close(gate)
		time.Sleep(time.Minute)
		began := time.Now()
		for range 3 {
			if body, err := s.get(t.Context()); string(body) != "x" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		}
		if took := time.Since(began); took > 5*restEach {
			t.Errorf("took %v", took)
		}
		time.Sleep(time.Minute)
	})
}

func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := make(places, 1)
		leave, err := p.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var refused *Error
		if _, err := p.take(hurried); !errors.As(err, &refused) || refused.Code != 503 || refused.Remedy == "" {
			t.Error(err)
		}
		leave()
		if _, err := p.take(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
