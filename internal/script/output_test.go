package script

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	res := run(t, shell(t, "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo the last >&2"))
	if !strings.HasPrefix(res.Output, "[") || !strings.HasSuffix(res.Output, "line 1998 | line 1999 | the last") {
		t.Errorf("%s", res.Output)
	}
	if len(res.Output) < maxText/2 || len(res.Output) > maxText+50 {
		t.Errorf("%d bytes", len(res.Output))
	}
}

func TestOutputOfBinaryBytes(t *testing.T) {
	t.Parallel()
	res := run(t, shell(t, `printf '\033[31mred\377\000\007\r\nü\n\n'`))
	if want := `\x1b[31mred\xff\x00\a | ü`; res.Output != want {
		t.Errorf("got %s, want %s", res.Output, want)
	}
}

func TestOutputOpenedAgain(t *testing.T) {
	t.Parallel()
	if res := run(t, shell(t, "echo one; echo two >> /dev/stderr; echo three > /dev/stdout; echo four")); !strings.HasSuffix(res.Output, "three | four") {
		t.Errorf("%+v", res)
	}
}

func TestDaemonThatHoldsTheOutput(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	h := hang(t, "echo started; (setsid $hang &) ; ready 1")
	h.Timeout = 20 * time.Second
	res := r.Run(context.Background(), h.Job, nil)
	pids := h.pids()
	if !res.OK() || res.Output != "started" || len(pids) != 1 || !alive(pids[0]) {
		t.Fatalf("%+v; daemons %v", res, pids)
	}
	if held := outputs(r); len(held) != 1 {
		t.Errorf("outputs while the daemon holds its own: %v", held)
	}
	unix.Kill(pids[0], unix.SIGKILL)
	eventually(t, "the output is let go with the daemon", func() bool { return len(outputs(r)) == 0 })
}

// outputs are those of scripts that have run, which are not let go.
func outputs(r *Runner) []*os.File {
	r.trimmer.mu.Lock()
	defer r.trimmer.mu.Unlock()
	var out []*os.File
	for _, o := range r.trimmer.held {
		if o.w == nil && !o.foreign {
			out = append(out, o.r)
		}
	}
	return out
}

// chatty starts a daemon that writes a block of 64 KiB to its stdout for every byte in
// a FIFO, and stops it at the end.
func chatty(t *testing.T, r *Runner) (write func(blocks int), res Result) {
	t.Helper()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	daemon := shell(t, `while read x; do [ $x = end ] && exit; dd if=/dev/zero bs=64k count=1 2>/dev/null | tr '\0' x; done`)
	res = r.Run(context.Background(), shell(t, fmt.Sprintf("setsid %s < %s & echo started", daemon.Argv[0], fifo)), nil)
	t.Cleanup(func() { f.WriteString("end\n"); f.Close() })
	return func(blocks int) { f.WriteString(strings.Repeat("go\n", blocks)) }, res
}

// size is the length of a file, and the space it takes.
func size(t *testing.T, f *os.File) (length, space int64) {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	return st.Size, st.Blocks * 512
}

// theOutput is the only one of a Runner, opened once more.
func theOutput(t *testing.T, r *Runner) *os.File {
	t.Helper()
	held := outputs(r)
	if len(held) != 1 {
		t.Fatalf("outputs: %v", held)
	}
	f, err := again(int(held[0].Fd()), os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestDaemonThatWritesForEverTakesNoSpace(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	write, res := chatty(t, r)
	if res.Output != "started" {
		t.Fatalf("%+v", res)
	}
	f := theOutput(t, r)
	const blocks = 100
	write(blocks)
	eventually(t, "all is written, and no write failed", func() bool {
		length, _ := size(t, f)
		return length == blocks<<16+int64(len("started\n"))
	})
	eventually(t, "what was written long ago is given back", func() bool {
		_, space := size(t, f)
		return space < maxKept
	})

	// The next daemon takes over, as root.
	needRoot(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	write(blocks)
	eventually(t, "more is written while no daemon runs", func() bool { length, _ := size(t, f); return length > 2*blocks<<16 })
	next := newRunner(t)
	next.Prepare()
	eventually(t, "the next daemon gives it back", func() bool {
		_, space := size(t, f)
		return space < maxKept
	})
	write(blocks)
	eventually(t, "and goes on with it", func() bool {
		length, space := size(t, f)
		return length > 3*blocks<<16 && space < maxKept
	})
}

// What floods its output has it bounded, whether or not anybody cuts it, and is not killed.
func TestFlood(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := newRunner(t)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			job := shell(t, "while :; do dd if=/dev/zero bs=1M count=64 2>/dev/null; done")
			job.Timeout = time.Second
			res := r.Run(context.Background(), job, func(pid int, _ time.Duration) {
				f, err := os.Open(fmt.Sprintf("/proc/%d/fd/1", pid))
				if err != nil {
					t.Error(err)
					return
				}
				go func() {
					defer f.Close()
					for range 200 {
						if _, space := size(t, f); space > boxSize {
							t.Errorf("it takes %d bytes", space)
						}
						time.Sleep(5 * time.Millisecond)
					}
				}()
			})
			if !res.TimedOut || res.Signal != "SIGTERM" || len(res.Output) < maxText/2 {
				t.Errorf("%+v", res)
			}
		})
	}
	all.Wait()
}

func TestAnOutputIsNoOtherFile(t *testing.T) {
	t.Parallel()
	other, err := os.Create(filepath.Join(t.TempDir(), boxName))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	memory, err := unix.MemfdCreate(boxName, unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	inMemory := os.NewFile(uintptr(memory), boxName)
	defer inMemory.Close()
	if isBox(other) || isBox(inMemory) {
		t.Error("any file is taken over")
	}
	needRoot(t)
	fd, bounded, err := newBox()
	if err != nil || !bounded {
		t.Skip("not bounded here: ", err)
	}
	box := os.NewFile(uintptr(fd), boxName)
	defer box.Close()
	if !isBox(box) {
		t.Error("our own is not")
	}
}

// Whoever holds the script's end of an output is seen to be able to write to it, in both
// kinds of box.
func TestWhoHoldsABoxIsSeenToWrite(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() (int, error){"bounded": boundedBox, "unbounded": unboundedBox} {
		t.Run(name, func(t *testing.T) {
			fd, err := make()
			if err != nil && name == "bounded" {
				t.Skip("not bounded here: ", err)
			} else if err != nil {
				t.Fatal(err)
			}
			r, err := again(fd, os.O_RDONLY)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_APPEND == 0 {
				t.Errorf("it is not open for appending: %#x, %v", flags, err)
			}
			if !written(r) {
				t.Error("it counts as left by everybody while its end is held")
			}
			unix.Close(fd)
			if written(r) {
				t.Error("it counts as held when its end is closed")
			}
		})
	}
}

func TestZeroRunner(t *testing.T) {
	var r Runner
	if res := r.Run(context.Background(), shell(t, "echo yes"), nil); res.Output != "yes" {
		t.Errorf("%+v", res)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestVisible(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		cut  int64
		want string
	}{
		{"", 0, ""},
		{"one\n", 0, "one"},
		{"one\r\ntwo\n\nthree \n\n", 0, "one | two |  | three"},
		{"a\tb", 0, "a b"},
		{"\x00\x1b\x7f", 0, `\x00\x1b\x7f`},
		{"\xc3\x28", 0, `\xc3(`},
		{"\u202egnirts\u2028\u0085", 0, `\u202egnirts\u2028\u0085`},
		{"\U000e0001", 0, `\U000e0001`},
		{"日本語", 0, "日本語"},
		{"\xac\xe8\xaa\x9e ok", 10, "[11 bytes not shown] 語 ok"},
		{"end\n", 5, "[5 bytes not shown] end"},
		{strings.Repeat("x", maxText), 0, strings.Repeat("x", maxText)},
		{strings.Repeat("\x00", maxText), 0, fmt.Sprintf("[%d bytes not shown] ", maxText-maxText/4) + strings.Repeat(`\x00`, maxText/4)},
	} {
		if got := shown([]byte(c.in), c.cut); got != c.want {
			t.Errorf("%.40q:\n got %.80s\nwant %.80s", c.in, got, c.want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add([]byte("one\r\ntwo\x1b\xff\u202e"), int64(0))
	f.Add(bytes.Repeat([]byte{0xe8, 0xaa}, 3000), int64(7))
	f.Fuzz(func(t *testing.T, in []byte, cut int64) {
		cut = max(0, cut%(1<<40))
		got := shown(in, cut)
		if !utf8.ValidString(got) || len(got) > maxText+40 {
			t.Errorf("%d bytes: %q", len(got), got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Errorf("%q in %q", r, got)
			}
		}
		if note := strings.HasPrefix(got, "["); cut > 0 && !note {
			t.Errorf("%d bytes cut, and %q does not say so", cut, got)
		}
	})
}
