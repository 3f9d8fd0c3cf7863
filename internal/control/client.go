package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/engine"
)

// Client asks the daemon behind one socket. It keeps no connection.
type Client struct {
	http *http.Client
}

// NewClient returns a client of the daemon that listens on the socket path. It connects
// with the first question.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) }
	return &Client{&http.Client{
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
		Timeout:   answerTimeout + 5*time.Second,
	}}
}

// Status asks for the daemon's state. The second value is the same as the daemon sent it,
// so that fields of a newer daemon are not lost.
func (c *Client) Status(ctx context.Context) (engine.Status, json.RawMessage, error) {
	var s engine.Status
	raw, err := c.ask(ctx, http.MethodGet, pathStatus, &s)
	return s, raw, err
}

// Reload tells the daemon to read its configuration again, and waits until it is in
// force.
func (c *Client) Reload(ctx context.Context) (Reloaded, json.RawMessage, error) {
	var r Reloaded
	raw, err := c.ask(ctx, http.MethodPost, pathReload, &r)
	return r, raw, err
}

// Operate gives the daemon an order. If nothing is done the error is an *Error with the
// code NoSuchName or Refused.
func (c *Client) Operate(ctx context.Context, o Order) (engine.Ordered, error) {
	var out engine.Ordered
	body, err := json.Marshal(o)
	if err == nil {
		_, err = c.tell(ctx, http.MethodPost, pathOrders, body, &out)
	}
	return out, err
}

// ask sends one request and decodes the answer into v. The error is ErrNoDaemon if nobody
// listens, fs.ErrPermission if we may not use the socket, an *Error if the daemon
// refused.
func (c *Client) ask(ctx context.Context, method, path string, v any) (json.RawMessage, error) {
	return c.tell(ctx, method, path, nil, v)
}

func (c *Client) tell(ctx context.Context, method, path string, question []byte, v any) (json.RawMessage, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://procward"+path, bytes.NewReader(question))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, connecting(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the daemon's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp.StatusCode, body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return nil, fmt.Errorf("understand the daemon's answer: %w", err)
	}
	return body, nil
}

func refusal(code int, body []byte) error {
	e := &Error{Code: code}
	if json.Unmarshal(body, e) != nil || e.Message == "" {
		e.Message = fmt.Sprintf("the daemon answered %d %s", code, http.StatusText(code))
	}
	return e
}

// connecting removes the method and the artificial URL from an error of net/http.
func connecting(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var timeout net.Error
	switch {
	case errors.Is(err, ErrNoDaemon):
		return err
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("ask the daemon: no answer in time")
	}
	return fmt.Errorf("ask the daemon: %w", err)
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ECONNREFUSED) {
		return nil, fmt.Errorf("%w (nobody listens on %s)", ErrNoDaemon, path)
	}
	return c, err
}
