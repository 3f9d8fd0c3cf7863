package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/engine"
)

// fake is a Daemon that answers at once, unless told to wait.
type fake struct {
	wait    chan struct{}
	status  engine.Status
	failure error
}

func (f fake) Status(ctx context.Context) (engine.Status, error) {
	if f.wait != nil {
		select {
		case <-f.wait:
		case <-ctx.Done():
			return engine.Status{}, ctx.Err()
		}
	}
	return f.status, f.failure
}

func (f fake) Reload(context.Context) (Reloaded, error) {
	return Reloaded{Changed: []string{"httpd"}}, f.failure
}

func (f fake) Operate(_ context.Context, o engine.Order) (engine.Ordered, error) {
	switch {
	case o.Names[0] == "nobody":
		return engine.Ordered{Unknown: "nobody"}, nil
	case o.Verb == engine.VerbStop:
		return engine.Ordered{Refused: "everything is suspended", Remedy: "procward resume first"}, nil
	}
	return engine.Ordered{ID: 7, Processes: []string{o.By}}, f.failure
}

// serve runs a server for d until the test ends and gives its socket.
func serve(t *testing.T, d Daemon) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "procward", "control.sock")
	s, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(d) }()
	t.Cleanup(func() {
		if err := s.Close(soon(t)); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket is still there after Close: %v", err)
		}
	})
	return path
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestStatusAndReload(t *testing.T) {
	path := serve(t, fake{status: engine.Status{Version: "1.2.3", PID: 7}})
	c := NewClient(path)
	s, raw, err := c.Status(soon(t))
	if err != nil || s.PID != 7 || s.Version != "1.2.3" {
		t.Fatalf("status: %+v, %v", s, err)
	}
	if want, _ := json.Marshal(s); strings.TrimSpace(string(raw)) != string(want) {
		t.Errorf("raw answer is %s, want %s", raw, want)
	}
	r, _, err := c.Reload(soon(t))
	if err != nil || len(r.Changed) != 1 || r.Changed[0] != "httpd" {
		t.Errorf("reload: %+v, %v", r, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestNoDaemon(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "dead.sock")
	leaveDeadSocket(t, dead)
	for _, path := range []string{filepath.Join(dir, "missing.sock"), dead} {
		if _, _, err := NewClient(path).Status(soon(t)); !errors.Is(err, ErrNoDaemon) {
			t.Errorf("%s: %v, want ErrNoDaemon", path, err)
		}
	}
}

func TestClientHasADeadline(t *testing.T) {
	path := serve(t, fake{wait: make(chan struct{})})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, _, err := NewClient(path).Status(ctx)
	if err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("error %v, want no answer in time", err)
	}
}

func TestDaemonsErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		failure error
		code    int
		text    string
	}{
		"its own": {&Error{http.StatusConflict, "a reload is under way", "wait"}, 409, "a reload is under way"},
		"any":     {errors.New("spoilt"), 500, "spoilt"},
		"late":    {fmt.Errorf("ask: %w", context.DeadlineExceeded), 503, "the daemon did not answer within 30s"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := NewClient(serve(t, fake{failure: tt.failure})).Reload(soon(t))
			var e *Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Message != tt.text {
				t.Errorf("error %#v, want %d %s", err, tt.code, tt.text)
			}
		})
	}
}

func TestRequests(t *testing.T) {
	path := serve(t, fake{})
	for name, tt := range map[string]struct {
		request string // as sent
		status  string // start of the answer's first line
		body    string // part of the answer
	}{
		"unknown path":   {"GET /v2/status HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", `{"error":"no such path: \"/v2/status\"","remedy":"the command and`},
		"root":           {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", `"error":"no such path`},
		"dotted path":    {"GET /v1/../v1/status HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", `"error":"no such path`},
		"wrong method":   {"GET /v1/reload HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405", `{"error":"/v1/reload takes POST, not GET"}`},
		"head":           {"HEAD /v1/status HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405", "Allow: GET"},
		"body":           {"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 400", `"error":"/v1/reload takes no body"`},
		"large body":     {"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n" + strings.Repeat("x", 65537), "HTTP/1.1 413", `"error":"the body exceeds 65536 bytes"`},
		"large header":   {"GET /v1/status HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "HTTP/1.1 431", ""},
		"garbage":        {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "HTTP/1.1 400", ""},
		"absolute URL":   {"GET http://elsewhere/v1/status HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", `"version"`},
		"good, by hand":  {"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200", `{"changed":["httpd"]`},
		"HTTP 1.0 is ok": {"GET /v1/status HTTP/1.0\r\n\r\n", "HTTP/1.0 200", `"version"`},
	} {
		t.Run(name, func(t *testing.T) {
			answer := say(t, path, tt.request)
			if !strings.HasPrefix(answer, tt.status) || !strings.Contains(answer, tt.body) {
				t.Errorf("answer %q, want %q with %q", answer, tt.status, tt.body)
			}
		})
	}
}

// say sends raw bytes and gives all of the answer that comes in one response.
func say(t *testing.T, path, request string) string {
	t.Helper()
	c := connect(t, path)
	go func() { _, _ = io.WriteString(c, request) }()
	in := bufio.NewReader(c)
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%s %s\r\n", resp.Proto, resp.Status)
	_ = resp.Header.Write(&b)
	_, _ = io.Copy(&b, resp.Body)
	return b.String()
}

func connect(t *testing.T, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	return c
}

func TestSilentAndSlowCallersHurtNobody(t *testing.T) {
	wait := make(chan struct{})
	path := serve(t, fake{wait: wait})
	for range 50 {
		connect(t, path) // says nothing
	}
	half := connect(t, path)
	_, _ = io.WriteString(half, "GET /v1/sta")
	gone := connect(t, path)
	_, _ = io.WriteString(gone, "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
	gone.Close()
	if _, _, err := NewClient(path).Reload(soon(t)); err != nil {
		t.Errorf("reload beside them: %v", err)
	}
	close(wait)
	if _, _, err := NewClient(path).Status(soon(t)); err != nil {
		t.Errorf("status beside them: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	path := serve(t, fake{status: engine.Status{PID: 7}})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			c := NewClient(path)
			s, _, err := c.Status(soon(t))
			if err != nil || s.PID != 7 {
				t.Errorf("caller %d: %+v, %v", i, s, err)
			}
		})
	}
	wg.Wait()
}

// A thread of another user connects: with the socket opened to all, the credentials
// alone must stop it.
func TestForeignUserIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to become another user")
	}
	dir, err := os.MkdirTemp("", "control")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	s, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(fake{}) }()
	t.Cleanup(func() { _ = s.Close(soon(t)); <-done })
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	c := connectAs(t, path, 65534)
	_, _ = io.WriteString(c, "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	want := `{"error":"refused: nobody (user id 65534) is neither root nor the daemon's own user","remedy":"run the command as root"}`
	if resp.StatusCode != http.StatusForbidden || strings.TrimSpace(string(body)) != want {
		t.Errorf("answer %d %s, want 403 %s", resp.StatusCode, body, want)
	}
}

// connectAs connects from a thread that has become another user and ends with that.
func connectAs(t *testing.T, path string, uid uintptr) net.Conn {
	t.Helper()
	conns, errs := make(chan net.Conn, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked, so the thread ends with the goroutine
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uid, uid, uid); e != 0 {
			errs <- e
			return
		}
		c, err := net.Dial("unix", path)
		if err != nil {
			errs <- err
			return
		}
		conns <- c
	}()
	select {
	case err := <-errs:
		t.Fatal(err)
		return nil
	case c := <-conns:
		t.Cleanup(func() { c.Close() })
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		return c
	}
}

func TestTrusted(t *testing.T) {
	for _, tt := range []struct {
		peer peer
		own  int
		want bool
	}{
		{peer{}, 0, false},
		{peer{known: true, uid: 0}, 1000, true},
		{peer{known: true, uid: 1000}, 1000, true},
		{peer{known: true, uid: 1001}, 1000, false},
		{peer{known: true, uid: 1000}, 0, false},
		{peer{known: true, uid: 1<<32 - 1}, -1, false},
	} {
		if got := tt.peer.trusted(tt.own); got != tt.want {
			t.Errorf("%+v trusted by %d: %v", tt.peer, tt.own, got)
		}
	}
}

// What a newer daemon says besides reaches those who ask for JSON.
func TestNewerDaemon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	answer := `{"version":"9","novel":[1]}`
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })}
	done := make(chan struct{})
	go func() { _ = srv.Serve(l); close(done) }()
	defer func() { srv.Close(); <-done }()
	s, raw, err := NewClient(path).Status(soon(t))
	if err != nil || s.Version != "9" || string(raw) != answer {
		t.Errorf("status %+v, %s, %v", s, raw, err)
	}
	answer = `{"version":`
	if _, _, err := NewClient(path).Status(soon(t)); err == nil || !strings.Contains(err.Error(), "understand the daemon's answer") {
		t.Errorf("half an answer: %v", err)
	}
}
