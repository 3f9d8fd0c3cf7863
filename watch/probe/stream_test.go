package probe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// talk starts a server that does one thing on every connection and then closes it.
func talk(t *testing.T, network, address string, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				answer(c)
				c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

// socketDir is a directory with a path that is short enough for a socket.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "probe-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// connect carries out one check of a stream.
func connect(t *testing.T, network, address, send, expect string, timeout time.Duration) result {
	t.Helper()
	c, err := newCaller(network, address, Sent(send), Pattern(expect))
	if err != nil {
		t.Fatal(err)
	}
	return once(t, c, timeout)
}

func TestStreams(t *testing.T) {
	t.Parallel()
	quiet := make(chan struct{})
	t.Cleanup(func() { close(quiet) })
	servers := map[string]func(net.Conn){
		"echo": func(c net.Conn) {
			line, _ := bufio.NewReader(c).ReadString('\n')
			fmt.Fprint(c, "you say ", line)
			<-quiet
		},
		"greets":  func(c net.Conn) { fmt.Fprint(c, "220 here"); <-quiet },
		"parts":   func(c net.Conn) { fmt.Fprint(c, "2"); fmt.Fprint(c, "20 here"); <-quiet },
		"silent":  func(net.Conn) { <-quiet },
		"closes":  func(net.Conn) {},
		"refuses": func(c net.Conn) { fmt.Fprint(c, "554 go away\r\n\x1b") },
		"floods": func(c net.Conn) {
			for range 1000 {
				if _, err := c.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		},
	}
	for _, network := range []string{"tcp", "unix"} {
		addresses := map[string]string{}
		dir := socketDir(t)
		for name, answer := range servers {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = filepath.Join(dir, name)
			}
			addresses[name] = talk(t, network, address, answer)
		}
		for _, c := range []struct {
			server, send, expect string
			late                 bool
			outcome              Outcome
			words                string
		}{
			{"silent", "", "", false, Success, "connected"},
			{"silent", "hello\n", "", false, Success, "connected"},
			{"silent", "", "x", true, Unknown, "within 50ms"},
			{"greets", "", "^220 here$", false, Success, "answered as expected"},
			{"parts", "", "^220 here$", false, Success, "answered as expected"},
			{"greets", "", "^250", true, Unknown, "within 50ms"},
			{"echo", "hello\n", "^you say hello", false, Success, "answered"},
			{"closes", "", "", false, Success, "connected"},
			{"closes", "", "x", false, Failure, `closed the connection without an answer, and "x" is expected`},
			{"refuses", "", "^220", false, Failure, `"^220" is not in the answer: "554 go away\r\n\x1b"`},
			{"floods", "", "x", false, Failure, `"x" is not in the first 64KiB of the answer`},
		} {
			t.Run(network+" "+c.server+" "+c.words, func(t *testing.T) {
				timeout := long
				if c.late {
					timeout = short
				}
				connect(t, network, addresses[c.server], c.send, c.expect, timeout).is(t, c.outcome, c.late, c.words)
			})
		}
	}
}

func TestStreamsWithoutServer(t *testing.T) {
	t.Parallel()
	dir := socketDir(t)
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	connect(t, "tcp", closedPort(t), "", "", long).is(t, Failure, false, "connection refused")
	connect(t, "unix", stale, "", "", long).is(t, Failure, false, "connection refused")
	connect(t, "unix", filepath.Join(dir, "none"), "", "", long).is(t, Failure, false, "no such file")
	connect(t, "tcp", "no-such-host.invalid:1", "", "", long).is(t, Unknown, false, "lookup")
	if os.Geteuid() != 0 {
		if err := os.Chmod(dir, 0); err != nil {
			t.Fatal(err)
		}
		connect(t, "unix", stale, "", "", long).is(t, Unknown, false, "permission denied")
	}
}

// TestFullQueue holds that a server that no longer accepts is out of time, not refusing,
// when its queue is full.
func TestFullQueue(t *testing.T) {
	t.Parallel()
	path := filepath.Join(socketDir(t), "full")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	full := false
	for range 10 {
		c, err := net.Dial("unix", path)
		if err != nil {
			full = true
			break
		}
		defer c.Close()
	}
	if !full {
		t.Fatal("the queue does not fill")
	}
	connect(t, "unix", path, "", "", short).is(t, Unknown, true, "no connection within 50ms")
	done := make(chan result)
	go func() { done <- connect(t, "unix", path, "", "", long) }()
	for range 2 {
		if c, _, err := unix.Accept(fd); err == nil {
			defer unix.Close(c)
		}
	}
	(<-done).is(t, Success, false, "connected")
}

// TestAbstractSocket holds that @ stands for the abstract name space.
func TestAbstractSocket(t *testing.T) {
	t.Parallel()
	path := fmt.Sprintf("@procward-probe-%d", os.Getpid())
	talk(t, "unix", path, func(c net.Conn) { fmt.Fprint(c, "here") })
	connect(t, "unix", path, "", "here", long).is(t, Success, false, "answered")
	connect(t, "unix", path+"-none", "", "", long).is(t, Failure, false, "connection refused")
}

// TestAwaitReadsNoMoreThanItMust holds the bound of what is kept.
func TestAwaitReadsNoMoreThanItMust(t *testing.T) {
	c, err := newCaller("tcp", "x", "", "y")
	if err != nil {
		t.Fatal(err)
	}
	r := strings.NewReader(strings.Repeat("x", int(maxExpect)) + "y")
	if err := await(io.LimitReader(r, int64(maxExpect)), c.expect); err == nil || r.Len() != 1 {
		t.Errorf("%v, %d bytes left", err, r.Len())
	}
}
