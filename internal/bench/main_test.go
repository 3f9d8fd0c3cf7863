package main

import (
	"os"
	"testing"

	"procward/internal/testbed"
)

func TestMain(m *testing.M) {
	testbed.Leash()
	os.Exit(m.Run())
}
