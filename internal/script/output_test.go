package script

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	if want := `\x1b[31mred\xff\x00\x07 | ü`; res.Output != want {
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
	if names := outputs(t, r); len(names) != 1 || !strings.HasPrefix(names[0], "job-") {
		t.Errorf("output files while the daemon holds its output: %v", names)
	}
	unix.Kill(pids[0], unix.SIGKILL)
	eventually(t, "the output file is removed with the daemon", func() bool { return len(outputs(t, r)) == 0 })
}

func outputs(t *testing.T, r *Runner) []string {
	t.Helper()
	entries, err := os.ReadDir(r.LogDir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
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

// size is the length of the only output file, and the space it takes.
func size(t *testing.T, r *Runner) (length, space int64) {
	t.Helper()
	names := outputs(t, r)
	if len(names) != 1 {
		t.Fatalf("output files: %v", names)
	}
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(r.LogDir, names[0]), &st); err != nil {
		t.Fatal(err)
	}
	return st.Size, st.Blocks * 512
}

func TestDaemonThatWritesForEverTakesNoSpace(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	write, res := chatty(t, r)
	if res.Output != "started" {
		t.Fatalf("%+v", res)
	}
	const blocks = 100
	write(blocks)
	eventually(t, "all is written, and no write failed", func() bool {
		length, _ := size(t, r)
		return length == blocks<<16+int64(len("started\n"))
	})
	eventually(t, "what was written long ago is given back", func() bool {
		_, space := size(t, r)
		return space < maxKept
	})

	// The next daemon takes over.
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	write(blocks)
	eventually(t, "more is written while no daemon runs", func() bool { length, _ := size(t, r); return length > 2*blocks<<16 })
	next := &Runner{LogDir: r.LogDir}
	defer next.Close()
	if res := next.Run(context.Background(), shell(t, "exit 0"), nil); !res.OK() {
		t.Errorf("%+v", res)
	}
	eventually(t, "the next daemon gives it back", func() bool {
		_, space := size(t, next)
		return space < maxKept
	})
	write(blocks)
	eventually(t, "and goes on with it", func() bool {
		length, space := size(t, next)
		return length > 3*blocks<<16 && space < maxKept
	})
}

func TestFilesLeftByAnEarlierDaemon(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	if err := os.WriteFile(filepath.Join(r.LogDir, "job-1.out"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.Run(context.Background(), shell(t, "exit 0"), nil)
	if names := outputs(t, r); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
}

func TestScriptRunsWithoutAPlaceForItsOutput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := &Runner{LogDir: filepath.Join(file, "output")}
	defer r.Close()
	res := r.Run(context.Background(), shell(t, "echo lost; echo lost > /dev/stderr; touch "+dir+"/ran"), nil)
	if !res.OK() || !strings.HasPrefix(res.Output, "(output not kept: ") {
		t.Errorf("%+v", res)
	}
	if _, err := os.Stat(dir + "/ran"); err != nil {
		t.Error(err)
	}
}

func TestZeroRunner(t *testing.T) {
	var r Runner
	if res := r.Run(context.Background(), shell(t, "echo yes"), nil); res.Output != "yes" {
		t.Errorf("%+v", res)
	}
	dir := r.keeper.dir
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); dir == "" || !os.IsNotExist(err) {
		t.Errorf("directory %q is left: %v", dir, err)
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
		if got := visible([]byte(c.in), c.cut); got != c.want {
			t.Errorf("%.40q:\n got %.80s\nwant %.80s", c.in, got, c.want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add([]byte("one\r\ntwo\x1b\xff\u202e"), int64(0))
	f.Add(bytes.Repeat([]byte{0xe8, 0xaa}, 3000), int64(7))
	f.Fuzz(func(t *testing.T, in []byte, cut int64) {
		cut = max(0, cut%(1<<40))
		got := visible(in, cut)
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
