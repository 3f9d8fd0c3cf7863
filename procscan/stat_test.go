package procscan

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const zeros = " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0" // fields 23 to 51

func TestParseStat(t *testing.T) {
	tests := map[string]Process{
		"12 (nginx) S 1 10 11 0 -1 4194560 1 2 3 4 5 6 7 8 20 -5 3 0 4711 100 200" + zeros: {
			ID: ID{12, 4711}, Comm: "nginx", State: 'S', PPID: 1, PGRP: 10, Session: 11, Threads: 3,
		},
		"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0" + zeros: {
			ID: ID{2, 0}, Comm: "kthreadd", State: 'S', Threads: 1, Kernel: true,
		},
		"7 (a) S 1 1 (b)\n) c) R 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0" + zeros: {
			ID: ID{7, 9}, Comm: "a) S 1 1 (b)\n) c", State: 'R', PPID: 1, PGRP: 2, Session: 3, Threads: 1,
		},
		"7 () S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 -51 0 1 0 9 0 0": {
			ID: ID{7, 9}, State: 'S', PPID: 1, PGRP: 2, Session: 3, Threads: 1,
		},
		// The exit code counts of the dead only: in a stopped process it is the signal.
		"7 (z) Z 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0" + zeros[:27*2] + " 139\n": {
			ID: ID{7, 9}, Comm: "z", State: 'Z', PPID: 1, PGRP: 2, Session: 3, Threads: 1, ExitCode: 139,
		},
		"7 (z) Z 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 9 0 0" + zeros[:27*2] + " 139\n": {
			ID: ID{7, 9}, Comm: "z", State: 'Z', PPID: 1, PGRP: 2, Session: 3, Threads: 2,
		},
		"7 (t) T 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0" + zeros[:27*2] + " 19\n": {
			ID: ID{7, 9}, Comm: "t", State: 'T', PPID: 1, PGRP: 2, Session: 3, Threads: 1,
		},
		"7 (old) Z 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0": {
			ID: ID{7, 9}, Comm: "old", State: 'Z', PPID: 1, PGRP: 2, Session: 3, Threads: 1,
		},
	}
	for text, want := range tests {
		got, err := ParseStat([]byte(text))
		if err != nil || got != want {
			t.Errorf("%q:\n got %#v, %v\nwant %#v", text, got, err, want)
		}
	}
}

func TestParseStatRefuses(t *testing.T) {
	for _, text := range []string{
		"", "7", "7 (a", "7 a) S", "(a) S 1", "x (a) S 1 2 3", "0 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9",
		"-7 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9", "18446744073709551623 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9",
		"7 (a)", "7 (a) ", "7 (a) S", "7 (a) S ", "7 (a) S 1 2 3", "7 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0",
		"7 (a) S 1 2 x 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9", "7 (a) S 1 2 3 0 - 0 0 0 0 0 0 0 0 0 20 0 1 0 9",
		"7(a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9",
	} {
		if p, err := ParseStat([]byte(text)); err == nil {
			t.Errorf("%q is taken for %#v", text, p)
		}
	}
}

// FuzzParseStat holds that nothing makes the parser panic, that what it accepts is
// plausible, and that it reads back what it read.
func FuzzParseStat(f *testing.F) {
	self, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(self)
	f.Add([]byte(fake{pid: 7, comm: "a) S (b", state: 'Z', threads: 2}.stat()))
	f.Add([]byte("7 ()) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParseStat(text)
		if err != nil {
			if p != (Process{}) {
				t.Fatalf("%q: both %#v and %v", text, p, err)
			}
			return
		}
		if p.PID < 1 || !strings.Contains(string(text), "("+p.Comm+")") || p.Dead() && p.Threads > 1 && p.State == 'Z' {
			t.Fatalf("%q: %#v", text, p)
		}
		flags := 0
		if p.Kernel {
			flags = pfKthread
		}
		again := fmt.Sprintf("%d (%s) %c %d %d %d 0 -1 %d 0 0 0 0 0 0 0 0 20 0 %d 0 %d%s %d\n",
			p.PID, p.Comm, p.State, p.PPID, p.PGRP, p.Session, flags, p.Threads, int64(p.Start), zeros, p.ExitCode)
		if q, err := ParseStat([]byte(again)); err != nil || q != p {
			t.Fatalf("%q: %#v, then %#v, %v", text, p, q, err)
		}
	})
}

func TestParseStatMakesNoGarbage(t *testing.T) {
	text := []byte(fake{pid: 4711, comm: "nginx"}.stat())
	var s stat
	if n := testing.AllocsPerRun(100, func() { _ = s.parse(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
