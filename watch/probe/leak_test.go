package probe

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
)

// full is the address of a listener, TCP or unix, that takes no more connections.
func full(t *testing.T, domain int, at unix.Sockaddr) (fd int) {
	t.Helper()
	fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, at); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	if at, err = unix.Getsockname(fd); err != nil {
		t.Fatal(err)
	}
	for {
		c, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(c) })
		if err := unix.Connect(c, at); err != nil { // EINPROGRESS, EAGAIN: it waits
			return fd
		}
	}
}

// stuck makes checkers, each of which hangs in another phase.
func stuck(t *testing.T) map[string]func() Check {
	t.Helper()
	name, err := unix.Getsockname(full(t, unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	if err != nil {
		t.Fatal(err)
	}
	takesNone := fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
	path := filepath.Join(socketDir(t), "full")
	full(t, unix.AF_UNIX, &unix.SockaddrUnix{Name: path})
	says := func(words string) string {
		return talk(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			fmt.Fprint(c, words)
			_, _ = io.Copy(io.Discard, c)
		})
	}
	closesHalf := talk(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		_ = c.(*net.TCPConn).CloseRead()
		time.Sleep(time.Second)
	})
	get := func(url string) func() Check {
		return func() Check { return web(func(h *HTTP) { h.URL, h.Body = url, "never" }) }
	}
	stream := func(address string) func() Check {
		return func() Check { return check(func(c *Check) { c.TCP = &TCP{address, "x", "never"} }) }
	}
	return map[string]func() Check{
		"http connect": get("http://" + takesNone), "https connect": get("https://" + takesNone),
		"https handshake": get("https://" + says("")), "https half a record": get("https://" + says("\x16\x03\x03\x40\x00")),
		"http head": get("http://" + says("")), "http half a head": get("http://" + says("HTTP/1.1 200 OK\r\nX: ")),
		"http body": get("http://" + says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")), "http stream": get("http://" + says("HTTP/1.1 200 OK\r\n\r\ndata")),
		"http half open": get("http://" + closesHalf), "tcp connect": stream(takesNone), "tcp expect": stream(says("not this")),
		"unix connect": func() Check { return check(func(c *Check) { c.Unix = &Unix{path, "x", "never"} }) },
	}
}

// opened is how many descriptors and goroutines there are.
func opened(t *testing.T) (descriptors, goroutines int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries), runtime.NumGoroutine()
}

// back holds that there are no more of them than before.
func back(t *testing.T, descriptors, goroutines int) {
	t.Helper()
	var d, g int
	for end := time.Now().Add(long); ; time.Sleep(5 * time.Millisecond) {
		if d, g = opened(t); d <= descriptors && g <= goroutines {
			return
		}
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d descriptors and %d goroutines, and %d and %d before:\n%.5000s", d, g, descriptors, goroutines, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// TestNothingStaysOpen holds that a check that hangs, wherever it does, ends with all that
// it opened.
func TestNothingStaysOpen(t *testing.T) {
	if os.Getenv(apartEnv) == "" {
		t.Parallel()
		rerun(t, 0)
		return
	}
	for name, made := range stuck(t) {
		t.Run(name, func(t *testing.T) {
			p := New(Options{})
			descriptors, goroutines := opened(t)
			var all sync.WaitGroup
			for range 20 {
				c, err := byKind(site{prober: p, afresh: true}, made())
				if err != nil {
					t.Fatal(err)
				}
				all.Go(func() {
					for range 10 {
						r := c.check(t.Context(), 20*time.Millisecond)
						if !r.late && !strings.Contains(name, "half open") {
							t.Errorf("%v: %s", r.outcome, r.text)
						}
					}
				})
			}
			all.Wait()
			back(t, descriptors, goroutines)
		})
	}
}

// TestNothingStaysOpenAfterAReload holds that checks that hang end with what is checked.
func TestNothingStaysOpenAfterAReload(t *testing.T) {
	if os.Getenv(apartEnv) == "" {
		t.Parallel()
		rerun(t, 0)
		return
	}
	phases := stuck(t)
	p, _, stop := whole(t)
	descriptors, goroutines := opened(t)
	for round := range 3 {
		for name, made := range phases {
			for i := range 10 {
				c := made().with(quick)
				c.Timeout = scalar.Duration(time.Hour)
				p.Attend(fmt.Sprint(name, i), round, []Check{c}, p.boot())
			}
		}
		eventually(t, "all are under way", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.net.running >= 10*(len(phases)-1) // the one half open ends
		})
	}
	for name := range phases {
		for i := range 10 {
			p.Unattend(fmt.Sprint(name, i))
		}
	}
	back(t, descriptors, goroutines)
	stop()
	back(t, descriptors, goroutines-1)
}

// TestNothingStaysOpenOfOtherKinds holds the same of programs that hang, of notify sockets and
// of heartbeats.
func TestNothingStaysOpenOfOtherKinds(t *testing.T) {
	if os.Getenv(apartEnv) == "" {
		t.Parallel()
		rerun(t, 0)
		return
	}
	dir := socketDir(t)
	hangs := shell(t, "sleep 600 & exec sleep 600", func(*Exec) {}).spec.Run
	p, _, _ := whole(t)
	checks := func(i int) []Check {
		program := program(func(e *Exec) { e.Run = hangs }).with(quick)
		program.Timeout = scalar.Duration(time.Hour)
		beat := check(func(c *Check) { c.Heartbeat = &Heartbeat{dir, scalar.Duration(time.Second)} }).with(quick)
		ear := check(func(c *Check) {
			c.Notify = &Notify{Socket: fmt.Sprintf("%s/%d", dir, i), MaxAge: scalar.Duration(time.Second)}
		})
		return []Check{program, beat, ear}
	}
	attend := func(round int) {
		for i := range 10 {
			p.Attend(fmt.Sprint("x", i), round, checks(i), p.boot())
		}
		eventually(t, "all are under way", func() bool {
			sockets, err := filepath.Glob(dir + "/*")
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.exec.running == 10 && err == nil && len(sockets) == 10
		})
		for i := range 10 {
			p.Unattend(fmt.Sprint("x", i))
		}
		eventually(t, "all are over", func() bool {
			sockets, err := filepath.Glob(dir + "/*")
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.exec.running == 0 && err == nil && len(sockets) == 0
		})
	}
	attend(0) // what is made once, is made now
	descriptors, goroutines := opened(t)
	for round := range 5 {
		attend(1 + round)
	}
	few := 10 // launchers of programs come and go; a leak would be of 50
	back(t, descriptors+few, goroutines+few)
}
