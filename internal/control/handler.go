package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// handler answers the requests of one connection after another.
type handler struct {
	daemon        Daemon
	own           int // our effective user id
	status        *readings
	looks, orders places
}

func newHandler(d Daemon, own int) handler {
	return handler{
		daemon: d, own: own, looks: make(places, mostLooks), orders: make(places, mostOrders),
		status: &readings{read: func(ctx context.Context) ([]byte, error) {
			s, err := d.Status(ctx)
			if err != nil {
				return nil, err
			}
			return json.Marshal(s)
		}},
	}
}

// endpoint is one method of one path.
type endpoint struct {
	method string
	body   bool // whether it takes one
	answer func(ctx context.Context, h handler, who peer, body []byte) (any, error)
}

// endpoints is everything that the socket offers: one row each.
var endpoints = map[string]endpoint{
	pathStatus: {http.MethodGet, false, func(ctx context.Context, h handler, _ peer, _ []byte) (any, error) {
		body, err := h.status.get(ctx)
		return json.RawMessage(body), err
	}},
	pathReload: {http.MethodPost, false, func(ctx context.Context, h handler, _ peer, _ []byte) (any, error) { return h.daemon.Reload(ctx) }},
	pathOrders: {http.MethodPost, true, operate},
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, err := h.answer(w, r)
	code := http.StatusOK
	if err != nil {
		e := asError(err)
		v, code = e, e.Code
	}
	body, err := encode(v)
	if err != nil {
		code = http.StatusInternalServerError
		body = []byte(`{"error":"the answer cannot be written as JSON","remedy":"report it as a bug in procward"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(code)
	_, _ = w.Write(body) // that a caller has gone away is not our error
	_, _ = w.Write([]byte{'\n'})
}

// encode writes an answer as JSON. A reading is JSON already, made once for all that
// share it.
func encode(v any) ([]byte, error) {
	if raw, is := v.(json.RawMessage); is {
		return raw, nil
	}
	return json.Marshal(v)
}

func (h handler) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	p := peerFrom(r.Context())
	if !p.trusted(h.own) {
		return nil, &Error{http.StatusForbidden, fmt.Sprintf("refused: %s is neither root nor the daemon's own user", p), "run the command as root"}
	}
	e, ok := endpoints[r.URL.Path]
	if !ok {
		return nil, &Error{http.StatusNotFound, fmt.Sprintf("no such path: %q", r.URL.Path), otherVersion}
	}
	if r.Method != e.method {
		w.Header().Set("Allow", e.method)
		return nil, &Error{http.StatusMethodNotAllowed, fmt.Sprintf("%s takes %s, not %s", r.URL.Path, e.method, r.Method), ""}
	}
	body, err := bodyOf(w, r)
	if err == nil && len(body) > 0 && !e.body {
		err = &Error{http.StatusBadRequest, r.URL.Path + " takes no body", otherVersion}
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	bound := h.orders
	if e.method == http.MethodGet {
		bound = h.looks
	}
	leave, err := bound.take(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return e.answer(ctx, h, p, body)
}

const otherVersion = "the command and the daemon may be of different versions: compare procward version and procward status"

// bodyOf reads the body. A body that is not expected is an error and is not ignored: a
// newer command may mean something by it.
func bodyOf(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &Error{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body exceeds %d bytes", large.Limit), ""}
	case err != nil:
		return nil, &Error{http.StatusBadRequest, "the body cannot be read: " + err.Error(), ""}
	}
	return body, nil
}

// asError turns any error into an answer; a Daemon may choose the answer itself by an
// *Error.
func asError(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{http.StatusServiceUnavailable, fmt.Sprintf("the daemon did not answer within %v", answerTimeout), "look at its messages; it may be overloaded"}
	}
	return &Error{http.StatusInternalServerError, err.Error(), ""}
}
