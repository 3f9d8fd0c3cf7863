package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
	"time"
)

// record is one line of a log:
//
// CRC NUMBER {"after":…,"disk":…,"boot":…,"boottime_ns":…,"wall":…,"set":{KEY:VALUE or
// null,…}}
//
// CRC is that of everything after it, CRC-32 (IEEE) in eight hexadecimal digits.
type record struct {
	number uint64 // one more than that of any record that was tried before

	After    uint64                     `json:"after"` // the record before it that was written
	Disk     uint64                     `json:"disk"`  // the newest that was known to be on the disk
	Boot     string                     `json:"boot"`
	Boottime int64                      `json:"boottime_ns"`
	Wall     time.Time                  `json:"wall"`
	Whole    bool                       `json:"whole,omitempty"` // it holds everything
	Moved    uint64                     `json:"moved,omitempty"` // nothing else: this record is on the disk, in the other log
	Set      map[string]json.RawMessage `json:"set,omitempty"`   // null: the key is gone
}

// line is the record as it is written.
func (r record) line() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode a record of the state: %w", err)
	}
	rest := strconv.AppendUint(make([]byte, 0, len(text)+32), r.number, 10)
	rest = append(append(append(rest, ' '), text...), '\n')
	return append(fmt.Appendf(nil, "%08x ", crc32.ChecksumIEEE(rest)), rest...), nil
}

// parse reads a line with the line break at its end, and reports whether it is a record.
func parse(line []byte) (record, bool) {
	sum, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(sum) != 8 {
		return record{}, false
	}
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || uint32(want) != crc32.ChecksumIEEE(rest) {
		return record{}, false
	}
	number, text, ok := bytes.Cut(rest, []byte(" "))
	if !ok {
		return record{}, false
	}
	var r record
	if r.number, err = strconv.ParseUint(string(number), 10, 64); err != nil || json.Unmarshal(text, &r) != nil {
		return record{}, false
	}
	return r, true
}

// merge applies changes to values.
func merge(values, set map[string]json.RawMessage) {
	for key, v := range set {
		if v == nil || string(v) == "null" {
			delete(values, key)
			continue
		}
		values[key] = v
	}
}
