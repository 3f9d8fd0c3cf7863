package state

import (
	"errors"
	"math/rand/v2"
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

// TestFullDisk: once there was room for one version there is room for all; where there
// never was any, or the value has outgrown it, what was there stays.
func TestFullDisk(t *testing.T) {
	for name, dir := range map[string]func(*testing.T) string{
		"tmpfs": func(t *testing.T) string { return mountTmpfs(t, "256k") },
		"ext4":  func(t *testing.T) string { return newLoop(t, t.TempDir()).dir },
	} {
		t.Run(name, func(t *testing.T) { fullDisk(t, dir(t)) })
	}
}

func fullDisk(t *testing.T, mount string) {
	dir := filepath.Join(mount, "procward")
	s, _, _ := mustOpen(t, dir)
	mustSave(t, s, 0, true)
	stuffing := stuff(t, mount)
	if err := os.WriteFile(filepath.Join(mount, "more"), []byte("more"), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Skipf("the disk does not get full: %v", err)
	}
	for n := range 50 {
		mustSave(t, s, n, n%2 == 0)
	}
	for range 2 {
		if err := s.Save(large(1<<20), true); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("a megabyte more: %v", err)
		}
		var saved *Saved
		if s, saved, _ = mustOpen(t, dir); number(t, saved) != 49 {
			t.Errorf("then read %+v", saved)
		}
	}
	if err := os.Remove(stuffing); err != nil {
		t.Fatal(err)
	}
	mustSave(t, s, 50, true)
	if _, saved, _ := mustOpen(t, dir); number(t, saved) != 50 {
		t.Errorf("with room again: read %+v", saved)
	}
}

func TestNoRoomAtAll(t *testing.T) {
	mount := mountTmpfs(t, "64k")
	stuffing := stuff(t, mount)
	s, saved, problems := mustOpen(t, mount)
	if saved != nil || len(problems) > 0 {
		t.Errorf("read %+v, %v", saved, problems)
	}
	if err := s.Save([]byte("1"), true); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("saved: %v", err)
	}
	if err := os.Remove(stuffing); err != nil {
		t.Fatal(err)
	}
	mustSave(t, s, 2, true)
	if _, saved, _ := mustOpen(t, mount); number(t, saved) != 2 {
		t.Errorf("read %+v", saved)
	}
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

// TestFailingDisk: each operation fails with EIO. Nothing is said to be saved that is
// not, and what was there is there when the disk works again.
func TestFailingDisk(t *testing.T) {
	l := newLoop(t, t.TempDir())
	s, _, _ := mustOpen(t, l.dir)
	mustSave(t, s, 1, true)
	l.cut()
	for _, sync := range []bool{true, false} {
		if err := s.Save([]byte("2"), sync); !errors.Is(err, unix.EIO) {
			t.Errorf("sync %v: %v", sync, err)
		}
	}
	if s, saved, problems, err := Open(l.dir); err == nil && saved == nil {
		t.Errorf("a disk that fails is read as empty: %+v, %v", s, problems)
	}
	l.unmount()
	l.mount()
	s, saved, problems := mustOpen(t, l.dir)
	if number(t, saved) != 1 {
		t.Fatalf("read %+v, %v", saved, problems)
	}
	mustSave(t, s, 3, true)
	if _, saved, _ := mustOpen(t, l.dir); number(t, saved) != 3 {
		t.Errorf("then read %+v", saved)
	}
}

// commit brings the names to the disk, and not what is in the files: another program's
// fsync does that.
func commit(t *testing.T, dir string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "another"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

// TestRealPowerLoss: what a Save with sync has returned from, or something newer, is
// there after the loss of power, however many without have followed.
func TestRealPowerLoss(t *testing.T) {
	l := newLoop(t, t.TempDir())
	random := rand.New(rand.NewPCG(3, 4))
	n, synced, lost := 0, -1, 0
	for range 25 {
		s, saved, problems := mustOpen(t, l.dir)
		got := number(t, saved)
		if got < synced {
			t.Fatalf("%d was on the disk, %d is read, with %v", synced, got, problems)
		}
		if got < n {
			lost++
		}
		for range random.IntN(12) {
			n++
			sync := random.IntN(5) == 0
			mustSave(t, s, n, sync)
			if sync {
				synced = n
			}
			if random.IntN(3) == 0 {
				commit(t, l.dir)
			}
		}
		l.cut()
		l.unmount()
		l.mount()
	}
	if lost == 0 {
		t.Error("nothing was ever lost: the power was not cut")
	}
}

// large is a value of about so many bytes.
func large(size int) []byte {
	return []byte(`"` + strings.Repeat("x", size) + `"`)
}
