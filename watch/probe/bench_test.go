package probe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	programs "procward/internal/launch"
	"procward/internal/scalar"
	"procward/internal/testbed"
	"procward/watch"
)

const serverEnv = "PROBE_TEST_SERVER"

// TestMain is a web server where a benchmark has started it, so that the server's CPU
// time is not ours.
func TestMain(m *testing.M) {
	if code, mine := programs.Main(os.Args); mine {
		os.Exit(code)
	}
	testbed.Leash()
	if os.Getenv(serverEnv) != "" {
		serveForBench()
		return
	}
	os.Exit(m.Run())
}

func serveForBench() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the benchmark ends
		l.Close()
	}()
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "all is well") }))
}

// benchServer is the URL of a server in another process.
func benchServer(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(line) + "/health"
}

// crowd is how many checks there are; each is made once a second.
const crowd = 1000

// spend reports the CPU time of n requests, which go makes and counts.
func spend(b *testing.B, run func(ctx context.Context, count *atomic.Int64)) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var count atomic.Int64
	done := make(chan struct{})
	go func() {
		run(ctx, &count)
		close(done)
	}()
	wait := func(n int64) {
		for count.Load() < n {
			time.Sleep(time.Millisecond)
		}
	}
	wait(2 * crowd) // until the requests are spread
	runtime.GC()
	b.ResetTimer()
	before, from := usage(), count.Load()
	wait(from + int64(b.N))
	used, n := usage()-before, count.Load()-from
	b.StopTimer()
	b.ReportMetric(float64(used.Nanoseconds())/1e3/float64(n), "cpu-us/probe")
	cancel()
	<-done
}

// usage is the CPU time of this process.
func usage() time.Duration {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkHTTP is 1,000 HTTP checks, each once a second, against one server on this
// host: the CPU time of one, and, as the floor, that of the same requests made by net/http
// with a goroutine and a timer each. Run it with -benchtime 10000x or more.
func BenchmarkHTTP(b *testing.B) {
	b.Run("procward", func(b *testing.B) {
		c := web(func(h *HTTP) { h.URL = benchServer(b) })
		c.Interval = scalar.Duration(time.Second)
		spend(b, func(ctx context.Context, count *atomic.Int64) { probeAll(b, ctx, c, count) })
	})
	b.Run("floor", func(b *testing.B) {
		url := benchServer(b)
		spend(b, func(ctx context.Context, count *atomic.Int64) { requestAll(b, ctx, url, count) })
	})
}

type counted struct {
	checker
	count *atomic.Int64
}

func (c counted) check(ctx context.Context, timeout time.Duration) result {
	defer c.count.Add(1)
	return c.checker.check(ctx, timeout)
}

func probeAll(b *testing.B, ctx context.Context, c Check, count *atomic.Int64) {
	p := New(Options{Tell: func(signs []watch.SignChange) {
		for _, s := range signs {
			if s.Verdict != watch.OK {
				b.Errorf("%+v", s)
			}
		}
	}})
	p.make = func(at site, c Check) (checker, error) {
		made, err := byKind(at, c)
		return counted{made, count}, err
	}
	for i := range crowd {
		p.Attend(fmt.Sprint(i), 1, []Check{c}, p.boot())
	}
	if err := p.Run(ctx); err != nil {
		b.Error(err)
	}
}

func requestAll(b *testing.B, ctx context.Context, url string, count *atomic.Int64) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var all sync.WaitGroup
	for range crowd {
		all.Go(func() {
			timer := time.NewTicker(time.Second)
			defer timer.Stop()
			time.Sleep(rand.N(time.Second))
			for ctx.Err() == nil {
				if err := request(ctx, client, url); err != nil && ctx.Err() == nil {
					b.Error(err)
				}
				count.Add(1)
				select {
				case <-timer.C:
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
}

func request(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
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
