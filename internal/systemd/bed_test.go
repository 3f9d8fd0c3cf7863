package systemd

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
	"procward/internal/testbed/nspawn"
)

// bed is a container, and a link to its systemd.
type bed struct {
	*nspawn.Container
	link *Link
}

func boot(t *testing.T) *bed {
	t.Helper()
	m := nspawn.Boot(t)
	return &bed{m, connectTo(t, m)}
}

func connectTo(t *testing.T, m *nspawn.Container) *Link {
	t.Helper()
	l, err := connect(context.Background(), m.Path("/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// install makes a service of what stands in its [Service] section. Like one that starts
// at boot it is wanted by multi-user.target, so that systemd does not forget it when it
// is down.
func (b *bed) install(name, service string) {
	b.Write("/etc/systemd/system/"+name, "[Unit]\nStartLimitIntervalSec=0\n[Service]\n"+strings.TrimSpace(service)+"\n", 0o644)
	b.Must("systemctl", "add-wants", "multi-user.target", name) // and reloads
}

// unit asks the link.
func (b *bed) unit(t *testing.T, name string) Unit {
	t.Helper()
	u, err := b.link.Unit(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// until asks the link until the answer is as wanted.
func (b *bed) until(t *testing.T, name, what string, cond func(Unit) bool) Unit {
	t.Helper()
	var u Unit
	testbed.Tells(t, what, func() (string, bool) {
		u = b.unit(t, name)
		return fmt.Sprintf("%+v", u), cond(u)
	})
	return u
}

// start starts the unit by systemctl and returns its main process, as the container
// counts, once the link sees it.
func (b *bed) start(t *testing.T, name string) (pid int) {
	t.Helper()
	b.Must("systemctl", "start", name)
	return b.until(t, name, "up", func(u Unit) bool { return u.Up() && u.MainPID != 0 && u.JobType == "" }).MainPID
}

// ready waits for the file by which a service says that it has set its trap.
func (b *bed) ready(unit string) {
	b.Must("sh", "-c", "until [ -e /run/ready-"+unit+" ]; do sleep 0.01; done")
}

// looked waits until the link has seen how the unit was right after its last job. In a
// test things follow each other faster than that.
func (b *bed) looked(t *testing.T, unit string) {
	t.Helper()
	b.until(t, unit, "looked at after its job", func(Unit) bool { j, _ := b.link.lastJob(unit, 0); return j.id == 0 || j.looked })
}

func (b *bed) kill(signal string, pid int) { b.Must("kill", "-"+signal, strconv.Itoa(pid)) }

// pidfd is one of a child of the container's systemd.
func (b *bed) pidfd(t *testing.T, inside int) int {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", b.Leader()))
	if err != nil {
		t.Fatal(err)
	}
	for child := range strings.FieldsSeq(string(children)) {
		status, _ := os.ReadFile("/proc/" + child + "/status")
		if !strings.Contains(string(status), fmt.Sprintf("\nNSpid:\t%s\t%d\n", child, inside)) {
			continue
		}
		outside, _ := strconv.Atoi(child)
		fd, err := unix.PidfdOpen(outside, 0)
		if err != nil {
			t.Fatal(err)
		}
		return fd
	}
	t.Fatalf("no process %d in the container", inside)
	return -1
}

// untilDead waits for the end of a process as procward's tracker does, and closes the
// pidfd.
func untilDead(t *testing.T, pidfd int) {
	t.Helper()
	defer unix.Close(pidfd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 20000)
		if n == 1 {
			return
		}
		if err != unix.EINTR {
			t.Fatalf("the process does not end: %v", err)
		}
	}
}
