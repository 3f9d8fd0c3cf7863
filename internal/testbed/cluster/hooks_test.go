package cluster

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Commands that stand in for those of the clusterware. They keep what they know in files
// of $FAKE.
const (
	fakeClpgrp = `case $1 in
-n) cat "$FAKE/place" ;;
-m) echo "$*" >"$FAKE/asked"; echo "${4:-two}" >"$FAKE/place" ;;
esac`
	fakeClpdown   = `echo "clpdown $*" >"$FAKE/asked"`
	fakeSystemctl = `if [ -e "$FAKE/asked" ]; then echo stopping; else echo running; fi`
	fakeIP        = `grep -q 1 "$FAKE/fault" || echo "2: eth0 inet 192.0.2.10/24"`
	fakeMon       = `cat <<END
  <nodes>
    <node name="one" id="1" online="true" standby="false" standby_onfail="false" maintenance="false" resources_running="2"/>
    <node name="two" id="2" online="true" standby="false" standby_onfail="false" maintenance="false" resources_running="0"/>
  </nodes>
END`
	fakeResource = `case $1 in
--locate) cat "$FAKE/place" ;;
*) echo "$*" >"$FAKE/asked"; echo two >"$FAKE/place" ;;
esac`
)

// stage is a directory with commands and files for one run of a hook.
type stage struct {
	t   *testing.T
	dir string
}

func newStage(t *testing.T, commands, files map[string]string) stage {
	t.Helper()
	s := stage{t, t.TempDir()}
	for name, body := range commands {
		s.write("bin/"+name, "#!/bin/sh\n"+body+"\n")
	}
	for name, body := range files {
		s.write(name, body)
	}
	return s
}

func (s stage) write(name, body string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

func (s stage) read(name string) string {
	content, _ := os.ReadFile(filepath.Join(s.dir, name))
	return strings.TrimSpace(string(content))
}

// command is a shipped hook on the stage; in env $FAKE is its directory.
func (s stage) command(ctx context.Context, name string, env ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "../../../packaging/hooks/"+name)
	cmd.Env = []string{"PATH=" + s.dir + "/bin:/usr/bin:/bin", "FAKE=" + s.dir}
	for _, e := range env {
		cmd.Env = append(cmd.Env, strings.ReplaceAll(e, "$FAKE", s.dir))
	}
	return cmd
}

// hook runs a hook.
func (s stage) hook(name string, env ...string) (string, int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := s.command(ctx, name, env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestHooksWithStandIns(t *testing.T) {
	clp := map[string]string{"clpgrp": fakeClpgrp, "clpdown": fakeClpdown, "clpstat": "", "systemctl": fakeSystemctl}
	crm := map[string]string{"crm_node": "echo one", "crm_mon": fakeMon, "crm_resource": fakeResource, "crm_standby": ":"}
	with := func(commands map[string]string, name, body string) map[string]string {
		out := map[string]string{name: body}
		for k, v := range commands {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	const move = "ACTION=move SERVER=one TIMEOUT=1"
	for _, c := range []struct {
		hook     string
		commands map[string]string
		place    string // where the group or resource is
		env      string
		code     int
		line     string
		asked    string
	}{
		{"clusterpro", clp, "one", move + " GROUP=shop", 0, "move: shop is on two", "-m shop"},
		{"clusterpro", clp, "one", move + " GROUP=shop TARGET=three", 0, "move: shop is on three", "-m shop -h three"},
		{"clusterpro", clp, "one", move, 1, "needs GROUP", ""},
		{"clusterpro", clp, "two", move + " GROUP=shop", 75, "shop is not on one but on: two", ""},
		{"clusterpro", clp, "", move + " GROUP=shop", 75, "not on one but on: no server", ""},
		{"clusterpro", nil, "", move + " GROUP=shop", 75, "not installed", ""},
		{"clusterpro", with(clp, "clpstat", "echo stopped; exit 1"), "one", move + " GROUP=shop", 75, "does not answer: stopped", ""},
		{"clusterpro", with(clp, "clpgrp", "echo what; exit 3"), "one", move + " GROUP=shop", 1, "does not say where shop is: what", ""},
		{"clusterpro", with(clp, "clpgrp", "[ $1 = -n ] && echo one || { echo no; exit 9; }"), "", move + " GROUP=shop", 1, "move failed: no", ""},
		{"clusterpro", with(clp, "clpgrp", "[ $1 = -n ] && echo one || exec sleep 1000"), "", move + " GROUP=shop", 1, "move failed", ""},
		{"clusterpro", with(clp, "clpgrp", "echo one"), "", move + " GROUP=shop", 1, "not done within 1 s", ""},
		{"clusterpro", clp, "", "ACTION=shutdown SERVER=one", 0, "shutdown: one shuts down", "clpdown"},
		{"clusterpro", clp, "", "ACTION=reboot SERVER=one", 0, "reboot: one shuts down", "clpdown -r"},
		{"clusterpro", with(clp, "clpdown", ":"), "", "ACTION=reboot TIMEOUT=1", 1, "not done within 1 s", ""},
		{"clusterpro", with(clp, "clpdown", "exit 1"), "", "ACTION=reboot", 1, "reboot failed", ""},
		{"clusterpro", clp, "", "ACTION=panic", 1, "it is move, shutdown or reboot", ""},
		{"clusterpro", clp, "", "ACTION=move GROUP=shop TIMEOUT=1m", 1, "not a number of seconds", ""},

		{"pacemaker", crm, "one", "ACTION=move RESOURCE=shop", 0, "move: shop runs on two", "--move --resource shop"},
		{"pacemaker", crm, "one\ntwo", "ACTION=ban RESOURCE=shop", 0, "ban: shop runs on two", "--ban --resource shop --node one"},
		{"pacemaker", crm, "", "ACTION=move RESOURCE=shop", 75, "shop is not on one but on: no node", ""},
		{"pacemaker", nil, "", "", 75, "not installed", ""},
		{"pacemaker", with(crm, "crm_node", "exit 102"), "", "", 75, "does not run here", ""},
		{"pacemaker", with(crm, "crm_node", "echo oops; exit 1"), "", "", 1, "does not say who we are: oops", ""},
		{"pacemaker", with(crm, "crm_mon", "echo '<nodes/>'"), "", "", 1, "does not answer", ""},
		{"pacemaker", with(crm, "crm_standby", "echo no; exit 5"), "", "", 1, "standby failed: no", ""},
		{"pacemaker", crm, "", "TIMEOUT=1", 1, "not done within 1 s", ""},
		{"pacemaker", crm, "one", "ACTION=move", 1, "needs RESOURCE", ""},
		{"pacemaker", crm, "one", "ACTION=away", 1, "it is standby, move, ban or failcount", ""},
		{"pacemaker", crm, "one", "TIMEOUT=1m", 1, "not a number of seconds", ""},
		{"pacemaker", with(crm, "crm_mon", strings.ReplaceAll(fakeMon, `standby="false"`, `standby="true"`)), "", "", 75, "no other node", ""},
		{"template", nil, "", "", 75, "not for me", ""},
	} {
		t.Run(c.hook+" "+c.env+" "+c.line, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c.commands, map[string]string{"place": c.place + "\n"})
			out, code := s.hook(c.hook, strings.Fields(c.env)...)
			if code != c.code || !strings.Contains(out, c.line) || strings.Count(out, "\n") != 1 {
				t.Errorf("exit code %d, not %d with %q: %q", code, c.code, c.line, out)
			}
			if got := s.read("asked"); got != c.asked {
				t.Errorf("it asked for %q, not %q", got, c.asked)
			}
		})
	}
}

// TestHookEndsWithItsTimeout holds that a hook ends at once, with what it has started, when
// its process group gets SIGTERM, as it does from procward after the rung's timeout.
func TestHookEndsWithItsTimeout(t *testing.T) {
	s := newStage(t, map[string]string{
		"crm_resource": ":", "crm_node": `echo $$ >"$FAKE/new"; mv "$FAKE/new" "$FAKE/asked"; exec sleep 1000`,
	}, nil)
	cmd := s.command(t.Context(), "pacemaker")
	var out strings.Builder
	cmd.Stdout = &out
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the command", func() (string, bool) { return "", s.read("asked") != "" })
	before := time.Now()
	if err := unix.Kill(-cmd.Process.Pid, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 || out.String() != "pacemaker: standby: ended by a signal\n" {
		t.Errorf("exit code %d: %q", code, out.String())
	}
	if took := time.Since(before); took > 8*time.Second { // the command's own limit is 10 s
		t.Errorf("it took %v", took)
	}
	if _, err := os.Stat("/proc/" + s.read("asked")); err == nil {
		t.Error("its command lives on")
	}
}

// TestKeepalivedHookWithStandIns has a process that is called keepalived.
func TestKeepalivedHookWithStandIns(t *testing.T) {
	const env = "TRACK_FILE=$FAKE/fault ADDRESS=192.0.2.10 PIDFILE=$FAKE/pid TIMEOUT=1"
	for _, c := range []struct {
		ip, env string
		code    int
		line    string
		fault   string // what the file says then
	}{
		{fakeIP, env, 0, "192.0.2.10 has left", "1"},
		{fakeIP, env + " VALUE=100", 0, "192.0.2.10 has left", "100"},
		{"echo here", env, 1, "is still here after 1 s", "1"},
		{"", env, 75, "was not here", "1"},
		{"echo broken; exit 1", env, 1, "cannot see where 192.0.2.10 is: broken", "0"},
		{fakeIP, env + " TRACK_FILE=$FAKE/nosuch", 1, "cannot write 1 to", "0"},
		{fakeIP, env + " TRACK_FILE=$FAKE", 1, "cannot write 1 to", "0"},
		{fakeIP, env + " TRACK_FILE=", 1, "TRACK_FILE is not set", "0"},
		{fakeIP, env + " ADDRESS=", 1, "ADDRESS is not set", "0"},
		{fakeIP, env + " TIMEOUT=soon", 1, "not a number of seconds", "0"},
		{fakeIP, env + " PIDFILE=$FAKE/nosuch", 75, "does not run here", "0"},
		{fakeIP, env + " PIDFILE=$FAKE/fault", 75, "does not run here", "0"}, // no such process
		{fakeIP, env + " PIDFILE=$FAKE/ours", 75, "does not run here", "0"},  // another program
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, map[string]string{"ip": c.ip}, map[string]string{"fault": "0\n", "ours": strconv.Itoa(os.Getpid())})
			s.write("pid", strconv.Itoa(s.keepalived())+"\n")
			out, code := s.hook("keepalived", strings.Fields(c.env)...)
			if code != c.code || !strings.Contains(out, c.line) || strings.Count(out, "\n") != 1 {
				t.Errorf("exit code %d, not %d with %q: %q", code, c.code, c.line, out)
			}
			if got := s.read("fault"); got != c.fault {
				t.Errorf("the file says %q, not %q", got, c.fault)
			}
		})
	}
}

// keepalived starts a process of that name, which lives as long as the test.
func (s stage) keepalived() int {
	s.t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		s.t.Skip(err)
	}
	link := filepath.Join(s.dir, "bin", "keepalived")
	if err := os.Symlink(sleep, link); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(link, "1000")
	if err := cmd.Start(); err != nil { // which returns after the exec
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

func TestScriptsAreClean(t *testing.T) {
	shellcheck, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skip("needs shellcheck")
	}
	scripts, err := filepath.Glob("../../../packaging/[ho]*/*")
	if err != nil || len(scripts) < 5 {
		t.Fatalf("%v: %v", scripts, err)
	}
	if out, err := exec.Command(shellcheck, append([]string{"--shell=sh"}, scripts...)...).CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}
