package procscan

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

// The test binary, started with this variable set, is a helper: a process that does what
// it reads from its standard input, line by line, and answers each line.
const helperEnv = "PROCSCAN_HELPER"

func TestMain(m *testing.M) {
	testbed.Leash()
	if os.Getenv(helperEnv) != "" {
		help()
		return
	}
	os.Exit(m.Run())
}

func help() {
	var h hand
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		words := strings.Fields(in.Text())
		fmt.Println(h.obey(words[0], words[1:]))
	}
}

// hand is what a helper keeps between orders.
type hand struct{ scanner *Scanner }

func (h *hand) obey(order string, args []string) any {
	switch order {
	case "comm": // of the leading thread
		return os.WriteFile("/proc/self/comm", []byte(args[0]), 0)
	case "thread": // rename one that does not lead
		return renameThread(args[0])
	case "prctl": // the same by prctl(2); the helper keeps to its leading thread
		var name [16]byte
		copy(name[:], args[0])
		return prctlName(unix.PR_SET_NAME, &name)
	case "title": // written over the last argument
		return writeTitle(args[0])
	case "exec": // a program
		return syscall.Exec(args[0], append([]string{args[0]}, os.Args[1:]...), os.Environ())
	case "child": // a program that sleeps
		cmd := exec.Command(args[0], "60", args[1])
		if err := cmd.Start(); err != nil {
			return err
		}
		return cmd.Process.Pid
	case "euid":
		uid, _ := strconv.Atoi(args[0])
		return syscall.Setresuid(-1, uid, 0)
	case "setuid":
		uid, _ := strconv.Atoi(args[0])
		return syscall.Setuid(uid)
	case "leave": // the leading thread exits, the others live on
		return testbed.LeaveLeader()
	case "map": // a file: where
		return mapFile(args[0])
	case "mmap": // anything
		_, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
		return err
	case "scan": // name or exe of a match: how many match, how many are unreadable and why
		return scanFor(args)
	case "look": // name of a match: how many match
		return h.lookFor(args[0])
	case "pidfd":
		return pidfdWithout(args)
	}
	return "unknown order"
}

func renameThread(name string) error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, task := range tasks {
		if task.Name() != strconv.Itoa(os.Getpid()) {
			return os.WriteFile("/proc/self/task/"+task.Name()+"/comm", []byte(name), 0)
		}
	}
	return fmt.Errorf("there is one thread only")
}

func mapFile(name string) any {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	page, err := unix.Mmap(int(file.Fd()), 0, os.Getpagesize(), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	return uintptr(unsafe.Pointer(&page[0]))
}

func scanFor(args []string) any {
	m := DefaultMatch()
	m.Exe, m.Args = args[0], strings.Join(args[1:], " ")
	c, err := m.Compile()
	if err != nil {
		return err
	}
	fs, err := Open("/proc")
	if err != nil {
		return err
	}
	sel, err := NewScanner(fs).Scan(context.Background(), []*Matcher{c})
	if err != nil {
		return err
	}
	out := fmt.Sprintf("matching %d", len(sel[0].Matching))
	for _, u := range sel[0].Unreadable {
		out += fmt.Sprintf(" %d:%s:%v", u.PID, u.What, u.Err)
	}
	return out
}

func (h *hand) lookFor(name string) any {
	m := DefaultMatch()
	m.Name = name
	c, err := m.Compile()
	if err != nil {
		return err
	}
	if h.scanner == nil {
		fs, err := Open("/proc")
		if err != nil {
			return err
		}
		h.scanner = NewScanner(fs)
		h.scanner.settled = 0
	}
	sel, err := h.scanner.Look(context.Background(), []*Matcher{c})
	if err != nil {
		return err
	}
	return len(sel[0].Matching)
}

// pidfdWithout opens a pidfd of itself with no descriptor left.
func pidfdWithout([]string) any {
	fs, err := Open("/proc")
	if err != nil {
		return err
	}
	p, err := fs.Read(os.Getpid())
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}); err != nil {
		return err
	}
	_, err = fs.Pidfd(p.ID)
	return err
}

// helper is a helper process that is running.
type helper struct{ *testbed.Victim }

// start starts a helper. It ends with the test.
func start(t *testing.T, change ...func(*exec.Cmd)) *helper {
	t.Helper()
	cmd := testbed.Self(helperEnv)
	cmd.Path, cmd.Args = os.Args[0], []string{os.Args[0], "helper"}
	for _, f := range change {
		f(cmd)
	}
	h := &helper{testbed.NewVictim(t, cmd)}
	h.answer("ready")
	return h
}

func (h *helper) pid() int { return h.PID }

func (h *helper) answer(want string) {
	h.T.Helper()
	if got := h.Hear(); got != want {
		h.T.Fatalf("helper says %q, want %q", got, want)
	}
}

// called makes the helper run under another path, a link to the test binary.
func called(t *testing.T, name string) func(*exec.Cmd) {
	path := program(t, name)
	return func(cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = path, path }
}

// program makes a file of the given name that executes as a helper.
func program(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(resolved(t, t.TempDir()), name)
	if os.Link(os.Args[0], path) == nil {
		return path
	}
	text, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(path, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func resolved(t testing.TB, path string) string {
	t.Helper()
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// with adds arguments to the helper's command line, which it does not look at.
func with(args ...string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Args = append(cmd.Args, args...) }
}
