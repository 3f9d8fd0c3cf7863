package main

import (
	"os"
	"testing"
)

func TestReservedThreadsAreThere(t *testing.T) {
	const n = 60
	reserveThreads(n)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	if len(threads) < n {
		t.Errorf("%d threads, %d were reserved", len(threads), n)
	}
}
