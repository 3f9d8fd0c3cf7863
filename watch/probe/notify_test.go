package probe

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLife(t *testing.T) {
	type told struct {
		after   time.Duration
		message string // "": only a look
		urgent  bool
		outcome Outcome
		words   string
	}
	for name, story := range map[string][]told{
		"usual": {
			{0, "", false, Early, "no READY=1 or WATCHDOG=1 yet"},
			{5 * time.Second, "READY=1\nSTATUS=serving \x1b[0m", true, Success, `alive, status "serving \x1b[0m"`},
			{9 * time.Second, "", false, Success, "alive"},
			{0, "WATCHDOG=1", false, Success, "alive"},
			{9 * time.Second, "STATUS=busy", false, Success, `alive, status "busy"`},
			{time.Second, "", false, Failure, `no WATCHDOG=1 for 10s, status "busy"`},
			{time.Second, "WATCHDOG=1", false, Success, "alive"},
		},
		"never":       {{9 * time.Second, "", false, Early, ""}, {time.Second, "", false, Failure, "no WATCHDOG=1 for 10s"}},
		"only status": {{9 * time.Second, "STATUS=x", false, Early, `yet, status "x"`}, {time.Second, "", false, Failure, "no WATCHDOG=1 for 10s"}},
		"trigger": {
			{0, "WATCHDOG=1", true, Success, "alive"},
			{0, "WATCHDOG=trigger", true, Failure, "WATCHDOG=trigger"},
			{0, "WATCHDOG=trigger", false, Failure, "WATCHDOG=trigger"},
			{0, "WATCHDOG=1", true, Success, "alive"},
		},
		"stops": {
			{0, "READY=1", true, Success, "alive"},
			{0, "STOPPING=1", false, Early, "it says that it stops"},
			{time.Hour, "", false, Early, "it says that it stops"},
			{0, "READY=1", false, Success, "alive"},
		},
		"its own interval": {
			{0, "READY=1\nWATCHDOG_USEC=20000000", true, Success, "alive"},
			{19 * time.Second, "", false, Success, "alive"},
			{time.Second, "", false, Failure, "no WATCHDOG=1 for 20s"},
			{0, "WATCHDOG=1\nWATCHDOG_USEC=3000000", false, Success, "alive"},
			{3 * time.Second, "", false, Failure, "no WATCHDOG=1 for 3s"},
			{0, "WATCHDOG=1\nWATCHDOG_USEC=nonsense", false, Success, "alive"},
			{9 * time.Second, "", false, Success, "alive"},
		},
		"more time": {
			{0, "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30000000", true, Success, "alive"},
			{29 * time.Second, "", false, Success, "alive"},
			{time.Second, "", false, Failure, "no WATCHDOG=1 for 30s"},
		},
		"what it need not know": {
			{0, "FDSTORE=1\nMAINPID=1\nWATCHDOG\n=\nREADY=2\nWATCHDOG=0\nSTOPPING=0\nEXTEND_TIMEOUT_USEC=-1", false, Early, "yet"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var l life
			now := time.Hour
			l.afresh(now, now)
			for _, s := range story {
				now += s.after
				if s.message != "" && l.hear(s.message, now) != s.urgent {
					t.Errorf("%q: urgent is not %v", s.message, s.urgent)
				}
				l.judge(10*time.Second, now).is(t, s.outcome, false, s.words)
			}
		})
	}
}

// TestLifeAfresh holds what of the past counts after a restart.
func TestLifeAfresh(t *testing.T) {
	var l life
	l.hear("STATUS=old\nWATCHDOG=trigger\nSTOPPING=1\nWATCHDOG_USEC=3000000", time.Hour)
	l.afresh(2*time.Hour, 2*time.Hour)
	l.judge(10*time.Second, 2*time.Hour+9*time.Second).is(t, Early, false, "no READY=1")
	l.hear("READY=1\nSTATUS=new", 3*time.Hour+time.Second)
	l.afresh(3*time.Hour, 3*time.Hour+5*time.Second) // found 5 s after it has started
	l.judge(10*time.Second, 3*time.Hour+9*time.Second).is(t, Success, false, `alive, status "new"`)
	l.judge(10*time.Second, 3*time.Hour+15*time.Second).is(t, Failure, false, "no WATCHDOG=1")
}

// FuzzLife holds that no datagram breaks it, and that no time is judged that is not over.
func FuzzLife(f *testing.F) {
	f.Add("READY=1\nWATCHDOG_USEC=18446744073709551615\nEXTEND_TIMEOUT_USEC=99999999999999999999")
	f.Add("WATCHDOG=trigger\nSTOPPING=1\n=\n\x00")
	f.Fuzz(func(t *testing.T, message string) {
		var l life
		l.afresh(time.Hour, time.Hour)
		l.hear(message, time.Hour)
		r := l.judge(time.Minute, time.Hour)
		if r.outcome == Failure && !strings.Contains(message, "trigger") && !strings.Contains(message, "WATCHDOG_USEC=") {
			t.Errorf("%+v", r)
		}
	})
}

// open opens an ear and waits until it hears.
func open(t *testing.T, path, user string) *ear {
	t.Helper()
	e := &ear{path: path, user: user, awake: func() time.Duration { return time.Hour }, urgent: func() {}}
	e.life.afresh(time.Hour, time.Hour)
	e.listen(nil)
	t.Cleanup(func() {
		if done := e.close(); done != nil {
			<-done
		}
	})
	eventually(t, "the socket is open, or is not to be had", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.conn != nil || e.err != nil
	})
	return e
}

// notify sends one datagram.
func notify(t *testing.T, path, message string) {
	t.Helper()
	c, err := net.Dial("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(message)); err != nil {
		t.Fatal(err)
	}
}

func (e *ear) shows(t *testing.T, outcome Outcome, words string) {
	t.Helper()
	eventually(t, words, func() bool {
		r := once(t, hearing{e, time.Minute}, long)
		return r.outcome == outcome && strings.Contains(r.text, words)
	})
}

func TestNotifySocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(socketDir(t), "notify")
	e := open(t, path, "")
	e.shows(t, Early, "no READY=1")
	notify(t, path, "READY=1\nSTATUS=fine")
	e.shows(t, Success, `alive, status "fine"`)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if done := e.close(); done != nil {
		<-done
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left")
	}
}

// TestNotifySocketIsTaken holds that a second check does not take a socket away, and gets
// it when it is free.
func TestNotifySocketIsTaken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(socketDir(t), "notify")
	first := open(t, path, "")
	second := open(t, path, "")
	second.shows(t, Unknown, "somebody listens there")
	notify(t, path, "READY=1")
	first.shows(t, Success, "alive")
	if done := first.close(); done != nil {
		<-done
	}
	second.shows(t, Early, "no READY=1")
	eventually(t, "it has it", func() bool { return exists(path) })
	notify(t, path, "READY=1")
	second.shows(t, Success, "alive")
}

// TestNotifySocketIsStale holds that what an earlier daemon left is replaced, and
// anything else is not.
func TestNotifySocketIsStale(t *testing.T) {
	t.Parallel()
	dir := socketDir(t)
	stale, file := filepath.Join(dir, "stale"), filepath.Join(dir, "file")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: stale, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	open(t, stale, "").shows(t, Early, "no READY=1")
	write(t, file, "precious")
	open(t, file, "").shows(t, Unknown, "a file that is no socket")
	if data, err := os.ReadFile(file); string(data) != "precious" {
		t.Errorf("%q, %v", data, err)
	}
	open(t, filepath.Join(dir, "none", "x"), "").shows(t, Unknown, "no such file")
	open(t, filepath.Join(dir, "x"), "no-such-user").shows(t, Unknown, `there is no user "no-such-user"`)
}

// TestNotifyDescriptors holds that descriptors sent along are closed.
func TestNotifyDescriptors(t *testing.T) {
	t.Parallel()
	path := filepath.Join(socketDir(t), "notify")
	e := open(t, path, "")
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	rights := unix.UnixRights(pipe[1], pipe[1])
	if err := unix.Sendmsg(fd, []byte("WATCHDOG=1\nFDSTORE=1"), rights, &unix.SockaddrUnix{Name: path}, 0); err != nil {
		t.Fatal(err)
	}
	unix.Close(pipe[1])
	e.shows(t, Success, "alive")
	eventually(t, "the pipe has no writer", func() bool {
		n, _ := unix.Poll([]unix.PollFd{{Fd: int32(pipe[0]), Events: unix.POLLIN}}, 0)
		return n == 1
	})
}

// TestNotifyFromOthers holds that the kernel keeps other users out, and that the user
// named is heard.
func TestNotifyFromOthers(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be another user")
	}
	if _, err := exec.LookPath("systemd-notify"); err != nil {
		t.Skip("needs systemd-notify")
	}
	dir := socketDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "notify")
	send := func(uid uint32, status string) error {
		cmd := exec.Command("systemd-notify", "--status="+status, "READY=1")
		cmd.Env = []string{"NOTIFY_SOCKET=" + path}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		return cmd.Run()
	}
	e := open(t, path, "nobody")
	if err := send(1, "forged"); err == nil {
		t.Error("another user may write")
	}
	if err := os.Chmod(path, 0o666); err != nil { // even so nobody hears it
		t.Fatal(err)
	}
	if err := send(1, "forged"); err != nil {
		t.Error(err)
	}
	if err := send(65534, "nobody"); err != nil {
		t.Error(err)
	}
	e.shows(t, Success, `status "nobody"`)
	if err := send(0, "root"); err != nil {
		t.Error(err)
	}
	e.shows(t, Success, `status "root"`)
}

// TestNotifySocketIsRemade holds that the socket comes back where its directory was removed and
// made again, as systemd does with that of a service, and that nobody is blamed meanwhile.
func TestNotifySocketIsRemade(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(socketDir(t), "run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "notify")
	e := open(t, path, "")
	e.shows(t, Early, "no READY=1")
	notify(t, path, "READY=1")
	e.shows(t, Success, "alive")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	e.shows(t, Unknown, "was removed")
	e.shows(t, Unknown, "no such file")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is there again", func() bool {
		once(t, hearing{e, time.Minute}, long)
		return exists(path)
	})
	notify(t, path, "WATCHDOG=trigger")
	e.shows(t, Failure, "stuck")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
