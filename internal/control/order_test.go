package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"procward/internal/engine"
)

func TestOrders(t *testing.T) {
	c := NewClient(serve(t, fake{}))
	out, err := c.Operate(context.Background(), Order{Verb: engine.VerbStart, Names: []string{"web"}})
	if err != nil || out.ID != 7 || !strings.Contains(out.Processes[0], fmt.Sprintf("user id %d", os.Geteuid())) {
		t.Errorf("got %+v, %v", out, err)
	}
	for _, bad := range []struct {
		order Order
		code  int
	}{
		{Order{Verb: engine.VerbStart, Names: []string{"nobody"}}, NoSuchName},
		{Order{Verb: engine.VerbStop, Names: []string{"web"}}, Refused},
		{Order{Verb: "dance", Names: []string{"web"}}, 400},
	} {
		_, err := c.Operate(context.Background(), bad.order)
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != bad.code {
			t.Errorf("%+v gave %v, want the code %d", bad.order, err, bad.code)
		}
	}
}
