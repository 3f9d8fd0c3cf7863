package demo

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"procward/internal/launch"
	"procward/internal/testbed"
)

func TestMain(m *testing.M) {
	if code, mine := launch.Main(os.Args); mine {
		os.Exit(code)
	}
	testbed.Leash()
	if code, mine, err := Victim(os.Args[0]); mine {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		unix.Exit(code)
	}
	testscript.Main(m, map[string]func(){"procward": procward})
}

// procward is the command demo of the real program.
func procward() {
	ok, err := Run(context.Background(), os.Stdout, slices.Contains(os.Args, "--json"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "procward:", err)
	}
	if !ok {
		os.Exit(1)
	}
}
