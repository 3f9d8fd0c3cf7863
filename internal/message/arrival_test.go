package message

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// What is written to files that are there wakes nobody.
func TestOnlyArrivalsAreTold(t *testing.T) {
	dir := t.TempDir()
	other, err := os.Create(filepath.Join(dir, "other"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	told, err := arrivals([]string{filepath.Join(dir, "log"), filepath.Join(dir, "missing", "log")})
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	if _, err := other.WriteString("busy"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "log"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := told.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	mask, name := binary.NativeEndian.Uint32(buf[4:]), bytes.TrimRight(buf[unix.SizeofInotifyEvent:n], "\x00")
	if mask != unix.IN_CREATE || string(name) != "log" {
		t.Errorf("mask %#x of %q", mask, name)
	}
}
