package runlevel

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// bed is a host made of files.
func bed(t *testing.T) Host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("the files must be root's")
	}
	h := Host{Root: t.TempDir()}
	for _, dir := range []string{"run/openrc", "proc/1"} {
		if err := os.MkdirAll(h.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, h, utmp, record('2'))
	return h
}

func write(t *testing.T, h Host, name, text string) {
	t.Helper()
	tmp := filepath.Join(h.Root, "new")
	if err := os.WriteFile(tmp, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if name == utmp { // it is written in place
		if err := os.WriteFile(h.path(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.Rename(tmp, h.path(name)); err != nil {
		t.Fatal(err)
	}
}

// record is utmp with somebody who is logged in, and a runlevel that came after 2.
func record(level byte) string {
	b := make([]byte, 3*recordSize())
	binary.NativeEndian.PutUint16(b, 2) // BOOT_TIME
	binary.NativeEndian.PutUint16(b[recordSize():], 1)
	binary.NativeEndian.PutUint32(b[recordSize()+4:], uint32(level)+256*'2')
	binary.NativeEndian.PutUint16(b[2*recordSize():], 7) // USER_PROCESS
	binary.NativeEndian.PutUint32(b[2*recordSize()+4:], '0')
	return string(b)
}

// news is what Watch tells; it is there once Watch listens.
func news(t *testing.T, h Host) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	told, done := make(chan string, 10), make(chan error)
	go func() { done <- h.Watch(ctx, func(why string) { told <- why }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	// It listens once it tells of a runlevel that means something.
	for i := 0; ; i++ {
		write(t, h, softlevel, []string{"reboot\n", "default\n"}[i%2])
		select {
		case why := <-told:
			if i%2 == 0 && why != "" {
				write(t, h, softlevel, "default\n")
				for why = range told {
					if why == "" {
						return told
					}
				}
			}
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func hears(t *testing.T, told <-chan string, want string) {
	t.Helper()
	select {
	case why := <-told:
		if why != want {
			t.Errorf("told %q, not %q", why, want)
		}
	case <-time.After(time.Minute):
		t.Errorf("nothing told, wanted %q", want)
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	h := bed(t)
	told := news(t, h)
	write(t, h, utmp, record('3')) // another that means nothing
	write(t, h, utmp, record('6'))
	hears(t, told, "the host is being rebooted (runlevel 6)")
	write(t, h, utmp, record('2'))
	hears(t, told, "")
	write(t, h, softlevel, "shutdown\n")
	hears(t, told, "the host is being shut down (runlevel shutdown)")
}

// What lay there before is no news, where it may come from an earlier boot.
func TestStaleFiles(t *testing.T) {
	t.Parallel()
	h := bed(t)
	write(t, h, utmp, record('0'))
	write(t, h, softlevel, "shutdown\n")
	if why := h.Ends(); why != "" && !volatile(h.path(softlevel)) {
		t.Error(why)
	}
	now := said{levels: levels{"0", "shutdown"}}
	if now = h.news(t.Context(), now.levels, now.reasons); now.why() != "" {
		t.Error(now)
	}
	write(t, h, softlevel, "") // it is being written
	if now = h.news(t.Context(), now.levels, reasons{openrc: "it was told"}); now.why() != "it was told" {
		t.Error(now)
	}
}

// An init that shows its runlevel decides, whatever is in the files: who is in the group utmp
// may write to one.
func TestInitDecides(t *testing.T) {
	t.Parallel()
	h := bed(t)
	write(t, h, initTitle, "init [2]\x00\x00")
	write(t, h, softlevel, "shutdown\n")
	if why := h.Ends(); why != "" {
		t.Error(why)
	}
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan string)
	go func() { answer <- h.follow(ctx, "0") }()
	select {
	case why := <-answer:
		t.Errorf("init is in runlevel 2: %q", why)
	case <-time.After(50 * time.Millisecond):
	}
	write(t, h, initTitle, "init [0]\x00\x00")
	if why := <-answer; why != "the host is being shut down (runlevel 0)" || h.Ends() != why {
		t.Errorf("%q, and %q", why, h.Ends())
	}
	cancel()
	write(t, h, initTitle, "init boot\x00")
	if why := h.Ends(); why != "" {
		t.Error(why)
	}
}

// What others may write is not believed.
func TestFilesOfOthers(t *testing.T) {
	t.Parallel()
	h := bed(t)
	write(t, h, utmp, record('0'))
	if got := h.utmpLevel(); got != "0" {
		t.Fatal(got)
	}
	if err := os.Chmod(h.path(utmp), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := h.utmpLevel(); got != "" {
		t.Error(got)
	}
}
