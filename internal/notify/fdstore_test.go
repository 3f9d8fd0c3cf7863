package notify

import (
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// receive gives one message and its descriptor, or -1.
func receive(t *testing.T, conn *net.UnixConn) (string, int) {
	t.Helper()
	text, oob := make([]byte, 4096), make([]byte, 256)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, on, _, _, err := conn.ReadMsgUnix(text, oob)
	if err != nil {
		t.Fatal(err)
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:on])
	if err != nil || len(msgs) == 0 {
		return string(text[:n]), -1
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		t.Fatalf("%v, %v", fds, err)
	}
	return string(text[:n]), fds[0]
}

func TestStoreFD(t *testing.T) {
	conn := manager(t)
	if err := StoreFD("pid-1-2", int(os.Stdin.Fd())); err != nil {
		t.Fatal(err)
	}
	text, fd := receive(t, conn)
	if text != "FDSTORE=1\nFDPOLL=0\nFDNAME=pid-1-2" || fd < 0 {
		t.Errorf("got %q with descriptor %d", text, fd)
	}
	unix.Close(fd)
	if err := ForgetFD("pid-1-2"); err != nil {
		t.Fatal(err)
	}
	if text, fd := receive(t, conn); text != "FDSTOREREMOVE=1\nFDNAME=pid-1-2" || fd >= 0 {
		t.Errorf("got %q with descriptor %d", text, fd)
	}
}

func TestBarrierWaitsUntilItIsTakenIn(t *testing.T) {
	conn := manager(t)
	done := make(chan error, 1)
	go func() { done <- Barrier(10 * time.Second) }()
	text, fd := receive(t, conn)
	select {
	case err := <-done:
		t.Errorf("it ended before it was taken in: %v", err)
	default:
	}
	unix.Close(fd)
	if err := <-done; err != nil || text != "BARRIER=1" {
		t.Errorf("%q: %v", text, err)
	}
	if err := Barrier(time.Millisecond); err == nil {
		t.Error("a manager that does not answer was waited for in vain, without an error")
	}
}

func TestStoredFDsAreForUsOnly(t *testing.T) {
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "3")
	t.Setenv("LISTEN_FDNAMES", "a:b:c")
	if names, fds := StoredFDs(); len(names)+len(fds) > 0 || os.Getenv("LISTEN_FDS") != "" {
		t.Errorf("took %v %v of another process", names, fds)
	}
}
