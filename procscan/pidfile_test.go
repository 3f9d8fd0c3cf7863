package procscan

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParsePidfile(t *testing.T) {
	tests := map[string]int{
		"1": 1, "4711\n": 4711, "  4711  \n": 4711, "4711\r\n": 4711, "4711\n/var/lib/postgresql\n": 4711, "7\x00\x00": 7,
		"0007": 7, "4194304": 4194304, "\ufeff4711\r\n": 4711,
		"pid=4711\n": 0, "PID 4711": 0, "4711;": 0, "0000000000000000000000000004711": 4711, "00000000000000000000000000000471": 0, // may go on
		"": 0, "\n": 0, "0": 0, "-1": 0, "+7": 0, "x": 0, "4711x": 0, "0x10": 0, "1.5": 0, "4194305": 0,
		"99999999999999999999999999999999": 0, "18446744073709551617": 0,
	}
	for text, want := range tests {
		pid, err := parsePidfile([]byte(text))
		if pid != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v", text, pid, err)
		}
	}
}

func TestReadPidfile(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(path(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("good", "4711\n")
	write("long", "4711\n"+string(make([]byte, 1<<20)))
	write("far", "                                4711")
	if err := os.Symlink("good", path("link")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(path("fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"good": 4711, "long": 4711, "far": 0, "link": 0, "fifo": 0, "none": 0, ".": 0} {
		pid, err := readPidfile(path(name))
		if pid != want || (err == nil) != (want != 0) {
			t.Errorf("%s: %d, %v", name, pid, err)
		}
	}
	if pid, err := readPidfile("/dev/zero"); err == nil {
		t.Errorf("a device: %d", pid)
	}
}
