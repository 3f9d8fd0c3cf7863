package message

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"procward/internal/testbed"
)

// A log daemon that comes later is noticed, without another message, and gets what was said
// before it came; from then on it gets everything, and stderr nothing.
func TestAutoFindsALogDaemonThatComesLater(t *testing.T) {
	dir, err := os.MkdirTemp("", "auto-") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	path := filepath.Join(dir, "log")
	log, err := open(Destination{}, filepath.Join(dir, "journal", "socket"), path, stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close(t.Context()) })
	if got := log.Names(); len(got) != 1 || got[0] != "auto" {
		t.Errorf("names %v", got)
	}
	for i := range 3 {
		log.Send(Message{Kind: Found, PID: 1000 + i})
	}
	text := func() string {
		b, _ := os.ReadFile(stderr.Name())
		return string(b)
	}
	testbed.Until(t, "the messages on stderr", func() bool { return strings.Count(text(), "PW0202") == 3 })
	daemon, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	buf := make([]byte, 4096)
	for i := range 4 {
		if i == 3 {
			log.Send(Message{Kind: Found, PID: 1003})
		}
		n, err := daemon.Read(buf)
		if want := fmt.Sprintf("pid=%d found", 1000+i); err != nil || !strings.Contains(string(buf[:n]), want) {
			t.Errorf("%q, %v, not %q", buf[:n], err, want)
		}
	}
	if strings.Contains(text(), "1003") {
		t.Error("stderr gets what syslog has")
	}
}

// What waits is bounded, and the newest.
func TestAutoKeepsTheNewest(t *testing.T) {
	a := NewAuto(sinkFunc(func(Message) error { return nil }), Candidate{filepath.Join(t.TempDir(), "x", "log"), nil})
	defer a.Close()
	for i := range keptMost + 7 {
		if err := a.Write(Message{Kind: Found, PID: i}); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.kept) != keptMost || a.kept[0].PID != 7 {
		t.Errorf("%d kept, the first %d", len(a.kept), a.kept[0].PID)
	}
}
