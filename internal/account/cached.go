package account

import (
	"errors"
	"strings"
	"sync"
	"time"
)

// How long an answer is good. An older answer is still given while a new one is fetched,
// so that only the first question about a user ever waits.
const (
	goodFor    = 10 * time.Minute
	unknownFor = time.Minute
)

// Cached remembers the answers of ask, also that a user is unknown. Several goroutines
// may use it.
func Cached(ask Ask) Ask {
	c := &cache{ask: ask, known: map[string]*answer{}}
	return c.get
}

type cache struct {
	ask   Ask
	mu    sync.Mutex
	known map[string]*answer
}

type answer struct {
	text   string
	err    error
	at     time.Time
	asking bool
}

func (c *cache) get(arguments ...string) (string, error) {
	key := strings.Join(arguments, "\x00")
	c.mu.Lock()
	old := c.known[key]
	if old == nil {
		c.mu.Unlock()
		return c.fetch(key, arguments)
	}
	defer c.mu.Unlock()
	good := goodFor
	if old.err != nil {
		good = unknownFor
	}
	if time.Since(old.at) > good && !old.asking {
		old.asking = true
		go c.fetch(key, arguments) // ends with ask
	}
	return old.text, old.err
}

// fetch asks, and keeps the older answer if the name service does not answer.
func (c *cache) fetch(key string, arguments []string) (string, error) {
	text, err := c.ask(arguments...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.known[key]; old != nil && err != nil && !errors.Is(err, ErrUnknown) {
		text, err = old.text, old.err
	}
	c.known[key] = &answer{text: text, err: err, at: time.Now()}
	return text, err
}
