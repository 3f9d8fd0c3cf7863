package engine

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/restart"
)

// daemon is a victim that serves, of one of the kinds of testdata/victim.py.
type daemon struct {
	*real
	kind   string
	python string
	script string
}

// newDaemon starts a daemon of a kind, and waits until it is ready.
func newDaemon(t *testing.T, kind string) *daemon {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is needed: it forks without executing")
	}
	file, err := filepath.Abs("testdata/victim.py")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{real: newReal(t), kind: kind, python: python, script: file}
	d.begin(kind)
	return d
}

// begin starts one as init would have it.
func (d *daemon) begin(kind string) {
	d.t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `"$0" "$@" >/dev/null 2>&1 &`, d.python, d.script, kind, d.dir)
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("%v: %s", err, out)
	}
	waitFor(d.t, func() bool { return d.marked("ready") > 0 })
}

// marked counts the files of a name that the victims have left.
func (d *daemon) marked(name string) int {
	found, _ := filepath.Glob(filepath.Join(d.dir, name+"-*"))
	return len(found)
}

// match is the entry for the daemon; change may add to it.
func (d *daemon) match(change func(*confd.Process)) *confd.Config {
	body := fmt.Sprintf("echo >> $dir/ran\n%s %s %s $dir >/dev/null 2>&1 &", d.python, d.script, d.kind)
	p := entry("web", "", func(p *confd.Process) {
		p.Match.Name, p.Match.Args = "", regexp.QuoteMeta(d.script)+" [a-z]+ "+regexp.QuoteMeta(d.dir)
		p.Restart.Run = d.real.script("web", body)
		p.Restart.Settle, p.Restart.StartTimeout = ms(300), ms(8000)
		p.Restart.Backoff.Initial, p.Restart.Backoff.Max = ms(10), ms(20)
	})
	if change != nil {
		change(&p)
	}
	return processes(map[string]confd.Process{"web": p})
}

// watched runs the engine until it has found the daemon and remembers what it needs.
func (d *daemon) watched(change func(*confd.Process)) (pid int) {
	d.t.Helper()
	d.run(d.match(change))
	pid = d.until(message.Found, "web").PID
	waitFor(d.t, func() bool { return d.remembered(pid) })
	return pid
}

// remembered says that where a process serves, and how it lies in memory, is known.
func (d *daemon) remembered(pid int) bool {
	known := make(chan bool, 1)
	d.engine.calls <- func(World) (int, bool) {
		for id, t := range d.engine.machine.procs["web"].traits {
			if id.PID == pid && t.Layout.Known() && (len(t.Serves) > 0 || d.kind == "silent" || d.kind == "parent" || d.kind == "launches") {
				known <- true
				return 0, false
			}
		}
		known <- false
		return 0, false
	}
	return <-known
}

// ran is how often the restart script has run.
func (d *daemon) ran() int {
	text, _ := os.ReadFile(filepath.Join(d.dir, "ran"))
	return strings.Count(string(text), "\n")
}

// ask connects, and gives the PID that answers.
func (d *daemon) ask() int {
	d.t.Helper()
	pid := 0
	waitFor(d.t, func() bool { pid = d.answer(); return pid != 0 })
	return pid
}

func (d *daemon) answer() int {
	c := d.dial()
	if c == nil {
		return 0
	}
	defer c.Close()
	_, _ = c.Write([]byte("?"))
	return pidFrom(c)
}

func (d *daemon) dial() net.Conn {
	port, err := os.ReadFile(filepath.Join(d.dir, "port"))
	if err != nil {
		return nil
	}
	c, err := net.Dial("tcp", "127.0.0.1:"+string(port))
	if err != nil {
		return nil
	}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

func pidFrom(c net.Conn) int {
	line, _ := bufio.NewReader(c).ReadString('\n')
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return pid
}

func TestRealPreforkMasterKilled(t *testing.T) {
	for _, how := range []restart.Orphans{restart.AutoOrphans, restart.LeaveOrphans} {
		t.Run(string(how), func(t *testing.T) {
			d := newDaemon(t, "prefork")
			waitFor(t, func() bool { return d.marked("ready") == 4 })
			master := d.watched(func(p *confd.Process) { p.Restart.Orphans, p.Restart.Attempts = how, scalar.AtMost(1) })
			d.send(master, unix.SIGKILL)
			d.until(message.Down, "web")
			if m := d.until(message.Orphans, "web"); strings.Count(m.Detail, "same layout") != 3 || !strings.Contains(m.Detail, "tcp 127.0.0.1:") {
				t.Errorf("told is %s", m.Line())
			}
			if how == restart.LeaveOrphans { // they hold the port, so that the new one ends at once
				d.until(message.Exhausted, "web")
				d.until(message.GivenUp, "web")
				d.never(message.Killed, message.Replaced, message.Returned)
				if d.victims() != 3 {
					t.Errorf("%d are left, want the three workers", d.victims())
				}
				return
			}
			d.until(message.Recovered, "web")
			d.never(message.Replaced, message.Untold)
			d.ask()
			if d.ran() != 1 || d.victims() != 4 {
				t.Errorf("the script ran %d times, %d are there", d.ran(), d.victims())
			}
		})
	}
}
