// Package saved is what outlives the daemon of the engine's rooms: values by key, such as
// "process httpd". Each kind of value is a row that says how it is read, and what is left
// of it after another boot; its room decides how it is written. A Book holds what an
// earlier daemon has saved until somebody claims it, and which keys may have changed.
// Times in a value are CLOCK_BOOTTIME of the boot in which it was saved.
package saved

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"procward/escalate"
	"procward/procscan"
)

// Script is a script under way.
type Script struct {
	ID    procscan.ID   `json:"id,omitzero"`     // as soon as it is known
	Path  string        `json:"path,omitempty"`  // empty: the restart of a unit
	Asked time.Duration `json:"asked"`           // when its start was asked for
	Until time.Duration `json:"until,omitempty"` // when its timeout is over
}

// Kind is how the values of one kind are read.
type Kind struct {
	Key      string // the beginning of their keys
	decode   func(json.RawMessage) (any, error)
	overBoot func(any, Carry) (any, bool)
}

// Of is the kind of values of a type. overBoot says what is left of a value after another
// boot, if anything is; nil: nothing.
func Of[T any](key string, overBoot func(T, Carry) (T, bool)) Kind {
	k := Kind{Key: key, decode: func(text json.RawMessage) (any, error) {
		var v T
		err := json.Unmarshal(text, &v)
		return v, err
	}}
	if overBoot != nil {
		k.overBoot = func(v any, c Carry) (any, bool) { return overBoot(v.(T), c) }
	}
	return k
}

// AsIs is an overBoot: all of a value is left.
func AsIs[T any](v T, _ Carry) (T, bool) { return v, true }

// Book is what is remembered of saved values.
type Book struct {
	kinds     []Kind
	unclaimed map[string]any
	touched   map[string]bool
}

// NewBook is a book in which nothing is unclaimed.
func NewBook(kinds ...Kind) Book {
	return Book{kinds: kinds, unclaimed: map[string]any{}, touched: map[string]bool{}}
}

// Read takes what was saved at one moment, and is read at another one. What cannot be
// understood is left out, and reported by key.
func (b *Book) Read(values map[string]json.RawMessage, carry Carry) (bad map[string]error) {
	bad = map[string]error{}
	for key, text := range values {
		v, left, err := b.read(key, text, carry)
		if err != nil {
			bad[key] = err
			continue
		}
		if b.touched[key] = true; left {
			b.unclaimed[key] = v
		}
	}
	return bad
}

func (b *Book) read(key string, text json.RawMessage, carry Carry) (v any, left bool, err error) {
	i := slices.IndexFunc(b.kinds, func(k Kind) bool { return strings.HasPrefix(key, k.Key) })
	if i < 0 {
		return nil, false, fmt.Errorf("it is not known what this is")
	}
	v, err = b.kinds[i].decode(text)
	switch {
	case err != nil || carry.From.Boot == carry.To.Boot:
		return v, err == nil, err
	case b.kinds[i].overBoot == nil:
		return nil, false, nil
	}
	v, left = b.kinds[i].overBoot(v, carry)
	return v, left, nil
}

// Claim gives a value to its owner, once.
func Claim[T any](b *Book, key string) (v T, is bool) {
	if v, is = b.unclaimed[key].(T); is {
		delete(b.unclaimed, key)
	}
	return v, is
}

// Unclaimed is the keys that begin so and that nobody has claimed, in order.
func (b *Book) Unclaimed(prefix string) []string {
	var out []string
	for key := range b.unclaimed {
		if strings.HasPrefix(key, prefix) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// Value is what was saved under a key and is not claimed, or nil.
func (b *Book) Value(key string) any { return b.unclaimed[key] }

// Forget drops what nobody has claimed.
func (b *Book) Forget() {
	for key := range b.unclaimed {
		b.touched[key] = true
	}
	clear(b.unclaimed)
}

// Touch says that the value of a key may have changed.
func (b *Book) Touch(key string) { b.touched[key] = true }

// Changes returns the values of the keys that were touched since the last call: nil means
// that the key is gone.
func (b *Book) Changes(value func(key string) any) map[string]any {
	if len(b.touched) == 0 {
		return nil
	}
	out := make(map[string]any, len(b.touched))
	for key := range b.touched {
		out[key] = value(key)
	}
	if len(b.touched) > 64 { // to clear a map costs as much as it ever held
		b.touched = map[string]bool{}
	}
	clear(b.touched)
	return out
}

// Carry takes times from one boot to another, by their age.
type Carry struct{ From, To escalate.Moment }

// since is how much time has passed in between, according to the wall clock; never less
// than zero.
func (c Carry) since() time.Duration { return max(c.To.Wall.Sub(c.From.Wall), 0) }

// Past moves a time that was over when it was saved. It may be before this boot, and so
// negative.
func (c Carry) Past(t time.Duration) time.Duration {
	return c.To.Uptime - max(c.From.Uptime-t, 0) - c.since()
}

// Pasts carries several.
func (c Carry) Pasts(ts []time.Duration) []time.Duration {
	var out []time.Duration
	for _, t := range ts {
		out = append(out, c.Past(t))
	}
	return out
}

// Future carries a time that was to come; 0 is none.
func (c Carry) Future(t time.Duration) time.Duration {
	if t == 0 {
		return 0
	}
	return c.To.Uptime + max(t-c.From.Uptime-c.since(), 1)
}
