package message

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func stream(t *testing.T, f *os.File, json bool) *Stream {
	t.Helper()
	s, err := NewStream(f, json)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStreamForms(t *testing.T) {
	for _, json := range []bool{false, true} {
		want := "2026-11-22T03:24:01.417233Z err PW0201 process=httpd group=web pid=4711 down: killed by SIGKILL\n"
		if json {
			want = string(example().JSON())
		}
		name := filepath.Join(t.TempDir(), "log")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := stream(t, f, json).Write(example()); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(name); string(got) != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

func TestStreamOnATerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	master, terminal := pty(t)
	if err := stream(t, terminal, false).Write(example()); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(master).ReadString('\n')
	if want := "03:24:01.417233 \x1b[31merr\x1b[0m PW0201 process=httpd group=web pid=4711 down: killed by SIGKILL\r\n"; err != nil || line != want {
		t.Errorf("got %q, %v", line, err)
	}
	t.Setenv("NO_COLOR", "1")
	if stream(t, terminal, false).colour {
		t.Error("colour in spite of NO_COLOR")
	}
}

// pty is a pseudo-terminal (pts(4)).
func pty(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { terminal.Close() })
	return master, terminal
}

// A pipe that nobody reads makes a write fail in time; once it is read, the line that
// was torn ends there and comes again as a whole.
func TestStreamOfAFullPipe(t *testing.T) {
	r, w := pipe(t)
	size, err := unix.FcntlInt(w.Fd(), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(bytes.Repeat([]byte("."), size-4096-1)); err != nil {
		t.Fatal(err)
	}
	s := stream(t, w, false)
	m := Message{Kind: Found, Time: example().Time, Output: strings.Repeat("x", 7000)}
	if err := s.Write(m); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	all := make(chan []byte)
	go func() { b, _ := io.ReadAll(r); all <- b }()
	if err := s.Write(m); err != nil {
		t.Fatal(err)
	}
	w.Close()
	got := string(bytes.TrimLeft(<-all, "."))
	whole := string(s.line(m))
	torn, rest, _ := strings.Cut(got, "\n")
	if rest != whole || !strings.HasPrefix(whole, torn) || torn == "" {
		t.Errorf("torn %d bytes, then %q", len(torn), clip(rest, 200))
	}
}

// TestMain runs the child of the tests below, which need a stderr of their own.
func TestMain(m *testing.M) {
	testbed.Leash()
	if os.Getenv("PROCWARD_TEST_STDERR") == "" {
		os.Exit(m.Run())
	}
	if name := os.Getenv("PROCWARD_TEST_STREAM"); name != "" {
		var st unix.Stat_t
		if err := unix.Fstat(2, &st); err != nil {
			os.Exit(3)
		}
		os.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", st.Dev, st.Ino))
	}
	s, err := NewStream(os.Stderr, os.Getenv("PROCWARD_TEST_STDERR") == "json")
	if err != nil {
		os.Exit(4)
	}
	if err := s.Write(example()); err != nil {
		fmt.Println(err)
		os.Exit(5)
	}
	os.Exit(0)
}

func child(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), env...)
	return c
}

func TestStreamToJournald(t *testing.T) {
	line := "PW0201 process=httpd group=web pid=4711 down: killed by SIGKILL\n"
	for form, want := range map[string]string{"text": "<3>" + line, "json": "<3>" + string(example().JSON())} {
		c := child(t, "PROCWARD_TEST_STDERR="+form, "PROCWARD_TEST_STREAM=yes")
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Run(); err != nil || stderr.String() != want {
			t.Errorf("%s: got %q, %v", form, stderr.String(), err)
		}
	}
	c := child(t, "PROCWARD_TEST_STDERR=text", "JOURNAL_STREAM=1:1")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Run(); err != nil || !strings.HasPrefix(stderr.String(), "2026-") {
		t.Errorf("JOURNAL_STREAM of another: got %q, %v", stderr.String(), err)
	}
}

// A stderr whose reader has gone is an error, not the end of the daemon by SIGPIPE.
func TestStreamOutlivesItsReader(t *testing.T) {
	r, w := pipe(t)
	c := child(t, "PROCWARD_TEST_STDERR=text")
	c.Stderr = w
	r.Close()
	out, err := c.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 5 || !strings.Contains(string(out), "broken pipe") {
		t.Errorf("got %v, %s", err, out)
	}
}
