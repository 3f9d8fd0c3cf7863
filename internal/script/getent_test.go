package script

import (
	"errors"
	"testing"

	"procward/internal/account"
)

func TestGetent(t *testing.T) {
	r := &Runner{}
	t.Cleanup(func() { r.Close() })
	if _, err := r.Getent("passwd", "nobody-of-this-name"); !errors.Is(err, account.ErrUnknown) {
		t.Errorf("an unknown user: %v", err)
	}
	if text, err := r.Getent("passwd", "root"); err != nil || text == "" {
		t.Errorf("root: %q, %v", text, err)
	}
}
