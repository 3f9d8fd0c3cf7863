package control

import (
	"context"
	"fmt"
	"net/http"
)

// How many requests are handled at once. Orders and reloads have places of their own, so
// that many readers cannot keep an operator from acting.
const (
	mostLooks  = 128
	mostOrders = 16
)

// places limits how many requests are handled at once.
type places chan struct{}

// take waits for a place until ctx ends, and returns a function that gives it back.
func (p places) take(ctx context.Context) (leave func(), err error) {
	select {
	case p <- struct{}{}:
		return func() { <-p }, nil
	case <-ctx.Done():
		return nil, &Error{http.StatusServiceUnavailable, fmt.Sprintf("%d requests are in hand already", cap(p)), "try again, and look who asks so often"}
	}
}
