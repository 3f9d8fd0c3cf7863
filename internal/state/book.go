package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"procward/procscan"
)

// Book keeps values by key over the death of the daemon: all of them in a Store, and
// what has changed since in a journal beside it. A change so costs one small write,
// however many values there are. Its methods are safe for concurrent use.
type Book struct {
	store   *Store
	save    func(payload []byte, sync bool) error
	tell    func(error)
	journal journal
	wake    chan struct{}

	// Only the goroutine of Run has these.
	values map[string]json.RawMessage
	fresh  bool // no snapshot of this daemon is there yet, or the last write failed
	failed error

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
	syncing  bool
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
		values: map[string]json.RawMessage{}, pending: map[string]any{}}
	b.journal.dir, b.save = store.dir, store.Save
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
	records, err := replay(dir, s.Journal)
	for _, r := range records {
		merge(kept.Values, r.Set)
		kept.Boottime, kept.Wall = time.Duration(r.Boottime), r.Wall
	}
	for key, v := range kept.Values {
		b.values[key] = v
	}
	b.journal.begin(s.Journal)
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

// Run writes until ctx ends, then brings everything to the disk and returns the error
// of that.
func (b *Book) Run(ctx context.Context) error {
	retry := time.NewTimer(again)
	defer retry.Stop()
	for {
		select {
		case <-b.wake:
		case <-retry.C:
			if b.failed == nil {
				continue
			}
		case <-ctx.Done():
			return b.end()
		}
		if b.work(false) != nil {
			retry.Reset(again)
		}
	}
}

func (b *Book) end() error {
	err := b.work(true)
	b.journal.close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.advance()
	return err
}

// work writes what is pending.
func (b *Book) work(disk bool) error {
	b.mu.Lock()
	pending, number := b.pending, b.given
	disk = disk || b.asked > b.disk
	b.pending = map[string]any{}
	b.mu.Unlock()
	set, err := b.changed(pending)
	switch {
	case err != nil:
	case disk || b.fresh:
		err = b.snapshot(disk)
	case len(set) > 0:
		err = b.journal.append(b.record(set))
		if errors.Is(err, errFull) {
			err = b.snapshot(false)
		}
	}
	b.fresh = err != nil // what is not in the journal has to be in the next snapshot
	if err == nil && !disk && len(set) > 0 {
		b.syncLater()
	}
	b.note(number, disk, err)
	return err
}

// changed is what is new among the pending values, put among the others.
func (b *Book) changed(pending map[string]any) (map[string]json.RawMessage, error) {
	set := map[string]json.RawMessage{}
	var errs []error
	for key, v := range pending {
		raw := json.RawMessage("null")
		if v != nil {
			text, err := json.Marshal(v)
			if err != nil {
				errs = append(errs, fmt.Errorf("encode the state of %s: %w", key, err))
				continue
			}
			raw = text
		}
		if old, was := b.values[key]; v == nil && !was || was && bytes.Equal(old, raw) {
			continue
		}
		set[key] = raw
	}
	merge(b.values, set)
	return set, errors.Join(errs...)
}

func (b *Book) record(set map[string]json.RawMessage) record {
	return record{Boottime: int64(procscan.Boottime()), Wall: time.Now(), Set: set}
}

// snapshot writes everything, and begins another journal.
func (b *Book) snapshot(disk bool) error {
	next := b.journal.generation + 1
	payload, err := json.Marshal(snapshot{Journal: next, Values: b.values})
	if err != nil {
		return fmt.Errorf("encode the state: %w", err)
	}
	if err := b.save(payload, disk); err != nil {
		return err
	}
	b.journal.begin(next)
	return nil
}

// note keeps the outcome of an attempt and tells of a change.
func (b *Book) note(number uint64, disk bool, err error) {
	before := b.failed
	b.failed = err
	b.mu.Lock()
	b.tries++
	b.err = err
	if err == nil {
		b.written = number
		if disk {
			b.disk = number
		}
	}
	b.advance()
	b.mu.Unlock()
	if !same(before, err) && (before != nil || err != nil) {
		b.tell(err)
	}
}

// advance wakes all who wait. The lock is held.
func (b *Book) advance() {
	close(b.advanced)
	b.advanced = make(chan struct{})
}

// syncLater brings all that is written to the disk a little later, beside the writing:
// the death of the machine loses no more than that time.
func (b *Book) syncLater() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.syncing {
		return
	}
	b.syncing = true
	time.AfterFunc(lazily, func() {
		_ = b.sync() // what fails here fails in Flush, which says so
		b.mu.Lock()
		b.syncing = false
		b.mu.Unlock()
	})
}

// sync brings the files to the disk: the snapshot before the journal that goes on from
// it, whose former records are in the snapshot alone.
func (b *Book) sync() error {
	dir, err := os.Open(b.store.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := syncFile(dir, current); err != nil {
		return err
	}
	if err := dir.Sync(); err != nil {
		return err
	}
	err = syncFile(dir, journalName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
