package probe

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"procward/internal/testbed"
)

// askRedis carries out one redis check.
func askRedis(t *testing.T, r Redis) result {
	t.Helper()
	if err := r.validate(Check{}); err != nil {
		t.Fatal(err)
	}
	a, err := r.checker(site{})
	if err != nil {
		t.Fatal(err)
	}
	return once(t, a, long)
}

// TestRedisAnswers holds what each answer counts as.
func TestRedisAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answers string
		role    Role
		outcome Outcome
		words   string
	}{
		{"+PONG\r\n", "", Success, "PONG"},
		{"$4\r\nPONG\r\n", "", Success, "PONG"},
		{"+PONG\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n", Master, Success, "PONG, master"},
		{"+PONG\r\n*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:0\r\n", Replica, Success, "PONG, replica"},
		{"+PONG\r\n*5\r\n$5\r\nslave\r\n", Master, Failure, "it is a replica instead of a master"},
		{"+PONG\r\n*2\r\n$8\r\nsentinel\r\n", Replica, Failure, "it is a sentinel instead of a replica"},
		{"+PONG\r\n-NOPERM this user has no permissions to run the 'role' command\r\n", Master, Unknown, "NOPERM"},
		{"-LOADING Redis is loading the dataset in memory\r\n", "", Early, "it loads its data"},
		{"-MASTERDOWN Link with MASTER is down\r\n", "", Success, "MASTERDOWN"},
		{"-NOAUTH Authentication required.\r\n", "", Unknown, "does not let procward in: NOAUTH"},
		{"-DENIED Redis is running in protected mode\r\n", "", Unknown, "DENIED"},
		{"-BUSY Redis is busy running a script\r\n", "", Failure, "BUSY"},
		{"-ERR max number of clients reached\r\n", "", Failure, "max number of clients"},
		{"+WRONG\r\n", "", Failure, `"WRONG" is not an answer to PING`},
		{"$-1\r\n", "", Failure, "not the length"},
		{"$4\r\nPO", "", Failure, "within its answer"},
		{"+PO", "", Failure, "within its answer"},
		{"", "", Failure, "without an answer"},
		{"220 mail.example.com ESMTP\r\n", "", Failure, "not in the protocol of Redis"},
		{"\x15\x03\x03\x00\x02\x02\x46", "", Unknown, "TLS"},
		{strings.Repeat("*1\r\n", 1<<15), "", Failure, "answer"},
	} {
		t.Run(fmt.Sprintf("%.40q", c.answers), func(t *testing.T) {
			address := talk(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
				_, _ = fmt.Fprint(conn, c.answers)
				_ = conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, conn) // until it closes, so that nothing is reset
			})
			askRedis(t, Redis{Address: address, Role: c.role}).is(t, c.outcome, false, c.words)
		})
	}
}

// FuzzRedis holds that whatever a server sends is read without a failure of procward's own, and
// that only one that says PONG is well.
func FuzzRedis(f *testing.F) {
	for _, seed := range []string{"+PONG\r\n", "$4\r\nPONG\r\n", "*1\r\n$6\r\nmaster\r\n", "-LOADING\r\n", "-MASTERDOWN x\r\n", "$-1\r\n", "*\r\n", "\n", "\x15"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answers string) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		go func() {
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			_, _ = io.WriteString(theirs, answers)
			_ = theirs.Close()
		}()
		said, err := (&redisAsker{spec: &Redis{}}).converse(ours, "")
		if err == nil && (said != "PONG" || !strings.Contains(answers, "PONG")) {
			t.Errorf("%q is taken for %q", answers, said)
		}
	})
}

// TestRedisIsRefused holds what of the keys is wrong.
func TestRedisIsRefused(t *testing.T) {
	for want, r := range map[string]Redis{
		"address: is missing: write for example 127.0.0.1:6379, or '[::1]:6379'": {},
		`address: "localhost" is not like 127.0.0.1:6379 or [::1]:6379`:          {Address: "localhost"},
		"address: has 108 bytes, and the path of a socket at most 107":           {Address: "/" + strings.Repeat("x", 107)},
		`password-file: "x" is not an absolute path`:                             {Address: "a:1", PasswordFile: "x"},
		`role: "slave" is neither master nor replica`:                            {Address: "a:1", Role: "slave"},
	} {
		if err := r.validate(Check{}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestRealRedisProbe asks a real master and its replica.
func TestRealRedisProbe(t *testing.T) {
	t.Parallel()
	redis := need(t, "/usr/bin/redis-server", "redis-server")
	dir := socketDir(t)
	password, wrong := filepath.Join(dir, "password"), filepath.Join(dir, "wrong")
	write(t, password, "secret words\n")
	write(t, wrong, "others\n")
	options := []string{redis, "--bind", own(), "--save", "", "--dir", dir, "--requirepass", "secret words", "--masterauth", "secret words"}
	master := launch(t, nil, append(options, "--port", "16380")...)
	launch(t, nil, append(options, "--port", "16381", "--unixsocket", dir+"/socket", "--replicaof", own()+" 16380")...)
	there := Redis{Address: own() + ":16380", PasswordFile: password, Role: Master}
	beside := Redis{Address: dir + "/socket", PasswordFile: password, Role: Replica}
	for _, r := range []Redis{there, beside} {
		testbed.Until(t, "it is up", func() bool { return askRedis(t, r).outcome == Success })
	}
	askRedis(t, there).is(t, Success, false, "PONG, master")
	askRedis(t, beside).is(t, Success, false, "PONG, replica")
	there.Role, beside.Role = Replica, Master
	askRedis(t, there).is(t, Failure, false, "it is a master instead of a replica")
	askRedis(t, beside).is(t, Failure, false, "it is a replica instead of a master")
	there.Role, there.PasswordFile = "", wrong
	askRedis(t, there).is(t, Unknown, false, "WRONGPASS")
	there.PasswordFile = ""
	askRedis(t, there).is(t, Unknown, false, "NOAUTH")
	there.PasswordFile = filepath.Join(dir, "none")
	askRedis(t, there).is(t, Unknown, false, "no such file")
	stalls(t, master, check(func(c *Check) { c.Redis = &Redis{Address: own() + ":16380", PasswordFile: password} }), "PONG")
}
