package notify

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// manager stands in for the service manager.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	dir, err := os.MkdirTemp("", "pw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return l
}

func TestNotify(t *testing.T) {
	l := manager(t)
	b := make([]byte, 4096)
	for _, c := range []struct {
		name string
		send func() error
		want string
	}{
		{"ready", func() error { return Ready("3 processes") }, `READY=1\nSTATUS=3 processes`},
		{"stopping", Stopping, `STOPPING=1`},
		{"ready, with a line end", func() error { return Ready("all up\nMAINPID=1") }, `READY=1\nSTATUS=all up MAINPID=1`},
		{"alive", Alive, `WATCHDOG=1`},
		{"reloading", Reloading, `RELOADING=1\nMONOTONIC_USEC=(\d+)`},
	} {
		if err := c.send(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := l.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := l.Read(b)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !regexp.MustCompile("^" + c.want + "$").Match(b[:n]) {
			t.Errorf("%s: got %q, want %q", c.name, b[:n], c.want)
		}
		if c.name == "reloading" {
			checkTime(t, string(regexp.MustCompile(c.want).FindSubmatch(b[:n])[1]))
		}
	}
}

// checkTime holds that usec is of CLOCK_MONOTONIC, within the last minute.
func checkTime(t *testing.T, usec string) {
	t.Helper()
	got, err := strconv.ParseInt(usec, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	if age := time.Duration(now.Nano()) - time.Duration(got)*time.Microsecond; age < 0 || age > time.Minute {
		t.Errorf("MONOTONIC_USEC=%d is %v old", got, age)
	}
}

func TestNotifyWithoutManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := Ready("x"); err != nil {
		t.Errorf("no manager: %v", err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	if err := Alive(); err == nil {
		t.Error("no error though nobody listens")
	}
}

func TestWatchdog(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
		bad       bool
	}{
		{"", "", 0, false},
		{"30000000", "", 15 * time.Second, false},
		{"30000000", self, 15 * time.Second, false},
		{"30000000", "1", 0, false},
		{"soon", self, 0, true},
		{"0", self, 0, true},
	} {
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if got, err := Watchdog(); got != c.want || (err != nil) != c.bad {
			t.Errorf("WATCHDOG_USEC=%s WATCHDOG_PID=%s: %v, %v", c.usec, c.pid, got, err)
		}
	}
}
