package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

// ext4 is a small file system in a file, on which the state of a storm is kept.
type ext4 struct {
	t          *testing.T
	image, dir string
}

func newExt4(t *testing.T) *ext4 {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a mount needs root")
	}
	e := &ext4{t, filepath.Join(t.TempDir(), "image"), t.TempDir()}
	if out, err := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", e.image, "8M").CombinedOutput(); err != nil {
		t.Skipf("cannot make an ext4: %v: %s", err, out)
	}
	e.mount()
	t.Cleanup(func() { _ = unix.Unmount(e.dir, unix.MNT_DETACH) })
	return e
}

// mount mounts the image on a loop device of its own each time: a container that is started
// meanwhile keeps the mounts that there are for a while, and with them a file system that
// was cut off, which a second mount of the same device would be given again. The device goes
// with its last mount.
func (e *ext4) mount() {
	e.t.Helper()
	out, err := exec.Command("losetup", "--find", "--show", e.image).Output()
	if err != nil {
		e.t.Skipf("cannot make a disk of a file: %v", err)
	}
	device := strings.TrimSpace(string(out))
	defer func() { _ = exec.Command("losetup", "--detach", device).Run() }()
	if out, err := exec.Command("mount", "-t", "ext4", device, e.dir).CombinedOutput(); err != nil {
		e.t.Skipf("cannot mount an ext4 in a file: %v: %s", err, out)
	}
}

// stuff fills the disk until not a byte more goes in.
func (e *ext4) stuff() {
	e.t.Helper()
	f, err := os.Create(filepath.Join(e.dir, "stuffing"))
	if err != nil {
		e.t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, unix.ENOSPC) {
			size /= 2
		} else if err != nil {
			e.t.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		e.t.Fatal(err)
	}
}

// cut lets every operation fail with EIO from now on; what was not on the disk is lost.
func (e *ext4) cut() {
	e.t.Helper()
	const (
		shutdown   = 0x8004587d // EXT4_IOC_SHUTDOWN
		noLogFlush = 2          // EXT4_GOING_FLAGS_NOLOGFLUSH
	)
	dir, err := os.Open(e.dir)
	if err != nil {
		e.t.Fatal(err)
	}
	defer dir.Close()
	if err := unix.IoctlSetPointerInt(int(dir.Fd()), shutdown, noLogFlush); err != nil {
		e.t.Skipf("this ext4 cannot be shut down: %v", err)
	}
}

// A full disk takes nothing from what is promised: the room was taken before. It lasts until
// all that is kept has grown to twice what it was, and a megabyte more.
func TestKilledDaemonOnAFullDisk(t *testing.T) {
	e := newExt4(t)
	s := newStorm(t, 50)
	s.state = filepath.Join(e.dir, "procward")
	kills := max(crashes()/2, 1)
	if crashes() >= 100 {
		kills = crashes()
	}
	s.rage(kills, e.stuff)
	s.judge(kills)
	if n := strings.Count(s.out.String(), "PW0112"); n > 0 {
		t.Logf("%d complaints:\n%s", n, complaints(s.out.String()))
	}
}

// On a disk that fails, restarts go on. What is read once it works again is a state that
// was: no attempt in it that did not run.
func TestKilledDaemonOnAFailingDisk(t *testing.T) {
	e := newExt4(t)
	s := newStorm(t, 50)
	s.state = filepath.Join(e.dir, "procward")
	luck := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	kills, lost := max(crashes()/12, 1), 0
	if crashes() >= 100 {
		kills = crashes()
	}
	for range kills {
		d := s.daemon()
		s.until("it has begun, with its state", func() bool { return strings.Contains(s.out.String(), "PW0801") })
		s.untilUp()
		s.blow(luck, 200*time.Millisecond)
		e.cut()
		testbed.Tells(t, "it complains", func() (string, bool) {
			s.blow(luck, 100*time.Millisecond)
			log := s.out.String()
			return aboutDaemon(log), strings.Contains(log, "PW0112")
		})
		s.untilUp()
		_ = d.Process.Kill()
		_ = d.Wait()
		s.out.Reset()
		if err := unix.Unmount(e.dir, unix.MNT_DETACH); err != nil { // what the dead had open may be closed a little later
			t.Fatal(err)
		}
		e.mount()
		s.spent()
	}
	s.calm()
	scripts := 0
	for name, n := range s.spent() {
		runs := s.runsOf(name)
		if n > runs+8*kills {
			t.Errorf("%s: %d attempts are counted, %d scripts ran", name, n, runs)
		}
		scripts, lost = scripts+runs, lost+max(runs-n, 0)
	}
	t.Logf("%d kills of the daemon after its disk failed, %d scripts ran, %d of them are not counted: the disk never had them", kills, scripts, lost)
	if text, err := os.ReadFile(filepath.Join(s.dir, "errors")); err == nil {
		t.Errorf("two scripts ran at once: %s", text)
	}
}

// aboutDaemon is the lines that are not about a process.
func aboutDaemon(log string) string {
	var out []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, " PW01") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// complaints is the first lines about writing the state.
func complaints(log string) string {
	var out []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, "PW0112") && len(out) < 3 {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}
