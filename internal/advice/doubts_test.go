package advice

import (
	"slices"
	"testing"

	"procward/internal/scalar"
	"procward/procscan"
)

func TestTwoRestarters(t *testing.T) {
	settings := func(unit string) string {
		return map[string]string{"web.service": "always", "db.service": "no"}[unit]
	}
	s := Sight{Selected: []Seen{{Unit: "db.service"}, {Unit: "web.service"}, {Unit: "web.service"}, {Unit: "gone.service"}, {}}}
	want := []string{"selects a process of web.service, which systemd restarts as well (Restart=always), so that two restarters fight: set Restart=no by systemctl edit web.service, or leave it to systemd"}
	if got := restarterDoubts(s, settings); !slices.Equal(got, want) {
		t.Errorf("doubts %q, want %q", got, want)
	}
}

func TestSightDoubts(t *testing.T) {
	max2 := procscan.Match{Count: procscan.Count{Min: 1, Max: scalar.AtMost(2)}}
	open := procscan.Match{Count: procscan.Count{Min: 2, Max: scalar.Unlimited}}
	for name, tt := range map[string]struct {
		sight Sight
		want  []string
	}{
		"well": {Sight{Name: "x", Match: open, Min: 2, Selected: []Seen{{Exe: "/a"}, {Exe: "/a"}}}, nil},
		"nothing": {Sight{Name: "x", Match: open, Min: 2},
			[]string{"selects nothing now: start it, or correct the match; procward scan x shows what comes close"}},
		"few": {Sight{Name: "x", Match: open, Min: 2, Selected: []Seen{{Exe: "/a"}}},
			[]string{"selects 1 at this moment, below count.min, which is 2; procward scan x shows what comes close"}},
		"many": {Sight{Name: "x", Match: max2, Min: 1, Max: "2", Selected: []Seen{{Comm: "a"}, {Comm: "a"}, {Comm: "a"}}},
			[]string{"selects 3 at this moment, above count.max, which is 2; narrow the match, or raise it"}},
		"several": {Sight{Name: "x", Match: open, Min: 2, Selected: []Seen{{PID: 7, Exe: "/b"}, {PID: 8, Exe: "/a"}, {PID: 9, Exe: "/b"}}},
			[]string{"selects 2 different programs at this moment: /a (pid 8), /b (pid 7); narrow the match, by exe for instance"}},
		"unreadable is not nothing": {Sight{Name: "x", Match: open, Min: 2, Unreadable: []Unread{{PID: 7, Error: "permission denied"}}},
			[]string{"is in doubt: 1 process that could be one cannot be read (pid 7: permission denied); " + UnreadRemedy()}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sightDoubts(tt.sight); !slices.Equal(got, tt.want) {
				t.Errorf("doubts %q, want %q", got, tt.want)
			}
		})
	}
}
