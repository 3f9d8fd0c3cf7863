package vm

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// run is one qemu: from power on to power off or reset.
type run struct {
	cmd     *exec.Cmd
	stderr  bytes.Buffer
	agent   net.Conn
	answers chan string   // lines of the agent
	ended   chan struct{} // closed when qemu has ended and its last events are noted
}

// mark is in the kernel's command line of each machine, and tells it from a real one.
const mark = "procward.test-vm"

// Start switches the machine on. It goes on after a reset by itself, until it powers
// itself off or Stop.
func (m *Guest) Start() {
	m.t.Helper()
	m.mu.Lock()
	on := m.run != nil
	m.off = false
	m.mu.Unlock()
	if on {
		m.t.Fatal("the machine is on")
	}
	if err := m.launch(); err != nil {
		m.t.Fatalf("start the machine: %v", err)
	}
}

// launch starts a qemu, which connects to our sockets.
func (m *Guest) launch() error {
	qmp, err := m.listen("qmp")
	if err != nil {
		return err
	}
	defer qmp.Close()
	agent, err := m.listen("agent")
	if err != nil {
		return err
	}
	defer agent.Close()
	r := &run{answers: make(chan string, 16), ended: make(chan struct{})}
	exited, err := m.fork(r)
	if err != nil {
		return err
	}
	control, err := qmp.Accept()
	if err == nil {
		r.agent, err = agent.Accept()
	}
	if err != nil {
		_ = r.cmd.Process.Kill()
		<-exited
		return fmt.Errorf("qemu does not connect: %w: %s", err, r.stderr.String())
	}
	m.change(func() { m.run = r })
	go m.follow(r, control, exited)
	return nil
}

func (m *Guest) listen(name string) (*net.UnixListener, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(m.dir, name), Net: "unix"})
	if err == nil {
		err = l.SetDeadline(time.Now().Add(time.Minute))
	}
	return l, err
}

// fork starts the process; what it returns is closed when the process has ended.
func (m *Guest) fork(r *run) (<-chan struct{}, error) {
	r.cmd = exec.Command("qemu-system-x86_64", m.arguments()...)
	r.cmd.Stderr = &r.stderr
	r.cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // Pdeathsig is about the thread that starts it, which must live as long
		err := r.cmd.Start()
		started <- err
		if err == nil {
			_ = r.cmd.Wait()
		}
		close(exited)
	}()
	return exited, <-started
}

func (m *Guest) arguments() []string {
	cmdline := mark + " console=ttyS0 panic=1 mitigations=off fsck.mode=skip systemd.show_status=0 " + m.options.Cmdline
	text := "-nodefaults -no-user-config -display none -accel tcg,thread=multi -cpu max -smp 2 -m 512" +
		" -no-reboot -action panic=none,watchdog=reset" +
		" -chardev file,id=console,path=console,append=on -serial chardev:console" +
		" -chardev socket,id=qmp,path=qmp -mon chardev=qmp,mode=control" +
		" -chardev socket,id=agent,path=agent -device virtio-serial-pci -device virtserialport,chardev=agent,name=agent" +
		" -drive file=disk.img,format=raw,if=virtio,cache=unsafe" + // the host's cache outlives qemu
		" -device i6300esb -device pvpanic-pci"
	text = strings.NewReplacer("path=", "path="+m.dir+"/", "file=", "file="+m.dir+"/").Replace(text)
	args := append(strings.Fields(text), "-kernel", m.image.kernel(), "-initrd", m.image.initrd(), "-append", cmdline)
	for _, device := range m.options.Devices {
		args = append(args, "-device", device)
	}
	return args
}

// follow notes what a qemu says until it has ended, and starts the next one after a reset.
func (m *Guest) follow(r *run, control net.Conn, exited <-chan struct{}) {
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		m.hear(r)
	}()
	reset := m.note(control) // until the connection ends, as qemu does
	<-exited
	r.agent.Close()
	<-heard
	control.Close()
	m.mu.Lock()
	again := reset && !m.off
	m.mu.Unlock()
	if again {
		if err := m.launch(); err != nil {
			m.t.Errorf("start the machine again: %v", err)
			again = false
		}
	}
	if !again {
		m.change(func() { m.run = nil })
	}
	close(r.ended)
}

// Stop switches the machine off at once, as a loss of power does. It may be called more
// than once.
func (m *Guest) Stop() {
	m.t.Helper()
	m.change(func() { m.off = true })
	for {
		m.mu.Lock()
		r := m.run
		m.mu.Unlock()
		if r == nil {
			return
		}
		_ = r.cmd.Process.Kill() // os.Process knows when it has been waited for
		select {
		case <-r.ended:
		case <-time.After(limit):
			m.t.Error("qemu cannot be stopped")
			return
		}
	}
}

// Wait waits until the machine has powered itself off.
func (m *Guest) Wait() {
	m.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		m.mu.Lock()
		r, changed := m.run, m.changed
		m.mu.Unlock()
		if r == nil {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			m.t.Fatalf("the machine is still on after %v", limit)
		}
	}
}
