package message

import (
	"encoding/binary"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// native reads an entry of the journal's native protocol
// (systemd.io/JOURNAL_NATIVE_PROTOCOL).
func native(t *testing.T, s string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for s != "" {
		line, rest, found := strings.Cut(s, "\n")
		if !found {
			t.Fatalf("no line end: %q", s)
		}
		key, value, plain := strings.Cut(line, "=")
		if !plain {
			n := binary.LittleEndian.Uint64([]byte(rest[:8]))
			value, rest = rest[8:8+n], rest[8+n:]
			if rest[0] != '\n' {
				t.Fatalf("%s: no line end after its value", key)
			}
			rest = rest[1:]
		}
		if _, twice := got[key]; twice || strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "" || key[0] == '_' {
			t.Errorf("key %q", key)
		}
		got[key] = value
		s = rest
	}
	return got
}

func TestJournaldFields(t *testing.T) {
	path := filepath.Join(sockDir(t), "socket")
	l := listen(t, path)
	j := NewJournald(path, 16)
	m := full()
	if err := j.Write(m); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"MESSAGE": m.Line(), "MESSAGE_ID": RungAsked.MessageID(), "PRIORITY": "2", "SYSLOG_IDENTIFIER": "procward", "SYSLOG_FACILITY": "16",
		"PROCWARD_TIME": "2026-01-02T03:04:05.006789Z", "PROCWARD_ID": "PW0501", "PROCWARD_EVENT": "rung", "PROCWARD_PROCESS": "httpd", "PROCWARD_GROUP": "web",
		"PROCWARD_MONITOR": "gateway", "PROCWARD_PID": "4711", "PROCWARD_CAUSE": "exited with code 0", "PROCWARD_EXIT_CODE": "0", "PROCWARD_EXIT_SIGNAL": "SIGKILL",
		"PROCWARD_CORE": "true", "PROCWARD_ATTEMPT": "2", "PROCWARD_ATTEMPTS": "unlimited", "PROCWARD_RUNG": "restart-group", "PROCWARD_PROBE": "http",
		"PROCWARD_OUTPUT": "one\ntwo\n", "PROCWARD_TOOK_US": "1500", "PROCWARD_INJECTED": "true", "PROCWARD_OBSERVED": "true",
	}
	got := native(t, receive(t, l))
	if !maps.Equal(got, want) {
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if got[k] != want[k] {
				t.Errorf("%s: got %q, want %q", k, got[k], want[k])
			}
		}
		t.Errorf("%d fields, want %d", len(got), len(want))
	}
}

func TestJournaldTakesLongOutput(t *testing.T) {
	path := filepath.Join(sockDir(t), "socket")
	l := listen(t, path)
	m := full()
	m.Output = strings.Repeat("noise\n", 100000) + "the error"
	if err := NewJournald(path, FacilityDaemon).Write(m); err != nil {
		t.Fatal(err)
	}
	entry := native(t, receive(t, l))
	if n := len(entry["MESSAGE"]); n > maxEntry || n < maxEntry-10 {
		t.Errorf("MESSAGE has %d bytes", n)
	}
	got := entry["PROCWARD_OUTPUT"]
	if len(got) != maxOutput || !strings.HasPrefix(got, mark) || !strings.HasSuffix(got, "\nthe error") {
		t.Errorf("%d bytes, %q … %q", len(got), got[:10], got[len(got)-10:])
	}
}
