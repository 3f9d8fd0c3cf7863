package procfile

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"testing"
)

const zeros = " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0" // fields 23 to 51

func TestParse(t *testing.T) {
	tests := map[string]Stat{
		"12 (nginx) S 1 10 11 34816 -1 4194560 1 2 3 4 5 6 7 8 20 -5 3 0 4711 100 200" + zeros: {
			PID: 12, Start: 4711, Comm: []byte("nginx"), State: 'S', PPID: 1, PGRP: 10, Session: 11, TTY: 34816, Flags: 4194560, CPU: 11, Threads: 3, RSS: 200,
		},
		"7 (a) S 1 1 (b)\n) c) R 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0" + zeros: {
			PID: 7, Start: 9, Comm: []byte("a) S 1 1 (b)\n) c"), State: 'R', PPID: 1, PGRP: 2, Session: 3, Threads: 1,
		},
		"7 () S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 -51 0 1 0 9 0 -1": {
			PID: 7, Start: 9, Comm: []byte{}, State: 'S', PPID: 1, PGRP: 2, Session: 3, Threads: 1,
		},
		"7 (z) Z 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0" + zeros[:27*2] + " 139\n": {
			PID: 7, Start: 9, Comm: []byte("z"), State: 'Z', PPID: 1, PGRP: 2, Session: 3, Threads: 1, Exit: 139,
		},
		// Of the living it is the signal that stopped them.
		"7 (t) T 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0" + zeros[:27*2] + " 19\n": {
			PID: 7, Start: 9, Comm: []byte("t"), State: 'T', PPID: 1, PGRP: 2, Session: 3, Threads: 1,
		},
		"7 (old) Z 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0": {
			PID: 7, Start: 9, Comm: []byte("old"), State: 'Z', PPID: 1, PGRP: 2, Session: 3, Threads: 1,
		},
	}
	for text, want := range tests {
		var got Stat
		err := got.Parse([]byte(text))
		got.far = nil
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got %#v, %v\nwant %#v", text, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "7", "7 (a", "7 a) S", "(a) S 1", "x (a) S 1 2 3", "0 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0",
		"-7 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0", "18446744073709551623 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0", "99999999 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0",
		"7 (a)", "7 (a) ", "7 (a) S", "7 (a) S ", "7 (a) S 1 2 3", "7 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0",
		"7 (a) S 1 2 x 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0", "7 (a) S 1 2 3 0 - 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0",
		"7(a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0",
	} {
		var s Stat
		if err := s.Parse([]byte(text)); err == nil {
			t.Errorf("%q is taken for %#v", text, s)
		}
	}
}

func TestFar(t *testing.T) {
	var s Stat
	if err := s.Parse([]byte("7 (a) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0 18446744073709551615 26 27 28\n")); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[int]uint64{25: 1<<64 - 1, 26: 26, 28: 28, 29: 0, 52: 0} {
		if got := s.Far(field); got != want {
			t.Errorf("field %d is %d", field, got)
		}
	}
}

func TestDead(t *testing.T) {
	for text, want := range map[string][2]bool{"Z1": {true, false}, "Z2": {false, true}, "X1": {true, false}, "S1": {}, "T3": {}} {
		s := Stat{State: text[0], Threads: int(text[1] - '0')}
		if s.Dead() != want[0] || s.Leaderless() != want[1] {
			t.Errorf("%s: dead %v, leaderless %v", text, s.Dead(), s.Leaderless())
		}
	}
}

// FuzzParse holds that nothing makes the parser panic, that what it accepts is plausible,
// and that it reads back what it read.
func FuzzParse(f *testing.F) {
	self, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(self)
	f.Add([]byte("7 (a) S (b) Z 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 9 0 0" + zeros[:27*2] + " 139\n"))
	f.Add([]byte("7 ()) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0"))
	f.Add([]byte("voluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t9\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		Line(text, "voluntary_ctxt_switches:")
		entries(text, func(e Entry) {
			if e.N < 0 {
				t.Fatalf("%q: %+v", text, e)
			}
		})
		var s, again Stat
		if s.Parse(text) != nil {
			return
		}
		if s.PID < 1 || s.RSS < 0 || !bytes.Contains(text, fmt.Appendf(nil, "(%s)", s.Comm)) || s.Dead() && s.Leaderless() {
			t.Fatalf("%q: %#v", text, s)
		}
		line := fmt.Sprintf("%d (%s) %c %d %d %d %d -1 %d 0 0 0 0 %d 0 0 0 20 0 %d 0 %d 0 %d%s %d\n", s.PID, s.Comm, s.State, s.PPID, s.PGRP,
			s.Session, s.TTY, int64(s.Flags), int64(s.CPU), s.Threads, int64(s.Start), s.RSS, zeros[:27*2], s.Exit)
		err := again.Parse([]byte(line))
		s.far, again.far = nil, nil
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Fatalf("%q: %#v, then %#v, %v", text, s, again, err)
		}
	})
}

func TestNoGarbage(t *testing.T) {
	dir, err := Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	var s Stat
	buf, pid := make([]byte, StatSize), os.Getpid()
	if n := testing.AllocsPerRun(100, func() { err = dir.Stat(pid, 0, buf, &s) }); n != 0 || err != nil || s.PID != pid {
		t.Errorf("%v allocations, %v, %+v", n, err, s)
	}
}

func TestReadAndPIDs(t *testing.T) {
	s, err := Read(os.Getpid())
	if err != nil || s.PPID != os.Getppid() {
		t.Errorf("%+v, %v", s, err)
	}
	found := false
	for _, pid := range PIDs() {
		found = found || pid == os.Getpid()
	}
	if !found {
		t.Error("we are not among the processes")
	}
	if _, err := Read(MaxPID + 1); !os.IsNotExist(err) {
		t.Error(err)
	}
}
