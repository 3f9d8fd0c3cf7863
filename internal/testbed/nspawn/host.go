package nspawn

import (
	"bufio"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const prefix = "procward-test-"

// sweep removes what tests left that were killed.
func sweep(parent string) {
	dirs, _ := filepath.Glob(filepath.Join(parent, prefix+"*"))
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		if _, err := os.Stat("/proc/" + pid); errors.Is(err, fs.ErrNotExist) {
			_ = killGroup(dir)
			removeTree(dir)
		}
	}
}

// killGroup kills all that is in a cgroup and below it.
func killGroup(dir string) error {
	return os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0)
}

// Group makes a cgroup of version 2 below our own. When the test ends, what is still in it
// is killed, and it is removed.
func Group(t testing.TB) *os.File {
	t.Helper()
	mount, own := unified()
	if mount == "" {
		t.Skip("a container with systemd needs cgroups of version 2")
	}
	sweep(filepath.Join(mount, own))
	dir, err := os.MkdirTemp(filepath.Join(mount, own), prefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		t.Skipf("a container needs a cgroup: %v", err)
	}
	t.Cleanup(func() {
		_ = killGroup(dir)
		removeGroup(t, dir)
	})
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// unified is where cgroups of version 2 are mounted, and our own below it.
func unified() (mount, own string) {
	for line := range lines("/proc/self/mounts") {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			mount = f[1]
			break
		}
	}
	for line := range lines("/proc/self/cgroup") {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			own = path
		}
	}
	return mount, own
}

func lines(file string) func(func(string) bool) {
	return func(yield func(string) bool) {
		f, err := os.Open(file)
		if err != nil {
			return
		}
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if !yield(s.Text()) {
				return
			}
		}
	}
}

// removeGroup removes a cgroup and those below it; the kernel may need a moment to see
// that they are empty.
func removeGroup(t testing.TB, dir string) {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		removeTree(dir)
		_, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if time.Now().After(end) {
			t.Errorf("cgroup %s is left", dir)
			return
		}
	}
}

// removeTree removes a cgroup with those below it, as far as they are empty.
func removeTree(dir string) {
	var dirs []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	for i := len(dirs) - 1; i >= 0; i-- {
		_ = os.Remove(dirs[i])
	}
}

// notify is the socket on which systemd-nspawn says how far it is (sd_notify(3)).
type notify struct {
	path string
	conn *net.UnixConn
}

func listen(t testing.TB) *notify {
	t.Helper()
	dir, err := os.MkdirTemp("", "nspawn-") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	n := &notify{path: filepath.Join(dir, "notify")}
	n.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: n.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.conn.Close() })
	return n
}

// ready waits until the container has booted and returns the PID of its systemd. The
// socket is read until the container ends: who writes to it would wait else.
func (n *notify) ready(m *Container) int {
	m.t.Helper()
	leaders := make(chan int, 1)
	go n.read(leaders)
	select {
	case leader := <-leaders:
		return leader
	case <-m.ended:
		m.t.Fatal("the container does not boot")
	case <-time.After(limit):
		m.t.Fatalf("the container has not booted after %v", limit)
	}
	return 0
}

func (n *notify) read(leaders chan<- int) {
	leader, buf := 0, make([]byte, 8192)
	for {
		size, err := n.conn.Read(buf)
		if err != nil {
			return // closed with the test
		}
		for line := range strings.SplitSeq(string(buf[:size]), "\n") {
			if pid, ok := strings.CutPrefix(line, "X_NSPAWN_LEADER_PID="); ok {
				leader, _ = strconv.Atoi(pid)
			}
			if line == "READY=1" && leader != 0 {
				select {
				case leaders <- leader:
				default:
				}
			}
		}
	}
}
