package restart

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
	"procward/procscan"
)

// silence mounts a FUSE file system (linux/fuse.h) that answers nothing but how it begins
// and what its root is. Who looks anything up in it waits, once the request was read, in a
// way that no signal ends, until the file system is taken away.
func silence(t *testing.T) (dir string, asked <-chan struct{}, end func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir = t.TempDir()
	device, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no FUSE: %v", err)
	}
	if err := unix.Mount("restart-test", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", device)); err != nil {
		unix.Close(device)
		t.Skipf("cannot mount: %v", err)
	}
	lookups, served := make(chan struct{}, 1000), make(chan struct{})
	go func() {
		defer close(served)
		serve(device, lookups)
	}()
	ended := false
	end = func() {
		if !ended {
			ended = true
			if err := unix.Unmount(dir, unix.MNT_FORCE|unix.MNT_DETACH); err != nil {
				t.Errorf("unmount: %v", err)
			}
		}
	}
	t.Cleanup(func() {
		end()
		<-served
		unix.Close(device)
	})
	return dir, lookups, end
}

// serve answers FUSE_INIT and FUSE_GETATTR: struct fuse_in_header has the operation at 4
// and a number at 8.
func serve(device int, lookups chan<- struct{}) {
	buf := make([]byte, 1<<17)
	for {
		n, err := unix.Read(device, buf)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN || err == unix.ENOENT:
			continue
		case err != nil || n < 40:
			return // ENODEV: unmounted
		}
		var out []byte
		switch binary.NativeEndian.Uint32(buf[4:]) {
		case 1: // FUSE_LOOKUP
			lookups <- struct{}{}
			continue
		case 3: // struct fuse_attr_out: a directory with one link
			out = make([]byte, 16+104)
			binary.NativeEndian.PutUint32(out[16+16+60:], unix.S_IFDIR|0o755)
			binary.NativeEndian.PutUint32(out[16+16+64:], 1)
		case 26: // struct fuse_init_out: version 7.31
			out = make([]byte, 16+64)
			binary.NativeEndian.PutUint32(out[16:], 7)
			binary.NativeEndian.PutUint32(out[20:], 31)
			binary.NativeEndian.PutUint32(out[36:], 1<<16)
		default:
			continue
		}
		binary.NativeEndian.PutUint32(out, uint32(len(out)))
		copy(out[8:16], buf[8:16])
		_, _ = unix.Write(device, out)
	}
}

// A process that waits for a file system which never answers survives SIGKILL; its parent
// does not. It is told after some seconds; once the file system is gone, so is the process.
func TestUnkillableForReal(t *testing.T) {
	t.Parallel()
	dir, asked, end := silence(t)
	cmd := exec.Command("/bin/sh", "-c", "cat "+dir+"/lost & cat "+dir+"/lost & wait")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end()
		_ = cmd.Wait()
	})
	fs, id := openProc(t), identify(t, cmd.Process.Pid)
	select {
	case <-asked:
	case <-time.After(10 * time.Second):
		t.Fatal("nobody has asked")
	}
	awaitChildren(t, fs, id.PID, 1) // the other waits for the answer, in state S until SIGKILL

	k := kill("TERM", 10*time.Millisecond)
	k.Tree = true
	got := k.End(context.Background(), fs, []procscan.ID{id})
	if len(got) != 3 || got[0].Outcome != BySignal && got[0].Outcome != ByKill {
		t.Fatalf("%+v", got)
	}
	for _, e := range got[1:] {
		if e.Outcome != Unkillable || e.Err != nil {
			t.Errorf("%+v", e)
		}
	}
	end()
	again := k.End(context.Background(), fs, []procscan.ID{got[1].ID, got[2].ID})
	for _, e := range again {
		if e.Outcome == Unkillable || e.Outcome == Refused {
			t.Errorf("%+v", e)
		}
	}
}

// awaitChildren waits until a process has so many children in state D.
func awaitChildren(t *testing.T, fs *procscan.FS, pid, want int) {
	t.Helper()
	testbed.Until(t, "the children are in state D", func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		if err != nil {
			t.Skip(err)
		}
		hanging := 0
		for _, word := range strings.Fields(string(text)) {
			child, _ := strconv.Atoi(word)
			if p, err := fs.Read(child); err == nil && p.State == 'D' {
				hanging++
			}
		}
		return hanging == want
	})
}

// The parent of a vfork(2) is in state D too, and yet no more than a fatal signal is needed.
func TestEndVforkParent(t *testing.T) {
	const parent = "VFORK_PARENT"
	if os.Getenv(parent) != "" {
		vfork()
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestEndVforkParent$")
	cmd.Env = append(os.Environ(), parent+"=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	fs, id := openProc(t), identify(t, cmd.Process.Pid)
	testbed.Until(t, "a thread is in state D", func() bool { return hasThread(id.PID, "D") })
	k := kill("TERM", 100*time.Millisecond)
	k.Tree = true
	got := k.End(context.Background(), fs, []procscan.ID{id})
	if len(got) != 2 {
		t.Errorf("%+v", got)
	}
	for _, e := range got {
		if e.Outcome != BySignal && e.Outcome != ByKill {
			t.Errorf("%+v", e)
		}
	}
}

func hasThread(pid int, state string) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, name := range stats {
		text, _ := os.ReadFile(name)
		if strings.Contains(string(text), ") "+state+" ") {
			return true
		}
	}
	return false
}

// vfork makes a child that the kernel waits for until it executes something or ends; it
// does neither. It has one thread of a Go program and may do nothing but raw system calls.
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
