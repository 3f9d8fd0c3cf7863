package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"procward/internal/engine"
)

// operate handles an order, and notes who asks.
func operate(ctx context.Context, h handler, who peer, body []byte) (any, error) {
	var o Order
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields() // an unknown key of a newer command is an error, not ignored
	if err := dec.Decode(&o); err != nil {
		return nil, &Error{http.StatusBadRequest, "the order cannot be understood: " + err.Error(), otherVersion}
	}
	verbs := []engine.Verb{engine.VerbStart, engine.VerbStop, engine.VerbSuspend, engine.VerbResume, engine.VerbRecover}
	if !slices.Contains(verbs, o.Verb) {
		return nil, &Error{http.StatusBadRequest, fmt.Sprintf("no such order: %q", o.Verb), otherVersion}
	}
	out, err := h.daemon.Operate(ctx, engine.Order{Verb: o.Verb, Names: o.Names, By: who.String(), Try: o.Try})
	switch {
	case err != nil:
		return nil, err
	case out.Unknown != "":
		return nil, &Error{NoSuchName, fmt.Sprintf("the daemon watches no process or group %q", out.Unknown), ""}
	case out.Refused != "":
		return nil, &Error{Refused, out.Refused, out.Remedy}
	}
	return out, nil
}
