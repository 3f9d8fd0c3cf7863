package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A file is three lines and blanks:
//
//	{"format":"procward-state","version":1,"write":17,"boot_id":"…","boottime_ns":…,"wall":"…"}
//	the payload, JSON on one line
//	"sha256:…" of the two lines above
//
// The blanks fill it up, so that its blocks are there when the next version is longer.
const (
	format  = "procward-state"
	version = 1
	sumTag  = "sha256:"
)

// Why the content of a file is not used.
var (
	ErrTorn    = errors.New("it is torn: the checksum does not fit")
	ErrForeign = errors.New("it is not a state file of procward")
	ErrNewer   = errors.New("it was written by a newer procward")
)

// header is the first line.
type header struct {
	Format   string    `json:"format"`
	Version  int       `json:"version"`
	Write    uint64    `json:"write"` // counts the writes; the fallback with the highest is the newest
	Boot     string    `json:"boot_id"`
	Boottime int64     `json:"boottime_ns"`
	Wall     time.Time `json:"wall"`
}

// Saved is what was written, and when.
type Saved struct {
	Payload  json.RawMessage
	Boot     string        // the boot id (random(4)) of the write
	Boottime time.Duration // CLOCK_BOOTTIME of the write; comparable with now if Boot is this boot's
	Wall     time.Time     // the wall clock of the write
	write    uint64
}

// encode gives the content of a file, without the blanks. The payload is made one line;
// it is an error if it is not JSON.
func encode(s Saved) ([]byte, error) {
	head, err := json.Marshal(header{format, version, s.write, s.Boot, int64(s.Boottime), s.Wall.UTC()})
	if err != nil {
		return nil, fmt.Errorf("encode the state: %w", err)
	}
	buf := bytes.NewBuffer(append(head, '\n'))
	if err := json.Compact(buf, s.Payload); err != nil {
		return nil, fmt.Errorf("encode the state: %w", err)
	}
	buf.WriteByte('\n')
	buf.Write(sum(buf.Bytes()))
	return buf.Bytes(), nil
}

// sum is the third line.
func sum(b []byte) []byte {
	digest := sha256.Sum256(b)
	return []byte(`"` + sumTag + hex.EncodeToString(digest[:]) + `"` + "\n")
}

// decode is the inverse of encode; what encode would not have written is refused.
func decode(b []byte) (Saved, error) {
	lines := bytes.SplitAfterN(b, []byte("\n"), 4)
	if !bytes.HasPrefix(b, []byte(`{"format":"`+format+`"`)) {
		return Saved{}, ErrForeign
	}
	if len(lines) != 4 || len(bytes.Trim(lines[3], " \n")) > 0 {
		return Saved{}, ErrTorn
	}
	covered := b[:len(lines[0])+len(lines[1])]
	if !bytes.Equal(lines[2], sum(covered)) {
		return Saved{}, ErrTorn
	}
	var h header
	if err := json.Unmarshal(lines[0], &h); err != nil {
		return Saved{}, ErrForeign
	}
	if h.Version > version {
		return Saved{}, fmt.Errorf("%w (version %d, known is %d)", ErrNewer, h.Version, version)
	}
	s := Saved{bytes.TrimSuffix(lines[1], []byte("\n")), h.Boot, time.Duration(h.Boottime), h.Wall, h.Write}
	if again, err := encode(s); err != nil || !bytes.HasPrefix(b, again) {
		return Saved{}, ErrForeign
	}
	return s, nil
}

// least is the size of the smallest file, and a multiple of every block size: enough for
// the worst hour of a hundred processes, which are nearly nothing in a good one.
const least = 64 << 10

// fill adds blanks up to a power of two, at least as many as there is text, so that a file
// seldom grows: on a full disk it cannot.
func fill(b []byte) []byte {
	size := least
	for size < 2*len(b) {
		size *= 2
	}
	full := make([]byte, size)
	for i := copy(full, b); i < size; i++ {
		full[i] = ' '
	}
	full[size-1] = '\n'
	return full
}
