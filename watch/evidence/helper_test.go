package evidence

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
	"procward/procscan"
)

// The test binary, started with this variable set, is a victim: it does what it reads
// from its standard input, line by line, and answers each line.
const victimEnv = "EVIDENCE_VICTIM"

func TestMain(m *testing.M) {
	testbed.Hold()
	if os.Getenv(victimEnv) != "" {
		suffer()
		return
	}
	os.Exit(m.Run())
}

func suffer() {
	in := bufio.NewScanner(os.Stdin)
	var keep []any
	for in.Scan() {
		order, arg, _ := strings.Cut(in.Text(), " ")
		n, _ := strconv.Atoi(arg)
		switch order {
		case "threads":
			for range n {
				ready := make(chan bool)
				go func() {
					runtime.LockOSThread()
					ready <- true
					select {}
				}()
				<-ready
			}
			fmt.Println("done")
		case "files":
			for range n {
				f, err := os.Open("/dev/null")
				if err != nil {
					fmt.Println(err)
					break
				}
				keep = append(keep, f)
			}
			f, _ := os.CreateTemp("", "gone")
			_ = os.Remove(f.Name())
			keep = append(keep, f)
			fmt.Println("done")
		case "listen":
			l, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				fmt.Println(err)
				break
			}
			u, err := net.Listen("unix", arg)
			for range 3 { // connections that nobody accepts
				a, errA := net.Dial("unix", arg)
				b, errB := net.Dial("tcp", l.Addr().String())
				keep = append(keep, a, b, errA, errB)
			}
			keep = append(keep, l, u, err)
			fmt.Println(l.Addr())
		case "leave":
			fmt.Println("going")
			leaveLeader()
		case "name":
			fmt.Println(os.WriteFile("/proc/self/comm", []byte("a)\n\x1b["), 0))
		case "vfork":
			go vfork()
			fmt.Println("done")
		case "child":
			cmd := exec.Command("sleep", "1000")
			cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
			runtime.LockOSThread()
			keep = append(keep, cmd, cmd.Start())
			fmt.Println(cmd.Process.Pid)
		}
	}
	runtime.KeepAlive(keep)
}

// leaveLeader ends the first thread of this process; the others live on.
func leaveLeader() {
	for range 1000 {
		led := make(chan bool)
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() != os.Getpid() {
				led <- false
				select {} // keep this thread, so that the next goroutine gets another
			}
			led <- true
			_, _, _ = unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
		}()
		if <-led {
			return
		}
	}
}

// vfork makes a child that the kernel waits for, in state D, until it executes something
// or ends; it does neither. The child has one thread of a Go program and may do nothing
// but raw system calls.
//
//go:norace
//go:noinline
func vfork() {
	runtime.LockOSThread()
	self := uintptr(os.Getpid())
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, unix.CLONE_VFORK|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if pid == 0 && errno == 0 {
		unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0)
		if parent, _, _ := unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0); parent != self {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0) // it ended before the signal was asked for
		}
		for {
			unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
}

// victim is a helper process.
type victim struct {
	t   *testing.T
	id  procscan.ID
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), victimEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v := &victim{t: t, cmd: cmd, in: in, out: bufio.NewReader(out)}
	t.Cleanup(v.end)
	v.id = identify(t, cmd.Process.Pid)
	return v
}

func (v *victim) end() {
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait()
}

// do gives an order and its answer.
func (v *victim) do(order string) string {
	v.t.Helper()
	_, _ = io.WriteString(v.in, order+"\n")
	answer, err := v.out.ReadString('\n')
	if err != nil {
		v.t.Fatalf("%s: %v", order, err)
	}
	return strings.TrimSpace(answer)
}

func (v *victim) stop() {
	v.t.Helper()
	if err := v.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		v.t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, v.id.PID, nil, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil {
		v.t.Fatal(err)
	}
}

// awaitState waits until a thread of the victim is in a state.
func (v *victim) awaitState(state string) {
	v.t.Helper()
	testbed.Until(v.t, fmt.Sprintf("a thread of %v is in state %s", v.id, state), func() bool {
		stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", v.id.PID))
		return slices.ContainsFunc(stats, func(name string) bool {
			text, _ := os.ReadFile(name)
			return strings.Contains(string(text), ") "+state+" ")
		})
	})
}

func identify(t *testing.T, pid int) procscan.ID {
	t.Helper()
	fs, err := procscan.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer fs.Close()
	p, err := fs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// collect takes evidence of the IDs and gives the text.
func collect(t *testing.T, w *Writer, c Case) string {
	t.Helper()
	if w.Dir == "" {
		w.Dir = filepath.Join(t.TempDir(), "state", "evidence")
	}
	if c.Process == "" {
		c.Process = "victim"
	}
	path, err := w.Collect(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wants reports what a text does not hold.
func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("the text lacks %q", p)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}
