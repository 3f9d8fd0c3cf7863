package restart

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
	"procward/internal/testbed"
	"procward/procscan"
)

// target is a process to be ended: a child that has said "ready".
type target struct {
	*testbed.Victim
	id procscan.ID
}

// startTarget starts sh(1) with a script that then answers every line with the same.
func startTarget(t *testing.T, script string) *target {
	t.Helper()
	v := testbed.NewVictim(t, exec.Command("/bin/sh", "-c", script+"; echo ready; while read x; do echo $x; done"))
	if line := v.Hear(); line != "ready" {
		t.Fatalf("the target began with %q", line)
	}
	return &target{v, procscan.ID{PID: v.PID, Start: v.Start}}
}

// await waits until it has ended or stopped, as the options of waitid(2) say, without reaping it.
func (tg *target) await(options int) {
	tg.T.Helper()
	if err := unix.Waitid(unix.P_PID, tg.id.PID, nil, options|unix.WNOWAIT, nil); err != nil {
		tg.T.Fatal(err)
	}
}

// unharmed holds when it still answers: it could not with a deadly signal pending.
func (tg *target) unharmed() {
	tg.T.Helper()
	if line := tg.Ask("hello"); line != "hello" {
		tg.T.Errorf("%v was harmed: %q", tg.id, line)
	}
}

func openProc(t testing.TB) *procscan.FS {
	t.Helper()
	fs, err := procscan.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fs.Close() })
	return fs
}

func identify(t testing.TB, pid int) procscan.ID {
	t.Helper()
	p, err := openProc(t).Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func kill(signal string, timeout time.Duration) Kill {
	return Kill{Signal: signal, Timeout: scalar.Duration(timeout)}
}

const stubborn = `trap "" TERM`

func TestEnd(t *testing.T) {
	obedient, deaf, stopped := startTarget(t, ":"), startTarget(t, stubborn), startTarget(t, ":")
	zombie, gone := startTarget(t, ":"), startTarget(t, ":")
	if err := stopped.Cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped.await(unix.WSTOPPED)
	for _, tg := range []*target{zombie, gone} {
		_ = tg.Cmd.Process.Kill()
		tg.await(unix.WEXITED)
	}
	_ = gone.Cmd.Wait()

	ids := []procscan.ID{obedient.id, deaf.id, stopped.id, zombie.id, gone.id}
	got := kill("TERM", 300*time.Millisecond).End(context.Background(), openProc(t), ids)
	for i, want := range []Outcome{BySignal, ByKill, BySignal, Gone, Gone} {
		if got[i].ID != ids[i] || got[i].Outcome != want || got[i].Err != nil {
			t.Errorf("%d: %+v, want %v %s", i, got[i], ids[i], want)
		}
	}
	for tg, want := range map[*target]unix.Signal{obedient: unix.SIGTERM, deaf: unix.SIGKILL, stopped: unix.SIGTERM} {
		_ = tg.Cmd.Wait()
		if status := tg.Cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != want {
			t.Errorf("%v ended by %v, want %v", tg.id, status.Signal(), want)
		}
	}
}

func TestEndByOtherSignals(t *testing.T) {
	for signal, want := range map[string]Outcome{"INT": BySignal, "SIGUSR1": BySignal, "KILL": ByKill} {
		tg := startTarget(t, stubborn)
		got := kill(signal, time.Minute).End(context.Background(), openProc(t), []procscan.ID{tg.id})
		if len(got) != 1 || got[0].Outcome != want {
			t.Errorf("%s: %+v", signal, got)
		}
		_ = tg.Cmd.Wait()
		if status := tg.Cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != kill(signal, 0).Number() {
			t.Errorf("%s: %v", signal, status.Signal())
		}
	}
}

func TestEndNever(t *testing.T) {
	tg := startTarget(t, ":")
	k := kill("TERM", time.Minute)
	k.Never = true
	if got := k.End(context.Background(), openProc(t), []procscan.ID{tg.id}); got != nil {
		t.Errorf("%+v", got)
	}
	tg.unharmed()
}

func TestEndBrokenOff(t *testing.T) {
	tg := startTarget(t, stubborn)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan []Ended)
	go func() { ended <- kill("TERM", time.Minute).End(ctx, openProc(t), []procscan.ID{tg.id}) }()
	cancel()
	if got := <-ended; got[0].Outcome != Refused || !errors.Is(got[0].Err, context.Canceled) {
		t.Errorf("%+v", got)
	}
	tg.unharmed()
}

// What is still there in the end is unkillable.
func TestUnkillable(t *testing.T) {
	tg := startTarget(t, ":")
	c := condemn(openProc(t), []procscan.ID{tg.id})
	c.await(context.Background(), time.Millisecond, BySignal)
	c.settleRest(Unkillable, nil)
	if c.ended[0].Outcome != Unkillable || c.fds[0].Fd != -1 || c.left != 0 {
		t.Errorf("%+v", c)
	}
}

// Another process that has the PID by now is never signalled.
func TestEndReusedPID(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	tg := startTarget(t, ":")
	_ = tg.Cmd.Process.Kill()
	_ = tg.Cmd.Wait()
	for procscan.Boottime() < tg.id.Started()+20*time.Millisecond {
		time.Sleep(time.Millisecond) // until the clock of start times has ticked
	}
	if errno := cloneWith(tg.id.PID); errno != 0 {
		t.Skipf("clone3 with set_tid: %v", errno)
	}
	innocent := identify(t, tg.id.PID)
	defer func() {
		_ = unix.Kill(innocent.PID, unix.SIGKILL) // our child, not yet reaped
		_, _ = unix.Wait4(innocent.PID, nil, 0, nil)
	}()
	got := kill("TERM", time.Minute).End(context.Background(), openProc(t), []procscan.ID{tg.id})
	if got[0].Outcome != Gone {
		t.Errorf("%+v", got)
	}
	if now := identify(t, innocent.PID); now != innocent {
		t.Errorf("%v is %v now", innocent, now)
	}
	if pid, err := unix.Wait4(innocent.PID, nil, unix.WNOHANG, nil); pid != 0 || err != nil {
		t.Errorf("%v has ended: %d, %v", innocent, pid, err)
	}
}

// cloneWith forks a child with a PID of our choice (clone3(2)), which sleeps. It may do
// nothing but raw system calls: it has one thread of a Go program.
//
//go:norace
//go:noinline
func cloneWith(pid int) unix.Errno {
	tid := int32(pid)
	args := struct{ flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64 }{
		exitSignal: uint64(unix.SIGCHLD), setTID: uint64(uintptr(unsafe.Pointer(&tid))), setTIDSize: 1,
	}
	child, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	if child == 0 && errno == 0 {
		for {
			unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	runtime.KeepAlive(&tid)
	return errno
}

// A process of somebody else is not signalled, and said so.
func TestEndRefused(t *testing.T) {
	const victim = "KILL_VICTIM"
	if pid, err := strconv.Atoi(os.Getenv(victim)); err == nil { // here we are nobody
		got := kill("TERM", time.Minute).End(context.Background(), openProc(t), []procscan.ID{identify(t, pid)})
		if got[0].Outcome != Refused || !errors.Is(got[0].Err, unix.EPERM) {
			t.Errorf("%+v", got)
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	tg := startTarget(t, ":")
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestEndRefused$")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), victim+"="+strconv.Itoa(tg.id.PID))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	tg.unharmed()
}
