package message

import (
	"bytes"

	"github.com/rs/zerolog"
)

// JSON is the message as one JSON object and a line end. Keys come in a fixed order,
// and those that do not apply are left out; docs/messages.md lists them. "message" is
// the sentence, "attempts" always a string, as it may be the word "unlimited".
func (m Message) JSON() []byte { return m.encode(func(*zerolog.Event) {}) }

// JSONWith is JSON with one more key at its end, whose value encoding/json can write.
func (m Message) JSONWith(key string, value any) []byte {
	return m.encode(func(e *zerolog.Event) { e.Interface(key, value) })
}

func (m Message) encode(end func(*zerolog.Event)) []byte {
	var b bytes.Buffer
	log := zerolog.New(&b)
	e := log.Log().
		Str("time", m.Time.Format(stamp)).
		Str("id", m.Kind.ID).
		Str("severity", m.Severity().String()).
		Str("event", m.Kind.Event).
		Str("message", m.Sentence())
	for _, f := range m.fields() {
		if f.bare {
			e.RawJSON(f.key, []byte(f.value))
			continue
		}
		e.Str(f.key, tail(f.value, maxOutput))
	}
	end(e)
	e.Send()
	return b.Bytes()
}
