package message

import (
	"bytes"

	"github.com/rs/zerolog"
)

// JSON is the message as one JSON object and a line end. Keys come in a fixed order,
// and those that do not apply are left out; docs/messages.md lists them. "message" is
// the sentence, "attempts" always a string, as it may be the word "unlimited".
func (m Message) JSON() []byte {
	var b bytes.Buffer
	log := zerolog.New(&b)
	e := log.Log().
		Str("time", m.Time.Format(stamp)).
		Str("id", m.Kind.ID).
		Str("severity", m.Kind.Severity.String()).
		Str("event", m.Kind.Event).
		Str("message", m.Sentence())
	for _, f := range m.fields() {
		if f.bare {
			e.RawJSON(f.key, []byte(f.value))
			continue
		}
		e.Str(f.key, tail(f.value, maxOutput))
	}
	e.Send()
	return b.Bytes()
}
