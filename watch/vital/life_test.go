package vital

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"procward/internal/procfile"
	"procward/watch"
)

// judge gives readings, a second apart, to a life with one spec, and tells the story:
// the second and verdict of each change.
func judge(spec Spec, readings []reading) string {
	l := newLife(compile(spec))
	var story []string
	for i := range readings {
		r := &readings[i]
		if r.at == 0 {
			r.at = time.Duration(i+1) * time.Second
		}
		r.swept = r.tasks != nil
		if l.next(r, time.Duration(i+1)*time.Second) {
			story = append(story, fmt.Sprintf("%d:%s", i, l.courses[0].verdict))
		}
	}
	return strings.Join(story, " ")
}

func TestJudgeStopped(t *testing.T) {
	fail := [sources]error{fromStat: errors.New("no")}
	noGroup := [sources]error{fromCgroup: errors.New("no")}
	state := func(states string) (out []reading) {
		for _, c := range states {
			r := reading{stat: procfile.Stat{State: byte(c)}}
			switch c {
			case '?':
				r.fail = fail
			case 'F':
				r.stat.State, r.frozen = 'S', true
			case 'g':
				r.stat.State, r.fail = 'S', noGroup
			case 'G':
				r.stat.State, r.fail = 'T', noGroup
			}
			out = append(out, r)
		}
		return out
	}
	for states, want := range map[string]string{
		"SSSS":             "0:ok",
		"TTTTTT":           "0:failing 3:bad",
		"STTTTTS":          "0:ok 1:failing 4:bad 6:ok",
		"STTSTTSTTS":       "0:ok 1:failing 3:ok 4:failing 6:ok 7:failing 9:ok",
		"StttttS":          "0:ok",                      // a debugger
		"SFFFFS":           "0:ok 1:failing 4:bad 5:ok", // a frozen cgroup
		"STFTFS":           "0:ok 1:failing 4:bad 5:ok",
		"STT?TTTTT":        "0:ok 1:failing 7:bad", // what was not seen does not count
		"STTTT??TS":        "0:ok 1:failing 4:bad 8:ok",
		"S??????????S":     "0:ok",
		"S???????????S":    "0:ok 11:unknown 12:ok",
		"S???????????TTTT": "0:ok 11:unknown 12:failing 15:bad",
		"Sggggggggggg":     "0:ok 11:unknown",
		"SGGGG":            "0:ok 1:failing 4:bad", // stopped is known without the cgroup
	} {
		if got := judge(stallSpec(Sign{Stopped: d(3 * time.Second)}), state(states)); got != want {
			t.Errorf("%s: %s, want %s", states, got, want)
		}
	}
}

// thread is a task of a reading in a story.
func thread(state byte, cpu, waits, pushed uint64) []task {
	return []task{{tid: 7, start: 1, state: state, cpu: cpu, counted: true, waits: waits, pushed: pushed}}
}

func TestJudgeUninterruptible(t *testing.T) {
	s, d1, d2 := thread('S', 0, 1, 0), thread('D', 0, 1, 0), thread('D', 0, 1, 1)
	other := []task{{tid: 8, start: 1, state: 'D', counted: true}}
	reused := []task{{tid: 7, start: 2, state: 'D', counted: true, waits: 1}}
	both := []task{d1[0], other[0]}
	for i, c := range []struct {
		tasks [][]task
		want  string
	}{
		{[][]task{s, s}, "0:ok"},
		{[][]task{s, d1, d1, d1, d1, d1, s}, "0:ok 2:failing 4:bad 6:ok"},
		{[][]task{s, d1, d2, d1, d2, d1, d2}, "0:ok"},                                              // it went on each time
		{[][]task{s, d1, other, d1, other, d1, other}, "0:ok"},                                     // never the same thread
		{[][]task{s, d1, reused, d1, reused}, "0:ok"},                                              // nor one that was
		{[][]task{s, d1, both, both, both, both, other, other}, "0:ok 2:failing 4:bad 6:ok 7:bad"}, // one ends, the other is as long in it
		{[][]task{d1, d1, d1, d1}, "1:failing 3:bad"},
		{[][]task{s, d1, nil, nil, nil, d1}, "0:ok 5:bad"}, // not looked at, but the switches tell
	} {
		var readings []reading
		for _, tasks := range c.tasks {
			readings = append(readings, reading{stat: procfile.Stat{State: 'S', Threads: 2}, tasks: tasks})
		}
		if got := judge(stallSpec(Sign{Uninterruptible: d(3 * time.Second)}), readings); got != c.want {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
	}
	frozen := reading{stat: procfile.Stat{State: 'D'}, frozen: true, tasks: d1}
	if got := judge(stallSpec(Sign{Uninterruptible: d(3 * time.Second)}), []reading{frozen, frozen, frozen, frozen, frozen}); got != "0:ok" {
		t.Errorf("frozen: %s", got)
	}
}

func TestJudgeSpinning(t *testing.T) {
	for i, c := range []struct {
		cpu, waits []uint64
		want       string
		state      byte
	}{
		{[]uint64{0, 100, 200, 300, 400}, []uint64{5, 5, 5, 5, 5}, "1:failing 3:bad", 'R'},
		{[]uint64{0, 100, 200, 300, 400}, []uint64{5, 6, 7, 8, 9}, "1:ok", 'R'}, // busy, but serving
		{[]uint64{0, 100, 200, 300, 400}, []uint64{5, 5, 5, 6, 6}, "1:failing 3:ok 4:failing", 'R'},
		{[]uint64{0, 0, 0, 0, 0}, []uint64{5, 5, 5, 5, 5}, "1:ok", 'S'},            // it sleeps
		{[]uint64{0, 0, 0, 0, 0}, []uint64{5, 5, 5, 5, 5}, "", 'R'},                // it gets nothing: it cannot be told
		{[]uint64{0, 2, 4, 6, 8}, []uint64{5, 5, 5, 5, 5}, "1:failing 3:bad", 'R'}, // gets little, but wants
		{[]uint64{0, 100, 100, 100, 100, 100}, []uint64{5, 5, 5, 5, 5, 5}, "1:failing 3:bad", 'R'},
	} {
		var readings []reading
		for j := range c.cpu {
			readings = append(readings, reading{stat: procfile.Stat{State: c.state, Threads: 1, CPU: c.cpu[j]}, tasks: thread(c.state, c.cpu[j], c.waits[j], 0)})
		}
		if got := judge(stallSpec(Sign{Spinning: d(3 * time.Second)}), readings); got != c.want {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
	}
}

func TestJudgeBacklog(t *testing.T) {
	q := func(inode uint64, length uint32, waiting ...uint64) []queue {
		return []queue{{inode: inode, length: length, waiting: waiting}}
	}
	for i, c := range []struct {
		queues [][]queue
		want   string
	}{
		{[][]queue{nil, nil}, "0:ok"},
		{[][]queue{nil, q(1, 1), q(1, 1), q(1, 2), q(1, 3), q(1, 2)}, "0:ok 1:failing 4:bad 5:ok"},
		{[][]queue{nil, q(1, 5), q(1, 4), q(1, 5), q(1, 4), q(1, 5)}, "0:ok 1:failing"},                          // it shrinks now and then
		{[][]queue{nil, q(1, 1, 10), q(1, 1, 11), q(1, 1, 12), q(1, 1, 13), q(1, 1, 14)}, "0:ok 1:failing"},      // others each time
		{[][]queue{nil, q(1, 1, 10), q(1, 2, 10, 11), q(1, 2, 10, 12), q(1, 2, 10, 13)}, "0:ok 1:failing 4:bad"}, // the first is not taken
		{[][]queue{nil, q(1, 1), q(2, 1), q(1, 1), q(2, 1), q(1, 1)}, "0:ok 1:failing"},                          // never the same socket
	} {
		var readings []reading
		for _, qs := range c.queues {
			readings = append(readings, reading{stat: procfile.Stat{State: 'S'}, queues: qs, asked: true})
		}
		if got := judge(stallSpec(Sign{Backlog: d(3 * time.Second)}), readings); got != c.want {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
	}
}

func TestJudgeLimits(t *testing.T) {
	values := func(vs ...int64) (out []reading) {
		for _, v := range vs {
			out = append(out, reading{fds: v, rss: v << 20, fdLimit: 1000, memory: 1 << 30})
		}
		return out
	}
	fds := limitSpec(Limits{FDs: atMost("10", 2*time.Second)})
	if got := judge(fds, values(10, 11, 11, 10, 11, 11, 11, 9)); got != "0:ok 1:failing 3:ok 4:failing 6:bad 7:ok" {
		t.Error(got)
	}
	share := limitSpec(Limits{FDs: atMost("50%", 2*time.Second)})
	if got := judge(share, values(500, 501, 501, 501)); got != "0:ok 1:failing 3:bad" {
		t.Error(got)
	}
	without := values(5000, 5000)
	without[0].fdLimit, without[1].fdLimit = 0, 0 // unlimited
	if got := judge(share, without); got != "0:ok" {
		t.Error(got)
	}
	rss := limitSpec(Limits{RSS: memory(RSS, "50%", 2*time.Second)})
	if got := judge(rss, values(512, 513, 513, 513)); got != "0:ok 1:failing 3:bad" {
		t.Error(got)
	}
}

func TestJudgeCPU(t *testing.T) {
	var readings []reading
	for _, cpu := range []uint64{1000, 1050, 1200, 1350, 1500, 1510} {
		readings = append(readings, reading{stat: procfile.Stat{CPU: cpu}})
	}
	if got := judge(limitSpec(Limits{CPU: atMost("120%", 2*time.Second)}), readings); got != "1:ok 2:failing 4:bad 5:ok" {
		t.Error(got)
	}
}

func TestJudgeGrowth(t *testing.T) {
	story := func(vs ...int64) string {
		leak := DefaultLeak()
		leak.For = 8e9
		var readings []reading
		for _, v := range vs {
			readings = append(readings, reading{fds: v})
		}
		return judge(limitSpec(Limits{Growth: &Growth{FDs: &leak}}), readings)
	}
	for _, c := range []struct {
		values []int64
		want   string
	}{
		{[]int64{100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 170}, "0:ok 4:failing 8:bad 10:ok"},
		{[]int64{100, 200, 200, 200, 200, 200, 200, 200, 200, 200}, "0:ok"},             // grown, and done with it
		{[]int64{100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110}, "0:ok 10:bad"}, // slow
		{[]int64{100, 120, 140, 130, 150, 170, 160, 180, 200, 190}, "0:ok"},             // it falls
		{[]int64{0, 0, 0, 1, 2, 3, 4}, "0:ok 6:failing"},
	} {
		if got := story(c.values...); got != c.want {
			t.Errorf("%v: %s, want %s", c.values, got, c.want)
		}
	}
}

// FuzzJudge holds for every history of readings: nothing is bad that was not present at
// each reading of its time; nothing is bad of what was never read; a sign that is not
// there is ok.
func FuzzJudge(f *testing.F) {
	f.Add([]byte("STTTTSFFFF??T"))
	f.Add([]byte("TTTT~TTTT|TTTT"))
	f.Fuzz(func(t *testing.T, script []byte) {
		l := newLife(compile(stallSpec(Sign{Stopped: d(3 * time.Second)})))
		h, now, run := &l.courses[0], time.Second, 0
		for i, c := range script {
			if i > 1000 {
				return
			}
			before := h.verdict
			if c == '|' { // before the next reading, at its time
				l.lapse(now + time.Second)
				if run = 0; h.verdict != before {
					t.Fatalf("a lapse made %q of %q", h.verdict, before)
				}
				continue
			}
			now += time.Second
			r := reading{at: now, stat: procfile.Stat{State: c}, frozen: c == 'F'}
			if c == '?' {
				r.fail[fromStat] = errors.New("no")
			}
			changed := l.next(&r, now)
			there := c == 'T' || c == 'F'
			switch {
			case c == '?':
				run = 0
			case there:
				run++
			default:
				run = 0
			}
			switch {
			case changed != (h.verdict != before):
				t.Fatalf("changed %t: %q, %q", changed, before, h.verdict)
			case h.verdict == watch.Bad && before != watch.Bad && run < 4:
				t.Fatalf("bad after %d readings: %q", run, script[:i+1])
			case there && run >= 5 && h.verdict != watch.Bad:
				t.Fatalf("%q after %d readings: %q", h.verdict, run, script[:i+1])
			case !there && c != '?' && h.verdict != watch.OK:
				t.Fatalf("%q, and it is not there: %q", h.verdict, script[:i+1])
			}
		}
	})
}

// FuzzCrew holds for every history of a thread: it is not said to be stuck or spinning
// over a time in which a counter of the kernel shows that it went on.
func FuzzCrew(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 200, 201})
	f.Fuzz(func(t *testing.T, script []byte) {
		var c threadMarks
		var waits, pushed, used uint64
		wentOn, waited := time.Duration(0), time.Duration(0)
		for i, b := range script {
			now := time.Duration(i+1) * time.Second
			state := byte("RSD"[b%3])
			if b&4 != 0 {
				waits++
			}
			if b&8 != 0 {
				pushed++
			}
			if b&12 != 0 {
				wentOn = now
			}
			if b&4 != 0 {
				waited = now
			}
			used += uint64(b >> 4)
			x := task{tid: 7, start: 1, state: state, cpu: used, waits: waits, pushed: pushed}
			x.counted = c.suspect(&x)
			r := reading{at: now, swept: true, tasks: []task{x}}
			c.next(&r, now)
			if s := c.stuck(&r, now); s.what == present && (state != 'D' || s.since < wentOn) {
				t.Fatalf("stuck since %v, went on at %v", s.since, wentOn)
			}
			if s := c.spinning(&r, false, false); s.what == present && s.since < waited {
				t.Fatalf("spinning since %v, waited at %v", s.since, waited)
			}
		}
	})
}
