package advice

import (
	"os"
	"testing"

	"procward/internal/testbed"
)

func TestMain(m *testing.M) {
	testbed.Hold()
	os.Exit(m.Run())
}
