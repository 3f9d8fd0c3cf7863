package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrEnded is the error of who waits for a Book whose Run has returned.
var ErrEnded = errors.New("the writing of the state has ended")

// Book keeps values by key over the death of the daemon: all of them in a Store, and
// what has changed since in a journal beside it. A change so costs one small write,
// however many values there are. Its methods are safe for concurrent use.
//
// What is put is in the files soon, and on the disk (fsync(2)) about a second later: that
// is what the death of the machine may lose.
type Book struct {
	store   *Store
	save    func(payload []byte, sync bool) error
	tell    func(error)
	journal journal
	wake    chan struct{}

	// Only the goroutine of Run has these.
	values  map[string]json.RawMessage
	owed    map[string]json.RawMessage // what is in neither the snapshot nor the journal
	fresh   bool                       // no snapshot of this daemon is there yet, or the last write failed
	failed  error                      // of the last attempt
	dirty   bool                       // something is written that no sync was begun for
	syncing chan error                 // what becomes of the sync under way; nil: there is none
	covered uint64                     // the generation that it brings to the disk
	covers  uint64                     // and how many calls of Put are in that

	mu       sync.Mutex
	pending  map[string]any
	given    uint64 // how many times Put was called, and of these
	written  uint64 // the last in the files
	disk     uint64 // the last on the disk
	asked    uint64 // the last that someone waits for to be on the disk
	tries    uint64
	err      error // of the last attempt
	advanced chan struct{}
	ended    bool
}

// Kept is what a Book held when it was last written.
type Kept struct {
	Values   map[string]json.RawMessage
	Boot     string        // the boot id (random(4)) of the write
	Boottime time.Duration // CLOCK_BOOTTIME of the write
	Wall     time.Time     // the wall clock of the write
}

// snapshot is the payload of the Store.
type snapshot struct {
	Journal uint64                     `json:"journal"` // the generation of the journal that goes on from here
	Values  map[string]json.RawMessage `json:"values"`
}

// OpenBook reads what is kept in the directory, as Open does. The function tell is called
// when writing begins to fail or fails for another reason, and with nil when it works
// again; it must not block.
func OpenBook(dir string, tell func(error)) (*Book, *Kept, []Problem, error) {
	store, saved, problems, err := Open(dir)
	if err != nil {
		return nil, nil, problems, err
	}
	b := newBook(store, tell)
	if saved == nil {
		return b, nil, problems, nil
	}
	kept, err := b.recall(dir, saved)
	if err != nil {
		problems = append(problems, Problem{Path: dir, Err: err})
	}
	return b, kept, problems, nil
}

func newBook(store *Store, tell func(error)) *Book {
	b := &Book{store: store, tell: tell, wake: make(chan struct{}, 1), advanced: make(chan struct{}), fresh: true,
		values: map[string]json.RawMessage{}, owed: map[string]json.RawMessage{}, pending: map[string]any{}}
	b.journal.dir, b.journal.size, b.save = store.dir, journalSize, store.Save
	b.journal.shut() // there is nothing that it could go on from
	return b
}

// recall joins the snapshot and the journal.
func (b *Book) recall(dir string, saved *Saved) (*Kept, error) {
	var s snapshot
	if err := json.Unmarshal(saved.Payload, &s); err != nil {
		return nil, fmt.Errorf("understand the state: %w", err)
	}
	kept := &Kept{Values: s.Values, Boot: saved.Boot, Boottime: saved.Boottime, Wall: saved.Wall}
	if kept.Values == nil {
		kept.Values = map[string]json.RawMessage{}
	}
	records, end, err := replay(dir, s.Journal)
	for _, r := range records {
		merge(kept.Values, r.Set)
		kept.Boottime, kept.Wall = time.Duration(r.Boottime), r.Wall
	}
	for key, v := range kept.Values {
		b.values[key] = v
	}
	b.journal.resume(s.Journal, end)
	if err != nil || saved.Boot != b.Boot() { // the times of its records are those of the boot of the snapshot
		b.journal.shut()
	}
	if err != nil {
		err = fmt.Errorf("read the journal: %w", err)
	}
	return kept, err
}

func merge(values, set map[string]json.RawMessage) {
	for key, v := range set {
		if v == nil || string(v) == "null" {
			delete(values, key)
			continue
		}
		values[key] = v
	}
}

// Boot is the boot id of this boot, to compare with that of Kept.
func (b *Book) Boot() string { return b.store.Boot() }

// Put has values written soon; nil takes a key away. It does not block. The values must
// not be changed any more.
func (b *Book) Put(changes map[string]any) {
	b.mu.Lock()
	for key, v := range changes {
		b.pending[key] = v
	}
	b.given++
	b.mu.Unlock()
	b.prod()
}

// prod has Run look what is to be done.
func (b *Book) prod() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Written returns when all that was put is in the files, so that the death of this
// process does not lose it. The error is that of the first attempt since, or ctx's.
func (b *Book) Written(ctx context.Context) error { return b.await(ctx, false) }

// Flush returns when all that was put is on the disk (fsync), so that the death of the
// machine does not lose it. The error is that of the first attempt since, or ctx's.
func (b *Book) Flush(ctx context.Context) error { return b.await(ctx, true) }

func (b *Book) await(ctx context.Context, disk bool) error {
	b.mu.Lock()
	if disk && b.given == 0 {
		b.given = 1 // what was recalled
	}
	target, tries := b.given, b.tries
	if disk {
		b.asked = target
	}
	b.mu.Unlock()
	b.prod()
	for {
		b.mu.Lock()
		reached, err, later, advanced, ended := b.written, b.err, b.tries > tries, b.advanced, b.ended
		if disk {
			reached = b.disk
		}
		b.mu.Unlock()
		switch {
		case reached >= target:
			return nil
		case err != nil && later:
			return err
		case ended:
			return ErrEnded
		}
		select {
		case <-advanced:
		case <-ctx.Done():
			return fmt.Errorf("wait for the state to be saved: %w", ctx.Err())
		}
	}
}
