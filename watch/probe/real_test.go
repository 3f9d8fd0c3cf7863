package probe

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/internal/script"
	"procward/internal/testbed"
	"procward/watch"
)

// server is a real one that a test has started.
type server struct {
	t     *testing.T
	cmd   *exec.Cmd
	out   bytes.Buffer // until ended
	ended chan struct{}
}

// launch starts a server, which is to stay in the foreground, and ends it with the test.
func launch(t *testing.T, cred *syscall.Credential, args ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{})}
	s.cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.WaitDelay = time.Second
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Pdeathsig: syscall.SIGTERM, Setpgid: true}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // Pdeathsig is about the thread that starts it
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
		}
		close(s.ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

// signal goes to the server and its children.
func (s *server) signal(sig syscall.Signal) {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", s.cmd.Process.Pid))
	_ = s.cmd.Process.Signal(sig)
	for child := range strings.FieldsSeq(string(children)) {
		pid, _ := strconv.Atoi(child)
		_ = syscall.Kill(pid, sig)
	}
}

func (s *server) stop() {
	s.signal(syscall.SIGCONT)
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(5 * time.Second):
		s.signal(syscall.SIGKILL)
		<-s.ended
	}
	if s.t.Failed() {
		s.t.Logf("%s said:\n%s", s.cmd.Path, s.out.String())
	}
}

// need skips a test for which a program is missing.
func need(t *testing.T, path, pkg string) string {
	t.Helper()
	found, _ := filepath.Glob(path)
	if len(found) == 0 {
		t.Skipf("needs %s (package %s)", path, pkg)
	}
	return found[0]
}

// own is an address on the loopback that only this process is likely to use.
func own() string { return fmt.Sprintf("127.%d.%d.9", 1+os.Getpid()>>8%254, os.Getpid()%256) }

// shows waits for a verdict. What a loaded machine makes of the checks before does not
// matter.
func shows(t *testing.T, signs <-chan watch.SignChange, want watch.Verdict, words string) watch.SignChange {
	t.Helper()
	for late := time.After(testbed.Patience); ; {
		select {
		case s := <-signs:
			if s.Verdict == want && !s.Slow && strings.Contains(s.Text, words) {
				return s
			}
			t.Logf("on the way: %q %s", s.Verdict, s.Text)
		case <-late:
			t.Fatalf("it does not become %q, %s", want, words)
		}
	}
}

// stalls holds that a server that serves is ok, one that is stopped is bad though its
// processes are all there, and one that goes on is ok again.
func stalls(t *testing.T, s *server, c Check, well string) {
	t.Helper()
	c.Interval, c.Timeout, c.Failures = scalar.Duration(200*time.Millisecond), scalar.Duration(4*time.Second), Failures{2, 2}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	p, signs, stop := whole(t)
	p.Attend("server", 1, []Check{c}, p.boot())
	ok := shows(t, signs, watch.OK, well)
	t.Logf("%s; output: %s", ok.Text, ok.Output)
	s.signal(syscall.SIGSTOP)
	shows(t, signs, watch.Bad, "") // a busy machine has it bad for another reason, and that stays
	s.signal(syscall.SIGCONT)
	shows(t, signs, watch.OK, well)
	s.signal(syscall.SIGKILL)
	<-s.ended
	shows(t, signs, watch.Bad, "")
	stop()
}

func TestRealNginx(t *testing.T) {
	t.Parallel()
	nginx := need(t, "/usr/sbin/nginx", "nginx-light")
	dir, address := t.TempDir(), own()+":18080"
	conf := filepath.Join(dir, "nginx.conf")
	write(t, conf, fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server { listen %[2]s; location /health { return 200 "all is well\n"; } }
}
`, dir, address))
	s := launch(t, nil, nginx, "-p", dir, "-e", "stderr", "-c", conf)
	stalls(t, s, web(func(h *HTTP) { h.URL, h.Body = "http://"+address+"/health", "^all is well" }), "status 200")
}

func TestRealRedis(t *testing.T) {
	t.Parallel()
	redis := need(t, "/usr/bin/redis-server", "redis-server")
	s := launch(t, nil, redis, "--bind", own(), "--port", "16379", "--save", "", "--dir", t.TempDir(), "--protected-mode", "no")
	stalls(t, s, check(func(c *Check) { c.TCP = &TCP{own() + ":16379", "PING\r\n", `^\+PONG`} }), "answered as expected")
}

func TestRealPostgreSQL(t *testing.T) {
	t.Parallel()
	initdb := need(t, "/usr/lib/postgresql/*/bin/initdb", "postgresql")
	plugin := need(t, "/usr/lib/nagios/plugins/check_pgsql", "monitoring-plugins-standard")
	dir := socketDir(t)
	cred := unprivileged(t, dir)
	data := filepath.Join(dir, "data")
	init := exec.Command(initdb, "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C")
	init.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s := launch(t, cred, filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-F")
	stalls(t, s, program(func(e *Exec) {
		e.Run = script.Argv{plugin, "-d", "postgres", "-l", "postgres", "-q", "SELECT 1"}
		e.Env = map[string]string{"PGHOST": dir}
	}), "exit code 0: OK")
}

// unprivileged is a user for a server that does not want root, who gets the directory;
// nil: the present one.
func unprivileged(t *testing.T, dir string) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := osuser.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func TestRealSMTP(t *testing.T) {
	t.Parallel()
	exim := need(t, "/usr/sbin/exim4", "exim4-daemon-light")
	plugin := need(t, "/usr/lib/nagios/plugins/check_smtp", "monitoring-plugins-basic")
	if os.Geteuid() != 0 {
		t.Skip("exim starts a daemon for root only")
	}
	dir := socketDir(t)
	if err := os.Chmod(dir, 0o777); err != nil { // it runs as its own user, whose name differs
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "exim.conf")
	write(t, conf, fmt.Sprintf("primary_hostname = mail.test\nspool_directory = %[1]s\nlog_file_path = %[1]s/%%slog\npid_file_path = %[1]s/pid\nacl_smtp_rcpt = deny\nkeep_environment =\nlocal_interfaces = %[2]s\ndaemon_smtp_ports = 18025\n", dir, own()))
	if err := os.Chmod(conf, 0o644); err != nil {
		t.Fatal(err)
	}
	s := launch(t, nil, exim, "-bdf", "-C", conf, "-oP", filepath.Join(dir, "pid"))
	stalls(t, s, program(func(e *Exec) {
		e.Run = script.Argv{plugin, "-H", own(), "-p", "18025", "-f", "probe@localhost"}
	}), "exit code 0: SMTP OK")
}
