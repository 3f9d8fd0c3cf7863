package life

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"procward/escalate"
	"procward/internal/engine/saved"
	"procward/restart"
	"procward/watch"
)

// chaos tells a Life whatever may come, in any order, and holds what must be true of it after each.
type chaos struct {
	*play
	t     *testing.T
	luck  *rand.Rand
	story []string
	asked map[int]bool // tokens of scripts that run
	kills map[int]bool
	hand  bool
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{t: t, luck: rand.New(rand.NewPCG(seed, 7)), asked: map[int]bool{}, kills: map[int]bool{}}
	c.play = newPlay(func(p *play) {
		p.Spec.Restart.When = []restart.When{restart.Always, restart.Abnormal}[seed%2]
		p.Spec.Match.Count.Min = 1 + int(seed/2%2)
	})
	return c
}

func (c *chaos) one(of ...func()) { of[c.luck.IntN(len(of))]() }

func (c *chaos) does(e Event) {
	c.story = append(c.story, fmt.Sprintf("%v %s %T%+v", c.env.Now, c.State(), e, e))
	before := c.State()
	for _, command := range c.Next(e, c.env) {
		switch command := command.(type) {
		case Run:
			if len(c.asked) > 0 {
				c.fail("a second script in state %s", before)
			}
			c.asked[command.Token] = true
		case AwaitScript:
			c.asked[command.Token] = true
		case Kill:
			c.kills[command.Token] = true
		}
	}
	c.holds()
	c.env.Now += []time.Duration{time.Millisecond, 20 * time.Millisecond, 700 * time.Millisecond}[c.luck.IntN(3)]
}

func (c *chaos) fail(format string, args ...any) {
	c.t.Helper()
	for _, line := range c.story {
		c.t.Log(line)
	}
	c.t.Fatalf(format, args...)
}

// holds is what must be true after each event.
func (c *chaos) holds() {
	if used, most := c.Spec.Restart.Used(c.History, c.env.Now), c.Spec.Restart.Attempts; !most.Unlimited && used > most.N {
		c.fail("%d attempts are spent of %v", used, most)
	}
	if token := c.Trial().Token; token != 0 && !c.asked[token] && !c.kills[token] {
		c.fail("it waits for %d, which was never asked for", token)
	}
	if c.hand != (c.State() == Restarting && reflect.TypeOf(c.at) == reflect.TypeFor[*inHand]()) {
		c.fail("in hand: %v, and it is %s", c.hand, c.State())
	}
	c.saves()
}

// wrong reports whether something is wrong but for a stall, of which the spec names no sign.
func wrong(s Saved) bool {
	o := s.Outage
	return o != nil && (o.Sure || o.Event != "" || len(o.Dead) > 0 || o.Returned)
}

// saves holds that what is saved is what is restored.
func (c *chaos) saves() {
	script := func(token int) *saved.Script {
		if !c.asked[token] {
			return nil
		}
		return &saved.Script{Path: "/restart", Asked: 1, Until: c.env.Now + time.Minute}
	}
	text, err := json.Marshal(c.Save(script))
	var was Saved
	if err != nil || json.Unmarshal(text, &was) != nil {
		c.fail("it cannot be saved: %v", err)
	}
	again := New(c.Name, c.Spec, 0)
	env := c.env
	env.Token = func() int { return 1 }
	again.Next(Restored{Saved: was}, env)
	is := again.Save(script)
	if was.Stopped != is.Stopped || was.Suspended != is.Suspended || !reflect.DeepEqual(was.History, is.History) || len(was.Tracked) != len(is.Tracked) ||
		wrong(was) != wrong(is) {
		c.fail("saved\n%+v\nand restored\n%+v", was, is)
	}
}

func (c *chaos) happens() {
	tracked := c.Tracks()
	c.one(
		func() { c.does(sees(c.luck.IntN(3))(c.play)) },
		func() { c.does(sees(0)(c.play)) },
		func() { c.does(Due{}) },
		func() {
			if wake := c.Wake(c.env.Now); wake > c.env.Now {
				c.env.Now = wake
			}
			c.does(Due{})
		},
		c.turn, c.turn, c.turn,
		func() {
			if len(tracked) > 0 {
				cause := []watch.Cause{kill9, clean, {}}[c.luck.IntN(3)]
				c.does(Lost{watch.Event{ID: tracked[c.luck.IntN(len(tracked))], At: c.env.Now, Cause: cause}})
			}
		},
		func() { c.does(blind(c.play)) },
		func() {
			if len(tracked) > 0 && !c.hand {
				c.does(sickens(c.play))
			}
		},
		func() {
			if c.Signs.On() {
				c.does(Sign{watch.SignChange{Target: "httpd", Round: 1, Name: "stopped", Verdict: watch.OK, At: c.env.Now}})
			}
		},
		c.jobsEnd, c.asks, c.operates,
	)
}

// turn is a look and its turn after it, where a restart is due.
func (c *chaos) turn() {
	if _, due := c.Ready(c.env.Now); !due {
		return
	}
	c.does(sees(0)(c.play))
	if _, due := c.Ready(c.env.Now); due {
		c.does(Turn{c.Barred(c.env.Now)})
	}
}

func (c *chaos) jobsEnd() {
	for token := range c.asked {
		c.one(func() { c.does(ScriptStarted{Token: token, At: c.env.Now}) }, func() {
			delete(c.asked, token)
			c.does(ScriptEnded{Token: token, Outcome: Outcome{OK: c.luck.IntN(2) == 0, Lack: c.luck.IntN(4) == 0, Conflict: c.luck.IntN(8) == 0}})
		})
		return
	}
	for token := range c.kills {
		delete(c.kills, token)
		var ended []restart.Ended
		for _, id := range c.Tracks() {
			ended = append(ended, restart.Ended{ID: id, Outcome: []restart.Outcome{restart.BySignal, restart.Gone, restart.Unkillable, restart.Refused}[c.luck.IntN(4)]})
		}
		c.does(KillEnded{Token: token, Ended: ended})
		return
	}
	if token := c.Trial().Evidence; token != 0 {
		c.does(EvidenceTaken{Token: token})
	}
}

func (c *chaos) asks() {
	c.one(
		func() { c.env.Suspended = "by root"; c.does(Freeze{}) },
		func() { c.env.Suspended = ""; c.does(LookAgain{}) },
		func() { c.env.Suspended = ""; c.does(LookAgain{}) },
		func() { c.does(Suspend{"root"}) },
		func() { c.does(Resume{"root"}) },
		func() { c.does(GiveBack{}) },
		func() {
			if !c.hand {
				c.does(Recover{})
			}
		},
		func() { c.does(GiveUp{}) },
		func() { c.does(HandOver{}) },
		func() { c.does(TryAgain{}) },
		func() { c.does(UnitMoved{}) },
		func() { c.does(Attend{}) },
		func() { c.does(Configured{c.Spec}) },
		func() { c.phase = []escalate.Phase{escalate.Idle, escalate.GivenUp, escalate.Handed}[c.luck.IntN(3)] },
		func() { c.held = []string{"", "", "db"}[c.luck.IntN(3)] },
		func() { c.unit = []Unit{{}, {}, {Name: "httpd.service", Hands: StoppedOnRequest}}[c.luck.IntN(3)] },
	)
}

func (c *chaos) operates() {
	hand := Hand{Starts: c.luck.IntN(3) == 0, Stops: c.luck.IntN(3) == 0, By: []string{"", "root"}[c.luck.IntN(2)]}
	if !c.hand {
		if !c.LeftAlone() {
			c.hand = true
			c.does(Take{hand})
		}
		return
	}
	c.one(
		func() { c.does(Drop{c.luck.IntN(2) == 0}) },
		func() { c.does(LookAfresh{}) },
		func() { c.does(EndScript{}) },
		func() { c.does(Await{}) },
		func() { c.does(Here{}) },
		func() {
			if c.Trial().Token == 0 {
				c.does(Start{})
			}
		},
		func() {
			c.hand = false
			c.does(Leave{Hand: hand, Payer: c.luck.IntN(2) == 0, Stuck: c.luck.IntN(4) == 0})
		},
	)
}

func lives(t *testing.T, seed uint64) {
	c := newChaos(t, seed)
	for range 300 {
		c.happens()
	}
}

// Whatever is told in whatever order, no two scripts run at once, no attempt is spent beyond the
// policy's, and what is saved can be restored.
func TestALifeBearsWhateverComes(t *testing.T) {
	for seed := range uint64(80) {
		lives(t, seed)
	}
}

func FuzzLife(f *testing.F) {
	f.Add(uint64(1000))
	f.Fuzz(lives)
}
