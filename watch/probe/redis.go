package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"procward/internal/scalar"
)

// Redis asks a Redis server, or one that speaks its protocol (RESP 2) as Valkey does: PING,
// and ROLE where a role is wanted.
type Redis struct {
	// `host:port`, or the path of its unix socket. Required
	Address string `yaml:"address"`
	// a file whose first line is the password of the default user
	PasswordFile string `yaml:"password-file"`
	// what the server must be: `master`, or `replica`; without it the role does not matter
	Role Role `yaml:"role"`
}

// Role is what a server is to others. The zero value is any.
type Role string

// The roles.
const (
	Master  Role = "master"
	Replica Role = "replica"
)

func (r *Redis) needs() []Need               { return reads("password-file", r.PasswordFile) }
func (r *Redis) worst(c Check) time.Duration { return c.asked(0) }

func (r *Redis) validate(Check) error {
	errs := []error{absolute("password-file", r.PasswordFile)}
	if r.network() == "unix" {
		errs = append(errs, socketPath("address", r.Address))
	} else {
		errs = append(errs, hostAndPort("address", r.Address, 6379))
	}
	if r.Role != "" && r.Role != Master && r.Role != Replica {
		errs = append(errs, scalar.Errorf("role", "%q is neither master nor replica", r.Role))
	}
	return errors.Join(errs...)
}

func (r *Redis) network() string {
	if strings.HasPrefix(r.Address, "/") {
		return "unix"
	}
	return "tcp"
}

func (r *Redis) checker(site) (checker, error) {
	return &redisAsker{spec: r, password: filesOf(r.needs(), r.readPassword)}, nil
}

func (r *Redis) readPassword() (string, error) {
	if r.PasswordFile == "" {
		return "", nil
	}
	return secret(r.PasswordFile)
}

// redisAsker carries out redis checks.
type redisAsker struct {
	spec     *Redis
	password *files[string]
	reach    reach
}

func (a *redisAsker) check(ctx context.Context, timeout time.Duration) (r result) {
	ctx, b := begin(ctx, timeout)
	defer func() { r.aside = b.end() }()
	password, err := a.password.read(ctx, b)
	if err != nil {
		return unknown("%v", err)
	}
	conn, err := a.reach.dial(ctx, b, a.spec.network(), a.spec.Address)
	if err != nil {
		return b.judge(err, "no connection")
	}
	said, err := a.converse(conn, password)
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return refused.judge()
	case err != nil:
		return b.judge(err, "no answer")
	}
	return success("%s", said)
}

// converse asks one question after the other, and says what came of it in words.
func (a *redisAsker) converse(conn net.Conn, password string) (string, error) {
	from := bufio.NewReader(io.LimitReader(conn, int64(maxExpect)))
	ask := func(words ...string) (string, error) {
		if _, err := io.WriteString(conn, resp(words...)); err != nil {
			return "", err
		}
		return readReply(from)
	}
	if password != "" {
		if _, err := ask("AUTH", password); err != nil {
			return "", err
		}
	}
	said, err := ask("PING")
	switch {
	case err != nil:
		return "", err
	case said != "PONG":
		return "", fmt.Errorf("%.200q is not an answer to PING", said)
	case a.spec.Role == "":
		return "PONG", nil
	}
	role, err := ask("ROLE")
	if role == "slave" {
		role = string(Replica)
	}
	if err == nil && role != string(a.spec.Role) {
		err = fmt.Errorf("it is a %s instead of a %s", role, a.spec.Role)
	}
	return "PONG, " + role, err
}

// resp is words in the protocol: an array of strings, each with its length.
func resp(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

// readReply reads the next answer: a word, a string, or the first element of an array. An error of
// the server's is a refusal.
func readReply(from *bufio.Reader) (string, error) {
	first, err := from.Peek(1)
	switch {
	case err == io.EOF:
		return "", errors.New("closed the connection without an answer")
	case err != nil:
		return "", err
	case first[0] == 0x15 || first[0] == 0x16: // a record of TLS
		return "", &untold{errors.New("it speaks TLS, and this probe does not")}
	}
	line, err := from.ReadString('\n')
	switch {
	case err == io.EOF:
		return "", fmt.Errorf("closed the connection within its answer: %.200q", line)
	case err != nil:
		return "", err
	}
	text := strings.TrimRight(line[1:], "\r\n")
	switch line[0] {
	case '+':
		return text, nil
	case '-':
		return "", &refusal{text}
	case '*':
		return readReply(from)
	case '$':
		return bulk(from, text)
	}
	return "", fmt.Errorf("the answer is not in the protocol of Redis: %.200q", line)
}

// bulk is a string of a length.
func bulk(from *bufio.Reader, length string) (string, error) {
	n, err := strconv.ParseUint(length, 10, 16)
	if err != nil {
		return "", fmt.Errorf("%.200q is not the length of a string", length)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(from, text); err != nil {
		return "", fmt.Errorf("closed the connection within its answer: %w", err)
	}
	_, err = from.Discard(len("\r\n"))
	return string(text), err
}

// refusal is an error that the server answers with. Its first word is its kind.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// judge is what a refusal says of the server. One that reads its data after a start is left
// in peace, however long that takes. One that does not let us in may be well. A replica that
// says that its master is down works as it should; Sentinel takes it so as well.
func (r *refusal) judge() result {
	switch kind, _, _ := strings.Cut(r.text, " "); kind {
	case "LOADING":
		return early("it loads its data: %s", r.text)
	case "MASTERDOWN":
		return success("it answers: %s", r.text)
	case "NOAUTH", "WRONGPASS", "NOPERM", "DENIED":
		return unknown("it does not let procward in: %s", r.text)
	}
	if strings.Contains(r.text, "AUTH") || strings.Contains(r.text, "password") { // no password is wanted, or before Redis 6 it is wrong
		return unknown("it does not let procward in: %s", r.text)
	}
	return failure("%s", r.text)
}
