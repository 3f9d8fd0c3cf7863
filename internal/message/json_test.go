package message

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	for _, c := range []struct {
		name string
		m    Message
		want string
	}{
		{"the example of the design", example(), `{"time":"2026-11-22T03:24:01.417233Z","id":"PW0201","severity":"err","event":"down","message":"down: killed by SIGKILL",` +
			`"process":"httpd","group":"web","pid":4711,"cause":"killed by SIGKILL","exit_signal":"SIGKILL","took_us":187}`},
		{"everything", full(), `{"time":"2026-01-02T03:04:05.006789Z","id":"PW0501","severity":"crit","event":"rung","message":"escalation: restart-group: attempt 1 of 2 (observed, not done) (injected)",` +
			`"process":"httpd","group":"web","monitor":"gateway","pid":4711,"cause":"exited with code 0","exit_code":0,"exit_signal":"SIGKILL","core":true,"attempt":2,"attempts":"unlimited",` +
			`"rung":"restart-group","probe":"http","output":"one\ntwo\n","took_us":1500,"injected":true,"observed":true}`},
		{"nothing", Message{Kind: Found, Time: example().Time}, `{"time":"2026-11-22T03:24:01.417233Z","id":"PW0202","severity":"notice","event":"found","message":"found"}`},
	} {
		if got := string(c.m.JSON()); got != c.want+"\n" {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestJSONWith(t *testing.T) {
	value := []struct {
		Name string `json:"name"`
		PIDs []int  `json:"pids"`
	}{{"a<b\n\xff\u2028", []int{}}}
	got := string(Message{Kind: Found, Time: example().Time}.JSONWith("members", value))
	want := `{"time":"2026-11-22T03:24:01.417233Z","id":"PW0202","severity":"notice","event":"found","message":"found","members":[{"name":"a<b\n\ufffd\u2028","pids":[]}]}` + "\n"
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("httpd", "after 3 s", "line\nline", uint8(1))
	f.Add("a\nb", "\xff\u2028\x00", "é\x80 0123456789 0123456789", uint8(255))
	f.Fuzz(func(t *testing.T, process, detail, output string, times uint8) {
		output = strings.Repeat(output, 16*int(times))
		b := Message{Kind: Found, Process: process, Detail: detail, Output: output}.JSON()
		if n := strings.IndexByte(string(b), '\n'); n != len(b)-1 {
			t.Fatalf("not one line: %q", b)
		}
		var got map[string]any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%v: %q", err, b)
		}
		if out, _ := got["output"].(string); len(out) > 3*maxOutput || (out == "") != (output == "") {
			t.Fatalf("output of %d bytes became %d", len(output), len(out))
		}
	})
}
