package state

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

// mountTmpfs mounts a tmpfs of a size for the length of the test.
func mountTmpfs(t *testing.T, size string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a mount needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("procward-test", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Skipf("cannot mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// loop is an ext4 in a file.
type loop struct {
	t      *testing.T
	image  string
	dir    string
	device string // while it is mounted
}

// newLoop makes an ext4 of 8 MB in a sparse file in the directory, and mounts it.
func newLoop(t *testing.T, below string) *loop {
	t.Helper()
	l := &loop{t: t, image: filepath.Join(below, "image"), dir: t.TempDir()}
	if out, err := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", l.image, "8M").CombinedOutput(); err != nil {
		t.Skipf("cannot make an ext4: %v: %s", err, out)
	}
	l.mount()
	t.Cleanup(l.unmount)
	return l
}

// mount mounts the image on a loop device of its own each time: a container that is started
// meanwhile keeps the mounts that there are for a while, and with them a file system that
// was cut off, which a second mount of the same device would be given again.
func (l *loop) mount() {
	l.t.Helper()
	device, err := exec.Command("losetup", "--find", "--show", l.image).Output()
	if err != nil {
		l.t.Skipf("cannot make a disk of a file: %v", err)
	}
	l.device = strings.TrimSpace(string(device))
	if out, err := exec.Command("mount", "-t", "ext4", l.device, l.dir).CombinedOutput(); err != nil {
		l.detach()
		l.t.Skipf("cannot mount an ext4 in a file: %v: %s", err, out)
	}
}

// detach lets the device go, at once or as soon as nobody uses it.
func (l *loop) detach() {
	if out, err := exec.Command("losetup", "--detach", l.device).CombinedOutput(); err != nil {
		l.t.Errorf("detach %s: %v: %s", l.device, err, out)
	}
	l.device = ""
}

func (l *loop) unmount() {
	l.t.Helper()
	if l.device == "" {
		return
	}
	var err error
	testbed.Until(l.t, "the disk can be unmounted", func() bool {
		err = unix.Unmount(l.dir, 0)
		return err != unix.EBUSY // a file may be closed a little later
	})
	if err != nil {
		l.t.Errorf("unmount: %v", err)
	}
	l.detach()
}

// stuff fills a file system until not a byte more goes in.
func stuff(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "stuffing")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, unix.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	_ = f.Sync()
	return name
}

// cut ends the file system as a loss of power does: what is not on the disk yet never
// gets there, and all that is asked of it afterwards fails with EIO.
func (l *loop) cut() {
	l.t.Helper()
	const (
		shutdown   = 0x8004587d // EXT4_IOC_SHUTDOWN
		noLogFlush = 2          // EXT4_GOING_FLAGS_NOLOGFLUSH
	)
	dir, err := os.Open(l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	defer dir.Close()
	if err := unix.IoctlSetPointerInt(int(dir.Fd()), shutdown, noLogFlush); err != nil {
		l.t.Skipf("this ext4 cannot be shut down: %v", err)
	}
}

// TestBookFullDisk: once there was room there is room for every later change; what does
// not fit is said not to be there, and what was there stays.
func TestBookFullDisk(t *testing.T) {
	for name, dir := range map[string]func(*testing.T) string{
		"tmpfs": func(t *testing.T) string { return mountTmpfs(t, "4m") },
		"ext4":  func(t *testing.T) string { return newLoop(t, t.TempDir()).dir },
	} {
		t.Run(name, func(t *testing.T) { bookFullDisk(t, dir(t)) })
	}
}

func bookFullDisk(t *testing.T, mount string) {
	dir := filepath.Join(mount, "procward")
	b, _, stop := running(t, dir)
	written := func(n int, flush bool) error {
		b.Put(map[string]any{"n": n})
		if flush {
			return b.Flush(t.Context())
		}
		return b.Written(t.Context())
	}
	for n := range 2 { // one in a snapshot, one in the journal
		if err := written(n, false); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	stuffing := stuff(t, mount)
	if err := os.WriteFile(filepath.Join(mount, "more"), []byte("more"), 0o600); err == nil {
		t.Skip("the disk does not get full")
	}
	b, _, stop = running(t, dir)
	for n := range 50 {
		if err := written(n, n%5 == 0); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
	}
	for n := range 3 * least / 1000 { // everything is written anew, again and again
		b.Put(map[string]any{"n": n, "pad": pad(n, 1000)})
		if err := b.Written(t.Context()); err != nil {
			t.Fatalf("%d more: %v", n, err)
		}
	}
	if err := written(49, true); err != nil {
		t.Fatal(err)
	}
	b.Put(map[string]any{"big": pad(0, 4*least)})
	if err := b.Written(t.Context()); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("two megabytes more: %v", err)
	}
	stop()
	b, kept, stop := running(t, dir)
	if got := kept.number("n"); got != 49 {
		t.Errorf("then read %d", got)
	}
	if err := os.Remove(stuffing); err != nil {
		t.Fatal(err)
	}
	if err := written(50, true); err != nil {
		t.Errorf("with room again: %v", err)
	}
	stop()
}

// TestBookFailingDisk: each operation fails with EIO. Nothing is said to be saved that is
// not, and what was there is there when the disk works again.
func TestBookFailingDisk(t *testing.T) {
	l := newLoop(t, t.TempDir())
	b, _, stop := running(t, l.dir)
	put(b, 1)
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.cut()
	put(b, 2)
	if err := b.Written(t.Context()); err == nil {
		t.Error("written without a disk")
	}
	if err := b.Flush(t.Context()); err == nil {
		t.Error("flushed without a disk")
	}
	if _, kept, problems, err := OpenBook(l.dir, func(error) {}); err == nil && kept == nil {
		t.Errorf("a disk that fails is read as empty: %v", problems)
	}
	stop()
	l.unmount()
	l.mount()
	b, kept, stop := running(t, l.dir)
	defer stop()
	if got := kept.number("n"); got != 1 {
		t.Errorf("read %d", got)
	}
	put(b, 3)
	if err := b.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}
