package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bufio"
	"golang.org/x/sys/unix"
	"net"
	"regexp"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/procscan"
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
	p := entry("web", func(p *confd.Process) {
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

// remembered reports whether where a process serves, and how it lies in memory, is known.
func (d *daemon) remembered(pid int) bool {
	for _, q := range d.kept("web") {
		if q.PID == pid && q.Traits.Layout.Known() && (len(q.Traits.Serves) > 0 || d.kind == "silent" || d.kind == "parent" || d.kind == "launches") {
			return true
		}
	}
	return false
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
			waitFor(t, func() bool { return d.victims() == 4 }) // it may fork its workers at this moment
			if d.ran() != 1 {
				t.Errorf("the script ran %d times", d.ran())
			}
		})
	}
}

// TestRealHandover holds that a successor by exec, and one by fork, which serves while the old
// one drains and then ends with 0, is taken for what it is.
func TestRealHandover(t *testing.T) {
	for _, kind := range []string{"execs", "forks"} {
		t.Run(kind, func(t *testing.T) {
			d := newDaemon(t, kind)
			old := d.watched(nil)
			d.send(old, unix.SIGUSR1)
			waitFor(t, func() bool { return d.marked("handed") == 1 && d.marked("ready") == 2 })
			waitFor(t, func() bool { pid := d.answer(); return pid != 0 && pid != old })
			heir := d.answer()
			d.leave()
			if m := d.until(message.Replaced, "web"); m.PID != heir {
				t.Errorf("%d carries on, told is %s", heir, m.Line())
			}
			d.never(message.Down, message.Orphans, message.Killed, message.Restart)
			if d.ran() != 0 || d.answer() != heir {
				t.Errorf("the script ran %d times, %d answers", d.ran(), d.answer())
			}
		})
	}
}

// TestRealLauncherLeaves holds the same of a launcher that waits until its child serves.
func TestRealLauncherLeaves(t *testing.T) {
	d := newDaemon(t, "launches")
	d.watched(nil)
	child := d.ask()
	d.leave()
	if m := d.until(message.Replaced, "web"); m.PID != child {
		t.Errorf("%d carries on, told is %s", child, m.Line())
	}
	d.never(message.Down, message.Orphans, message.Killed, message.Restart, message.Untold)
}

// leave lets the one that waits for it end with 0.
func (d *daemon) leave() {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, "leave"), nil, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// TestRealSessionsLive holds that a child with a client is no successor of its listener, and
// is left alone: one that was only forked, as that of rsync, and one that has a session of
// its own and has executed the program anew, as that of sshd.
func TestRealSessionsLive(t *testing.T) {
	for _, kind := range []string{"transfers", "sessions"} {
		t.Run(kind, func(t *testing.T) {
			d := newDaemon(t, kind)
			listener := d.watched(nil)
			c := d.dial()
			if c == nil {
				t.Fatal("it does not serve")
			}
			defer c.Close()
			_, _ = c.Write([]byte("!"))
			session := pidFrom(c)
			waitFor(t, func() bool { return d.marked("session") == 1 })
			d.send(listener, unix.SIGKILL)
			d.until(message.Recovered, "web")
			if pid := d.ask(); pid == listener || pid == session {
				t.Errorf("%d answers", pid)
			}
			d.never(message.Replaced, message.Killed, message.Untold)
			if unix.Kill(session, 0) != nil || d.ran() != 1 {
				t.Errorf("the session is gone, or the script ran %d times", d.ran())
			}
			if !d.tells(message.LetBe) && !d.tells(message.Orphans) {
				t.Error("the session was not told of")
			}
		})
	}
}

func (r *real) tells(kind *message.Kind) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.said {
		if m.Kind == kind {
			return true
		}
	}
	return false
}

// TestRealSiblings holds that of two that one living shell has started the other is selected.
func TestRealSiblings(t *testing.T) {
	for _, by := range []procscan.Select{procscan.Oldest, procscan.Newest} {
		t.Run(string(by), func(t *testing.T) {
			d := newDaemon(t, "parent")
			waitFor(t, func() bool { return d.marked("ready") == 2 })
			one := d.watched(func(p *confd.Process) {
				p.Match.Select = by
				p.Match.Args = strings.Replace(p.Match.Args, "[a-z]+", "silent", 1)
			})
			d.send(one, unix.SIGKILL)
			if m := d.until(message.Replaced, "web"); m.PID == one {
				t.Errorf("told is %s", m.Line())
			}
			d.never(message.Down, message.Killed, message.Orphans, message.Untold)
			if d.ran() != 0 || d.victims() != 2 {
				t.Errorf("the script ran %d times, %d are left", d.ran(), d.victims())
			}
		})
	}
}

// TestRealStranger holds that somebody's tail of a log at a terminal is no successor.
func TestRealStranger(t *testing.T) {
	d := newDaemon(t, "silent")
	pid := d.watched(func(p *confd.Process) { p.Match.Args = regexp.QuoteMeta(d.dir) })
	log := filepath.Join(d.dir, "web.log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tail, err := d.atTerminal("tail", "-f", log)
	if err != nil {
		t.Skipf("a terminal is needed: %v", err)
	}
	d.send(pid, unix.SIGKILL)
	d.until(message.Down, "web")
	if m := d.until(message.Stranger, "web"); !strings.Contains(m.Detail, fmt.Sprintf("pid %d (tail)", tail)) {
		t.Errorf("told is %s", m.Line())
	}
	d.until(message.Recovered, "web")
	d.never(message.Replaced, message.Killed)
	if unix.Kill(tail, 0) != nil || d.ran() != 1 {
		t.Errorf("the tail is gone, or the script ran %d times", d.ran())
	}
}

// atTerminal starts a program that has a terminal of its own.
func (d *daemon) atTerminal(argv ...string) (int, error) {
	ptmx, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlSetPointerInt(ptmx, unix.TIOCSPTLCK, 0); err != nil {
		return 0, err
	}
	n, err := unix.IoctlGetInt(ptmx, unix.TIOCGPTN)
	if err != nil {
		return 0, err
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return 0, err
	}
	defer tty.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	d.t.Cleanup(func() { // the terminal's end would end it too
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		unix.Close(ptmx)
	})
	return cmd.Process.Pid, nil
}
