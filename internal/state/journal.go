package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// The journal is two files beside state.json, of a size that never changes: a record is
// written over whatever was there, so a full disk does not matter once they exist. Each
// line is
//
//	CRC GENERATION {"boottime_ns":…,"wall":…,"set":{KEY:VALUE or null,…}}
//
// and those of the generation that state.json names, from the beginning and without a
// gap, are what has changed since it was written. Whatever follows is of another
// generation, or blank. Generations take turns in the two files: as long as state.json
// may not be on the disk, the version before it is, and the records that go on from that.
const journalSize = 1 << 20 // of each file, in bytes

// journalName is the file of a generation.
func journalName(generation uint64) string { return fmt.Sprintf("journal.%d", generation%2) }

// following is a generation for the other file. It is drawn by lot: one may have been used
// already after a version of state.json that was lost, or that somebody took away, and its
// records must not go on from another version.
func following(generation uint64) uint64 { return rand.Uint64N(1<<52)<<1 | ^generation&1 }

// record is one line of the journal.
type record struct {
	Boottime int64                      `json:"boottime_ns"`
	Wall     time.Time                  `json:"wall"`
	Set      map[string]json.RawMessage `json:"set"` // null: the key is gone
}

// errFull says that a record does not fit any more: a snapshot is due.
var errFull = errors.New("the journal is full")

// journal appends records of one generation.
type journal struct {
	dir        string
	size       int64 // of a file at the most
	generation uint64
	file       *os.File
	end        int64
}

// begin starts another generation, with an empty journal.
func (j *journal) begin(generation uint64) {
	j.close()
	j.generation, j.end = generation, 0
}

// resume goes on with the journal of an earlier daemon after its last record.
func (j *journal) resume(generation uint64, end int64) {
	j.begin(generation)
	f, err := os.OpenFile(filepath.Join(j.dir, journalName(generation)), os.O_WRONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	switch {
	case err == nil && ours(f):
		j.file, j.end = f, end
	case err == nil:
		f.Close()
		fallthrough
	default:
		j.shut()
	}
}

// shut lets nothing be appended before another generation begins.
func (j *journal) shut() { j.end = j.size }

// append writes one record. After an error the record is not there.
func (j *journal) append(r record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode a record of the journal: %w", err)
	}
	line := j.line(text)
	if j.end+int64(len(line)) > j.size {
		return errFull
	}
	if err := j.open(); err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	if _, err := j.file.WriteAt(line, j.end); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	j.end += int64(len(line))
	return nil
}

func (j *journal) line(text []byte) []byte {
	rest := strconv.AppendUint(nil, j.generation, 10)
	rest = append(append(append(rest, ' '), text...), '\n')
	return append(fmt.Appendf(nil, "%08x ", crc32.ChecksumIEEE(rest)), rest...)
}

// open opens the file, again where it has lost its name.
func (j *journal) open() error {
	if j.file != nil && ours(j.file) {
		return nil
	}
	j.close()
	dir, err := os.OpenFile(j.dir, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer dir.Close()
	if j.file, err = openOwn(dir, journalName(j.generation)); err != nil {
		return err
	}
	if j.end > 0 {
		return errFull // the records before are lost with the former file
	}
	j.provide(j.file)
	if next, err := openOwn(dir, journalName(j.generation^1)); err == nil {
		j.provide(next)
		next.Close()
	}
	return nil
}

// provide takes the room of a journal; where it cannot, a full disk may fail a write.
func (j *journal) provide(f *os.File) { _ = unix.Fallocate(int(f.Fd()), 0, 0, j.size) }

func (j *journal) close() {
	if j.file != nil {
		j.file.Close()
		j.file = nil
	}
}

// replay gives the records of a generation, oldest first, and where they end.
func replay(dir string, generation uint64) ([]record, int64, error) {
	f, err := os.OpenFile(filepath.Join(dir, journalName(generation)), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	if !ours(f) {
		return nil, 0, ErrForeign
	}
	text := make([]byte, journalSize)
	n, _ := f.ReadAt(text, 0)
	records, end := parse(text[:n], generation)
	return records, end, nil
}

// parse reads the lines of a generation up to the first that is not one.
func parse(text []byte, generation uint64) (out []record, end int64) {
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		r, ok := parseLine(append(line[:len(line):len(line)], '\n'), generation)
		if !whole || !ok {
			return out, end
		}
		out, text, end = append(out, r), rest, end+int64(len(line))+1
	}
}

func parseLine(line []byte, generation uint64) (r record, ok bool) {
	sum, rest, _ := bytes.Cut(line, []byte(" "))
	if string(sum) != fmt.Sprintf("%08x", crc32.ChecksumIEEE(rest)) {
		return r, false
	}
	number, text, _ := bytes.Cut(rest, []byte(" "))
	if string(number) != strconv.FormatUint(generation, 10) {
		return r, false
	}
	return r, json.Unmarshal(text, &r) == nil
}
