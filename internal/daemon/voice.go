package daemon

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"procward/internal/host"
	"procward/internal/message"
)

// mostFallbacks is how many fallbacks the status shows: the newest.
const mostFallbacks = 20

// voice is how the daemon itself speaks, besides the engine.
type voice struct {
	log      host.Log
	hostEnds atomic.Bool // the host is being shut down

	mu        sync.Mutex // guards fallbacks; never held while waiting for the engine
	fallbacks []string
}

func (v *voice) say(kind *message.Kind, detail string) {
	v.log.Send(message.Message{Kind: kind, Time: time.Now(), Detail: detail, HostEnds: v.hostEnds.Load()})
}

// failed reports an error that nothing can be done about.
func (v *voice) failed(err error) {
	if err != nil {
		v.say(message.InternalFailure, err.Error())
	}
}

// fellBack reports that a fallback is in use, or no longer.
func (v *voice) fellBack(text string) {
	v.mu.Lock()
	v.fallbacks = append(v.fallbacks, text)
	v.fallbacks = v.fallbacks[max(0, len(v.fallbacks)-mostFallbacks):]
	v.mu.Unlock()
	v.say(message.Fallback, text)
}

// allFallbacks is the fallbacks in use.
func (v *voice) allFallbacks() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.fallbacks)
}
