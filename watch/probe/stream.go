package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"time"

	"procward/internal/scalar"
)

// TCP connects to a port.
type TCP struct {
	// `host:port`. Required
	Address string `yaml:"address"`
	// is sent after the connection is made. A line end is `\r\n` in double quotes:
	// `"PING\r\n"`
	Send Sent `yaml:"send"`
	// a regular expression (RE2) that must be found in the answer, at most 64 KiB of it
	Expect Pattern `yaml:"expect"`
}

// Unix connects to a stream socket.
type Unix struct {
	// of the socket; with `@` at its beginning it is an abstract one. Required
	Path string `yaml:"path"`
	// as with `tcp`
	Send Sent `yaml:"send"`
	// as with `tcp`
	Expect Pattern `yaml:"expect"`
}

// maxExpect limits how much is read of a stream.
const maxExpect scalar.Size = 64 << 10

func (t *TCP) needs() []Need               { return nil }
func (t *TCP) worst(c Check) time.Duration { return c.asked(0) }
func (t *TCP) checker(site) (checker, error) {
	return newCaller("tcp", t.Address, t.Send, t.Expect)
}

func (t *TCP) validate(Check) error {
	return errors.Join(t.Expect.validate("expect"), hostAndPort("address", t.Address, 80))
}

// hostAndPort holds for an address; usual is the port of an example.
func hostAndPort(key, address string, usual int) error {
	host, port, err := net.SplitHostPort(address)
	switch {
	case address == "":
		return scalar.Errorf(key, "is missing: write for example 127.0.0.1:%d, or '[::1]:%[1]d'", usual)
	case err != nil || host == "":
		return scalar.Errorf(key, "%q is not like 127.0.0.1:%d or [::1]:%[2]d", address, usual)
	case !isPort(port):
		return scalar.Errorf(key, "%q is not a port from 1 to 65535", port)
	}
	return nil
}

// maxUnixPath is sun_path of unix(7) without the byte at its end.
const maxUnixPath = 107

func (u *Unix) needs() []Need               { return nil }
func (u *Unix) worst(c Check) time.Duration { return c.asked(0) }
func (u *Unix) checker(site) (checker, error) {
	return newCaller("unix", u.Path, u.Send, u.Expect)
}

func (u *Unix) validate(Check) error {
	errs := []error{u.Expect.validate("expect")}
	if len(u.Path) < 2 || u.Path[0] != '@' {
		errs = append(errs, socketPath("path", u.Path))
	}
	return errors.Join(errs...)
}

// socketPath checks that a path can be that of a socket.
func socketPath(key, path string) error {
	switch {
	case path == "":
		return scalar.Errorf(key, "is missing: write the path of the socket")
	case len(path) > maxUnixPath:
		return scalar.Errorf(key, "has %d bytes, and the path of a socket at most %d", len(path), maxUnixPath)
	}
	return absolute(key, path)
}

// caller carries out checks that connect, send and expect.
type caller struct {
	network, address string
	reach            reach
	send             []byte
	expect           *regexp.Regexp // nil: nothing
}

func newCaller(network, address string, send Sent, expect Pattern) (*caller, error) {
	c := &caller{network: network, address: address, send: []byte(send)}
	if expect == "" {
		return c, nil
	}
	var err error
	c.expect, err = regexp.Compile(string(expect))
	return c, err
}

func (c *caller) check(ctx context.Context, timeout time.Duration) (r result) {
	ctx, b := begin(ctx, timeout)
	defer func() { r.aside = b.end() }()
	conn, err := c.reach.dial(ctx, b, c.network, c.address)
	if err != nil {
		return b.judge(err, "no connection")
	}
	if len(c.send) > 0 {
		if _, err := conn.Write(c.send); err != nil {
			return b.judge(err, "could not send")
		}
	}
	if c.expect == nil {
		return success("connected")
	}
	if err := await(io.LimitReader(conn, int64(maxExpect)), c.expect); err != nil {
		return b.judge(err, "not the answer that is expected")
	}
	return success("answered as expected")
}

// await reads until an expression matches everything that has come so far, and then
// returns nil; or until the end, or the limit. It does not wait longer than the answer
// needs.
func await(r io.Reader, expect *regexp.Regexp) error {
	var got []byte
	chunk := make([]byte, 4<<10)
	for {
		n, err := r.Read(chunk)
		got = append(got, chunk[:n]...)
		switch {
		case n > 0 && expect.Match(got):
			return nil
		case len(got) >= int(maxExpect):
			return fmt.Errorf("%q is not in the first %s of the answer", expect, maxExpect)
		case err == io.EOF && len(got) == 0:
			return fmt.Errorf("closed the connection without an answer, and %q is expected", expect)
		case err == io.EOF:
			return fmt.Errorf("%q is not in the answer: %.200q", expect, got)
		case err != nil:
			return err
		}
	}
}
