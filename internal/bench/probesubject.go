package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"procward/internal/scalar"
	"procward/procscan"
	"procward/watch"
	"procward/watch/probe"
)

// beServer is a web server. It says its URL, and for each line on stdin how many requests
// it has answered.
func beServer() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var served atomic.Int64
	ended := make(chan error, 1)
	go func() {
		ended <- http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			served.Add(1)
			fmt.Fprintln(w, "all is well")
		}))
	}()
	fmt.Printf("http://%s/health\n", l.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(served.Load())
	}
	l.Close()
	<-ended // always an error, that of the closing
	return nil
}

// trouble is the first failure of many goroutines.
type trouble struct{ first atomic.Pointer[error] }

func (t *trouble) note(err error) { t.first.CompareAndSwap(nil, &err) }

func (t *trouble) failure() error {
	if err := t.first.Load(); err != nil {
		return *err
	}
	return nil
}

// beProbes carries out the checks as the daemon does.
func beProbes(ctx context.Context, url string) error {
	web := probe.DefaultHTTP()
	web.URL = url
	check := probe.DefaultCheck()
	check.HTTP, check.Interval = &web, scalar.Duration(time.Second)
	var t trouble
	p := probe.New(probe.Options{Tell: func(signs []watch.SignChange) {
		for _, s := range signs {
			if s.Verdict != watch.OK {
				t.note(fmt.Errorf("a check is not ok: %s", s.Text))
			}
		}
	}})
	for i := range probeCount {
		p.Attend(fmt.Sprint(i), 1, []probe.Check{check}, procscan.Boottime())
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.note(err)
		}
	})
	err := account(t.failure)
	cancel()
	running.Wait()
	return err
}

// requestGrain is how often the requests are begun that are due: as the checks are, since
// to wake up for each of them makes them a half dearer.
const requestGrain = 10 * time.Millisecond

// beRequests makes the same requests without us.
func beRequests(ctx context.Context, url string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var t trouble
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(requestGrain)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			for range probeCount * requestGrain / time.Second {
				running.Go(func() {
					if err := request(ctx, client, url); err != nil && ctx.Err() == nil {
						t.note(err)
					}
				})
			}
		}
	})
	err := account(t.failure)
	cancel()
	running.Wait()
	return err
}

// request is one, with the timeout that a check has.
func request(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probe.DefaultCheck().Timeout.D())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
