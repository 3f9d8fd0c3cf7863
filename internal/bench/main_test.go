package main

import (
	"os"
	"testing"

	"procward/internal/leash"
)

func TestMain(m *testing.M) {
	leash.Hold()
	os.Exit(m.Run())
}
