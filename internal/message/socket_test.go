package message

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sockDir is a directory whose paths fit a sockaddr_un (unix(7): 108 bytes).
func sockDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// listen makes a datagram socket.
func listen(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// receive is one datagram, within 10 s.
func receive(t *testing.T, l *net.UnixConn) string {
	t.Helper()
	b := make([]byte, 1<<18)
	if err := l.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := l.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestSyslogForm(t *testing.T) {
	path := filepath.Join(sockDir(t), "log")
	l := listen(t, path)
	s := NewSyslog(path, 16)
	m := example()
	if err := s.Write(m); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("<131>%s procward[%d]: PW0201 process=httpd group=web pid=4711 down: killed by SIGKILL", m.Time.Local().Format(time.Stamp), os.Getpid())
	if got := receive(t, l); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestSyslogStream(t *testing.T) {
	path := filepath.Join(sockDir(t), "log")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := NewSyslog(path, FacilityDaemon)
	for range 2 {
		if err := s.Write(example()); err != nil {
			t.Fatal(err)
		}
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	b := make([]byte, 4096)
	n := 0
	for {
		k, err := c.Read(b[n:])
		n += k
		if err != nil {
			break
		}
	}
	if !regexp.MustCompile(`^(<27>.* procward\[\d+\]: PW0201 .*SIGKILL\n){2}$`).Match(b[:n]) {
		t.Errorf("got %q", b[:n])
	}
}

// The daemon that listens is replaced by another: the next write reaches the new one.
func TestSocketReconnects(t *testing.T) {
	path := filepath.Join(sockDir(t), "log")
	s := NewSyslog(path, FacilityDaemon)
	if err := s.Write(example()); err == nil {
		t.Fatal("written to nobody")
	}
	for i := range 3 {
		l := listen(t, path)
		m := say(Found, i)
		if err := s.Write(m); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if got := receive(t, l); !strings.HasSuffix(got, m.Line()) {
			t.Errorf("got %q", got)
		}
		l.Close()
		if err := s.Write(m); err == nil {
			t.Fatal("written to nobody")
		}
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// A socket that nobody reads: senders are not delayed, the wait costs no CPU time, and
// once it is read everything is there or counted.
func TestSocketThatNobodyReads(t *testing.T) {
	for _, c := range []struct {
		name string
		sink func(path string) Sink
	}{
		{"syslog", func(p string) Sink { return NewSyslog(p, FacilityDaemon) }},
		{"journal", func(p string) Sink { return NewJournald(p, FacilityDaemon) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(sockDir(t), "log")
			l := listen(t, path)
			fillSocket(t, path)
			log := NewLog(NewQueue(c.sink(path), c.name, 64))
			before := cpu(t)
			begin := time.Now()
			const sent = 1000
			for i := range sent {
				log.Send(say(Found, i))
			}
			if d := time.Since(begin); d > writeTimeout/2 {
				t.Errorf("sending took %v", d)
			}
			idle := time.NewTimer(time.Second) // measures a span: the write hangs meanwhile
			<-idle.C
			if used := cpu(t) - before; used > 500*time.Millisecond {
				t.Errorf("%v of CPU time in a second of waiting", used)
			}
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				if err := log.Close(ctx); err != nil {
					t.Error(err)
				}
				NewSyslog(path, FacilityDaemon).Write(Message{Kind: Stopped})
			}()
			got := 0
			for {
				m := receive(t, l)
				if strings.Contains(m, Stopped.ID) {
					break
				}
				if strings.Contains(m, Found.ID) {
					got++
				}
			}
			if lost := int(log.Dropped()[c.name]); got+lost != sent || got < 48 {
				t.Errorf("%d arrived, %d counted as dropped, %d sent", got, lost, sent)
			}
		})
	}
}

// fillSocket fills the receive queue of the socket, as another program.
func fillSocket(t *testing.T, path string) {
	t.Helper()
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for {
		c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := c.Write([]byte("of another program")); err != nil {
			return
		}
	}
}

// cpu is the CPU time of this process so far.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		t.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

func TestFacility(t *testing.T) {
	for word, want := range map[string]Facility{"daemon": 3, "user": 1, "local0": 16, "local7": 23, "authpriv": 10} {
		if got, err := ParseFacility(word); err != nil || got != want || got.String() != word {
			t.Errorf("%s: %v %v", word, got, err)
		}
	}
	for _, word := range []string{"", "kern", "local8", "DAEMON", "3"} {
		if got, err := ParseFacility(word); err == nil {
			t.Errorf("%q is read as %v", word, got)
		}
	}
}
