package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"procward/escalate/power"
	"procward/internal/control"
	"procward/internal/daemon"
	"procward/internal/engine"
	"procward/internal/launch"
	"procward/internal/state"
	"procward/internal/testbed"
)

// asProcward in the environment makes the test's own binary the real program.
const asProcward = "PROCWARD_TEST_MAIN"

func TestMain(m *testing.M) {
	if code, mine := launch.Main(os.Args); mine {
		os.Exit(code)
	}
	testbed.Leash()
	liveAsVictim()
	if os.Getenv(asProcward) != "" {
		harmless()
	}
	testscript.Main(m, map[string]func(){"procward": harmless, "fakedaemon": fakeDaemon})
}

// harmless is the real program, but for the machine that it may end: that is made of the
// files in $FAKE_MACHINE. Without them there is none.
func harmless() {
	if code, mine := power.ProofMain(os.Args); mine {
		os.Exit(code)
	}
	var at *daemon.Reach
	if dir := os.Getenv("FAKE_MACHINE"); dir != "" {
		at = fakeMachine(dir)
	}
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr, at))
}

// fakeMachine writes the calls of the kernel down. Nothing ends, and systemd is not asked.
func fakeMachine(dir string) *daemon.Reach {
	did := func(what string) {
		f, err := os.OpenFile(filepath.Join(dir, "did"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err == nil {
			fmt.Fprintln(f, what)
			f.Close()
		}
	}
	paths := power.Paths{Sysrq: filepath.Join(dir, "sysrq"), Kmsg: filepath.Join(dir, "kmsg"),
		Watchdog: filepath.Join(dir, "watchdog"), WatchdogSys: filepath.Join(dir, "class")}
	return &daemon.Reach{Paths: paths, Kernel: power.Kernel{
		Sync:   func() { did("sync") },
		Reboot: func(cmd int) error { did(fmt.Sprintf("reboot %#x", cmd)); return nil },
	}}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0")       // else each command would wait a second at its end
			env.Setenv("UNIQUE", strconv.Itoa(os.Getpid())) // for arguments that no other process has
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await,
			"awaitok": func(ts *testscript.TestScript, neg bool, args []string) {
				awaitOut(ts, neg, append([]string{""}, args...))
			},
			"awaitout": awaitOut,
			"exitsas":  exitsAs,
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "disk":
				return state.Forgetful(os.TempDir()) == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

// await waits until a path is there.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await PATH")
	}
	testbed.Until(ts, args[0]+" is there", func() bool {
		_, err := os.Lstat(ts.MkAbs(args[0]))
		return err == nil
	})
}

// awaitOut runs a command again and again until it exits 0 and its output matches:
// awaitout REGEXP COMMAND [ARGUMENT...].
func awaitOut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: awaitout REGEXP COMMAND [ARGUMENT...]")
	}
	want := regexp.MustCompile(args[0])
	testbed.Tells(ts, fmt.Sprintf("exit code 0 and %q", args[0]), func() (string, bool) {
		err := ts.Exec(args[1], args[2:]...)
		out := ts.ReadFile("stdout")
		return fmt.Sprintf("%v: %s", err, out), err == nil && want.MatchString(out)
	})
}

// exitsAs runs a command and holds it to its exit code: exitsas 3 procward status.
func exitsAs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitsas CODE COMMAND [ARGUMENT...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = fmt.Sprint(err)
		_, _ = fmt.Sscanf(got, "exit status %s", &got)
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// canned is a daemon whose answers come from files: fakedaemon SOCKET STATUS RELOADED.
type canned struct{ status, reloaded string }

func (c canned) Status(context.Context) (s engine.Status, err error) {
	err = fromFile(c.status, &s)
	return s, err
}

func (c canned) Reload(context.Context) (r control.Reloaded, err error) {
	err = fromFile(c.reloaded, &r)
	return r, err
}

func (c canned) Operate(context.Context, engine.Order) (engine.Ordered, error) {
	return engine.Ordered{}, errors.New("not canned")
}

func fromFile(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return &control.Error{Code: 500, Message: "canned: " + err.Error(), Remedy: "mend the test"}
	}
	return json.Unmarshal(text, v)
}

func fakeDaemon() {
	s, err := control.Listen(os.Args[1])
	if err == nil {
		err = s.Serve(canned{os.Args[2], os.Args[3]})
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
