package evidence

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
	testbed.Leash()
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
			testbed.LeaveLeader()
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
	*testbed.Victim
	id procscan.ID
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	v := testbed.NewVictim(t, testbed.Self(victimEnv))
	return &victim{v, procscan.ID{PID: v.PID, Start: v.Start}}
}

func (v *victim) stop() {
	v.T.Helper()
	v.Signal(unix.SIGSTOP)
	if err := unix.Waitid(unix.P_PID, v.PID, nil, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil {
		v.T.Fatal(err)
	}
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
