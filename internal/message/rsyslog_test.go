package message

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"procward/internal/testbed"
)

const rsyslogd = "/usr/sbin/rsyslogd"

// daemon is a real rsyslogd with a socket and files of its own.
type daemon struct {
	dir, socket, all, some string
	cmd                    *exec.Cmd
}

func newDaemon(t *testing.T) *daemon {
	t.Helper()
	if _, err := os.Stat(rsyslogd); err != nil {
		t.Skip("rsyslogd is not installed")
	}
	dir := sockDir(t)
	d := &daemon{dir: dir, socket: filepath.Join(dir, "log"), all: filepath.Join(dir, "all"), some: filepath.Join(dir, "some")}
	conf := fmt.Sprintf(`global(workDirectory=%q)
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket=%q)
template(name="t" type="string" string="%%syslogfacility-text%%.%%syslogseverity-text%% %%programname%% %%procid%%%%msg%%\n")
if $programname == "procward" and $msg startswith " PW0504" then { action(type="omfile" file=%q template="t") }
:programname, isequal, "procward" action(type="omfile" file=%q template="t")
`, dir, d.socket, d.some, d.all)
	if err := os.WriteFile(d.conf(), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *daemon) conf() string { return filepath.Join(d.dir, "conf") }

// start runs rsyslogd until its socket takes messages.
func (d *daemon) start(t *testing.T) {
	t.Helper()
	os.Remove(filepath.Join(d.dir, "pid"))
	d.cmd = exec.Command(rsyslogd, "-n", "-f", d.conf(), "-i", filepath.Join(d.dir, "pid"))
	var out strings.Builder
	d.cmd.Stdout, d.cmd.Stderr = &out, &out
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.kill() })
	eventually(t, func() error {
		return NewSyslog(d.socket, FacilityDaemon).Write(Message{Kind: Resumed})
	})
}

// kill ends rsyslogd with SIGKILL, as a crash would.
func (d *daemon) kill() {
	d.cmd.Process.Kill()
	d.cmd.Wait()
}

// wait waits until a line that holds text is in the file.
func wait(t *testing.T, file, text string) string {
	t.Helper()
	var b []byte
	eventually(t, func() (err error) {
		if b, err = os.ReadFile(file); err == nil && !strings.Contains(string(b), text) {
			err = fmt.Errorf("no %q among %d bytes in %s", clip(text, 80), len(b), filepath.Base(file))
		}
		return err
	})
	return string(b)
}

// eventually calls f until it succeeds, as long as it takes.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	testbed.Tells(t, "success", func() (string, bool) {
		err := f()
		return fmt.Sprint(err), err == nil
	})
}

func TestRsyslog(t *testing.T) {
	d := newDaemon(t)
	d.start(t)
	long := Message{Kind: RestartFailed, Process: "httpd", Attempt: 1, Attempts: "3", Output: strings.Repeat("noise\n", 5000) + "the error"}
	log := NewLog(NewQueue(NewSyslog(d.socket, 17), "syslog", 64))
	for _, m := range []Message{example(), long, {Kind: Found, Process: "é\nx"}, {Kind: GivenUp, Group: "web"}} {
		log.Send(m)
	}
	got := wait(t, d.all, "PW0504")
	for _, want := range []string{
		fmt.Sprintf("local1.err procward %d PW0201 process=httpd group=web pid=4711 down: killed by SIGKILL\n", os.Getpid()),
		" " + long.Line() + "\n",
		`local1.notice procward ` + fmt.Sprint(os.Getpid()) + ` PW0202 process="é\nx" found` + "\n",
		"local1.alert",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", clip(want, 200), clip(got, 2000))
		}
	}
	if some := wait(t, d.some, "PW0504"); strings.Count(some, "\n") != 1 {
		t.Errorf("the filter of docs/messages.md lets through %q", some)
	}
	finish(t, log)
}

// What is sent while rsyslogd is dead arrives when it is back, in order; what did not
// fit into the queue is counted, and reported as missing.
func TestRsyslogDiesAndReturns(t *testing.T) {
	d := newDaemon(t)
	d.start(t)
	log := NewLog(NewQueue(NewSyslog(d.socket, FacilityDaemon), "syslog", 64))
	log.Send(say(Found, 1000))
	wait(t, d.all, "found: 1000")
	d.kill()
	const sent = 200
	for i := range sent {
		log.Send(say(Found, i))
	}
	lost := int(log.Dropped()["syslog"])
	if lost < sent-64 || lost > sent-48 {
		t.Errorf("%d of %d dropped with room for 48", lost, sent)
	}
	d.start(t)
	got := wait(t, d.all, "messages were dropped")
	if !strings.Contains(got, fmt.Sprintf("messages were dropped: syslog: %d (%d notice)", lost, lost)) {
		t.Errorf("the report is not of %d: %s", lost, got)
	}
	log.Send(say(Found, 2000))
	got = wait(t, d.all, "found: 2000")
	if kept := numbers(t, got); len(kept) != sent-lost || !slices.IsSorted(kept) {
		t.Errorf("%d of %d arrived, %d were lost, in this order: %v", len(kept), sent, lost, kept)
	}
	finish(t, log)
}

// numbers are those of the found messages below 1000, in the order of the file. Which of
// a burst are kept is not fixed: the sink may take one out, and so make room, at any time.
func numbers(t *testing.T, file string) (kept []int) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m) found: (\d{1,3})$`).FindAllStringSubmatch(file, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, n)
	}
	return kept
}

// finish closes the log, which must write everything.
func finish(t *testing.T, log *Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := log.Close(ctx); err != nil {
		t.Error(err)
	}
}
