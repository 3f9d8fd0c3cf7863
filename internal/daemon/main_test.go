package daemon

import (
	"os"
	"testing"

	"procward/internal/launch"
	"procward/internal/testbed"
)

func TestMain(m *testing.M) {
	if code, mine := launch.Main(os.Args); mine {
		os.Exit(code)
	}
	testbed.Leash()
	os.Exit(m.Run())
}
