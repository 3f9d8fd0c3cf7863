package script

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	osuser "os/user"
	"strconv"
	"strings"
	"testing"
	"time"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

func TestEnvironmentIsExact(t *testing.T) {
	t.Setenv("PROCWARD_TEST_LEAK", "secret")
	t.Setenv("LANG", "de_DE.UTF-8")
	env, err := exec.LookPath("env")
	if err != nil {
		t.Skip(err)
	}
	job := Job{Argv: Argv{env}, Timeout: 10 * time.Second, Env: map[string]string{"PROCWARD_PID": "4711", "EMPTY": "", "A": "b=c d"}}
	const want = "A=b=c d | EMPTY= | LANG=de_DE.UTF-8 | PATH=" + searchPath + " | PROCWARD_PID=4711"
	if res := run(t, job); res.Output != want {
		t.Errorf("got  %s\nwant %s", res.Output, want)
	}
	t.Setenv("LANG", "")
	job.Env = map[string]string{"PATH": "/opt/bin"}
	if res := run(t, job); res.Output != "LANG=C.UTF-8 | PATH=/opt/bin" {
		t.Errorf("got %s", res.Output)
	}
	for _, bad := range []map[string]string{{"": "x"}, {"A=B": "x"}, {"A": "x\x00y"}} {
		job.Env = bad
		if res := run(t, job); res.Err == nil || res.PID != 0 {
			t.Errorf("%q: %+v", bad, res)
		}
	}
}

func TestSurroundings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"cwd":               {"pwd", "/"},
		"umask":             {"umask", "0022"},
		"stdin":             {"readlink /proc/$$/fd/0; cat; echo end", "/dev/null | end"},
		"no descriptors":    {"exec ls /proc/self/fd", "0 | 1 | 2 | 3"}, // 3 is how ls reads them
		"same out and err":  {"[ /proc/$$/fd/1 -ef /proc/$$/fd/2 ] && echo yes", "yes"},
		"no blocked signal": {"grep SigBlk /proc/$$/status | tr -d '\\t'", "SigBlk:0000000000000000"},
		"leader of a group and session": {
			`read -r pid comm state ppid pgrp session rest < /proc/$$/stat; [ $pgrp = $$ ] && [ $session = $$ ] && echo yes`, "yes"},
	} {
		if res := run(t, shell(t, c.body)); res.Output != c.want || !res.OK() {
			t.Errorf("%s: %+v, want %q", name, res, c.want)
		}
	}
}

func TestStdin(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 1 << 20} {
		job := shell(t, "wc -c")
		job.Stdin = bytes.Repeat([]byte("x"), size)
		if res := run(t, job); res.Output != strconv.Itoa(size) {
			t.Errorf("%d bytes: %+v", size, res)
		}
	}
	job := shell(t, "exit 0") // nobody reads it
	job.Stdin = bytes.Repeat([]byte("x"), 4<<20)
	if res := run(t, job); !res.OK() {
		t.Errorf("%+v", res)
	}
}

func TestNothingOfTheDaemonIsInherited(t *testing.T) {
	t.Parallel()
	status := shell(t, "grep -E '^Sig(Blk|Ign)' /proc/$$/status | tr -d '\\t'").Argv[0]
	t.Run("ignored signals", func(t *testing.T) {
		got := runInRunner(t, nil, []string{"sh", "-c", `trap "" HUP INT PIPE TERM; exec "$@"`, "sh"}, status)
		var blocked, ignored uint64
		if _, err := fmt.Sscanf(got, "SigBlk:%x | SigIgn:%x", &blocked, &ignored); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		// Signals 32 and 33 are the C library's own. A parent that uses posix_spawn(3), as
		// make does, ignores them for its children, and no program means anything by it.
		const ofTheLibrary = 1<<31 | 1<<32
		if blocked != 0 || ignored&^ofTheLibrary != 0 {
			t.Errorf("got %s", got)
		}
	})
	t.Run("descriptors", func(t *testing.T) {
		fds := shell(t, "ls -l /proc/$$/fd | grep -c passwd; true").Argv[0]
		leak := func(cmd *exec.Cmd) {
			f, err := os.Open("/etc/passwd")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			cmd.ExtraFiles = []*os.File{f}
		}
		if got := runInRunner(t, leak, nil, fds); got != "0" {
			t.Errorf("%s descriptors leaked", got)
		}
	})
	t.Run("oom_score_adj", func(t *testing.T) {
		oom := shell(t, "cat /proc/$$/oom_score_adj; cat /proc/$PPID/oom_score_adj").Argv[0]
		if got := runInRunner(t, nil, []string{"sh", "-c", `echo 123 > /proc/$$/oom_score_adj; exec "$@"`, "sh"}, oom); got != "0 | 123" {
			t.Errorf("script and daemon have %s", got)
		}
	})
}

func TestNothingPrivilegedIsInherited(t *testing.T) {
	t.Parallel()
	needRoot(t)
	t.Run("nice", func(t *testing.T) {
		if got := runInRunner(t, nil, []string{"nice", "-n", "-7"}, shell(t, "nice; sh -c nice").Argv[0]); got != "0 | 0" {
			t.Errorf("nice is %s", got)
		}
		if got := runInRunner(t, nil, []string{"nice", "-n", "7"}, shell(t, "nice").Argv[0]); got != "0" {
			t.Errorf("nice is %s", got)
		}
	})
	t.Run("scheduling policy", func(t *testing.T) {
		if _, err := exec.LookPath("chrt"); err != nil {
			t.Skip(err)
		}
		if out, err := exec.Command("chrt", "-r", "1", "true").CombinedOutput(); err != nil {
			t.Skipf("real-time scheduling is not allowed here: %s", out)
		}
		if got := runInRunner(t, nil, []string{"chrt", "-r", "1"}, shell(t, "chrt -p $$ | head -n 1 | sed 's/.*: //'").Argv[0]); got != "SCHED_OTHER" {
			t.Errorf("policy is %s", got)
		}
	})
	t.Run("oom_score_adj", func(t *testing.T) {
		if err := exec.Command("sh", "-c", "echo -900 > /proc/$$/oom_score_adj").Run(); err != nil {
			t.Skip("root without CAP_SYS_RESOURCE")
		}
		oom := shell(t, "cat /proc/$$/oom_score_adj; cat /proc/$PPID/oom_score_adj").Argv[0]
		if got := runInRunner(t, nil, []string{"sh", "-c", `echo -900 > /proc/$$/oom_score_adj; exec "$@"`, "sh"}, oom); got != "0 | -900" {
			t.Errorf("script and daemon have %s", got)
		}
	})
}

func TestFileLimits(t *testing.T) {
	t.Parallel()
	limits := shell(t, "ulimit -Sn; ulimit -Hn").Argv[0]
	start := []string{"sh", "-c", `ulimit -Sn 200; ulimit -Hn 300; exec "$@"`, "sh"}
	if got := runInRunner(t, nil, start, limits); got != "200 | 300" {
		t.Errorf("soft and hard limit are %s", got)
	}
	// A daemon that changes its limit itself makes the Go runtime think that somebody
	// else did, and scripts would get it.
	raised := func(cmd *exec.Cmd) {
		cmd.Env = append(os.Environ(), "FILES_RAISED=300")
	}
	limits = shell(t, "ulimit -Sn; ulimit -Hn").Argv[0]
	if got := runInRunner(t, raised, start, limits); got != "200 | 300" {
		t.Errorf("after the daemon raised its own: soft and hard limit are %s", got)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	own, err := osuser.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{own.Username, own.Uid} {
		job := shell(t, "id -u; echo $USER $LOGNAME $HOME $LANG")
		job.User, job.Env = name, map[string]string{"LANG": "C", "HOME": "/elsewhere"} // what is said goes before
		if res := run(t, job); res.Output != own.Uid+" | "+own.Username+" "+own.Username+" /elsewhere C" {
			t.Errorf("%s: %+v", name, res)
		}
	}
	job := shell(t, "exit 0")
	job.User = "no such user"
	if res := run(t, job); res.Err == nil || !strings.Contains(res.Err.Error(), `there is no user "no such user"`) {
		t.Errorf("%+v", res)
	}
	nobody, err := osuser.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	// Opening its output again is what "echo > /dev/stderr" does in a script.
	job = shell(t, "id -u; id -g; id -G; echo again >> /dev/stderr; cat")
	job.User, job.Stdin = "nobody", []byte("input")
	res := run(t, job)
	if os.Geteuid() != 0 {
		if res.Err == nil || !strings.Contains(res.Err.Error(), "only root") {
			t.Errorf("%+v", res)
		}
		return
	}
	ids, err := nobody.GroupIds()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{nobody.Uid, nobody.Gid, strings.Join(ids, " "), "again", "input"}, " | ")
	if res.Output != want {
		t.Errorf("%+v\nwant %s", res, want)
	}
}

func TestUserWhoMayNotExecuteIt(t *testing.T) {
	t.Parallel()
	needRoot(t)
	job := shell(t, "exit 0")
	if err := os.Chmod(job.Argv[0], 0o700); err != nil {
		t.Fatal(err)
	}
	job.User = "nobody"
	if res := newRunner(t).Run(context.Background(), job, nil); res.Err == nil || !strings.Contains(res.Err.Error(), "nobody may not execute it") {
		t.Errorf("%+v", res)
	}
}
