package main

import (
	"os"
	"strings"
	"testing"

	"procward/internal/daemon"
)

// TestCommandsAreDocumented holds that docs/commands.md has every command.
func TestCommandsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rootCommand(new(daemon.Reach)).Commands() {
		if !strings.Contains(string(page), "| `"+c.Name()) {
			t.Errorf("%s is not in docs/commands.md", c.Name())
		}
	}
}
