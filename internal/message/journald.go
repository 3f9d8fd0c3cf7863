package message

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// Journald writes to systemd-journald with native fields (systemd.journal-fields(7),
// protocol: systemd.io/JOURNAL_NATIVE_PROTOCOL). MESSAGE is the line that syslog shows,
// of at most 4000 bytes; each JSON key but severity and message is a field of its own,
// in capitals after PROCWARD_.
type Journald struct {
	socket
	facility Facility
}

// NewJournald makes a sink for the socket at path, which is JournalSocket on a host
// with systemd. It connects when it first writes. The facility is what journald passes
// on where it forwards to syslog.
func NewJournald(path string, f Facility) *Journald {
	return &Journald{socket: socket{path: path, networks: []string{"unixgram"}}, facility: f}
}

// Write sends one entry.
func (j *Journald) Write(m Message) error {
	var b bytes.Buffer
	put(&b, "MESSAGE", m.line(maxEntry))
	put(&b, "MESSAGE_ID", m.Kind.MessageID())
	put(&b, "PRIORITY", strconv.Itoa(int(m.Severity())))
	put(&b, "SYSLOG_IDENTIFIER", identifier)
	put(&b, "SYSLOG_FACILITY", strconv.Itoa(int(j.facility)))
	put(&b, "PROCWARD_TIME", m.Time.Format(stamp))
	put(&b, "PROCWARD_ID", m.Kind.ID)
	put(&b, "PROCWARD_EVENT", m.Kind.Event)
	for _, f := range m.fields() {
		put(&b, "PROCWARD_"+strings.ToUpper(f.key), tail(f.value, maxOutput))
	}
	return j.send(b.Bytes())
}

// put writes one field: on one line where the value has no line end, else with its
// length before it.
func put(b *bytes.Buffer, key, value string) {
	b.WriteString(key)
	if strings.IndexByte(value, '\n') < 0 {
		b.WriteString("=" + value + "\n")
		return
	}
	b.WriteByte('\n')
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(value))))
	b.WriteString(value + "\n")
}

// MessageID is the journal's MESSAGE_ID of the kind, 32 hexadecimal digits: a UUID of
// version 8 (RFC 9562) from the SHA-256 of "procward " and the ID. It never changes.
func (k *Kind) MessageID() string {
	sum := sha256.Sum256([]byte("procward " + k.ID))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return hex.EncodeToString(u)
}
