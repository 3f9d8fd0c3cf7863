package field

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
	"procward/internal/testbed/nspawn"
)

// free are the stories that may begin now. Most of what one does is to wait, so several
// are played on each core; containers are heavier, and wait for their root to be made.
var free = map[Place]chan struct{}{
	OnHost:    make(chan struct{}, 4*runtime.GOMAXPROCS(0)),
	OnAlone:   make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
	OnSystemd: make(chan struct{}, runtime.GOMAXPROCS(0)),
}

func TestMain(m *testing.M) {
	testbed.Leash()
	if code, mine := StageMain(); mine {
		os.Exit(code)
	}
	flag.Parse()
	_ = flag.Set("test.parallel", "1000") // free says how many
	os.Exit(m.Run())
}

// TestStories plays each story of each case.
func TestStories(t *testing.T) {
	stories, err := Stories(os.DirFS("cases"))
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		t.Skip("the stories are too slow for -short")
	}
	if os.Geteuid() != 0 {
		t.Skip("a story is played in a root directory and a control group of its own, which needs root")
	}
	binary := buildProcward(t)
	for _, s := range stories {
		t.Run(s.Case+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			tell(t, s, binary)
		})
	}
}

// tell has a story played, by this test binary started once more.
func tell(t *testing.T, s Story, binary string) {
	if s.Pending != "" && os.Getenv("PROCWARD_FIELD_PENDING") == "" {
		t.Skip("pending: ", s.Pending)
	}
	if need := missing(s.Needs); need != "" && s.On != OnSystemd {
		t.Skip("this host has no ", need)
	}
	free[s.On] <- struct{}{}
	defer func() { <-free[s.On] }()
	here := func(name string) string {
		path, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	st := stage{Story: s, Files: here(filepath.Join("cases", s.Case)), Source: here("../../.."), Binary: binary, Dir: t.TempDir(), IP: address(s.On)}
	out, code := st.run(t)
	switch code {
	case exitPlayed:
		t.Log("\n" + out)
	case exitSkipped:
		t.Skip(strings.TrimSpace(out))
	default:
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// run starts the stage and waits for its end, and for that of all that it has started.
func (s stage) run(t *testing.T) (out string, code int) {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "stage.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if s.Story.On == OnSystemd {
		return s.inContainer(t)
	}
	group := nspawn.Group(t)
	cmd := exec.Command("/proc/self/exe", "-test.run=^$")
	cmd.Env = append(os.Environ(), stageFile+"="+file)
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, UseCgroupFD: true, CgroupFD: int(group.Fd())}
	if s.Story.On == OnAlone {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWPID | unix.CLONE_NEWNET
	}
	told, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(told), cmd.ProcessState.ExitCode()
}

// served is the root of the containers: with what the examples are about, none of which
// is started by itself.
var served = nspawn.Plus("field-1", []string{"nginx-light", "openssh-server", "postgresql", "apache2", "curl"},
	[]string{"nginx", "ssh", "postgresql", "apache2"})

// inContainer has the story played in a container with systemd, as a service of it.
func (s stage) inContainer(t *testing.T) (string, int) {
	m := nspawn.BootRoot(t, served)
	if err := s.furnish(m.Path(s.work())); err != nil {
		t.Fatal(err)
	}
	m.CopySelf("/usr/sbin/field")
	m.Copy(s.Binary, "/usr/sbin/procward")
	for from, to := range packaged {
		if err := copyTree(filepath.Join(s.Source, from), m.Path(to), nil); err != nil {
			t.Fatal(err)
		}
	}
	m.Must("mkdir", "-p", "/etc/procward/conf.d", "/etc/procward/scripts")
	cmd := m.Command(context.Background(), "systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--property=KillMode=process",
		"--setenv="+stageFile+"="+stageInside, "--setenv="+stageRole+"=play", "/usr/sbin/field", "-test.run=^$")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

var told atomic.Uint32

// address is a loopback address that no other story has, also none of another test binary
// that runs now.
func address(on Place) string {
	if on != OnHost {
		return "127.0.0.1"
	}
	return fmt.Sprintf("127.%d.%d.%d", 64+os.Getpid()>>8&127, os.Getpid()&255, 1+told.Add(1)%254)
}

func buildProcward(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "procward")
	build := exec.Command("go", "build", "-o", binary, "procward/cmd/procward")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}
