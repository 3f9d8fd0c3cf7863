package probe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const apartEnv = "PROBE_TEST_APART"

// apart runs a test in a network and a mount of its own, with a resolver at 127.0.0.1 and no
// way out. It says whether this is that one.
func apart(t *testing.T) bool {
	t.Helper()
	if os.Getenv(apartEnv) != "" {
		arrange(t)
		return true
	}
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make namespaces")
	}
	rerun(t, unix.CLONE_NEWNET|unix.CLONE_NEWNS)
	return false
}

// rerun runs a test in a process of its own, in new namespaces.
func rerun(t *testing.T, namespaces uintptr) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), apartEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // Pdeathsig is about the thread that starts it
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS: "+t.Name()) {
		t.Errorf("in a process of its own: %v\n%s", err, out)
	}
}

func arrange(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "resolv.conf"), "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")
	write(t, filepath.Join(dir, "hosts"), "127.0.0.1 other\n")
	command(t, "mount", "--make-rprivate", "/")
	for _, name := range []string{"resolv.conf", "hosts"} {
		command(t, "mount", "--bind", filepath.Join(dir, name), "/etc/"+name)
	}
	command(t, "ip", "link", "set", "lo", "up")
}

func command(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// resolver answers each question after a while with the addresses that a name has; with none
// at all where hold is 0.
func resolver(t *testing.T, hold time.Duration, names map[string][]string) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		for {
			ask := make([]byte, 1500)
			n, from, err := c.ReadFrom(ask)
			if err != nil {
				return
			}
			if hold > 0 {
				time.AfterFunc(hold, func() { _, _ = c.WriteTo(reply(ask[:n], names), from) })
			}
		}
	}()
}

// reply is the answer to a question of DNS (RFC 1035, 4.1).
func reply(ask []byte, names map[string][]string) []byte {
	var labels []string
	at := 12
	for ask[at] != 0 {
		labels = append(labels, string(ask[at+1:at+1+int(ask[at])]))
		at += 1 + int(ask[at])
	}
	kind := binary.BigEndian.Uint16(ask[at+1:])
	question := ask[12 : at+5]
	var records bytes.Buffer
	n := uint16(0)
	for _, text := range names[strings.Join(labels, ".")] {
		ip := net.ParseIP(text)
		data := ip.To4()
		if data == nil {
			data = ip.To16()
		}
		if (len(data) == 4) != (kind == 1) {
			continue
		}
		n++
		records.Write([]byte{0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 9, 0, byte(len(data))})
		records.Write(data)
	}
	head := binary.BigEndian.AppendUint16(append([]byte{}, ask[:2]...), 0x8180)
	for _, count := range []uint16{1, n, 0, 0} {
		head = binary.BigEndian.AppendUint16(head, count)
	}
	return append(append(head, question...), records.Bytes()...)
}

// port is that of an address.
func port(address string) string {
	_, p, _ := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
	return p
}

// TestResolverIsSilent holds that a name that is not resolved is no stall, of each kind that
// asks a name.
func TestResolverIsSilent(t *testing.T) {
	if !apart(t) {
		return
	}
	resolver(t, 0, nil)
	ask(t, "http://web.test/", short, nothing).is(t, Unknown, false, "the name web.test was not resolved within 50ms")
	ask(t, "https://web.test/", short, nothing).is(t, Unknown, false, "was not resolved")
	connect(t, "tcp", "web.test:80", "", "", short).is(t, Unknown, false, "was not resolved")
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://web.test/", http.StatusFound)
	})
	ask(t, url, time.Second, func(h *HTTP) { h.Redirects = true }).is(t, Unknown, false, "was not resolved")
}

// TestResolverIsSlow holds that a service has its whole timeout however long its name takes,
// and that one which then hangs is seen.
func TestResolverIsSlow(t *testing.T) {
	if !apart(t) {
		return
	}
	resolver(t, 3*time.Second, map[string][]string{"web.test": {"127.0.0.1"}})
	url := serve(t, func(http.ResponseWriter, *http.Request) { time.Sleep(2 * time.Second) })
	r := ask(t, "http://web.test:"+port(url), 4*time.Second, nothing)
	r.is(t, Success, false, "status 200")
	if r.aside < 2*time.Second {
		t.Errorf("only %v of its time did not count", r.aside)
	}
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	ask(t, "http://web.test:"+port(mute.Addr().String()), 4*time.Second, nothing).is(t, Unknown, true, "no answer within 4s")
}

// TestNoWay holds that a way that is not there is no stall, and that an address without a way
// does not hide what another one shows.
func TestNoWay(t *testing.T) {
	if !apart(t) {
		return
	}
	resolver(t, time.Millisecond, map[string][]string{
		"both.test": {"127.0.0.1", "2001:db8::1"}, "away.test": {"192.0.2.1", "::1"}, "here.test": {"127.0.0.1", "::1"},
	})
	_, closed, _ := net.SplitHostPort(closedPort(t))
	for to, words := range map[string]string{
		"192.0.2.1": "network is unreachable", "[2001:db8::1]": "network is unreachable", "nowhere.test": "no such host",
		"away.test": "192.0.2.1:" + closed + ": connect: network is unreachable",
	} {
		ask(t, "http://"+to+":"+closed, long, nothing).is(t, Unknown, false, words)
		connect(t, "tcp", to+":"+closed, "", "", long).is(t, Unknown, false, words)
	}
	command(t, "ip", "route", "add", "unreachable", "198.51.100.0/24")
	connect(t, "tcp", "198.51.100.1:80", "", "", long).is(t, Unknown, false, "no route to host")
	for _, to := range []string{"127.0.0.1", "both.test", "here.test", "localhost", "other"} {
		connect(t, "tcp", to+":"+closed, "", "", long).is(t, Failure, false, "connection refused")
	}
	url := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, to := range []string{"both.test", "here.test", "localhost"} {
		ask(t, "http://"+to+":"+port(url), long, nothing).is(t, Success, false, "")
	}
	write(t, "/proc/sys/net/ipv6/conf/lo/disable_ipv6", "1")
	connect(t, "tcp", "localhost:"+closed, "", "", long).is(t, Failure, false, "connection refused")
	connect(t, "tcp", "[::1]:"+closed, "", "", long).is(t, Unknown, false, "cannot assign requested address")
}

// TestTheAnsweringAddress holds that the address that answered until now counts, though it is
// one of IPv6 and has no way any more.
func TestTheAnsweringAddress(t *testing.T) {
	if !apart(t) {
		return
	}
	resolver(t, time.Millisecond, map[string][]string{"here.test": {"127.0.0.1", "2001:db8::1"}})
	command(t, "ip", "addr", "add", "2001:db8::1/128", "dev", "lo", "nodad")
	l, err := net.Listen("tcp", "[2001:db8::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	eventually(t, "there is a way to it", func() bool {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	c, err := newCaller("tcp", fmt.Sprintf("here.test:%s", port(l.Addr().String())), "", "")
	if err != nil {
		t.Fatal(err)
	}
	once(t, c, long).is(t, Success, false, "")
	command(t, "ip", "addr", "del", "2001:db8::1/128", "dev", "lo")
	once(t, c, long).is(t, Unknown, false, "network is unreachable")
}

// TestNoPortsLeft holds that a lack of local ports is no stall.
func TestNoPortsLeft(t *testing.T) {
	if !apart(t) {
		return
	}
	url := serve(t, func(http.ResponseWriter, *http.Request) {})
	write(t, "/proc/sys/net/ipv4/ip_local_port_range", "40000 40001")
	for range 2 {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port(url))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	ask(t, url, long, nothing).is(t, Unknown, false, "cannot assign requested address")
}
